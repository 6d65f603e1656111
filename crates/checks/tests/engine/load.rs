use crate::test_schemas::zoo;
use crate::{controls, file, files, load};
use annexa_checks::{Checks, Origin, own_rule_path};

fn error(keys: &str) -> String {
    load(keys, &zoo()).err().unwrap_or_else(|| panic!("an error is expected:\n{keys}"))
}

#[test]
fn a_check_says_of_itself_what_reports_need() {
    let keys = "each: test.thing\napplies: has(resource.s)\nlet: {on: \"resource.items.filter(i, i.on)\"}\npass: on != []\nsee: [test:Get]\naliases: [test.old.name]\n";
    let checks = load(keys, &zoo()).unwrap();
    let summary = checks.get("test.thing.is-good").unwrap().summary();
    assert_eq!(summary.rule, "applies: has(resource.s)\nlet on: resource.items.filter(i, i.on)\npass: on != []");
    assert_eq!((summary.resource_type.as_str(), summary.origin.as_str()), ("test.thing", "library"));
    assert_eq!(summary.file, "checks/test/thing/is-good.yaml");
    assert_eq!(summary.fix["cli"], "make it good");
    assert_eq!(checks.get("test.old.name").unwrap().id, "test.thing.is-good", "an alias leads to the check");
}

/// Keys of a check file, and what their error says.
const WRONG: &[(&str, &str)] = &[
    ("each: test.thing\npas: resource.a\n", ":8:1: unknown key `pas` (did you mean `pass`?)"),
    ("each: test.thnig\npass: resource.a\n", ":7:7: unknown resource type `test.thnig` (did you mean `test.thing`?)"),
    (
        "each: test.thing\npass: resource.b ||\n  resource.itmes == []\n",
        ":9:12: unknown fact `itmes` of test.thing (did you mean `items`?)",
    ),
    ("each: test.thing\npass: |\n  resource.b ||\n  resource.itmes == []\n", ":10:12: unknown fact `itmes`"),
    ("each: test.thing\npass: resource.n\n", ":8:7: `pass` must be true or false; this is a whole number"),
    ("each: test.thing\npass: resource.a\nseverity: hihg\n", "unknown word `hihg` (did you mean `high`?)"),
    (
        "each: test.thing\npass: resource.a\ncontrols: {A.8.33: {direct: x}}\n",
        ":8:12: `A.8.33` is no control of the 2022 edition and no clause (did you mean `A.8.3`?)",
    ),
    ("each: test.thing\npass: resource.a\ncontrols: {A.8.3: {direct: \"\"}}\n", "the reason for A.8.3 is empty"),
    ("each: test.thing\npass: resource.a\ncontrols: {A.8.3: {indirect: x}}\n", "unknown word `indirect`"),
    ("each: test.thing\npass: resource.a\nfix: {}\n", "`fix` is empty"),
    (
        "each: test.thing\npass: resource.a\nfail: \"{{name}} {{itms}}\"\n",
        ":8:19: unknown fact `itms` (did you mean `items`?)",
    ),
    ("each: test.thing\npass: resource.a\nfail: \"{{name\"\n", "`{{` without `}}`"),
    ("each: test.thing\npass: resource.a\nobserve: [o.q.z]\n", ":9:15: unknown fact `z`"),
    (
        "each: test.thing\napplies: resource.a\npass: resource.b\n",
        ":8:19: `applies` must say what holds when `a` is absent",
    ),
    (
        "each: test.thing\nlet: {x1: resource.a}\napplies: x1\npass: resource.b\n",
        "`applies` must say what holds when `a` is absent",
    ),
    ("each: test.thing\nmanual: has(resource.a)\npass: resource.b\n", "`manual` without `hand_in`"),
    ("each: test.thing\n", "the key `pass` is missing"),
    ("pass: resource.b\n", "the key `each` or `given` is missing"),
    (
        "each: test.thing\npass: resource.a\nexamples: {pass: [{itms: 1}]}\n",
        ":9:20: unknown fact `itms` of test.thing (did you mean `items`?)",
    ),
    ("each: test.thing\npass: resource.a\nexamples: {pass: [{n: x}]}\n", "`n` is a whole number"),
    ("each: test.thing\npass: resource.a\nexamples: {pass: [{s: yes}]}\n", "`s` is text: put it in quotes"),
    (
        "each: test.thing\npass: resource.a\nexamples: {pass: [{s: !deneid }]}\n",
        "unknown tag `!deneid` (did you mean `denied`?)",
    ),
    ("each: test.thing\npass: resource.a\nexamples: {pass: [{s: }]}\n", "`s` is empty: write `!absent` or `!denied`"),
    ("each: test.thing\npass: resource.a\nexamples: {pass: [{items: [{on: 1}]}]}\n", "`on` is true or false"),
    ("each: test.thing\npass: resource.a\nexamples: {maybe: []}\n", "unknown key `maybe`"),
    ("each: test.thing\neach: test.thing\npass: resource.a\n", "the key `each` stands here twice"),
    (
        "each: test.thing\npass: !resource.a || resource.b\n",
        "YAML takes a `!` at the start for a tag (put the expression in quotes, or below `|`)",
    ),
    ("each: test.thing\npass: !has(resource.a)\n", "YAML takes a `!` at the start for a tag"),
    (
        "each: test.thing\npass: has(resource.a) ? true : false\n",
        "mapping values are not allowed in this context (an expression with `: ` or `#` needs quotes, or its own lines below `|`)",
    ),
    (
        "given:\n  left: {type: test.thing, key: resource.s}\n  right: {type: test.person, key: resource.kee}\n  expect: each-left-in-right\n",
        ":9:44: unknown fact `kee` of test.person (did you mean `key`?)",
    ),
    (
        "given:\n  left: {type: test.thing, key: resource.s}\n  right: {type: test.person, key: resource.key}\n  expect: each-left-in-rigth\n",
        "did you mean `each-left-in-right`?",
    ),
    (
        "given:\n  left: {type: test.thing, key: resource.a}\n  right: {type: test.person, key: resource.key}\n  expect: pass\n",
        "`expect: pass` without `pass`",
    ),
    (
        "given:\n  left: {type: test.thing, key: resource.a}\n  right: {type: test.person, key: resource.key}\n  expect: one-to-one\n",
        "a key is text, a whole number, or a list of them; this is true or false",
    ),
    (
        "given:\n  left: {type: test.thing, where: resource.a, key: resource.s}\n  right: {type: test.person, key: resource.key}\n  expect: one-to-one\n",
        "`where` must say what holds when `left.a` is absent",
    ),
];

