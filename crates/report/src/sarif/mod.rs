//! SARIF 2.1.0: open fails and unknowns for code scanning. Passes are not in it: code scanning shows every result.
//!
//! Facts of the format are those of OASIS' SARIF 2.1.0; what GitHub makes of it, and its limits, those of GitHub's page
//! "SARIF support for code scanning". Written as a stream.

mod result;
mod rule;

use crate::accepted::Accepted;
use crate::seq::Seq;
use crate::{ReportError, ReportInput, escape, paths, words};
use annexa_model::{CheckSummary, FailureKind, Finding, FindingStatus, Gap, sha256_hex};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// GitHub refuses a run with more results.
const RESULTS: usize = 25_000;
/// GitHub shows this many results of a run, the worst first.
const SHOWN: usize = 5_000;
/// GitHub refuses a run with more rules.
const RULES: usize = 25_000;
/// Gaps that are named one by one.
const GAPS: usize = 500;
/// The operation of a gap that leaves a whole target unasked.
const CONNECT: &str = "connect";

/// Writes open fails, accepted fails and unknowns as one SARIF run.
pub fn sarif_into(input: &ReportInput<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut serializer = serde_json::Serializer::pretty(out);
    let document = Document(Plan::new(input));
    document.serialize(&mut serializer)?;
    Ok(())
}

/// What stands in the file.
struct Plan<'a> {
    input: &'a ReportInput<'a>,
    accepted: Accepted<'a>,
    /// Where each check stands among the rules.
    rule_of: BTreeMap<&'a str, usize>,
    /// Indexes into the findings, the worst first, as many as GitHub takes.
    results: Vec<usize>,
    /// How many there would be.
    all: usize,
}

impl<'a> Plan<'a> {
    fn new(input: &'a ReportInput<'a>) -> Self {
        let accepted = Accepted::new(input);
        let rule_of: BTreeMap<&str, usize> =
            input.checks.iter().take(RULES).enumerate().map(|(at, check)| (check.id.as_str(), at)).collect();
        let of_interest = |f: &Finding| matches!(f.status, FindingStatus::Fail | FindingStatus::Unknown);
        let mut results: Vec<usize> =
            (0..input.findings.len()).filter(|&at| of_interest(&input.findings[at])).collect();
        let all = results.len();
        results.retain(|&at| rule_of.contains_key(input.findings[at].check.as_str()));
        results.sort_by_key(|&at| {
            let finding = &input.findings[at];
            (accepted.by(finding).is_some(), finding.status, words::badness(finding.severity), at)
        });
        results.truncate(RESULTS);
        Self { input, accepted, rule_of, results, all }
    }

    /// `annexa/nordwind-demo`; a part of the targets or checks has a category of its own, because code scanning takes
    /// what an upload of the same category does not hold any more as mended.
    fn category(&self) -> String {
        let cover = self.input.cover;
        let mut category = format!("annexa/{}", slug(&cover.organization));
        if !cover.selection.is_full() {
            let parts = [cover.selection.targets.join(","), cover.selection.checks.join(",")];
            category.push_str(&format!("/only-{}", slug(&parts.join(";"))));
        }
        category
    }
}

/// Letters, digits and hyphens; two names never become the same one.
fn slug(name: &str) -> String {
    let mut plain: String =
        name.chars().take(60).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    while plain.contains("--") {
        plain = plain.replace("--", "-");
    }
    let plain = plain.trim_matches('-');
    let simple = name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-'));
    if simple && !plain.is_empty() {
        return plain.to_owned();
    }
    let digest = sha256_hex(name);
    format!("{plain}-{}", &digest[..8]).trim_start_matches('-').to_owned()
}

struct Document<'a>(Plan<'a>);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("$schema", "https://json.schemastore.org/sarif-2.1.0.json")?;
        map.serialize_entry("version", "2.1.0")?;
        map.serialize_entry("runs", &[Run(&self.0)])?;
        map.end()
    }
}

struct Run<'p, 'a>(&'p Plan<'a>);

impl Serialize for Run<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.0;
        let cover = plan.input.cover;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tool", &Tool(plan))?;
        map.serialize_entry("automationDetails", &json!({"id": format!("{}/{}", plan.category(), cover.sequence)}))?;
        map.serialize_entry("invocations", &[invocation(plan)])?;
        map.serialize_entry("results", &Seq(|| plan.results.iter().map(|&at| result::result(plan, at))))?;
        map.serialize_entry(
            "properties",
            &json!({
                "organization": escape::line(&cover.organization, 200),
                "asOf": words::instant(cover.as_of),
                "sequence": cover.sequence,
                "evidenceDigest": escape::line(&cover.evidence_digest, 100),
                "findings": counts(plan.input.findings),
            }),
        )?;
        map.end()
    }
}

struct Tool<'p, 'a>(&'p Plan<'a>);

impl Serialize for Tool<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Driver<'p, 'a>(&'p Plan<'a>);
        impl Serialize for Driver<'_, '_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let plan = self.0;
                let rules = || plan.input.checks.iter().take(RULES).map(rule::rule);
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("name", "annexa")?;
                map.serialize_entry("fullName", "annexa: evidence for ISO/IEC 27001 Annex A")?;
                map.serialize_entry("version", &escape::line(&plan.input.cover.engine_version, 60))?;
                map.serialize_entry("rules", &Seq(rules))?;
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("driver", &Driver(self.0))?;
        map.end()
    }
}

