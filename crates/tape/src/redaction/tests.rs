use super::*;
use proptest::prelude::*;
use serde_json::json;

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    Pattern::parse_all(texts.iter().copied()).unwrap()
}

fn pointers(cuts: &[Cut]) -> Vec<&str> {
    cuts.iter().map(|cut| cut.pointer.as_str()).collect()
}

#[test]
fn members_go_and_items_leave_a_null() {
    let mut value = json!({"env": [{"name": "A", "value": "x"}, {"name": "B"}], "keys": ["a", "b"], "a/b": {"~": 1}});
    let cuts = cut_json(&mut value, &patterns(&["/env/*/value", "/keys/1", "/a~1b/~0"]), SECRET);
    assert_eq!(value, json!({"env": [{"name": "A"}, {"name": "B"}], "keys": ["a", null], "a/b": {}}));
    assert_eq!(pointers(&cuts), ["/env/0/value", "/keys/1", "/a~1b/~0"]);
}

#[test]
fn two_stars_look_everywhere() {
    let mut value = json!({"password": 1, "a": [{"b": {"password": {"c": 2}}}], "c": "password"});
    let cuts = cut_json(&mut value, &patterns(&["/**/password"]), SECRET);
    assert_eq!(value, json!({"a": [{"b": {}}], "c": "password"}));
    assert_eq!(pointers(&cuts), ["/password", "/a/0/b/password"]);
}

#[test]
fn the_whole_value_can_be_cut() {
    let mut value = json!({"a": 1});
    assert_eq!(pointers(&cut_json(&mut value, &patterns(&[""]), SECRET)), [""]);
    assert_eq!(value, Value::Null);
}

#[test]
fn only_named_fields_stay() {
    let fields = Fields::of(["metadata.name", "items.spec.ports", "labels.*.value"]);
    let mut value = json!({
        "metadata": {"name": "a", "uid": "b"},
        "items": [{"spec": {"ports": [{"port": 1}], "env": 1}}, 5],
        "labels": {"x": {"value": 1, "secret": 2}},
        "data": {"k": "v"}
    });
    let cuts = keep_json(&mut value, &fields);
    let kept = json!({"metadata": {"name": "a"}, "items": [{"spec": {"ports": [{"port": 1}]}}, null], "labels": {"x": {"value": 1}}});
    assert_eq!(value, kept);
    assert_eq!(pointers(&cuts), ["/metadata/uid", "/items/0/spec/env", "/items/1", "/labels/x/secret", "/data"]);
}

#[test]
fn persons_become_pseudonyms_that_join() {
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let mut value = json!({"a": {"mail": "Ada@example.org"}, "b": [{"mail": "ada@example.org"}], "c": {"mail": null}});
    let cuts = pseudonymise_json(&mut value, &patterns(&["/**/mail"]), &redactor);
    assert_eq!(value["a"]["mail"], value["b"][0]["mail"]);
    assert!(value["a"]["mail"].as_str().unwrap().starts_with("p-"));
    assert_eq!(pointers(&cuts), ["/a/mail", "/b/0/mail"]);

    let mut whole = json!({"mail": "ada@example.org"});
    let full = Redactor::new(Privacy::Full, [7; 32]);
    assert!(pseudonymise_json(&mut whole, &patterns(&["/mail"]), &full).is_empty());
    assert_eq!(whole, json!({"mail": "ada@example.org"}));
}

#[test]
fn cuts_of_a_lists_items_are_folded() {
    let mut value = json!({"a": [{"k": 1}, {"k": 2}], "b": 3});
    let cuts = grouped(cut_json(&mut value, &patterns(&["/a/*/k", "/b"]), SECRET));
    assert_eq!(pointers(&cuts), ["/a/*/k", "/b"]);
    assert_eq!((cuts[0].fact.as_deref(), cuts[1].fact.as_deref()), (Some("2 values"), None));
}

#[test]
fn wrong_patterns_are_errors() {
    for text in ["a", "a/b", "/~2", "/a~"] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
    assert_eq!(Pattern::parse("/a~1b/*/**").unwrap().to_string(), "/a~1b/*/**");
}

/// JSON in which secrets stand below keys that are known to hold them, and nowhere else.
fn tree() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["[ab]", Just("secret".to_owned()), Just("a/~b".to_owned())];
    let leaf = prop_oneof![Just(json!(1)), Just(json!("x")), Just(Value::Null)];
    leaf.prop_recursive(5, 60, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .prop_map(|mut value| {
        plant(&mut value);
        value
    })
}

fn plant(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(plant),
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| {
            plant(member);
            if key == "secret" {
                *member = json!({"deep": ["hunter2", member.clone()]});
            }
        }),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_planted_secret_survives_and_pointers_name_what_was_cut(before in tree()) {
        let mut after = before.clone();
        let cuts = cut_json(&mut after, &patterns(&["/**/secret"]), SECRET);
        prop_assert!(!after.to_string().contains("hunter2"));
        for cut in &cuts {
            prop_assert!(before.pointer(&cut.pointer).unwrap().to_string().contains("hunter2"));
            prop_assert!(after.pointer(&cut.pointer).is_none());
        }
        prop_assert_eq!(cuts.is_empty(), after == before);
    }

    #[test]
    fn what_is_not_named_does_not_survive(before in tree()) {
        let mut after = before.clone();
        let cuts = keep_json(&mut after, &Fields::of(["a.b", "b"]));
        let (whole, below) = (before.get("b"), |value: &Value| value.pointer("/a/b").cloned());
        prop_assert_eq!(after.get("b"), whole);
        prop_assert_eq!(below(&after), below(&before));
        prop_assert!(after.get("secret").is_none());
        for cut in &cuts {
            prop_assert!(before.pointer(&cut.pointer).is_some());
            prop_assert!(after.pointer(&cut.pointer).is_none_or(Value::is_null));
        }
    }

    #[test]
    fn patterns_never_panic(text in "[/a*~01]{0,12}", before in tree()) {
        if let Ok(pattern) = Pattern::parse(&text) {
            prop_assert_eq!(Pattern::parse(&pattern.to_string()), Ok(pattern.clone()));
            cut_json(&mut before.clone(), &[pattern], SECRET);
        }
    }
}
