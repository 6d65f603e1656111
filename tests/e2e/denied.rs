//! A call that was denied, a page that was lost: the number of passes never rises, and what is not known is said.

use crate::program::{company, demo, expect, files, reseal, run, statuses};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A scan of the demo's tape with some exchanges changed: its exit status and what it found.
pub(crate) fn replay(
    folder: &Path,
    change: impl Fn(&mut Value) -> bool,
) -> (i32, BTreeMap<(String, String, String), String>) {
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
    reseal(demo(), &folder.join("tape"), |content| {
        content.retain(|path, _| path.starts_with("evidence/"));
        for bytes in content.values_mut() {
            *bytes = changed(bytes, &change);
        }
        for name in ["findings.jsonl", "resources.jsonl", "gaps.jsonl"] {
            content.insert(name.to_owned(), Vec::new());
        }
        content.insert("controls.json".to_owned(), b"[\n]\n".to_vec());
    });
}

/// The exchanges of a file, changed; those for which `change` says no are left out.
fn changed(file: &[u8], change: impl Fn(&mut Value) -> bool) -> Vec<u8> {
    let mut kept = String::new();
    for line in std::str::from_utf8(file).unwrap().lines() {
        let mut exchange: Value = serde_json::from_str(line).unwrap();
        if change(&mut exchange) {
            kept.push_str(&serde_json::to_string(&exchange).unwrap());
            kept.push('\n');
        }
    }
    kept.into_bytes()
}

fn deny(exchange: &mut Value) {
    exchange.as_object_mut().unwrap().remove("answer");
    exchange["failure"] =
        json!({"kind": "denied", "code": "AccessDenied", "message": "not allowed (changed by a test)"});
}

/// The calls on the tape that were answered.
fn listings() -> BTreeSet<Listing> {
    exchanges_of(&demo().join("evidence")).iter().filter(|e| e["failure"].is_null()).map(listing).collect()
}

#[test]
fn each_operation_denied_in_turn_leaves_its_checks_unknown() {
    let before = Before::read();
    let tried: Vec<Listing> = listings().into_iter().collect();
    assert!(tried.len() >= 60, "only {} operations are on the tape", tried.len());
    let (next, unknown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let silent = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(listing) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (more, found) = before.denied(listing);
                    unknown.fetch_add(usize::from(more), Ordering::Relaxed);
                    silent.lock().unwrap().extend(found);
                }
            });
        }
    });
    let (silent, unknown) = (silent.into_inner().unwrap(), unknown.into_inner());
    println!("{unknown} of {} denied calls left more unknown; no check asks what the others bring", tried.len());
    assert!(unknown * 3 > tried.len() * 2, "only {unknown} of {}", tried.len());
    assert!(silent.is_empty(), "{} answers rest on what nobody read:\n{}", silent.len(), {
        silent.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    });
}

/// A call of the tape: (target, operation, region).
type Listing = (String, String, String);

/// The demo before anything was denied.
struct Before {
    statuses: BTreeMap<(String, String, String), String>,
    findings: Vec<Value>,
    /// The exchanges of each call.
    exchanges: BTreeMap<Listing, BTreeSet<String>>,
}

impl Before {
    fn read() -> Self {
        let mut exchanges: BTreeMap<Listing, BTreeSet<String>> = BTreeMap::new();
        for exchange in exchanges_of(&demo().join("evidence")) {
            let id = exchange["id"].as_str().unwrap().to_owned();
            exchanges.entry(listing(&exchange)).or_default().insert(id);
        }
        let findings = crate::program::lines(&demo().join("findings.jsonl"));
        Self { statuses: statuses(demo()), findings, exchanges }
    }

    /// Denies a call and compares: no new pass, exit 3, and every finding that rested on its answer is unknown now,
    /// or its check says unknown of the set that the resource was in, or it is what it was. Gives whether anything
    /// became unknown, and what is none of these.
    fn denied(&self, denied: &Listing) -> (bool, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (status, after) = replay(folder.path(), |e| {
            if listing(e) == *denied {
                deny(e);
            }
            true
        });
        let what = format!("{} {} {} denied", denied.0, denied.1, denied.2);
        no_new_pass(&what, &self.statuses, &after);
        assert_eq!(status, 3, "{what}: the scan must say that it is incomplete");
        let after = crate::program::lines(&folder.path().join("changed/findings.jsonl"));
        let unknown = |findings: &[Value]| findings.iter().filter(|f| f["status"] == "unknown").count();
        let more = unknown(&after) > unknown(&self.findings);
        (more, dishonest(&what, &self.findings, &self.exchanges[denied], &after))
    }
}

/// Findings that rested on answers which are lost now, and are neither unknown, nor in a set that their check calls
/// unknown, nor decided as before by what is left (one of two rules that both protect a branch).
pub(crate) fn dishonest(what: &str, before: &[Value], lost: &BTreeSet<String>, after: &[Value]) -> Vec<String> {
    let rests = |f: &Value| f["evidence"].as_array().unwrap().iter().any(|id| lost.contains(id.as_str().unwrap()));
    let mut silent = Vec::new();
    for finding in before.iter().filter(|f| rests(f) && f["status"] != "unknown") {
        let of_check = || after.iter().filter(|f| f["check"] == finding["check"] && f["target"] == finding["target"]);
        let same = of_check().find(|f| f["id"] == finding["id"]);
        let honest = match same {
            Some(now) if now["status"] == "unknown" => true,
            Some(now) => now["status"] == finding["status"],
            None => of_check().any(|f| f["status"] == "unknown"),
        };
        if !honest {
            let now = same.map_or("not there, and no unknown".to_owned(), |f| f["status"].to_string());
            silent.push(format!("{what}: {} of {}: {now}", finding["check"], finding["resource"]["id"]));
        }
    }
    silent
}

fn listing(exchange: &Value) -> Listing {
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    (text(&exchange["target"]), text(&exchange["operation"]), text(&exchange["region"]))
}

pub(crate) fn exchanges_of(evidence: &Path) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap();
    files(evidence)
        .into_values()
        .flat_map(|b| String::from_utf8(b).unwrap().lines().map(line).collect::<Vec<_>>())
        .collect()
}

#[test]
fn each_lost_page_in_turn_never_makes_a_pass() {
    let before = statuses(demo());
    let mut paged = BTreeSet::new();
    for e in exchanges_of(&demo().join("evidence")) {
        if e["page"].as_u64() > Some(1) {
            paged.insert((e["target"].as_str().unwrap().to_owned(), e["operation"].as_str().unwrap().to_owned()));
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
pub(crate) fn no_new_pass(
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
