//! JUnit XML: a suite a check, a case a resource, for CI that shows test results.
//!
//! There is no one JUnit standard; this is the form that Jenkins publishes a schema of, which others read as well. What
//! could not be read is an error: a CI that counts errors and failures never takes it for a pass. Written as a stream.

use crate::accepted::Accepted;
use crate::{ReportError, ReportInput, body, escape, words};
use annexa_model::{CheckSummary, Finding, FindingStatus};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::collections::BTreeMap;
use std::io::{self, Write};

const NAME: usize = 200;
const MESSAGE: usize = 1_000;
const VALUES: usize = 20;
const VALUE: usize = 500;
const EVIDENCE: usize = 20;

type Xml<'w> = Writer<&'w mut dyn Write>;

/// Writes all findings as JUnit XML.
pub fn junit_into(input: &ReportInput<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let plan = Plan::new(input);
    let all = Counts::of(plan.suites.values().flatten().map(|finding| plan.outcome(finding)));
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let name = format!("annexa: {}", escape::line(&input.cover.organization, NAME));
    xml.create_element("testsuites")
        .with_attributes([
            ("name", name.as_str()),
            ("tests", &all.tests.to_string()),
            ("failures", &all.failures.to_string()),
            ("errors", &all.errors.to_string()),
        ])
        .write_inner_content(|xml| {
            for (check, findings) in &plan.suites {
                suite(xml, &plan, check, findings)?;
            }
            Ok(())
        })?;
    xml.get_mut().write_all(b"\n")?;
    Ok(())
}

struct Plan<'a> {
    input: &'a ReportInput<'a>,
    accepted: Accepted<'a>,
    checks: BTreeMap<&'a str, &'a CheckSummary>,
    suites: BTreeMap<&'a str, Vec<&'a Finding>>,
}

/// What CI makes of a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Pass,
    Failure,
    Error,
    Skipped,
}

impl<'a> Plan<'a> {
    fn new(input: &'a ReportInput<'a>) -> Self {
        let mut suites: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in input.findings {
            suites.entry(&finding.check).or_default().push(finding);
        }
        Self {
            input,
            accepted: Accepted::new(input),
            checks: input.checks.iter().map(|check| (check.id.as_str(), check)).collect(),
            suites,
        }
    }

    fn outcome(&self, finding: &Finding) -> Outcome {
        match finding.status {
            FindingStatus::Pass => Outcome::Pass,
            FindingStatus::Fail | FindingStatus::Unknown if self.accepted.by(finding).is_some() => Outcome::Skipped,
            FindingStatus::Fail => Outcome::Failure,
            FindingStatus::Unknown => Outcome::Error,
            FindingStatus::NotApplicable | FindingStatus::Manual => Outcome::Skipped,
        }
    }
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.tests += 1;
            match outcome {
                Outcome::Pass => {}
                Outcome::Failure => counts.failures += 1,
                Outcome::Error => counts.errors += 1,
                Outcome::Skipped => counts.skipped += 1,
            }
        }
        counts
    }
}

