//! A call that was denied, a page that was lost: the number of passes never rises, and what is not known is said.

use crate::program::{company, demo, expect, files, run, statuses};
use annexa_bundle::{Cover, SaltSeed, Seal, Writer};
use annexa_model::{Edition, Selection};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A scan of the demo's tape with some exchanges changed: its exit status and what it found.
fn replay(folder: &Path, change: impl Fn(&mut Value) -> bool) -> (i32, BTreeMap<(String, String, String), String>) {
    tape(folder, change);
    let output = run(folder, &["scan", "--replay", "tape", "--out", "changed"]);
    let status = output.status.code().unwrap();
    assert!(matches!(status, 0 | 3), "{:?}", crate::program::texts(&output));
    (status, statuses(&folder.join("changed")))
}

/// The demo company's configuration in a folder, and beside it as `tape` the demo's tape with some exchanges changed;
/// those for which the change gives false are left out.
pub(crate) fn tape(folder: &Path, change: impl Fn(&mut Value) -> bool) {
    company(folder);
    let mut writer = Writer::create(&folder.join("tape")).unwrap();
    for (name, bytes) in files(&demo().join("evidence")) {
        let mut kept = String::new();
        for line in String::from_utf8(bytes).unwrap().lines() {
            let mut exchange: Value = serde_json::from_str(line).unwrap();
            if change(&mut exchange) {
                kept.push_str(&serde_json::to_string(&exchange).unwrap());
                kept.push('\n');
            }
        }
        let path = writer.evidence_folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, kept).unwrap();
    }
    for name in ["findings.jsonl", "resources.jsonl", "gaps.jsonl"] {
        writer.add(name, b"").unwrap();
    }
    writer.add_controls([]).unwrap();
    let seal = Seal { key: None, previous: None, salts: SaltSeed::fixed([0; 32]) };
    writer.finish(cover(), &seal).unwrap();
}

/// What the tape says of itself: the demo's own time.
fn cover() -> Cover {
    let manifest = crate::program::json(&demo().join("manifest.json"));
    Cover {
        organization: "Nordwind Demo".to_owned(),
        edition: Edition::E2022,
        selection: Selection::Full,
        period: None,
        as_of: manifest["as_of"].as_str().unwrap().parse().unwrap(),
        privacy: "default".to_owned(),
        targets: Vec::new(),
    }
}

fn deny(exchange: &mut Value) {
    exchange.as_object_mut().unwrap().remove("answer");
    exchange["failure"] =
        json!({"kind": "denied", "code": "AccessDenied", "message": "not allowed (changed by a test)"});
}

/// The listings on the tape: (target, operation, region).
fn listings() -> BTreeSet<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let mut found = BTreeSet::new();
    for (_, bytes) in files(&demo().join("evidence")) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let e: Value = serde_json::from_str(line).unwrap();
            if e["failure"].is_null() {
                found.insert((text(&e["target"]), text(&e["operation"]), text(&e["region"])));
            }
        }
    }
    found
}

#[test]
fn each_operation_denied_in_turn_never_makes_a_pass() {
    let before = statuses(demo());
    let tried = listings();
    let unknown = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    let work: Vec<&(String, String, String)> = tried.iter().collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((target, operation, region)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let after = denied(target, operation, region, &before);
                    let more = count(&after, "unknown") > count(&before, "unknown");
                    unknown.fetch_add(usize::from(more), Ordering::Relaxed);
                }
            });
        }
    });
    let (tried, unknown) = (tried.len(), unknown.into_inner());
    assert!(tried >= 20, "only {tried} operations are on the tape");
    assert!(unknown * 2 > tried, "only {unknown} of {tried} denied operations left something unknown");
}

/// What a scan finds when an operation is denied in a region.
fn denied(
    target: &str,
    operation: &str,
    region: &str,
    before: &BTreeMap<(String, String, String), String>,
) -> BTreeMap<(String, String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let (status, after) = replay(folder.path(), |e| {
        if e["target"] == target && e["operation"] == operation && e["region"].as_str().unwrap_or("") == region {
            deny(e);
        }
        true
    });
    let what = format!("{target} {operation} {region} denied");
    no_new_pass(&what, before, &after);
    assert_eq!(status, 3, "{what}: the scan must say that it is incomplete");
    after
}

#[test]
fn each_lost_page_in_turn_never_makes_a_pass() {
    let before = statuses(demo());
    let mut paged = BTreeSet::new();
    for (_, bytes) in files(&demo().join("evidence")) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let e: Value = serde_json::from_str(line).unwrap();
            if e["page"].as_u64() > Some(1) {
                paged.insert((e["target"].as_str().unwrap().to_owned(), e["operation"].as_str().unwrap().to_owned()));
            }
        }
    }
    assert!(!paged.is_empty(), "the demo's tape has no second page");
    for (target, operation) in paged {
        let folder = tempfile::tempdir().unwrap();
        let (status, after) = replay(folder.path(), |e| {
            !(e["target"] == target.as_str() && e["operation"] == operation.as_str() && e["page"].as_u64() > Some(1))
        });
        no_new_pass(&format!("{target} {operation} without page 2"), &before, &after);
        assert_eq!(status, 3, "{target} {operation}: a lost page must be said");
    }
}

/// Whatever was not a pass before is none now: neither the same finding nor a new one.
fn no_new_pass(
    what: &str,
    before: &BTreeMap<(String, String, String), String>,
    after: &BTreeMap<(String, String, String), String>,
) {
    for (key, status) in after.iter().filter(|(_, status)| *status == "pass") {
        assert_eq!(before.get(key), Some(status), "{what}: {key:?} became a pass");
    }
    assert!(count(after, "pass") <= count(before, "pass"), "{what}");
}

fn count(statuses: &BTreeMap<(String, String, String), String>, wanted: &str) -> usize {
    statuses.values().filter(|status| *status == wanted).count()
}

#[test]
fn a_gap_that_an_exception_accepts_does_not_make_a_scan_incomplete() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let exceptions = folder.path().join("exceptions.yaml");
    let text = std::fs::read_to_string(&exceptions).unwrap();
    let accepted = "  - {id: EX-9, gap: \"*\", reason: known, owner: tomasz, approver: ines, expires: 2099-01-01}\n";
    std::fs::write(&exceptions, text + accepted).unwrap();
    let demo = demo().display().to_string();
    expect(folder.path(), &["scan", "--replay", &demo, "--out", "accepted"], 0);
    expect(folder.path(), &["scan", "--replay", &demo, "--out", "accepted", "--fail-on", "critical"], 1);
}
