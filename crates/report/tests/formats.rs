//! OSCAL and Markdown, and the colours.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod sample;

use annexa_report::{Templates, markdown, oscal, render};
use sample::sample;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn walk<'v>(value: &'v Value, key: &str, out: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == key {
                    out.extend(value.as_str());
                }
                walk(value, key, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, key, out)),
        _ => {}
    }
}

#[test]
fn oscal_holds_together() {
    let sample = sample();
    let bytes = oscal(&sample.input()).unwrap();
    assert_eq!(bytes, oscal(&sample.input()).unwrap());
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let all = |key| {
        let mut out = Vec::new();
        walk(&document, key, &mut out);
        out
    };
    let ids = all("uuid");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    for key in ["observation-uuid", "risk-uuid", "subject-uuid", "actor-uuid"] {
        let references = all(key);
        assert!(!references.is_empty(), "{key}");
        assert!(references.iter().all(|id| unique.contains(id)), "{key}");
    }
    let result = &document["assessment-results"]["results"][0];
    let len = |key: &str| result[key].as_array().unwrap().len();
    assert_eq!(len("observations"), sample.findings.len());
    assert_eq!(len("risks"), 4);
    let state = |id: &str| {
        let findings = result["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|f| f["target"]["target-id"] == id)
            .map(|f| f["target"]["status"]["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state("A.5.1").as_deref(), Some("satisfied"));
    assert_eq!(state("A.8.3").as_deref(), Some("not-satisfied"));
    assert_eq!(state("A.8.5").as_deref(), Some("not-satisfied"), "unknown is never satisfied");
    assert_eq!(state("A.8.12").as_deref(), Some("not-satisfied"), "supporting evidence alone is never satisfied");
    assert_eq!(state("A.5.10"), None, "what people must show is neither");
    assert_eq!(state("clause-5.2").as_deref(), Some("satisfied"));
}

/// With another's program, where it is installed (`cargo xtask test` installs it).
#[test]
fn oscal_validates_with_compliance_trestle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/tools/venv/bin/python");
    let has = |python: &Path| {
        Command::new(python).args(["-c", "import trestle"]).status().is_ok_and(|status| status.success())
    };
    if !has(&python) {
        assert!(
            std::env::var_os("ANNEXA_OUTSIDE_TOOLS").is_none(),
            "compliance-trestle is not in {}",
            python.display()
        );
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("assessment-results.json");
    std::fs::write(&file, oscal(&sample().input()).unwrap()).unwrap();
    let run = Command::new(python).arg(root.join("tests/outside/validate_oscal.py")).arg(&file).output().unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

#[test]
fn the_job_summary_reads_well() {
    let summary = markdown(&sample().input(), Templates::built_in().unwrap()).unwrap();
    insta::assert_snapshot!(summary);
}

#[test]
fn nothing_breaks_out_of_the_job_summary() {
    let mut sample = sample();
    sample.targets[0].name = "<script>\n# heading | cell [link](http://example.org) @everyone \u{202e}".to_owned();
    let summary = markdown(&sample.input(), Templates::built_in().unwrap()).unwrap();
    let line = summary.lines().find(|line| line.contains("heading")).unwrap();
    assert!(
        line.contains("&lt;script&gt;")
            && line.contains("\\[link\\](http&#58;//")
            && line.contains("\\@everyone \\[U+202E\\]"),
        "{line}"
    );
    assert_eq!(line.replace("\\|", "").matches('|').count(), 7, "{line}");
}

/// WCAG 2.2's relative luminance of `#rgb` or `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let hex = colour.trim_start_matches('#');
    let hex: String = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

#[test]
fn colours_contrast_in_light_dark_and_print() {
    let sample = sample();
    let (_, css) = render(&sample.input(), Templates::built_in().unwrap())
        .map(Result::unwrap)
        .find(|(path, _)| path == "report.css")
        .unwrap();
    let css = String::from_utf8(css).unwrap();
    let schemes: Vec<BTreeMap<&str, &str>> = css
        .split(":root {")
        .skip(1)
        .map(|block| {
            let block = block.split('}').next().unwrap();
            let pairs = block.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "));
            pairs.collect()
        })
        .collect();
    assert_eq!(schemes.len(), 3);
    for scheme in schemes {
        let mut pairs = vec![
            ("ink", "paper"),
            ("ink", "wash"),
            ("soft", "paper"),
            ("soft", "wash"),
            ("link", "paper"),
            ("link", "wash"),
            ("ink", "unknown-wash"),
        ]
        .into_iter()
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect::<Vec<_>>();
        for state in ["pass", "fail", "unknown", "manual", "none", "accepted"] {
            pairs.extend([(state.to_owned(), "paper".to_owned()), (state.to_owned(), format!("{state}-wash"))]);
        }
        for (text, ground) in pairs {
            let (a, b) = (luminance(scheme[text.as_str()]), luminance(scheme[ground.as_str()]));
            let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
        }
    }
}
