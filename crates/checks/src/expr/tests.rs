use super::*;
use crate::facts::Subject;
use crate::place::Text;
use crate::schemas::{Schemas, Ty};
use crate::test_schemas::{resource, zoo};
use annexa_model::{Reason, Resource, TypeSchema, Unobserved, UnobservedState};
use annexa_source::{SourceFile, Spanned};
use serde_json::{Value, json};

pub(super) struct NoRelations;

impl<'a> Relations<'a> for NoRelations {
    fn related(&self, _: &'a Subject<'a>, _: &str, what: &str) -> Related<'a> {
        Related::One(Err(Undecided::absent(what)))
    }
}

#[derive(serde::Deserialize)]
struct Holder {
    pass: Spanned<String>,
}

fn text(expression: &str) -> Text {
    let yaml = format!("pass: {}\n", serde_json::to_string(expression).unwrap());
    let file = SourceFile::new("a.yaml", yaml);
    let holder: Holder = file.parse_yaml().unwrap();
    Text::new(&file, &holder.pass)
}

fn scope(types: &[TypeSchema]) -> Scope<'_> {
    let roots = vec![("resource", Root::Resource, Ty::Resource(types.first()))];
    Scope { roots, relations_of: types.first(), lets: Vec::new() }
}

pub(super) fn compiled(expression: &str) -> Result<(Node, Paths), String> {
    let types = zoo();
    let (schemas, mut paths, mut errors) = (Schemas::new(&types), Paths::default(), Vec::new());
    let typed = compile(&text(expression), &schemas, &scope(&types), &mut paths, &mut errors);
    match typed {
        Some(typed) => Ok((typed.node, paths)),
        None => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn says_of(expression: &str, resource: &Resource) -> String {
    let (node, paths) = compiled(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let subject = Subject::new(0, resource);
    let roots = Roots { resource: Some(&subject), ..Roots::default() };
    let evaluator = Evaluator::new(&NoRelations, roots, "2026-07-01T00:00:00Z".parse().unwrap(), &[], paths.len());
    match evaluator.value(&node) {
        Ok(value) => string(&value).unwrap_or_else(|_| format!("{value:?}")),
        Err(Undecided::Absent { what }) => format!("absent {what}"),
        Err(Undecided::Unobserved(missing)) => {
            let what: Vec<&str> = missing.iter().map(|m| m.what.as_str()).collect();
            format!("unobserved {}", what.join(" "))
        }
        Err(Undecided::Broken(message)) => format!("broken {message}"),
        Err(Undecided::TooCostly) => "too costly".to_owned(),
    }
}

fn says(expression: &str, facts: Value, unobserved: &[(&str, UnobservedState)]) -> String {
    let mut resource = resource("test.thing", "r", facts);
    resource.unobserved = unobserved
        .iter()
        .map(|(pointer, state)| Unobserved {
            pointer: (*pointer).to_owned(),
            state: *state,
            reason: Reason { reason: "AccessDenied".to_owned(), gap: Some("g".to_owned()) },
        })
        .collect();
    says_of(expression, &resource)
}

const DENIED: UnobservedState = UnobservedState::Unobserved;
const PARTIAL: UnobservedState = UnobservedState::Partial;

#[test]
fn known_facts_are_decided_as_cel_decides_them() {
    let facts = json!({"a": true, "b": false, "n": 3, "d": 1.5, "s": "abc", "t": "2026-06-01T00:00:00Z",
        "o": {"p": "x", "q": {"r": 7}}, "l": [1, 2, 3], "items": [{"name": "i", "on": true}], "m": {"owner": "ada"}});
    for (expression, expected) in [
        ("resource.a && !resource.b", "true"),
        ("resource.n + 1 == 4 && resource.n * 2 - 1 == 5 && resource.n / 2 == 1 && resource.n % 2 == 1", "true"),
        ("resource.d + 1 > 2", "true"),
        ("-resource.n < 0", "true"),
        ("resource.s.startsWith('ab') && resource.s.endsWith('c') && resource.s.contains('b')", "true"),
        ("resource.s.matches('^a.c$') && matches(resource.s, 'b')", "true"),
        ("resource.o.q.r in resource.l ? 'yes' : 'no'", "no"),
        ("resource.l.all(x, x > 0) && resource.l.exists(x, x == 2) && resource.l.exists_one(x, x == 2)", "true"),
        ("size(resource.l.filter(x, x > 1)) + resource.l.map(x, x * 2).size()", "5"),
        ("resource.l[1] + resource.l[0]", "3"),
        ("resource.l + [4] == [1, 2, 3, 4]", "true"),
        ("resource.m['owner'] + resource.m.owner", "adaada"),
        ("'owner' in resource.m && resource.m.exists(k, k == 'owner')", "true"),
        ("resource.items.all(i, i.on && i.name == 'i')", "true"),
        ("has(resource.o.p) && !has(resource.x) && !has(resource.o.q.zero) || true", "true"),
        ("as_of - resource.t > days(29) && age_days(resource.t) == 30", "true"),
        ("resource.t < timestamp('2026-06-02') && resource.t == '2026-06-01T00:00:00Z'", "true"),
        ("resource.name + resource.id", "name-of-rr"),
        ("or(resource.x, 5) == 5 && or(resource.n, 5) == 3", "true"),
    ] {
        if expression.contains("zero") {
            assert!(compiled(expression).is_err());
            continue;
        }
        assert_eq!(says(expression, facts.clone(), &[]), expected, "{expression}");
    }
}

#[test]
fn an_absent_fact_is_never_silently_true_or_false() {
    for (expression, expected) in [
        ("resource.s == 'x'", "absent s"),
        ("resource.s != 'x'", "absent s"),
        ("!(resource.s == 'x')", "absent s"),
        ("resource.o.q.r > 1", "absent o"),
        ("resource.a || resource.b", "absent a"),
        ("resource.a || true", "true"),
        ("resource.a && false", "false"),
        ("resource.items.all(i, i.on)", "absent items"),
        ("has(resource.s)", "false"),
        ("has(resource.o.q.r)", "false"),
        ("!has(resource.s) || resource.s == 'x'", "true"),
        ("or(resource.o.q.r, 0) == 0", "true"),
        ("or(resource.items, []) == []", "true"),
        ("or(resource.m, {}) == {} && or(resource.o, {}) == {}", "true"),
    ] {
        assert_eq!(says(expression, json!({}), &[]), expected, "{expression}");
    }
    assert_eq!(says("has(resource.s)", json!({"s": null}), &[]), "false", "null is absent");
    assert_eq!(says("resource.l.all(x, x > 0)", json!({"l": [1, null]}), &[]), "absent l");
    assert_eq!(says("resource.l[5] == 1", json!({"l": [1]}), &[]), "absent l[]");
}

#[test]
fn an_unobserved_fact_is_unknown_unless_another_decides() {
    for (expression, expected) in [
        ("resource.s == 'x'", "unobserved s"),
        ("has(resource.s)", "unobserved s"),
        ("!has(resource.s)", "unobserved s"),
        ("or(resource.s, 'x') == 'x'", "unobserved s"),
        ("resource.s != 'x' || resource.a", "true"),
        ("resource.s != 'x' || resource.b", "unobserved s"),
        ("resource.s != 'x' && resource.b", "false"),
        ("resource.s == 'x' || resource.n == 1", "unobserved s"),
        ("resource.n == 1 || resource.s == 'x'", "unobserved s"),
        ("resource.s in ['x', 'y']", "unobserved s"),
        ("resource.s.startsWith('x')", "unobserved s"),
    ] {
        assert_eq!(says(expression, json!({"a": true, "b": false}), &[("/s", DENIED)]), expected, "{expression}");
    }
    assert_eq!(says("has(resource.o)", json!({}), &[("/o/q/r", DENIED)]), "unobserved o", "a part might be there");
    assert_eq!(says("resource.o.p == 'x'", json!({"o": {"p": "x"}}), &[("/o/q", DENIED)]), "true");
    assert_eq!(says("resource.a", json!({"a": true}), &[("", DENIED)]), "unobserved a", "the whole resource");
    let items = json!({"items": [{"name": "i"}, {"name": "j", "on": true}]});
    assert_eq!(says("resource.items.exists(i, i.on)", items.clone(), &[("/items/0/on", DENIED)]), "true");
    assert_eq!(says("resource.items.all(i, i.on)", items.clone(), &[("/items/0/on", DENIED)]), "unobserved items[].on");
    assert_eq!(says("resource.items.filter(i, i.on) == []", items.clone(), &[("/items/0/on", DENIED)]), "false");
    assert_eq!(
        says("resource.items.filter(i, !i.on) == []", items, &[("/items/0/on", DENIED)]),
        "unobserved items[].on"
    );
}

#[test]
fn a_list_that_is_not_whole_decides_only_what_it_shows() {
    for (expression, expected) in [
        ("resource.l.all(x, x > 0)", "unobserved l"),
        ("resource.l.all(x, x > 1)", "false"),
        ("resource.l.exists(x, x == 2)", "true"),
        ("resource.l.exists(x, x == 3)", "unobserved l"),
        ("!resource.l.exists(x, x == 3)", "unobserved l"),
        ("resource.l.exists_one(x, x == 2)", "unobserved l"),
        ("resource.l.exists_one(x, x > 0)", "false"),
        ("size(resource.l) == 2", "unobserved l"),
        ("size(resource.l) == 1", "false"),
        ("size(resource.l) != 1", "true"),
        ("size(resource.l) >= 2", "true"),
        ("size(resource.l) > 2", "unobserved l"),
        ("size(resource.l) < 2", "false"),
        ("2 > size(resource.l)", "false"),
        ("size(resource.l) + 1 > 0", "unobserved l"),
        ("1 in resource.l", "true"),
        ("5 in resource.l", "unobserved l"),
        ("resource.l == [1, 2]", "unobserved l"),
        ("resource.l == []", "false"),
        ("resource.l != []", "true"),
        ("resource.l.filter(x, x > 5) == []", "unobserved l"),
        ("resource.l.filter(x, x > 1) == []", "false"),
        ("resource.l.map(x, x + 1) == [2, 3]", "unobserved l"),
        ("(resource.l + [7]).exists(x, x == 7)", "true"),
        ("(resource.l + [7]).all(x, x > 0)", "unobserved l"),
        ("resource.l[0] == 1", "true"),
        ("resource.l[4] == 1", "unobserved l"),
    ] {
        assert_eq!(says(expression, json!({"l": [1, 2]}), &[("/l", PARTIAL)]), expected, "{expression}");
    }
    assert_eq!(says("'k' in resource.m", json!({"m": {"k": "v"}}), &[("/m", PARTIAL)]), "true");
    assert_eq!(says("resource.m == {}", json!({"m": {"k": "v"}}), &[("/m", PARTIAL)]), "false");
    assert_eq!(says("resource.m == {}", json!({"m": {}}), &[("/m", PARTIAL)]), "unobserved a part of the map");
    assert_eq!(says("resource.m == {}", json!({"m": {}}), &[]), "true");
    assert_eq!(says("'z' in resource.m", json!({"m": {"k": "v"}}), &[("/m", PARTIAL)]), "unobserved a key");
    assert_eq!(
        says("resource.m.all(k, k == 'k')", json!({"m": {"k": "v"}}), &[("/m", PARTIAL)]),
        "unobserved a part of the map"
    );
}

#[test]
fn what_does_not_fit_is_broken_never_true_or_false() {
    for (expression, facts) in [
        ("resource.x == 1", json!({"x": "1"})),
        ("resource.x > 'a'", json!({"x": 1})),
        ("resource.x.y == 1", json!({"x": 5})),
        ("resource.a", json!({"a": "true"})),
        ("resource.n == 1", json!({"n": "1"})),
        ("resource.t < as_of", json!({"t": "soon"})),
        ("resource.n / 0 == 1", json!({"n": 1})),
        ("resource.n + 9223372036854775807 > 0", json!({"n": 1})),
        ("resource.x", json!({"x": [1]})),
        ("is_public_cidr(resource.s)", json!({"s": "nowhere"})),
    ] {
        let said = says(expression, facts, &[]);
        assert!(said.starts_with("broken ") || said.contains("List"), "{expression}: {said}");
    }
}

#[test]
fn loops_end_when_the_budget_is_spent() {
    let many: Vec<i64> = (0..5_000).collect();
    let started = std::time::Instant::now();
    assert_eq!(says("resource.l.all(x, resource.l.all(y, x + y >= 0))", json!({"l": many}), &[]), "too costly");
    assert_eq!(says("true || resource.l.all(x, resource.l.all(y, x + y >= 0))", json!({"l": many}), &[]), "true");
    let long = "a".repeat(1_000_000);
    let glob = format!("resource.w.all(x, glob(x, '{}'))", "*a".repeat(100));
    assert_eq!(says(&glob, json!({"w": [long]}), &[]), "too costly");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn texts_that_a_rule_makes_cost_each_time_that_they_are_copied() {
    let facts = || json!({"s": "a".repeat(200_000), "l": (0..20_000).collect::<Vec<_>>()});
    let start = std::time::Instant::now();
    for rule in [
        "[resource.s + resource.s].all(x, resource.l.map(i, x).size() > 0)",
        "[resource.s + resource.s].all(x, resource.l.all(i, x != ''))",
        "resource.l.all(i, !('b' in [resource.s + 'b']))",
        "[resource.s + 'b'].all(x, resource.l.all(i, [x][0] != ''))",
        "resource.l.all(i, !resource.s.matches('(a?){300}a{300}(a|b)*c'))",
    ] {
        assert_eq!(says(rule, facts(), &[]), "too costly", "{rule}");
    }
    assert_eq!(says("[resource.s + 'b'].all(x, x.endsWith('b') && x != 'b')", facts(), &[]), "true");
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "it took {:?}", start.elapsed());
}

#[test]
fn errors_point_into_the_expression_and_name_the_nearest_word() {
    for (expression, expected) in [
        (
            "resource.a && resource.itmes.all(i, i.on)",
            "a.yaml:1:31: unknown fact `itmes` of test.thing (did you mean `items`?)",
        ),
        ("resource.items.all(i, i.nmae == 'x')", "a.yaml:1:32: unknown fact `nmae` here (did you mean `name`?)"),
        ("resorce.a", "a.yaml:1:8: unknown name `resorce` (did you mean `resource`?)"),
        ("resource.items.al(i, i.on)", "a.yaml:1:23: unknown function `al` (did you mean `all`?)"),
        ("resource.n == 'x'", "a.yaml:1:19: a whole number can't equal text"),
        ("resource.a < 1", "a.yaml:1:19: true or false can't be ordered with a whole number"),
        ("resource.n && true", "a.yaml:1:17: a whole number where true or false is needed"),
        ("resource.s.on", "a.yaml:1:19: text has no member `on`"),
        (
            "resource.items.on",
            "a.yaml:1:23: a list has no member `on` (ask its items: `.all(x, x.on …)` or `.exists(x, …)`)",
        ),
        (
            "resource.s == null",
            "a.yaml:1:22: no fact is null: a null that a provider answers is an absent fact (ask with `has(fact)`)",
        ),
        ("resource.l.all(x, resource.l.all(y, resource.l.all(z, true)))", "at most 2 loops"),
        ("resource.s.matches(resource.s)", "the pattern of `matches` is a text in quotes"),
        ("resource.s.matches('(')", "not a regular expression"),
        ("resource.a ||", "a.yaml:1:21: not a CEL expression"),
        ("resource.?a", "or(fact, default)"),
        ("{'a': 1} == resource.x", "objects can't be made in a rule"),
        ("has(1)", "`has` asks for a fact"),
        ("or(resource.n, 'x')", "the fact is a whole number, its default text"),
        ("startsWith(resource.n, 'x')", "`startsWith` takes text, not a whole number"),
        ("resource.l.all(resource, true)", "`resource` has a meaning already"),
        ("'x' in resource.l", "text can't be in a list"),
    ] {
        let error = compiled(expression).err().unwrap_or_else(|| panic!("{expression} is an error"));
        assert!(error.contains(expected), "{expression}: {error}");
    }
}

#[test]
fn hostile_expressions_end() {
    for hostile in [
        "(".repeat(1_900),
        "resource.a && ".repeat(130) + "true",
        "1+".repeat(900) + "1",
        "!".repeat(1_900) + "a",
        "-".repeat(1_999),
        "resource".to_owned() + &".x".repeat(900),
        "[".repeat(1_900),
        "a?b:".repeat(400) + "c",
        "x".repeat(1_000_000),
        "resource.x.all(a, ".repeat(100),
        "resource.x".to_owned() + &".filter(a, true)".repeat(100),
        "\0\u{202e}'".to_owned(),
    ] {
        let _ = with_deep_stack(|| compiled(&hostile).err()).unwrap();
    }
}

#[test]
fn rules_that_must_say_what_absent_means_are_found() {
    for (expression, expected) in [
        ("resource.s == 'x'", Some("s")),
        ("has(resource.s) && resource.s == 'x'", None),
        ("!has(resource.s) || resource.s == 'x'", None),
        ("resource.s == 'x' && has(resource.s)", Some("s")),
        ("has(resource.o.q.r) && resource.o.q.r > 1 && resource.o.p == ''", Some("o.p")),
        ("has(resource.s) ? resource.s == 'x' : false", None),
        ("or(resource.s, '') == 'x'", None),
        ("resource.name == 'x'", None),
        ("resource.region == 'x'", Some("region")),
        ("or(resource.items, []).exists(i, i.on)", Some("items[].on")),
        ("or(resource.items, []).exists(i, or(i.on, false))", None),
        ("has(owner.login)", None),
        ("owner.login == 'x'", Some("owner.login")),
    ] {
        let (node, paths) = compiled(expression).unwrap();
        assert_eq!(unguarded(&node, &paths).map(|(fact, _)| fact).as_deref(), expected, "{expression}");
    }
}
