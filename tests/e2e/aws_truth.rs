//! Two AWS accounts of a test server, more than a thousand resources made by boto3: every finding of every AWS check must
//! be what the seed says, which knows how it made each resource (tests/servers/aws/seeds/large).

use crate::program::{annexa, files, root, statuses, texts};
use crate::servers;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

type Statuses = BTreeMap<(String, String, String), String>;

#[test]
fn every_finding_is_what_the_seed_says() {
    let seed = root().join("tests/servers/aws/seeds/large/seed.py");
    let server = servers::aws(&root(), Some(&seed)).unwrap();
    let truth = &server.ready["seeded"];
    twenty_of_each_kind(truth);
    let folder = tempfile::tempdir().unwrap();
    let bundle = scan(folder.path(), &server, truth);
    let expected = expected(truth);
    let found: Statuses = statuses(&bundle).into_iter().filter(|((check, ..), _)| check.starts_with("aws.")).collect();
    assert_eq!(difference(&expected, &found), "", "expected is what the seed says");
    each_check_is_compared(truth, &expected);
}

fn scan(folder: &Path, server: &servers::Server, truth: &Value) -> PathBuf {
    let url = format!("http://127.0.0.1:{}", server.ready["port"]);
    let regions = &truth["regions"];
    let config = format!(
        "organization: Nordwind Demo\ntargets:\n\
         - {{name: large, kind: aws, account: {}, regions: {regions}, endpoint_url: {url:?}}}\n\
         - {{name: second, kind: aws, account: {}, regions: {regions}, endpoint_url: {url:?}, assume_role: {}}}\n",
        truth["accounts"]["large"], truth["accounts"]["second"], truth["role"]
    );
    std::fs::write(folder.join("annexa.yaml"), config).unwrap();
    let mut scan = annexa();
    scan.args(["scan", "--out", "bundle"]).current_dir(folder);
    let credentials = [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo")];
    let output = scan.envs(credentials).env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    let (out, err) = texts(&output);
    // 3 would say that something is not known; everything was answered
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    folder.join("bundle")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn expected(truth: &Value) -> Statuses {
    let mut expected = Statuses::new();
    for (target, checks) in truth["expected"].as_object().unwrap() {
        for (check, resources) in checks.as_object().unwrap() {
            for (resource, status) in resources.as_object().unwrap() {
                expected.insert((check.clone(), target.clone(), resource.clone()), text(status));
            }
        }
    }
    expected
}

/// Findings that are missing, that nobody expected, or that say something else.
fn difference(expected: &Statuses, found: &Statuses) -> String {
    let mut lines = String::new();
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        let (expected, found) = (expected.get(key), found.get(key));
        if expected != found {
            writeln!(lines, "{key:?}: expected {expected:?}, found {found:?}").unwrap();
        }
    }
    lines
}

/// Large enough to need pages, in both regions.
fn twenty_of_each_kind(truth: &Value) {
    for (kind, regions) in truth["counts"].as_object().unwrap() {
        if truth["few"].get(kind).is_some() {
            continue;
        }
        let regions = regions.as_object().unwrap();
        assert!(regions.len() == 2 || regions.contains_key("global"), "{kind}: {regions:?}");
        assert!(regions.values().all(|count| count.as_u64().unwrap() >= 20), "{kind}: {regions:?}");
    }
    let kinds: BTreeSet<String> = truth["counts"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(kinds, described(), "each kind that the collector describes");
}

/// The kinds of resources in the descriptions of AWS services.
fn described() -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for (_, bytes) in files(&root().join("crates/aws/services")) {
        let file = String::from_utf8(bytes).unwrap();
        let types = file.split_once("\ntypes:\n").map_or("", |(_, types)| types);
        kinds.extend(
            types
                .lines()
                .filter_map(|line| line.strip_prefix("  aws.")?.strip_suffix(':'))
                .map(|kind| format!("aws.{kind}")),
        );
    }
    kinds
}

/// No check is left out, and each sees something good and something bad, but for those that the seed sets apart.
fn each_check_is_compared(truth: &Value, expected: &Statuses) {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for ((check, ..), status) in expected {
        seen.entry(check).or_default().insert(status);
    }
    let named = |list: &str| -> BTreeSet<String> { truth[list].as_object().unwrap().keys().cloned().collect() };
    let (apart, by_hand) = (named("apart"), named("by_hand"));
    let mut library = BTreeSet::new();
    let mut left_out = BTreeSet::new();
    for (name, _) in files(&root().join("crates/checks/library/aws")) {
        let check = format!("aws.{}", name.trim_end_matches(".yaml").replace('/', "."));
        if !seen.get(check.as_str()).is_some_and(|seen| seen.contains("pass") && seen.contains("fail")) {
            left_out.insert(check.clone());
        }
        library.insert(check);
    }
    assert!(by_hand.is_subset(&library), "{by_hand:?}");
    assert!(
        by_hand.len() * 4 < library.len(),
        "most facts must come from calls to the server, not from the seed's hand"
    );
    assert_eq!(left_out, apart, "checks that are not compared must stand in apart.py with a reason, and only they");
}
