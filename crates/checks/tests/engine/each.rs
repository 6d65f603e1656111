use crate::test_schemas::{resource, zoo};
use crate::{load, partial, run, said, set, unobserved};
use annexa_model::{Finding, FindingStatus, Reason, Resource, SetState, Unobserved, UnobservedState};
use serde_json::{Value, json};

fn denied(mut resource: Resource, pointer: &str) -> Resource {
    resource.unobserved.push(Unobserved {
        pointer: pointer.to_owned(),
        state: UnobservedState::Unobserved,
        reason: Reason { reason: "AccessDenied on test:Get".to_owned(), gap: Some("gap-1".to_owned()) },
    });
    resource
}

fn thing(id: &str, facts: Value) -> Resource {
    resource("test.thing", id, facts)
}

fn finding(keys: &str, of: Resource) -> Finding {
    let checks = load(keys, &zoo()).unwrap();
    let sets = [set("test.thing", "prod", SetState::Complete), set("test.person", "prod", SetState::Complete)];
    let mut evaluation = run(&checks, &zoo(), &[of], &sets);
    assert_eq!(evaluation.findings.len(), 1, "{:#?}", evaluation.findings);
    evaluation.findings.remove(0)
}

#[test]
fn a_finding_says_what_decided_and_what_it_rests_on() {
    let keys = "each: test.thing\nobserve: [items.name]\npass: resource.items.all(i, i.on) || resource.b\nfail: \"{{name}} has {{items.name}} off, {{s}}\"\n";
    let finding = finding(
        keys,
        thing("r", json!({"items": [{"name": "x", "on": true}, {"name": "y", "on": false}], "b": false, "n": 1})),
    );
    assert_eq!(finding.status, FindingStatus::Fail);
    assert_eq!(finding.message, "name-of-r has x, y off, not set");
    assert_eq!(
        Value::Object(finding.observed),
        json!({"b": false, "items[].name": ["x", "y"], "items[].on": [true, false], "name": "name-of-r", "s": null})
    );
    assert_eq!(finding.evidence, ["ex-r", "ex-r-b", "ex-r-items"], "the fact `n` was not looked at");
    assert_eq!(finding.controls["2022"], ["A.8.3"]);
    assert_eq!(finding.controls["2013"], ["old-A.8.3"]);
    assert_eq!(finding.id, annexa_model::finding_id("test.thing.is-good", "test.thing", "r"));
}

#[test]
fn unknown_tells_what_could_not_be_read() {
    let finding = finding("each: test.thing\npass: resource.a\n", denied(thing("r", json!({})), "/a"));
    assert_eq!(finding.status, FindingStatus::Unknown);
    assert_eq!(finding.message, "name-of-r: a could not be read: AccessDenied on test:Get");
    assert_eq!(finding.gaps, ["gap-1"]);
    assert_eq!(finding.observed["a"], json!({"unobserved": "AccessDenied on test:Get"}));
}

#[test]
fn an_absent_fact_fails_and_is_named() {
    let finding = finding("each: test.thing\npass: resource.s == 'x'\n", thing("r", json!({})));
    assert_eq!((finding.status, finding.message.as_str()), (FindingStatus::Fail, "name-of-r is bad (s is not set)"));
    assert_eq!(finding.observed["s"], Value::Null);
}

#[test]
fn what_does_not_fit_is_unknown_with_its_reason() {
    let found = finding("each: test.thing\npass: resource.a\n", thing("r", json!({"a": "yes"})));
    assert_eq!(found.status, FindingStatus::Unknown);
    assert!(found.message.contains("does not fit what was found: a is text"), "{}", found.message);
    let many: Vec<i64> = (0..5_000).collect();
    let costly = finding(
        "each: test.thing\npass: resource.l.all(x, resource.l.all(y, x + y >= 0))\n",
        thing("r", json!({"l": many})),
    );
    assert_eq!(costly.status, FindingStatus::Unknown);
    assert!(costly.message.contains("too costly"), "{}", costly.message);
}

