//! A hundred thousand findings: no page grows beyond what a browser opens at once.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod sample;

use annexa_model::Kind;
use annexa_report::{Templates, markdown, render};
use sample::{HOSTILE, Sample, big, exchange, sample};
use serde_json::json;
use std::collections::BTreeMap;

/// The budget of a page.
const PAGE: usize = 500 * 1024;

/// The number of pages, their bytes, and the largest.
fn sizes(sample: &Sample) -> (usize, usize, String, usize) {
    let mut largest = (String::new(), 0);
    let (mut pages, mut bytes) = (0, 0);
    for page in render(&sample.input(), Templates::built_in().unwrap()) {
        let (path, text) = page.unwrap();
        pages += 1;
        bytes += text.len();
        if text.len() > largest.1 {
            largest = (path, text.len());
        }
    }
    (pages, bytes, largest.0, largest.1)
}

#[test]
fn no_page_is_too_large_at_a_hundred_thousand_findings() {
    let (pages, _, largest, size) = sizes(&big(100_000));
    assert!(size < PAGE, "{largest}: {size}");
    assert!(pages > 1_000, "{pages}");
}

#[test]
fn hostile_sizes_stay_within_the_budget() {
    let mut sample = sample();
    let long = HOSTILE.repeat(2_000);
    for finding in &mut sample.findings {
        finding.message.clone_from(&long);
        finding.resource.name.clone_from(&long);
        finding.observed = (0..20).map(|i| (format!("{i}{long}"), json!(long))).collect();
        finding.evidence = vec![finding.evidence[0].clone(); 1_000];
    }
    for resource in &mut sample.resources {
        resource.name.clone_from(&long);
    }
    for gap in &mut sample.gaps {
        gap.message.clone_from(&long);
        gap.subject.clone_from(&long);
        gap.checks = vec![long.clone(); 50];
    }
    for control in &mut sample.controls {
        control.title.clone_from(&long);
        control.not_covered.clone_from(&long);
        control.manual_evidence = vec![long.clone(); 10];
    }
    sample.exceptions[0].reason.clone_from(&long);
    sample.cover.organization.clone_from(&long);
    for i in 0..120 {
        let mut call =
            exchange("s3:GetBucketPolicy", Kind::Aws, "prod", &format!("{i}{long}"), json!("\u{1}".repeat(100_000)));
        call.request.path = format!("/{i}");
        call.id = format!("{i:032x}");
        let id = sample.tape.add(call);
        sample.findings[0].evidence.push(id);
    }
    let (_, _, largest, size) = sizes(&sample);
    assert!(size < PAGE, "{largest}: {size}");
    let summary = markdown(&sample.input(), Templates::built_in().unwrap()).unwrap();
    assert!(summary.len() < 1024 * 1024, "{}", summary.len());
}

#[test]
fn every_finding_stands_on_a_page_with_its_evidence() {
    let sample = big(2_000);
    let mut where_found: BTreeMap<String, usize> = BTreeMap::new();
    let mut evidence = 0;
    for page in render(&sample.input(), Templates::built_in().unwrap()) {
        let (path, bytes) = page.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        if path.starts_with("checks/") {
            for finding in &sample.findings {
                if text.contains(&format!("id=\"f-{}\"", finding.id)) {
                    *where_found.entry(finding.id.clone()).or_default() += 1;
                }
            }
        }
        if path.starts_with("exchanges/") {
            evidence += text.matches("<article").count();
        }
    }
    assert_eq!(where_found.len(), 2_000);
    assert!(where_found.values().all(|n| *n == 1));
    assert!(evidence >= 1_000, "{evidence}");
}
