use crate::load;
use crate::test_schemas::zoo;
use annexa_checks::test_examples;

fn problems(keys: &str) -> Vec<String> {
    let checks = load(keys, &zoo()).unwrap_or_else(|error| panic!("{keys}\n{error}"));
    test_examples(&checks, &zoo()).into_iter().filter_map(|r| Some(format!("{}: {}", r.example, r.problem?))).collect()
}

const GOOD: &str = "each: test.thing
pass: owner.active || resource.a
examples:
  pass:
    - {a: true, owner: {active: false}}
    - {a: !denied , owner: {active: true}}
  fail:
    - {a: !absent , owner: !absent }
    - {a: false, owner: {active: false}}
  unknown:
    - {a: !denied , owner: !absent }
    - {a: false, owner: !denied AccessDenied on test:List }
";

#[test]
fn good_examples_agree() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
}

#[test]
fn each_answer_needs_an_example() {
    let keys = "each: test.thing\napplies: has(resource.n)\npass: resource.a\nexamples:\n  pass: [{n: 1, a: true}]\n  without: {unknown: the fact is never denied}\n";
    let problems = problems(keys);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].contains("no example that is fail") && problems[1].contains("no example that is not_applicable"),
        "{problems:?}"
    );
}

#[test]
fn a_wrong_answer_is_told_with_its_place() {
    let problems =
        problems(&GOOD.replace("- {a: false, owner: {active: false}}", "- {a: true, owner: {active: false}}"));
    assert_eq!(
        problems,
        [
            "fail 2: checks/test/thing/is-good.yaml:15:7: test.thing.is-good fail 2: expected fail, got pass: Things are good"
        ]
    );
}

#[test]
fn an_example_must_say_all_that_decides() {
    let problems = problems(&GOOD.replace("{a: !absent , owner: !absent }", "{a: !absent }"));
    assert!(problems[0].contains("the example does not say what `owner` is"), "{problems:?}");
}

#[test]
fn lists_that_are_not_whole_can_be_written() {
    let keys = "each: test.thing
pass: resource.items.all(i, i.on) && people.all(p, p.active)
examples:
  pass: [{items: [{on: true}], people: [{active: true}]}]
  fail: [{items: !partial [{on: false}], people: []}]
  unknown:
    - {items: !partial [{on: true}], people: []}
    - {items: [{on: !denied }], people: []}
    - {items: [], people: !partial []}
    - {items: [], people: !denied }
";
    assert_eq!(problems(keys), Vec::<String>::new());
}

#[test]
fn joins_have_examples_too() {
    let keys = "given:
  left: {type: test.person, where: \"!or(resource.active, true)\", key: lower(resource.login)}
  right: {type: test.thing, key: lower(resource.s)}
  expect: no-left-in-right
hand_in: the list of accounts
examples:
  pass: [{left: {login: ada, active: false}, right: [{s: bob}]}]
  fail: [{left: {login: ada, active: false}, right: !partial [{s: Ada}]}]
  unknown:
    - {left: {login: ada, active: false}, right: !partial [{s: bob}]}
    - {left: {login: ada, active: false}, right: !denied }
    - {left: {login: !denied , active: false}, right: []}
    - {left: {login: ada, active: false}, right: [{s: !denied }]}
  not_applicable: [{left: {login: ada, active: true}, right: []}]
  manual: [{left: {login: ada, active: false}, right: !absent }]
";
    assert_eq!(problems(keys), Vec::<String>::new());
}

#[test]
fn time_is_fixed() {
    let keys = "each: test.thing
pass: age_days(resource.t) <= 90
examples:
  as_of: 2026-01-31
  pass: [{t: 2025-12-01}]
  fail: [{t: 2025-06-01}, {t: !absent }]
  unknown: [{t: !denied }]
";
    assert_eq!(problems(keys), Vec::<String>::new());
}

#[test]
fn a_relation_may_have_the_name_of_an_own_member() {
    use crate::test_schemas::schema;
    let types = [
        schema(
            "test.bucket",
            &serde_json::json!({"on": "bool"}),
            &[("account", "test.account", "account", "account", false)],
        ),
        schema("test.account", &serde_json::json!({"on": "bool"}), &[]),
    ];
    let keys = "each: test.bucket
pass: account.on && or(resource.account, '') != '2'
examples:
  pass: [{account: {on: true, account: \"1\"}}]
  fail: [{account: {on: false}}, {account: !absent }]
  unknown: [{account: !denied }]
";
    let checks = load(keys, &types).unwrap();
    let problems: Vec<_> = test_examples(&checks, &types).into_iter().filter_map(|r| r.problem).collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert!(
        load(&keys.replace("{account: !denied }", "{account: 5}"), &types)
            .unwrap_err()
            .contains("`account` is one test.account")
    );
}
