use crate::test_schemas::{resource, zoo};
use crate::{controls, file, files, load, run, set};
use annexa_checks::{Checks, test_examples};
use annexa_model::{Reason, SetState, Unobserved, UnobservedState};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON, a little like facts.
fn facts() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|d| json!(d)),
        "[a-c]{0,3}".prop_map(Value::from),
        Just(json!("2026-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof!["a|b|n|d|s|t|x|o|p|q|r|l|w|items|name|on|tags|m", "[ab/~0-1]{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    facts().prop_map(|value| {
        if value.is_object() { value } else { json!({"x": value, "l": value, "s": value, "items": value, "m": value}) }
    })
}

const RULES: [&str; 9] = [
    "resource.a && !resource.b || resource.n + 1 > 2",
    "resource.items.all(i, i.on && i.tags.exists(g, g == resource.s))",
    "resource.items.filter(i, or(i.on, false)) == [] || size(resource.l) > 2",
    "resource.x.all(v, v == resource.x[0] || v in resource.l)",
    "has(resource.o.q.r) ? resource.o.q.r < 5 : resource.m.exists(k, k.startsWith('a'))",
    "owner.active || people.exists(p, p.login == resource.s)",
    "age_days(resource.t) > 1 && resource.t < as_of - days(3)",
    "resource.x == resource.x && resource.x.y.z != 'q'",
    "is_public_cidr(resource.s) || glob(resource.s, 'a*') || resource.w.map(w, lower(w)) == ['a']",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn loading_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut files = annexa_model::RuleFiles::new();
        files.insert("checks/a/b.yaml", bytes);
        let _ = Checks::load(&files, &controls(), &zoo());
    }

    #[test]
    fn loading_any_expression_never_panics(text in "[a-z.()\\[\\]{}&|!=<>+*/%?:'\" 0-9_]{0,80}") {
        let keys = format!("each: test.thing\npass: {}\nobserve: [{}]\n", serde_json::to_string(&text).unwrap(), serde_json::to_string(&text).unwrap());
        let _ = load(&keys, &zoo());
    }

    #[test]
    fn loading_a_broken_file_never_panics(at in 0usize..700, what in "[\\PC]{0,3}") {
        let whole = file("each: test.thing\npass: resource.items.all(i, i.on)\nexamples:\n  pass: [{items: [{on: !denied }]}]\n  fail: [{items: !partial [1]}]\n");
        let at = (0..=at.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap();
        let broken = format!("{}{what}{}", &whole[..at], &whole[at..]);
        if let Ok(checks) = Checks::load(&files(&[("checks/a/b.yaml", &broken)]), &controls(), &zoo()) {
            let _ = test_examples(&checks, &zoo());
        }
    }

    /// Whatever is found, knowing less makes an answer unknown or leaves it; it never turns it round.
    #[test]
    fn evaluating_any_facts_never_panics_and_less_is_never_more(facts in object(), pointer in "(/(a|s|l|x|o|items|m|q|r|0|1|on)){1,3}", rule in 0usize..9) {
        let checks = load(&format!("each: test.thing\npass: {}\n", serde_json::to_string(RULES[rule]).unwrap()), &zoo()).unwrap();
        let person = resource("test.person", "p", json!({"key": "a", "active": true, "login": "b"}));
        let sets = [set("test.thing", "prod", SetState::Complete), set("test.person", "prod", SetState::Complete)];
        let status = |of| run(&checks, &zoo(), &[of, person.clone()], &sets).findings[0].status;
        let known = resource("test.thing", "r", facts);
        for state in [UnobservedState::Unobserved, UnobservedState::Partial] {
            let mut less = known.clone();
            less.unobserved.push(Unobserved { pointer: pointer.clone(), state, reason: Reason { reason: "x".to_owned(), gap: None } });
            let (before, after) = (status(known.clone()), status(less));
            prop_assert!(after == before || after == annexa_model::FindingStatus::Unknown, "{before} became {after} by {pointer} {state:?}");
        }
    }
}
