//! The list of checks, and the page of one check with all its findings.

use super::{Part, PartView, part_view};
use crate::chrome::{self, Chrome};
use crate::plan::{CheckPlan, FOLDED, Plan, attention};
use crate::row::{self, Link, Row, more};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::Edition;
use serde::Serialize;

#[derive(Serialize)]
struct ListView {
    page: Chrome,
    part: PartView,
    total: String,
    findings: String,
    counts: String,
    rows: Vec<CheckRow>,
    release: String,
    rules: Vec<RuleFiles>,
}

#[derive(Serialize)]
struct CheckRow {
    href: String,
    id: String,
    title: String,
    class: &'static str,
    sign: &'static str,
    severity: &'static str,
    kind: &'static str,
    counts: String,
}

/// Rule files that are not the release's.
#[derive(Serialize)]
struct RuleFiles {
    word: &'static str,
    n: String,
    files: Vec<Link>,
    more: Option<String>,
    /// Files that were left out have no link.
    here: bool,
}

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    id: String,
    title: String,
    severity: Option<&'static str>,
    kind: Option<&'static str>,
    resource_type: Option<String>,
    counts: String,
    total: String,
    why: Option<String>,
    rule: Option<String>,
    file: Option<Link>,
    digest: Option<String>,
    origin: Option<String>,
    fix: Vec<FixView>,
    see: Vec<String>,
    controls: Vec<ControlReasonView>,
    rows: Vec<Row>,
    passes: Vec<Row>,
    passes_here: String,
    passes_total: String,
    only_passes: bool,
}

#[derive(Serialize)]
struct FixView {
    means: String,
    text: String,
    is_command: bool,
}

#[derive(Serialize)]
struct ControlReasonView {
    control: Link,
    strength: &'static str,
    reason: String,
}

/// About how many bytes each check takes in the list.
pub(super) fn list_sizes(plan: &Plan<'_>) -> Vec<usize> {
    let size = |check: &CheckPlan<'_>| {
        700 + 3 * escape::html_len(&escape::cut(check.id, 200)) + escape::html_len(&escape::cut(check.title(), 300))
    };
    plan.checks.iter().map(size).collect()
}

pub(super) fn render_list(
    plan: &Plan<'_>,
    templates: &Templates,
    part: &Part,
) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("checks", part.number);
    let view = ListView {
        page: chrome::chrome(plan, &path, "Checks"),
        part: part.view("checks", plan.checks.len()),
        total: words::count(plan.checks.len() as u64, "check", "checks"),
        findings: words::count(plan.input.findings.len() as u64, "finding", "findings"),
        counts: words::counts(&super::all_counts(plan)),
        rows: plan.checks.get(part.range.clone()).unwrap_or_default().iter().map(check_row).collect(),
        release: escape::cut(&plan.input.cover.rules.release, 80).into_owned(),
        rules: rule_files(plan),
    };
    let bytes = templates.html("checks.html", &path, &view)?;
    Ok((path, bytes))
}

fn check_row(check: &CheckPlan<'_>) -> CheckRow {
    let counts = &check.counts;
    let (class, sign) = match () {
        () if counts.fail > 0 => ("fail", "✗"),
        () if counts.unknown > 0 => ("unknown", "?"),
        () if counts.accepted > 0 => ("accepted", "✗"),
        () if counts.pass > 0 => ("pass", "✓"),
        () if counts.manual > 0 => ("manual", "✎"),
        () => ("none", "–"),
    };
    CheckRow {
        href: check.page(),
        id: escape::cut(check.id, 200).into_owned(),
        title: escape::cut(check.title(), 300).into_owned(),
        class,
        sign,
        severity: check.summary.map_or("", |s| s.severity.as_str()),
        kind: check.summary.map_or("", |s| s.evidence.as_str()),
        counts: words::counts(counts),
    }
}

