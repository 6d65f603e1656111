//! The n-th call fails, then the disk is full at the n-th place, until a scan comes through: each time a valid bundle
//! that says incomplete, or none.
//!
//! A run looks at a part of all n; `ANNEXA_EVERY=1` looks at each (minutes in a release build).

use crate::denied::{exchanges_of, no_new_pass, replay};
use crate::program::{self, demo, expect, statuses};
use serde_json::json;
use std::process::Command;

/// Failures as the tape records them.
const KINDS: [&str; 6] = ["denied", "throttled", "server", "timeout", "connection", "invalid"];

fn every() -> bool {
    std::env::var_os("ANNEXA_EVERY").is_some()
}

#[test]
fn the_nth_call_fails() {
    let before = statuses(demo());
    let mut ids: Vec<String> = Vec::new();
    for exchange in exchanges_of(&demo().join("evidence")) {
        if exchange["failure"].is_null() {
            ids.push(exchange["id"].as_str().unwrap().to_owned());
        }
    }
    ids.sort();
    ids.dedup();
    assert!(ids.len() > 250, "only {} calls", ids.len());
    let stride = if every() { 1 } else { ids.len() / 16 };
    for (n, id) in ids.iter().enumerate().step_by(stride) {
        let kind = KINDS[n % KINDS.len()];
        let folder = tempfile::tempdir().unwrap();
        let (status, after) = replay(folder.path(), |e| {
            if e["id"] == id.as_str() {
                e.as_object_mut().unwrap().remove("answer");
                e["failure"] = json!({"kind": kind, "code": "Fault", "message": "made to fail by a test"});
            }
            true
        });
        let what = format!("call {n} of {} ({id}) {kind}", ids.len());
        no_new_pass(&what, &before, &after);
        assert_eq!(status, 3, "{what}");
        expect(folder.path(), &["verify", "changed"], 0);
        let manifest = program::json(&folder.path().join("changed/manifest.json"));
        assert!(manifest["gaps"]["open"].as_u64() > Some(0), "{what}: {}", manifest["gaps"]);
    }
}

/// A scan on a disk that holds so much and no more. Gives what the script below says.
fn on_disk(options: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        mount -t tmpfs -o "$OPTIONS" tmpfs "$FOLDER" || exit 99
        cp "$COMPANY"/*.yaml "$FOLDER"; cp -r "$COMPANY/files" "$FOLDER" 2>/dev/null || { echo "too small"; exit 0; }
        cd "$FOLDER" || exit 99
        "$ANNEXA" scan --replay "$DEMO" --out bundle 2>err.txt >/dev/null
        status=$?
        if [ -e bundle ]; then
            "$ANNEXA" verify bundle >/dev/null 2>&1 && echo "status $status valid" || echo "status $status NOT VALID"
        else
            echo "status $status none left: $(ls -A | grep -v -e '\.yaml$' -e '^files$' -e '^err.txt$' | tr '\n' ' ')"
        fi
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "bash", "-c", script])
        .env("OPTIONS", options)
        .env("FOLDER", folder.path())
        .env("COMPANY", program::root().join("fixtures/demo/company"))
        .env("DEMO", demo())
        .env("ANNEXA", env!("CARGO_BIN_EXE_annexa"))
        .output()
        .unwrap();
    let (out, err) = program::texts(&output);
    assert!(output.status.success(), "{options}: {out}{err}");
    out.trim().to_owned()
}

/// Gives a scan more and more room until it comes through.
fn more_and_more(what: &str, first: u64, step: u64, options: impl Fn(u64) -> String) {
    let mut refused = 0;
    let mut size = first;
    loop {
        let said = on_disk(&options(size));
        match said.as_str() {
            "too small" => {}
            "status 2 none left:" => refused += 1,
            // the demo has gaps of its own
            "status 3 valid" => break,
            other => panic!("{what} {size}: {other}"),
        }
        size += step;
    }
    assert!(refused > 3, "{what}: the disk was full only {refused} times");
}

#[test]
fn the_disk_is_full() {
    let step = if every() { 64 } else { 2500 };
    more_and_more("KiB", 400, step, |size| format!("size={size}k"));
}

#[test]
fn the_disk_takes_no_more_files() {
    let step = if every() { 1 } else { 150 };
    more_and_more("files", 40, step, |inodes| format!("size=200m,nr_inodes={inodes}"));
}
