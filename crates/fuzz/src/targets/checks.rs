//! Check files and the expressions in them.

use crate::demo;
use crate::rules::{controls, rules, said};
use annexa_checks::{Checks, Options, evaluate, own_rule_path, test_examples};
use annexa_model::{
    Field, Finding, Reason, Relation, Resource, ResourceSet, RuleFiles, ScalarKind, SetState, TypeSchema, Unobserved,
    UnobservedState,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A check file as it stands on disk.
pub(crate) fn file(data: &[u8]) {
    let mut files = RuleFiles::new();
    files.insert(own_rule_path("some/service/rule.yaml"), data.to_vec());
    if let Some(checks) = load(&files, &rules().schemas) {
        for result in test_examples(&checks, &rules().schemas) {
            said(result.problem.as_slice());
        }
    }
}

/// The named expressions `a`, `b`, … and at last the rule, with NULs between.
pub(crate) fn cel(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // what YAML itself makes of them is another target's
    if text
        .chars()
        .any(|c| c != '\n' && c != '\t' && c != '\0' && c.is_control() || "\u{feff}\u{2028}\u{2029}".contains(c))
    {
        return;
    }
    let mut parts: Vec<&str> = text.split('\0').take(8).collect();
    let pass = parts.pop().unwrap_or_default();
    let block = |text: &str| text.replace('\n', "\n    ");
    let lets: String =
        parts.iter().zip('a'..).map(|(part, name)| format!("  {name}: |-2\n    {}\n", block(part))).collect();
    let lets = if lets.is_empty() { lets } else { format!("let:\n{lets}") };
    let check = format!(
        "title: a\nseverity: low\neach: fuzz.thing\n{lets}pass: |-2\n    {}\n\
         fail: \"{{{{name}}}} is wrong\"\ncontrols:\n  A.8.3: {{direct: b}}\nwhy: c\nfix: {{text: d}}\n",
        block(pass)
    );
    let mut files = RuleFiles::new();
    files.insert(own_rule_path("fuzz/thing/rule.yaml"), check.into_bytes());
    let Some(checks) = load(&files, schemas()) else { return };
    let (resources, sets) = things();
    let options = Options { as_of: demo::as_of(), to_2013: &|_| Vec::new(), side_by_side: false, only: None };
    let findings: Vec<Finding> = evaluate(&checks, schemas(), resources, sets, &options).findings;
    assert_eq!(findings.len(), resources.len(), "each resource gets one finding");
    findings.iter().for_each(crate::rules::same_when_read_back);
}

fn load(files: &RuleFiles, schemas: &[TypeSchema]) -> Option<Checks> {
    match Checks::load(files, &controls(&rules().catalogue), schemas) {
        Ok(checks) => Some(checks),
        Err(errors) => {
            assert!(!errors.is_empty(), "an error without words");
            said(&errors);
            None
        }
    }
}

/// A type with facts of every shape, and one that it leads to.
fn schemas() -> &'static [TypeSchema] {
    static SCHEMAS: OnceLock<Vec<TypeSchema>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let shape = json!({
            "yes": "bool", "n": "int", "d": "double", "s": "string", "t": "time", "x": "any", "o": {"p": "string", "q": {"r": "int"}},
            "l": ["int"], "w": ["string"], "items": [{"name": "string", "on": "bool", "tags": ["string"]}], "m": {"*": "string"},
        });
        let relation = |many| Relation { to: "fuzz.thing".to_owned(), here: "w[]".to_owned(), there: "s".to_owned(), many };
        vec![TypeSchema {
            name: "fuzz.thing".to_owned(),
            title: "thing".to_owned(),
            fields: fields(&shape),
            relations: BTreeMap::from([("owner".to_owned(), relation(false)), ("others".to_owned(), relation(true))]),
        }]
    })
}

fn fields(shape: &Value) -> BTreeMap<String, Field> {
    shape.as_object().into_iter().flatten().map(|(name, shape)| (name.clone(), field(shape))).collect()
}

fn field(shape: &Value) -> Field {
    match shape {
        Value::Array(items) => Field::List(Box::new(items.first().map_or(Field::Any, field))),
        Value::Object(members) => match members.get("*") {
            Some(values) => Field::Map(Box::new(field(values))),
            None => Field::Object(fields(shape)),
        },
        Value::String(word) => match word.as_str() {
            "bool" => Field::Scalar(ScalarKind::Bool),
            "int" => Field::Scalar(ScalarKind::Int),
            "double" => Field::Scalar(ScalarKind::Double),
            "string" => Field::Scalar(ScalarKind::String),
            "time" => Field::Scalar(ScalarKind::Timestamp),
            _ => Field::Any,
        },
        _ => Field::Any,
    }
}

