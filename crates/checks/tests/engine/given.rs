use crate::test_schemas::{resource, zoo};
use crate::{load, partial, run, said, set, unobserved};
use annexa_model::{Reason, Resource, SetState, Unobserved, UnobservedState};
use serde_json::{Value, json};

fn given(expect: &str, more: &str) -> String {
    format!(
        "given:\n  left: {{type: test.person, where: \"!or(resource.active, true)\", key: lower(resource.login)}}\n  right: {{type: test.thing, key: lower(resource.s)}}\n  expect: {expect}\n{more}"
    )
}

fn person(id: &str, facts: Value) -> Resource {
    let mut person = resource("test.person", id, facts);
    person.target = "hr".to_owned();
    person
}

fn thing(id: &str, facts: Value) -> Resource {
    resource("test.thing", id, facts)
}

fn denied(mut resource: Resource, pointer: &str) -> Resource {
    let reason = Reason { reason: "AccessDenied".to_owned(), gap: Some("gap-1".to_owned()) };
    resource.unobserved.push(Unobserved { pointer: pointer.to_owned(), state: UnobservedState::Unobserved, reason });
    resource
}

fn leavers() -> Vec<Resource> {
    vec![
        person("p1", json!({"login": "Ada", "active": false})),
        person("p2", json!({"login": "bob", "active": false})),
        person("p3", json!({"login": "eve", "active": true})),
        person("p4", json!({"active": false})),
    ]
}

fn answers(keys: &str, right: &[Resource], state: SetState) -> Vec<String> {
    let checks = load(keys, &zoo()).unwrap();
    let mut all = leavers();
    all.extend(right.iter().cloned());
    let sets = [set("test.person", "hr", SetState::Complete), set("test.thing", "prod", state)];
    said(&run(&checks, &zoo(), &all, &sets).findings)
}

#[test]
fn no_left_in_right_finds_leavers_that_are_still_there() {
    let keys = given("no-left-in-right", "");
    let right = [thing("t1", json!({"s": "ADA"}))];
    assert_eq!(answers(&keys, &right, SetState::Complete), ["fail p1", "pass p2", "not_applicable p3", "unknown p4"]);
    assert_eq!(
        answers(&keys, &right, partial()),
        ["fail p1", "unknown p2", "not_applicable p3", "unknown p4"],
        "who is not seen may be there"
    );
    let hidden = [thing("t1", json!({"s": "ADA"})), denied(thing("t2", json!({})), "/s")];
    assert_eq!(answers(&keys, &hidden, SetState::Complete)[1], "unknown p2", "the hidden one may be bob");
}

#[test]
fn each_left_in_right_finds_those_that_are_missing() {
    let keys = given("each-left-in-right", "");
    let right = [thing("t1", json!({"s": "ada"}))];
    assert_eq!(answers(&keys, &right, SetState::Complete), ["pass p1", "fail p2", "not_applicable p3", "unknown p4"]);
    assert_eq!(
        answers(&keys, &right, unobserved()),
        ["pass p1", "unknown p2", "not_applicable p3", "unknown p4"],
        "missing can't be said"
    );
}

#[test]
fn each_right_in_left_names_the_right_ones() {
    let keys = given("each-right-in-left", "");
    let right =
        [thing("t1", json!({"s": "ada"})), thing("t2", json!({"s": "mallory"})), denied(thing("t3", json!({})), "/s")];
    assert_eq!(answers(&keys, &right, SetState::Complete), ["pass t1", "fail t2", "unknown t3"]);
}

#[test]
fn one_to_one_wants_exactly_one() {
    let keys = given("one-to-one", "");
    let right = [thing("t1", json!({"s": "ada"})), thing("t2", json!({"s": "ADA"})), thing("t3", json!({"s": "bob"}))];
    assert_eq!(answers(&keys, &right, SetState::Complete), ["fail p1", "pass p2", "not_applicable p3", "unknown p4"]);
    assert_eq!(answers(&keys, &right, partial()), ["fail p1", "unknown p2", "not_applicable p3", "unknown p4"]);
}

#[test]
fn a_rule_sees_the_row() {
    let keys = given(
        "pass",
        "pass: matches.all(m, m.a) && left.login != 'nobody'\nfail: \"{{name}} still has {{matches.name}}\"\n",
    );
    let right = [thing("t1", json!({"s": "ada", "a": true})), thing("t2", json!({"s": "ada", "a": false}))];
    assert_eq!(answers(&keys, &right, SetState::Complete), ["fail p1", "pass p2", "not_applicable p3", "unknown p4"]);
    assert_eq!(answers(&keys, &right, partial())[1], "unknown p2");
}

