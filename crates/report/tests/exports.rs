//! SARIF, JUnit and CSV: limits, hostile names, what a status becomes. Validators of others read them in `tests/e2e`.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod sample;

use annexa_model::{Finding, FindingStatus};
use annexa_report::{ReportError, ReportInput, csv_into, junit_into, sarif_into};
use sample::{Sample, big, sample};
use serde_json::Value;
use std::io::Write;

type Format = fn(&ReportInput<'_>, &mut dyn Write) -> Result<(), ReportError>;

fn text(format: Format, sample: &Sample) -> String {
    let mut out = Vec::new();
    format(&sample.input(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sarif(sample: &Sample) -> Value {
    let log: Value = serde_json::from_str(&text(sarif_into, sample)).unwrap();
    log["runs"][0].clone()
}

fn notes(run: &Value) -> Vec<&str> {
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    notes.iter().map(|note| note["message"]["text"].as_str().unwrap()).collect()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in [sarif_into as Format, junit_into, csv_into] {
        assert_eq!(text(format, &sample()), text(format, &sample()));
    }
}

#[test]
fn sarif_says_what_it_leaves_out() {
    let mut sample = big(30_000);
    for finding in &mut sample.findings {
        finding.status = FindingStatus::Fail;
        finding.exception = None;
    }
    let last = sample.findings.len() - 1;
    sample.findings[last].severity = annexa_model::Severity::Critical;
    let worst = sample.findings[last].id.clone();
    let run = sarif(&sample);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert!(results.iter().any(|r| r["partialFingerprints"]["primaryLocationLineHash"] == worst.as_str()));
    let notes = notes(&run);
    let left_out = format!("{} results are left out", sample.findings.len() - 25_000);
    assert!(notes[0].replace(',', "").contains(&left_out), "{}", notes[0]);
    assert!(notes[1].contains("GitHub shows 5,000 of the 25,000"), "{}", notes[1]);
}

#[test]
fn a_part_of_the_targets_has_a_category_of_its_own() {
    let mut sample = sample();
    assert_eq!(sarif(&sample)["automationDetails"]["id"], "annexa/example-gmbh/7");
    sample.cover.selection.targets = vec!["prod".to_owned()];
    let partial = sarif(&sample)["automationDetails"]["id"].as_str().unwrap().to_owned();
    assert!(partial.starts_with("annexa/example-gmbh/only-prod-") && partial.ends_with("/7"), "{partial}");
}

#[test]
fn a_target_that_was_not_asked_makes_the_execution_unsuccessful_unless_that_is_accepted() {
    let mut sample = sample();
    let successful = |sample: &Sample| sarif(sample)["invocations"][0]["executionSuccessful"].as_bool().unwrap();
    assert!(successful(&sample), "one denied call is told, no more");
    sample.gaps[0].operation = "connect".to_owned();
    assert!(!successful(&sample));
    sample.gaps[0].exception = Some("EX-1".to_owned());
    assert!(successful(&sample));
}

/// The one finding that could not be read.
fn unknown(sample: &Sample) -> &Finding {
    sample.findings.iter().find(|f| f.status == FindingStatus::Unknown && !f.gaps.is_empty()).unwrap()
}

#[test]
fn unknown_is_open_and_an_error_until_its_gap_is_accepted() {
    let mut sample = sample();
    let id = unknown(&sample).id.clone();
    let result = |sample: &Sample| {
        let run = sarif(sample);
        let results = run["results"].as_array().unwrap().iter();
        results.clone().find(|r| r["partialFingerprints"]["primaryLocationLineHash"] == id.as_str()).unwrap().clone()
    };
    assert_eq!((result(&sample)["kind"].as_str(), result(&sample)["level"].as_str()), (Some("open"), Some("none")));
    assert!(result(&sample).get("suppressions").is_none());
    let errors = text(junit_into, &sample).matches("<error ").count();

    sample.gaps[0].exception = Some("EX-1".to_owned());
    let accepted = result(&sample);
    assert_eq!(accepted["kind"], "open", "it is still unknown");
    assert!(accepted["suppressions"][0]["justification"].as_str().unwrap().contains("public website"));
    let xml = text(junit_into, &sample);
    assert_eq!(xml.matches("<error ").count(), errors - 1);
    assert!(xml.contains("<skipped>unknown: "), "it does not look like a pass");
}

#[test]
fn hostile_names_stay_text() {
    let sample = sample();
    let xml = text(junit_into, &sample);
    assert!(xml.contains("&lt;script&gt;") && xml.contains("[U+0000][U+001B]") && xml.contains("[U+202E]"));
    assert!(!xml.contains("<script") && !xml.contains("<img"));
    let csv = text(csv_into, &sample);
    assert!(!csv.contains(['\u{0}', '\u{1b}', '\u{202e}']));
    assert_eq!(csv.matches("\r\n").count(), sample.findings.len() + 1);
    let uri = |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned();
    for result in sarif(&sample)["results"].as_array().unwrap() {
        let uri = uri(result);
        assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\:{}".contains(&b)), "{uri}");
        assert!(!uri.split('/').any(|part| part == ".." || part.is_empty()), "{uri}");
    }
}

#[test]
fn cases_of_a_suite_never_share_a_name() {
    let mut sample = sample();
    let mut twin = sample.findings[0].clone();
    twin.id = "0123456789abcdef".to_owned();
    sample.findings.insert(1, twin);
    let xml = text(junit_into, &sample);
    assert!(xml.contains("name=\"data-01 (prod · eu-central-1) [0123456789abcdef]\""));
    assert!(!xml.contains("name=\"data-01 (prod · eu-central-1)\""));
}
