//! The demo: everything in one bundle, the same bytes each time, nothing secret in it.

use crate::program::{demo, expect, files, json, lines};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn it_has_four_targets_all_statuses_and_all_controls() {
    let manifest = json(&demo().join("manifest.json"));
    assert_eq!(manifest["targets"].as_array().unwrap().len(), 4);
    let findings = lines(&demo().join("findings.jsonl"));
    let statuses: BTreeSet<&str> = findings.iter().map(|f| f["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["fail", "manual", "not_applicable", "pass", "unknown"]));
    let controls = json(&demo().join("controls.json"));
    let of = |edition: &str| {
        let controls = controls.as_array().unwrap().iter();
        controls.filter(|c| c["edition"] == edition && c["id"].as_str().unwrap().starts_with("A.")).count()
    };
    assert_eq!((of("2022"), of("2013")), (93, 114));
    for kind in ["aws", "kubernetes", "github", "documents"] {
        let asked = findings.iter().filter(|f| f["check"].as_str().unwrap().starts_with(kind));
        assert!(asked.count() > 5, "{kind} has hardly any finding");
    }
}

#[test]
fn each_check_gives_exactly_one_finding_for_each_resource() {
    let findings = lines(&demo().join("findings.jsonl"));
    let mut seen = BTreeSet::new();
    let mut asked: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for f in &findings {
        let (check, target, id) =
            (f["check"].as_str().unwrap(), f["target"].as_str().unwrap(), f["resource"]["id"].as_str().unwrap());
        assert!(seen.insert((check, target, id)), "{check} has two findings for {id}");
        asked.entry((check, f["resource"]["type"].as_str().unwrap())).or_default().insert(id);
    }
    let resources = lines(&demo().join("resources.jsonl"));
    for ((check, kind), ids) in asked {
        for resource in resources.iter().filter(|r| r["type"] == kind) {
            let id = resource["id"].as_str().unwrap();
            assert!(ids.contains(id), "{check} says nothing of {id}");
        }
    }
}

#[test]
fn concurrency_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    for n in ["1", "16"] {
        expect(folder.path(), &["demo", "--out", n, "--concurrency", n], 0);
    }
    let (one, many) = (files(&folder.path().join("1")), files(&folder.path().join("16")));
    let differing: Vec<&String> =
        one.iter().filter(|(name, bytes)| many.get(*name) != Some(bytes)).map(|(n, _)| n).collect();
    assert!(differing.is_empty() && one.len() == many.len(), "{differing:?}");
}

#[test]
fn nothing_secret_is_in_it() {
    for (name, bytes) in files(demo()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("demo-canary"), "{name} holds a secret of the seed");
        assert!(
            !text.contains("@nordwind-demo.example") || name.starts_with("inputs/"),
            "{name} holds an e-mail address"
        );
    }
}

#[test]
fn a_zip_holds_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    expect(folder.path(), &["demo", "--out", "evidence.zip"], 0);
    let (out, _) = expect(folder.path(), &["verify", "evidence.zip", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let manifest = json(&demo().join("manifest.json"));
    assert_eq!(report["manifest"]["digest"], manifest["digest"]);
}