#[test]
fn a_finding_of_a_join_names_both_sides() {
    let checks = load(&given("no-left-in-right", "fail: \"{{name}} is still {{matches.name}}\"\n"), &zoo()).unwrap();
    let all = [person("p1", json!({"login": "ada", "active": false})), thing("t1", json!({"s": "ada"}))];
    let sets = [set("test.person", "hr", SetState::Complete), set("test.thing", "prod", SetState::Complete)];
    let finding = run(&checks, &zoo(), &all, &sets).findings.remove(0);
    assert_eq!(finding.message, "name-of-p1 is still name-of-t1");
    assert_eq!((&finding.observed["key"], &finding.observed["matches"]), (&json!(["ada"]), &json!(["t1"])));
    assert_eq!(finding.evidence, ["ex-p1", "ex-p1-active", "ex-p1-login", "ex-t1", "ex-t1-s"], "and `where`");
    let alone = run(&checks, &zoo(), &all[..1], &sets).findings.remove(0);
    assert_eq!(
        alone.evidence,
        ["ex-p1", "ex-p1-active", "ex-p1-login", "list-test.thing-prod"],
        "the list shows that nobody is there"
    );
}

#[test]
fn who_is_left_out_by_the_other_sides_where_is_shown() {
    let keys = "given:\n  left: {type: test.thing, key: lower(resource.s)}\n  right: {type: test.person, where: \
                \"or(resource.active, false)\", key: lower(resource.login)}\n  expect: each-left-in-right\n";
    let checks = load(keys, &zoo()).unwrap();
    let all = [thing("t1", json!({"s": "ada"})), person("p1", json!({"login": "ada", "active": false}))];
    let sets = [set("test.person", "hr", SetState::Complete), set("test.thing", "prod", SetState::Complete)];
    let finding = run(&checks, &zoo(), &all, &sets).findings.remove(0);
    assert_eq!(said(std::slice::from_ref(&finding)), ["fail t1"]);
    assert_eq!(finding.evidence, ["ex-p1", "ex-p1-active", "ex-p1-login", "ex-t1", "ex-t1-s", "list-test.person-hr"]);
}

#[test]
fn a_side_that_is_not_configured_is_for_people() {
    let checks =
        load(&given("no-left-in-right", "hand_in: the list of leavers with their accounts\n"), &zoo()).unwrap();
    let hr = [set("test.person", "hr", SetState::Complete)];
    let findings = run(&checks, &zoo(), &leavers()[..1], &hr).findings;
    assert_eq!(said(&findings), ["manual p1"]);
    assert!(findings[0].message.contains("the list of leavers"), "{}", findings[0].message);
    let prod = [set("test.thing", "prod", SetState::Complete)];
    let findings = run(&checks, &zoo(), &[thing("t", json!({"s": "ada"}))], &prod).findings;
    assert_eq!(said(&findings), ["manual prod/*"]);
    let none = run(&checks, &zoo(), &[], &[]);
    assert_eq!((none.findings.len(), none.without_target.len()), (0, 1));
}

#[test]
fn an_empty_key_joins_with_nobody() {
    let keys = given("no-left-in-right", "");
    let checks = load(&keys, &zoo()).unwrap();
    let all = [person("p1", json!({"login": " ", "active": false})), thing("t1", json!({"s": " "}))];
    let sets = [set("test.person", "hr", SetState::Complete), set("test.thing", "prod", SetState::Complete)];
    assert_eq!(said(&run(&checks, &zoo(), &all, &sets).findings), ["unknown p1"]);
}

#[test]
fn a_row_reaches_related_resources_and_may_have_no_right_side() {
    let keys = "given:
  left: {type: test.thing, key: resource.s}
  right: {type: test.person, key: resource.login}
  expect: pass
pass: \"has(right) ? or(right.active, false) : left.owner.active\"
";
    let checks = load(keys, &zoo()).unwrap();
    let all = [
        thing("t1", json!({"s": "ada"})),
        thing("t2", json!({"s": "k"})),
        person("p1", json!({"login": "ada", "active": true})),
        person("p2", json!({"key": "k", "active": true})),
    ];
    let sets = [set("test.person", "hr", SetState::Complete), set("test.thing", "prod", SetState::Complete)];
    assert_eq!(said(&run(&checks, &zoo(), &all, &sets).findings), ["pass t1", "pass t2"]);
    let partial = [set("test.person", "hr", partial()), set("test.thing", "prod", SetState::Complete)];
    assert_eq!(
        said(&run(&checks, &zoo(), &all, &partial).findings),
        ["pass t1", "unknown t2"],
        "its right side may be in the lost page"
    );
}
