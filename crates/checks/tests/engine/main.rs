//! The engine through its public face: load, evaluate, test examples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop loudly")]

mod each;
mod examples;
mod given;
mod hostile;
mod library;
mod load;
#[path = "../../src/test_schemas.rs"]
#[allow(dead_code, reason = "not all helpers are needed here")]
mod test_schemas;

use annexa_checks::{Checks, Evaluation, Options, evaluate};
use annexa_model::{Finding, Resource, ResourceSet, RuleFiles, SetState, TypeSchema};
use std::collections::BTreeSet;

pub(crate) const AS_OF: &str = "2026-07-01T00:00:00Z";

pub(crate) fn controls() -> BTreeSet<String> {
    ["A.5.15", "A.8.3", "A.8.12", "A.8.24", "7.5.2"].map(str::to_owned).into()
}

/// A whole check file around some keys.
pub(crate) fn file(keys: &str) -> String {
    let mut file = String::new();
    for (key, line) in [
        ("title:", "title: Things are good"),
        ("severity:", "severity: high"),
        ("fail:", "fail: \"{{name}} is bad\""),
        ("controls:", "controls: {A.8.3: {direct: it limits who may read}}"),
        ("why:", "why: bad things are bad"),
        ("fix:", "fix: {cli: make it good}"),
    ] {
        if !keys.lines().any(|l| l.starts_with(key)) {
            file.push_str(line);
            file.push('\n');
        }
    }
    file + keys
}

pub(crate) fn files(checks: &[(&str, &str)]) -> RuleFiles {
    let mut files = RuleFiles::new();
    for (path, text) in checks {
        files.insert((*path).to_owned(), text.as_bytes().to_vec());
    }
    files
}

/// Loads one check from its keys.
pub(crate) fn load(keys: &str, schemas: &[TypeSchema]) -> Result<Checks, String> {
    let files = files(&[("checks/test/thing/is-good.yaml", &file(keys))]);
    Checks::load(&files, &controls(), schemas).map_err(|errors| errors.iter().map(|e| format!("{e}\n")).collect())
}

pub(crate) fn set(kind: &str, target: &str, state: SetState) -> ResourceSet {
    ResourceSet {
        kind: kind.to_owned(),
        target: target.to_owned(),
        region: None,
        state,
        found: 0,
        excluded: 0,
        counted: None,
        evidence: vec![format!("list-{kind}-{target}")],
    }
}

pub(crate) fn unobserved() -> SetState {
    SetState::Unobserved { reason: "AccessDenied on list".to_owned(), gap: "gap-list".to_owned() }
}

pub(crate) fn partial() -> SetState {
    SetState::Partial { reason: "page 2 was lost".to_owned(), gap: "gap-page".to_owned() }
}

pub(crate) fn run(checks: &Checks, schemas: &[TypeSchema], resources: &[Resource], sets: &[ResourceSet]) -> Evaluation {
    let to_2013 = |id: &str| vec![format!("old-{id}")];
    let options = Options { as_of: AS_OF.parse().unwrap(), to_2013: &to_2013, side_by_side: true, only: None };
    evaluate(checks, schemas, resources, sets, &options)
}

/// `status resource-id` of each finding.
pub(crate) fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {}", f.status, f.resource.id)).collect()
}