fn rule_files(plan: &Plan<'_>) -> Vec<RuleFiles> {
    let rules = &plan.input.cover.rules;
    let of = |word, files: &[String], here| RuleFiles {
        word,
        n: words::number(files.len() as u64),
        files: files
            .iter()
            .take(100)
            .map(|file| Link::new(format!("rules/{}", paths::link(file)), escape::cut(file, 200)))
            .collect(),
        more: more(files.len(), 100),
        here,
    };
    vec![of("own", &rules.own, true), of("changed", &rules.changed, true), of("left out", &rules.left_out, false)]
}

pub(super) fn render(
    plan: &Plan<'_>,
    templates: &Templates,
    at: usize,
    part: usize,
) -> Result<(String, Vec<u8>), ReportError> {
    let (Some(check), Some(range)) = (plan.checks.get(at), plan.checks.get(at).and_then(|check| check.parts.get(part)))
    else {
        return Err(ReportError::Render { page: "check".to_owned(), problem: "there is no such check".to_owned() });
    };
    let path = paths::part(&check.base, part);
    let here = check.findings.get(range.clone()).unwrap_or_default();
    let passes_at = here.partition_point(|&at| attention(&plan.input.findings[at]) < FOLDED);
    let (others, passes) = here.split_at(passes_at);
    let rows = |findings: &[usize]| -> Vec<Row> { findings.iter().filter_map(|&at| row::row(plan, at)).collect() };
    let short = |text: &str, max: usize| escape::cut(text, max).into_owned();
    let summary = check.summary;
    let view = View {
        page: chrome::chrome(plan, &path, check.title()),
        part: part_view(&check.base, part, range, check.findings.len()),
        id: short(check.id, 200),
        title: short(check.title(), 300),
        severity: summary.map(|s| s.severity.as_str()),
        kind: summary.map(|s| s.evidence.as_str()),
        resource_type: summary.map(|s| short(&s.resource_type, 120)),
        counts: words::counts(&check.counts),
        total: words::count(check.findings.len() as u64, "finding", "findings"),
        why: summary.map(|s| short(&s.why, 1_500)),
        rule: summary.map(|s| short(&s.rule, 3_000)),
        file: summary.map(|s| Link::new(format!("rules/{}", paths::link(&s.file)), short(&s.file, 200))),
        digest: summary.map(|s| short(&s.digest, 80)),
        origin: summary.map(|s| short(&s.origin, 40)),
        fix: summary.map_or_else(Vec::new, |s| s.fix.iter().take(6).map(fix).collect()),
        see: summary.map_or_else(Vec::new, |s| s.see.iter().take(20).map(|text| short(text, 300)).collect()),
        controls: summary.map_or_else(Vec::new, controls),
        rows: rows(others),
        passes: rows(passes),
        passes_here: super::control::folded(plan, passes),
        passes_total: words::number(check.counts.pass + check.counts.not_applicable),
        only_passes: others.is_empty() && part > 0,
    };
    let bytes = templates.html("check.html", &path, &view)?;
    Ok((path, bytes))
}

fn fix((means, text): (&String, &String)) -> FixView {
    FixView {
        means: escape::cut(means, 40).into_owned(),
        text: escape::cut(&crate::fix::of_check(text), 2_000).into_owned(),
        is_command: crate::fix::is_command(means),
    }
}

fn controls(summary: &annexa_model::CheckSummary) -> Vec<ControlReasonView> {
    let of = |(id, reason): (&String, &annexa_model::ControlReason)| ControlReasonView {
        control: Link::new(paths::control(Edition::E2022, id), escape::cut(id, 20)),
        strength: match reason.strength {
            annexa_model::Strength::Direct => "direct",
            annexa_model::Strength::Supporting => "supporting",
        },
        reason: escape::cut(&reason.reason, 400).into_owned(),
    };
    let mut all: Vec<(&String, &annexa_model::ControlReason)> = summary.controls.iter().collect();
    all.sort_by_cached_key(|(id, reason)| (reason.strength, words::control_order(id)));
    all.into_iter().take(40).map(of).collect()
}
