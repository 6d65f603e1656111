//! A hundred thousand findings: no page grows beyond what a browser opens at once.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod sample;

use annexa_model::{FindingStatus, Kind};
use annexa_report::{
    ReportError, ReportInput, Templates, csv_into, junit_into, markdown, oscal_into, render, sarif_into,
};
use sample::{HOSTILE, Sample, big, exchange, sample};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;

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

#[test]
fn very_many_open_findings_stand_with_their_checks() {
    let mut sample = big(4_000);
    for (at, finding) in sample.findings.iter_mut().enumerate() {
        finding.exception = None;
        finding.status = if at < 2_500 { FindingStatus::Fail } else { FindingStatus::Unknown };
    }
    let open: Vec<String> = render(&sample.input(), Templates::built_in().unwrap())
        .map(|page| page.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).unwrap())
        .filter(|(path, _)| path.starts_with("open"))
        .map(|(_, text)| text)
        .collect();
    let n = |what: &str| open.iter().map(|text| text.matches(what).count()).sum::<usize>();
    assert_eq!((n("<tr id=\"f-"), n("2,000 more, by check")), (2_000, 1));
    assert!(open.iter().all(|text| text.contains("2,500 fails and 1,500 unknowns")), "{}", open[0]);
    let last = open.last().unwrap();
    assert!(last.contains("data-h=\"More fails\">") && last.contains("href=\"checks/"), "{last}");
}

#[test]
fn an_answer_of_more_than_64_kb_is_cut_and_names_its_file_and_line() {
    let mut sample = sample();
    let long = |n: usize| json!({"Policy": "x".repeat(n)});
    for (name, n) in [("short", 60 * 1024), ("long", 70 * 1024)] {
        let id = sample.tape.add(exchange("s3:GetBucketPolicy", Kind::Aws, "prod", name, long(n)));
        sample.findings[0].evidence.push(id);
    }
    let pages: BTreeMap<String, String> = render(&sample.input(), Templates::built_in().unwrap())
        .map(|page| page.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).unwrap())
        .filter(|(path, _)| path.starts_with("exchanges/aws/prod/s3.GetBucketPolicy"))
        .collect();
    let text: String = pages.values().cloned().collect();
    let shown = text.matches('x').count();
    assert!((120 * 1024..126 * 1024).contains(&shown), "{shown}: the short one whole, of the long one 64 KB");
    let note = "The answer is longer than what is shown here. All of it stands in line 2 of <a href=\"../../../evidence/aws/prod/s3.GetBucketPolicy.jsonl\">";
    assert_eq!(text.matches(note).count(), 1);
}

/// Counts what is written.
struct Sink(usize);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The most memory that this process has had, as Linux counts it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM is not known").replace('\t', " ")
}

/// Run alone: `cargo test --release -p annexa-report --test size -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_findings_in_each_format() {
    let sample = big(100_000);
    println!("100,000 findings in memory: {}", peak());
    type Format = fn(&ReportInput<'_>, &mut dyn std::io::Write) -> Result<(), ReportError>;
    let formats: [(&str, Format); 4] =
        [("csv", csv_into), ("sarif", sarif_into), ("junit", junit_into), ("oscal", oscal_into)];
    for (name, format) in formats {
        let start = Instant::now();
        let mut sink = Sink(0);
        format(&sample.input(), &mut sink).unwrap();
        println!("{name}: {} bytes in {:?}, {}", sink.0, start.elapsed(), peak());
    }
    let start = Instant::now();
    let (pages, bytes, largest, size) = sizes(&sample);
    println!(
        "html: {pages} pages, {bytes} bytes in {:?}, the largest {largest} with {size}, {}",
        start.elapsed(),
        peak()
    );
}