/// One whole thing, one with long lists and texts, one of which little is known, one whose facts have wrong types.
fn things() -> (&'static [Resource], &'static [ResourceSet]) {
    static THINGS: OnceLock<(Vec<Resource>, Vec<ResourceSet>)> = OnceLock::new();
    let (things, sets) = THINGS.get_or_init(|| {
        let whole = json!({
            "yes": true, "n": 7, "d": 0.5, "s": "10.0.0.0/8", "t": "2026-03-01T00:00:00Z", "x": {"a": [1, "b"]},
            "o": {"p": "arn:aws:s3:::a", "q": {"r": -1}}, "l": [1, 2, 3], "w": ["10.0.0.0/8", "x"],
            "items": [{"name": "a", "on": true, "tags": ["t"]}, {"name": "b"}], "m": {"k": "v"},
        });
        let long = json!({
            "s": "ab".repeat(20_000), "l": (0..3000).collect::<Vec<_>>(), "w": vec!["ab"; 3000], "n": i64::MAX,
            "items": vec![json!({"name": "a", "tags": vec!["t"; 30]}); 300], "d": 1e308, "t": "9999-12-31T23:59:59Z",
        });
        let little = json!({"l": [1], "s": ""});
        let wrong =
            json!({"yes": "yes", "n": "7", "d": [], "s": 1, "t": "soon", "o": [], "l": {}, "items": ["a"], "m": 1});
        let things = [whole, long, little, wrong].into_iter().enumerate().map(|(number, facts)| thing(number, facts));
        (things.collect(), vec![set()])
    });
    (things, sets)
}

fn thing(number: usize, facts: Value) -> Resource {
    let reason = |state, pointer: &str| Unobserved {
        pointer: pointer.to_owned(),
        state,
        reason: Reason { reason: "denied".to_owned(), gap: Some("g".to_owned()) },
    };
    let unobserved = if number == 2 {
        vec![reason(UnobservedState::Unobserved, "/o"), reason(UnobservedState::Partial, "/l")]
    } else {
        Vec::new()
    };
    Resource {
        kind: "fuzz.thing".to_owned(),
        id: format!("thing/{number}"),
        name: format!("thing {number}"),
        target: "t".to_owned(),
        account: None,
        region: None,
        namespace: None,
        facts: match facts {
            Value::Object(facts) => facts,
            _ => serde_json::Map::new(),
        },
        unobserved,
        sources: BTreeMap::new(),
        excluded: None,
    }
}

fn set() -> ResourceSet {
    ResourceSet {
        kind: "fuzz.thing".to_owned(),
        target: "t".to_owned(),
        region: None,
        state: SetState::Complete,
        found: 4,
        excluded: 0,
        counted: None,
        evidence: Vec::new(),
    }
}

pub(crate) fn file_seeds() -> Vec<Vec<u8>> {
    let files = demo::library();
    files
        .below("checks/")
        .filter(|(_, bytes)| bytes.len() < 8 * 1024)
        .map(|(_, bytes)| bytes.to_vec())
        .step_by(3)
        .collect()
}

pub(crate) fn cel_seeds() -> Vec<Vec<u8>> {
    [
        "has(resource.yes) && resource.yes",
        "resource.l.filter(i, i > 1)\0or(a, []).all(i, i % 2 == 0) || size(a) > 3",
        "resource.items.all(i, i.name.startsWith('a') && or(i.tags, []).exists(t, t == 't'))",
        "or(resource.o.q.r, 0) + resource.n * 3 - 1 < int(resource.d) ? resource.yes : !resource.yes",
        "as_of - resource.t < duration('90d') && resource.t > timestamp('2026-01-01T00:00:00Z')",
        "others.exists(o, o.s == resource.s) && has(owner.n) && owner.n in [1, 2, 7]",
        "resource.s.matches('^[0-9./]+$') && glob(resource.o.p, 'arn:aws:s3:::*') && resource.m['k'] != 'v'",
        "resource.w.map(i, i + resource.s)\0a + a\0b + b\0size(c) > 100 && c.exists_one(i, i == 'x')",
        "resource.l.map(i, resource.l.map(j, resource.l.map(k, i * j * k)))\0size(a) > 0",
        "resource.s.lowerAscii().contains('ab') || string(resource.n).size() < 3 || double(resource.n) > 1.5e3",
        "resource.x.a[0] == 1 && {} != resource.m && [1, 2] == resource.l && !(resource.d >= 0.5)",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain(library_rules())
    .collect()
}

/// The rules of the library, with the names of the type that is asked here.
fn library_rules() -> impl Iterator<Item = Vec<u8>> {
    let rule = |(_, bytes): (&str, &[u8])| {
        let text = std::str::from_utf8(bytes).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("pass: "))?;
        Some(line.trim_matches(['"', '\'']).as_bytes().to_vec())
    };
    demo::library().below("checks/").step_by(4).filter_map(rule)
}
