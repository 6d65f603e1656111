//! The demo: everything in one bundle, the same bytes each time, nothing secret in it.

use crate::program::{demo, expect, files, json, lines, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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

/// The exception: an account without a detector is judged by the list of detectors alone.
const NOT_ALWAYS_ASKED: [&str; 1] = ["guardduty:GetDetector"];

#[test]
fn each_judgement_cites_every_call_that_its_check_names() {
    let operations: BTreeMap<String, String> = files(&demo().join("evidence"))
        .values()
        .flat_map(|bytes| bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()))
        .map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap())
        .map(|e| (e["id"].as_str().unwrap().to_owned(), e["operation"].as_str().unwrap().to_owned()))
        .collect();
    let made: BTreeSet<&str> = operations.values().map(String::as_str).collect();
    let (out, _) = expect(Path::new("."), &["checks", "list", "--json"], 0);
    let checks: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    let mut judged = 0;
    for finding in lines(&demo().join("findings.jsonl")) {
        if !["pass", "fail"].contains(&finding["status"].as_str().unwrap()) {
            continue;
        }
        let cited: BTreeSet<&str> = finding["evidence"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| operations[id.as_str().unwrap()].as_str())
            .collect();
        let check = checks.iter().find(|check| check["id"] == finding["check"]).unwrap();
        let named = check["see"].as_array().unwrap().iter().filter_map(|see| see.as_str()?.strip_prefix("aws:"));
        for operation in named.filter(|o| made.contains(o) && !NOT_ALWAYS_ASKED.contains(o)) {
            assert!(cited.contains(operation), "{} does not cite {operation}", finding["id"]);
            judged += 1;
        }
    }
    assert!(judged > 100, "only {judged} calls were looked for");
}

#[test]
fn a_part_of_the_checks_asks_all_that_they_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let config = root().join("fixtures/demo/company/annexa.yaml").display().to_string();
    let bundle = demo().display().to_string();
    for only in ["aws.cloudtrail.*", "aws.ec2.*", "documents.person.*"] {
        let scan = ["scan", "-c", &config, "--replay", &bundle, "--only", only, "--out", "part"];
        expect(folder.path(), &scan, 0);
        let gaps = lines(&folder.path().join("part/gaps.jsonl"));
        assert!(gaps.is_empty(), "{only}: {gaps:?}");
        let whole = lines(&demo().join("findings.jsonl"));
        for finding in lines(&folder.path().join("part/findings.jsonl")) {
            let same = whole.iter().find(|f| f["id"] == finding["id"] && f["target"] == finding["target"]).unwrap();
            assert_eq!(same["status"], finding["status"], "{}", finding["id"]);
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