fn suite(xml: &mut Xml<'_>, plan: &Plan<'_>, check: &str, findings: &[&Finding]) -> io::Result<()> {
    let counts = Counts::of(findings.iter().map(|finding| plan.outcome(finding)));
    let summary = plan.checks.get(check);
    let names = names(findings);
    xml.create_element("testsuite")
        .with_attributes([
            ("name", escape::line(check, NAME).as_str()),
            ("tests", &counts.tests.to_string()),
            ("failures", &counts.failures.to_string()),
            ("errors", &counts.errors.to_string()),
            ("skipped", &counts.skipped.to_string()),
            ("time", "0"),
            ("timestamp", &words::instant(plan.input.cover.as_of)),
        ])
        .write_inner_content(|xml| {
            if let Some(summary) = summary {
                properties(xml, summary)?;
            }
            for (finding, name) in findings.iter().zip(&names) {
                case(xml, plan, finding, name)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn properties(xml: &mut Xml<'_>, check: &CheckSummary) -> io::Result<()> {
    let controls: Vec<&str> = check.controls.keys().map(String::as_str).collect();
    let properties = [
        ("title", check.title.as_str()),
        ("severity", check.severity.as_str()),
        ("evidence", check.evidence.as_str()),
        ("controls", &controls.join(" ")),
    ];
    xml.create_element("properties").write_inner_content(|xml| {
        for (name, value) in properties {
            let value = escape::line(value, MESSAGE);
            xml.create_element("property")
                .with_attributes([("name", name), ("value", value.as_str())])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// What the cases of a suite are called. CI follows a case by its name, so two never share one.
fn names(findings: &[&Finding]) -> Vec<String> {
    let name = |finding: &Finding| {
        let place = escape::line(&crate::row::place(finding), NAME);
        format!("{} ({place})", escape::line(&finding.resource.name, NAME))
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: Vec<String> = findings.iter().map(|finding| name(finding)).collect();
    for name in &names {
        *seen.entry(name.clone()).or_default() += 1;
    }
    for (name, finding) in names.iter_mut().zip(findings) {
        if seen.get(name).is_some_and(|n| *n > 1) {
            name.push_str(&format!(" [{}]", escape::line(&finding.id, 40)));
        }
    }
    names
}

fn case(xml: &mut Xml<'_>, plan: &Plan<'_>, finding: &Finding, name: &str) -> io::Result<()> {
    let class = escape::line(&finding.check, NAME);
    let case =
        xml.create_element("testcase").with_attributes([("classname", class.as_str()), ("name", name), ("time", "0")]);
    let message = escape::line(&finding.message, MESSAGE);
    match plan.outcome(finding) {
        Outcome::Pass => case.write_empty()?,
        Outcome::Skipped => case.write_inner_content(|xml| {
            let reason = reason(plan, finding, &message);
            xml.create_element("skipped").write_text_content(BytesText::new(&reason))?;
            Ok(())
        })?,
        outcome => case.write_inner_content(|xml| {
            let (element, kind) = match outcome {
                Outcome::Failure => ("failure", finding.severity.as_str()),
                _ => ("error", "unknown"),
            };
            xml.create_element(element)
                .with_attributes([("type", kind), ("message", message.as_str())])
                .write_text_content(BytesText::new(&detail(plan, finding, &message)))?;
            Ok(())
        })?,
    };
    Ok(())
}

/// Why a case is skipped: nobody should have to guess whether it passed.
fn reason(plan: &Plan<'_>, finding: &Finding, message: &str) -> String {
    match (finding.status, plan.accepted.by(finding)) {
        (status, Some(id)) => format!("{status}: {message}. {}", plan.accepted.sentence(id)),
        (FindingStatus::Manual, None) => format!("people must show it: {message}"),
        (status, None) => format!("{}: {message}", words::finding_word(status, false)),
    }
}

/// What was seen, how to mend it, and where the evidence stands; a line each.
fn detail(plan: &Plan<'_>, finding: &Finding, message: &str) -> String {
    let mut lines = vec![message.to_owned(), format!("resource: {}", escape::line(&finding.resource.id, VALUE))];
    for (name, value) in finding.observed.iter().take(VALUES) {
        lines.push(format!("observed: {} = {}", escape::line(name, NAME), escape::line(&body::plain(value), VALUE)));
    }
    if let Some(check) = plan.checks.get(finding.check.as_str()) {
        lines.push(format!("why: {}", escape::line(&check.why, MESSAGE)));
        lines.extend(
            check
                .fix
                .iter()
                .map(|(means, how)| (means, crate::fix::of_finding(how, means, finding)))
                .map(|(means, how)| format!("fix ({}): {}", escape::line(means, NAME), escape::line(&how, MESSAGE))),
        );
    }
    for edition in ["2022", "2013"] {
        if let Some(ids) = finding.controls.get(edition).filter(|ids| !ids.is_empty()) {
            lines.push(format!("controls of {edition}: {}", escape::line(&ids.join(" "), VALUE)));
        }
    }
    for recorded in finding.evidence.iter().take(EVIDENCE).filter_map(|id| plan.input.exchanges.get(id)) {
        lines.push(format!("evidence: {} line {}", escape::line(&recorded.file, VALUE), recorded.line));
    }
    lines.push(format!("finding: {}", escape::line(&finding.id, NAME)));
    lines.join("\n")
}