#[test]
fn excluded_inapplicable_and_manual_come_before_the_rule() {
    let keys = "each: test.thing\napplies: or(resource.n, 0) > 0\nnot_applicable: it has no number\nmanual: has(resource.d)\nhand_in: the paper\npass: resource.a\n";
    let status = |facts| {
        let finding = finding(keys, thing("r", facts));
        (finding.status, finding.message)
    };
    assert_eq!(status(json!({"a": true})), (FindingStatus::NotApplicable, "name-of-r: it has no number".to_owned()));
    assert_eq!(
        status(json!({"n": 1, "d": 1.5, "a": true})),
        (FindingStatus::Manual, "name-of-r: the paper".to_owned())
    );
    assert_eq!(status(json!({"n": 1, "a": true})), (FindingStatus::Pass, "Things are good".to_owned()));
    let unread = finding(keys, denied(thing("r", json!({"a": true})), "/n"));
    assert_eq!(unread.status, FindingStatus::Unknown, "whether it applies is not known");
    let mut mirror = thing("r", json!({"a": true}));
    mirror.excluded = Some("a mirror pod".to_owned());
    assert_eq!(finding(keys, mirror).message, "name-of-r: a mirror pod");
}

#[test]
fn each_resource_has_exactly_one_finding_whatever_the_order() {
    let checks = load("each: test.thing\npass: resource.a\n", &zoo()).unwrap();
    let mut resources: Vec<Resource> = (0..500).map(|i| thing(&format!("r{i:03}"), json!({"a": i % 2 == 0}))).collect();
    let sets = [set("test.thing", "prod", SetState::Complete)];
    let one = run(&checks, &zoo(), &resources, &sets);
    resources.reverse();
    let two = run(&checks, &zoo(), &resources, &sets);
    assert_eq!(one.findings, two.findings);
    assert_eq!(one.findings.len(), 500);
    assert!(one.findings.windows(2).all(|w| w[0].resource.id < w[1].resource.id));
}

#[test]
fn lists_have_findings_of_their_own() {
    let checks = load("each: test.thing\npass: resource.a\n", &zoo()).unwrap();
    let kind = "test.thing";
    let region = |mut set: annexa_model::ResourceSet, region: &str| {
        set.region = Some(region.to_owned());
        set
    };
    let not_there = SetState::NotApplicable { reason: "not enabled in the region".to_owned() };
    let sets = [
        region(set(kind, "prod", unobserved()), "eu-1"),
        region(set(kind, "prod", partial()), "us-1"),
        region(set(kind, "prod", not_there), "ap-1"),
        region(set(kind, "prod", SetState::Complete), "af-1"),
        set(kind, "empty", SetState::Complete),
        set(kind, "dark", unobserved()),
    ];
    let findings = run(&checks, &zoo(), &[thing("r", json!({"a": true}))], &sets).findings;
    assert_eq!(
        said(&findings),
        [
            "unknown dark/*",
            "not_applicable empty/*",
            "not_applicable prod/ap-1/*",
            "unknown prod/eu-1/*",
            "unknown prod/us-1/*",
            "pass r"
        ]
    );
    assert_eq!(findings[0].gaps, ["gap-list"]);
    assert_eq!(findings[0].message, "thing: the list could not be read: AccessDenied on list");
    assert_eq!(findings[1].evidence, ["list-test.thing-empty"]);
}

#[test]
fn a_check_without_a_target_gives_no_finding_and_is_named() {
    let checks = load("each: test.thing\npass: resource.a\n", &zoo()).unwrap();
    let evaluation = run(&checks, &zoo(), &[], &[]);
    assert!(evaluation.findings.is_empty());
    assert_eq!(evaluation.without_target, ["test.thing.is-good"]);
}