#[test]
fn errors_have_a_place_and_the_nearest_word() {
    for (keys, expected) in WRONG {
        let error = error(keys);
        assert!(error.contains(expected), "\n{keys}\nexpected {expected}\ngot {error}");
    }
}

#[test]
fn all_errors_of_all_files_are_told() {
    let bad = file("each: test.thing\npass: resource.zz1 || resource.zz2\nobserve: [zz3]\n");
    let files = files(&[("checks/a/b.yaml", &bad), ("checks/a/c.yaml", "title: [")]);
    let errors = Checks::load(&files, &controls(), &zoo()).unwrap_err();
    assert_eq!(errors.len(), 4, "{errors:#?}");
}

#[test]
fn the_path_is_the_id_and_no_id_is_taken_twice() {
    let good = file("each: test.thing\npass: resource.a\n");
    let load = |paths: &[&str]| {
        let all: Vec<(&str, &str)> = paths.iter().map(|path| (*path, good.as_str())).collect();
        Checks::load(&files(&all), &controls(), &zoo())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>())
    };
    let own = own_rule_path("./acme/our-rule.yaml");
    let checks = load(&["checks/a/b/c.yaml", &own, "checks/README.md", "annex/x.yaml"]).unwrap();
    assert_eq!(
        checks.iter().map(|c| (c.id.as_str(), c.origin)).collect::<Vec<_>>(),
        [("a.b.c", Origin::Library), ("acme.our-rule", Origin::Own)]
    );
    assert!(
        load(&["checks/a/b/c.yaml", &own_rule_path("a/b/c.yaml")])
            .unwrap_err()
            .contains("the id `a.b.c` is taken by checks/a/b/c.yaml")
    );
    assert!(load(&["checks/A/b.yaml"]).unwrap_err().contains("must give its id"));
    assert!(load(&["checks/alone.yaml"]).unwrap_err().contains("must give its id"));
    assert!(load(&["checks/a/b.yml"]).unwrap_err().contains("ends in .yaml"));
}

#[test]
fn an_alias_must_be_free() {
    let alias = file("each: test.thing\npass: resource.a\naliases: [a.c]\n");
    let good = file("each: test.thing\npass: resource.a\n");
    let errors = Checks::load(&files(&[("checks/a/b.yaml", &alias), ("checks/a/c.yaml", &good)]), &controls(), &zoo())
        .unwrap_err();
    assert!(errors[0].message.contains("the id `a.c` is taken"), "{errors:?}");
}
