//! Dependencies point one way only.

use crate::program::root;
use std::collections::BTreeMap;
use std::process::Command;

/// What each crate may use of the others; the order is the way of the data.
const ARROWS: [(&str, &[&str]); 15] = [
    ("annexa-model", &[]),
    ("annexa-source", &[]),
    ("annexa-tape", &["annexa-model"]),
    ("annexa-aws", &["annexa-model", "annexa-source", "annexa-tape"]),
    ("annexa-kubernetes", &["annexa-model", "annexa-source", "annexa-tape"]),
    ("annexa-github", &["annexa-model", "annexa-source", "annexa-tape"]),
    ("annexa-documents", &["annexa-model", "annexa-source", "annexa-tape"]),
    ("annexa-checks", &["annexa-model", "annexa-source"]),
    ("annexa-annex", &["annexa-model", "annexa-source"]),
    ("annexa-locker", &["annexa-model", "annexa-tape"]),
    ("annexa-report", &["annexa-annex", "annexa-model"]),
    ("annexa-bundle", &["annexa-model"]),
    (
        "annexa",
        &[
            "annexa-annex",
            "annexa-aws",
            "annexa-bundle",
            "annexa-checks",
            "annexa-documents",
            "annexa-github",
            "annexa-kubernetes",
            "annexa-locker",
            "annexa-model",
            "annexa-report",
            "annexa-source",
            "annexa-tape",
        ],
    ),
    (
        "annexa-fuzz",
        &[
            "annexa-annex",
            "annexa-aws",
            "annexa-bundle",
            "annexa-checks",
            "annexa-documents",
            "annexa-github",
            "annexa-kubernetes",
            "annexa-model",
            "annexa-source",
            "annexa-tape",
        ],
    ),
    ("xtask", &["annexa-bundle", "annexa-model"]),
];

#[test]
fn dependencies_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let ours = |d: &&serde_json::Value| d["path"].is_string() && d["kind"].is_null();
        let mut uses: Vec<String> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(ours)
            .map(|d| d["name"].as_str().unwrap().to_owned())
            .collect();
        uses.sort();
        found.insert(package["name"].as_str().unwrap().to_owned(), uses);
    }
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (name, uses) in &found {
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no place in the order of crates"));
        for used in uses {
            assert!(may.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
    assert_eq!(found.len(), ARROWS.len());
}