/// How many findings have each status, so that a reader sees what the results leave out.
fn counts(findings: &[Finding]) -> Map<String, Value> {
    let count = |status| findings.iter().filter(|f| f.status == status).count();
    FindingStatus::ALL.into_iter().map(|status| (status.as_str().to_owned(), json!(count(status)))).collect()
}

/// When it was asked, what could not be read, and what is not in the file.
fn invocation(plan: &Plan<'_>) -> Value {
    let cover = plan.input.cover;
    let (start, end) = cover.observed.unwrap_or((cover.as_of, cover.as_of));
    let mut notes: Vec<Value> = Vec::new();
    let (kept, left_out) = (plan.results.len(), plan.all - plan.results.len());
    if left_out > 0 {
        let text = format!(
            "{} left out: GitHub takes at most {} in a run, the worst come first. findings.jsonl in the bundle holds all {}.",
            words::count(left_out as u64, "result is", "results are"),
            words::number(RESULTS as u64),
            words::number(plan.all as u64)
        );
        notes.push(notification("cut", "warning", &text));
    }
    if kept > SHOWN {
        let text = format!(
            "GitHub shows {} of the {} results, the worst first.",
            words::number(SHOWN as u64),
            words::number(kept as u64)
        );
        notes.push(notification("cut", "note", &text));
    }
    notes.extend(plan.input.gaps.iter().take(GAPS).map(gap));
    if plan.input.gaps.len() > GAPS {
        let more = words::count((plan.input.gaps.len() - GAPS) as u64, "more gap", "more gaps");
        notes.push(notification("gap", "warning", &format!("And {more}; gaps.jsonl in the bundle holds all.")));
    }
    json!({
        // GitHub refuses the results of an execution that did not succeed. That is right where a whole target is missing:
        // it would take all its alerts as mended.
        "executionSuccessful": !plan.input.gaps.iter().any(is_broken),
        "startTimeUtc": words::instant(start),
        "endTimeUtc": words::instant(end),
        "toolExecutionNotifications": notes,
    })
}

/// A scan that was stopped, or a target that could not be asked at all, unless the company accepts that.
fn is_broken(gap: &Gap) -> bool {
    gap.exception.is_none() && (gap.operation == CONNECT || gap.kind == FailureKind::Interrupted)
}

fn gap(gap: &Gap) -> Value {
    let accepted = gap.exception.as_deref().map(|id| format!(" (accepted by {id})")).unwrap_or_default();
    let text = format!(
        "Not read: {} for {} on {}{accepted}: {}; {}",
        escape::cut(&gap.operation, 100),
        escape::cut(&gap.subject, 200),
        escape::cut(&gap.target, 100),
        escape::cut(&gap.message, 500),
        escape::cut(&gap.remedy, 500),
    );
    notification("gap", if gap.exception.is_some() { "note" } else { "warning" }, &text)
}

fn notification(id: &str, level: &str, text: &str) -> Value {
    json!({"descriptor": {"id": format!("annexa/{id}")}, "level": level, "message": {"text": message(text, 2_000)}})
}

/// Text for a SARIF message: nothing in it is a placeholder or a link.
fn message(text: &str, max: usize) -> String {
    let line = escape::line(text, max);
    let mut out = String::with_capacity(line.len());
    let mut rest = line.char_indices().peekable();
    while let Some((_, c)) = rest.next() {
        match c {
            // `{0}` is the first argument of a message; there are none
            '{' if rest.peek().is_some_and(|(_, next)| next.is_ascii_digit()) => out.push_str("{{"),
            // `[text](target)` is a link
            '[' if line.contains("](") => out.push_str("\\["),
            c => out.push(c),
        }
    }
    out
}

/// The severity as GitHub counts it: a CVSS-like number in the middle of its band.
fn security_severity(check: &CheckSummary) -> &'static str {
    match words::badness(check.severity) {
        0 => "9.5",
        1 => "8.0",
        2 => "5.5",
        3 => "2.0",
        _ => "0.0",
    }
}

/// A part of an artifact's address: cut, percent-encoded, never a way up.
fn segment(text: &str) -> String {
    let short: String = text.chars().take(100).map(|c| if matches!(c, '/' | '\\') { '-' } else { c }).collect();
    let link = paths::link(&short);
    if link.is_empty() { "-".to_owned() } else { link }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_no_placeholder_and_no_link() {
        assert_eq!(message("a {0} {b} {\"c\":1}", 99), "a {{0} {b} {\"c\":1}");
        assert_eq!(message("see [here](https://example.org)", 99), "see \\[here](https://example.org)");
        assert_eq!(message("list [1, 2]", 99), "list [1, 2]");
    }

    #[test]
    fn slugs_are_plain_and_different() {
        assert_eq!(slug("Nordwind Demo"), "nordwind-demo");
        assert_ne!(slug("a/b"), slug("a.b"));
        assert_ne!(slug("Müller"), slug("Mäller"));
        assert!(slug("../../etc").bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    }

    #[test]
    fn a_segment_never_leads_up() {
        assert_eq!(segment("../../etc/passwd"), "..-..-etc-passwd");
        assert_eq!(segment(".."), "-");
        assert_eq!(segment("a b#c"), "a%20b%23c");
    }
}