#[test]
fn that_no_list_holds_one_the_lists_show() {
    let checks = load("each: test.thing\npass: people.exists(p, p.active)\n", &zoo()).unwrap();
    let all = [thing("r", json!({"w": ["eve"]}))];
    let sets = [set("test.thing", "prod", SetState::Complete), set("test.person", "prod", SetState::Complete)];
    let finding = run(&checks, &zoo(), &all, &sets).findings.remove(0);
    assert_eq!(finding.status, FindingStatus::Fail);
    assert_eq!(finding.evidence, ["ex-r", "ex-r-w", "list-test.person-prod"]);
}

#[test]
fn a_check_says_what_it_looks_at() {
    let rule = "each: test.thing\npass: has(resource.o.p) && people.exists(p, p.active)\nobserve: [resource.n]\n";
    let checks = load(rule, &zoo()).unwrap();
    let looked_at = checks.iter().next().unwrap().looks_at(&zoo());
    let facts = |kind: &str| looked_at[kind].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(facts("test.thing"), ["n", "o", "w"]);
    assert_eq!(facts("test.person"), ["active", "key"]);
}

#[test]
fn relations_are_found_by_key_and_keep_three_states() {
    let keys = "each: test.thing\npass: owner.active && people.all(p, p.active)\n";
    let checks = load(keys, &zoo()).unwrap();
    let people = [
        resource("test.person", "p1", json!({"key": "ada", "active": true})),
        resource("test.person", "p2", json!({"key": "bob", "active": false})),
    ];
    let asked = |facts: Value, state: SetState| {
        let mut all = people.to_vec();
        all.push(thing("r", facts));
        let sets = [set("test.thing", "prod", SetState::Complete), set("test.person", "prod", state)];
        run(&checks, &zoo(), &all, &sets).findings.remove(0)
    };
    let good = asked(json!({"s": "ada", "w": ["ada"]}), SetState::Complete);
    assert_eq!(good.status, FindingStatus::Pass);
    assert_eq!(good.evidence, ["ex-p1", "ex-p1-active", "ex-r", "ex-r-s", "ex-r-w"]);
    assert_eq!(asked(json!({"s": "ada", "w": ["ada", "bob"]}), SetState::Complete).status, FindingStatus::Fail);
    let gone = asked(json!({"s": "eve", "w": []}), SetState::Complete);
    assert_eq!((gone.status, gone.message.as_str()), (FindingStatus::Fail, "name-of-r is bad (owner is not set)"));
    assert!(
        gone.evidence.contains(&"list-test.person-prod".to_owned()),
        "that nobody is there, the list shows: {:?}",
        gone.evidence
    );
    assert_eq!(asked(json!({"s": "eve", "w": []}), partial()).status, FindingStatus::Unknown);
    assert_eq!(
        asked(json!({"s": "ada", "w": ["ada"]}), partial()).status,
        FindingStatus::Unknown,
        "more people may answer"
    );
    assert_eq!(
        asked(json!({"s": "bob", "w": ["ada"]}), unobserved()).status,
        FindingStatus::Fail,
        "what is known decides"
    );
    assert_eq!(asked(json!({"w": ["ada"]}), SetState::Complete).status, FindingStatus::Fail, "it has no owner");
}

#[test]
fn a_renamed_check_keeps_its_finding_ids() {
    let new =
        finding("each: test.thing\npass: resource.a\naliases: [first.id, second.id]\n", thing("r", json!({"a": true})));
    assert_eq!(new.id, annexa_model::finding_id("first.id", "test.thing", "r"));
}

#[test]
fn what_a_finding_shows_is_bounded() {
    let long: Vec<Value> = (0..100).map(|i| json!({"name": "x".repeat(500), "on": i > 0})).collect();
    let found = finding(
        "each: test.thing\nobserve: [items]\npass: resource.items.all(i, i.on)\n",
        thing("r", json!({"items": long})),
    );
    let shown = serde_json::to_string(&found.observed).unwrap();
    assert!(shown.len() < 8_000 && shown.contains("… 80 more"), "{}", shown.len());
}
