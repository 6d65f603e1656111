//! The page of one control: from the sentence to the facts, the checks, the exchanges, and the commands that repeat them.

use super::calls::{self, CallGroup, CutCount};
use super::control_sections::{self as sections, Answers, ExceptionRow, Rule, SetRow};
use crate::chrome::{self, Chrome};
use crate::exchange_view::{self, ExchangeView};
use crate::plan::{CheckPlan, FOLDED, Plan, attention};
use crate::row::{self, Link, Row};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{ControlRecord, Edition, EvidenceKind, FindingStatus, StatusCounts};
use serde::Serialize;

/// Bytes that the rows of one control page may take; the rest stands on the pages of the checks.
const ROWS: usize = 220_000;

/// Exchanges that stand on the page itself, and the bytes of each.
const SHOWN: usize = 4;
const SHOWN_BYTES: usize = 4 * 1024;

#[derive(Serialize)]
struct View {
    page: Chrome,
    id: String,
    title: String,
    group: String,
    edition: &'static str,
    other_edition: &'static str,
    corresponds: Vec<Link>,
    before: Option<Link>,
    next: Option<Link>,
    list: &'static str,
    status: &'static str,
    sign: &'static str,
    meaning: &'static str,
    sentence: String,
    question: String,
    not_covered: String,
    applicable: Option<bool>,
    justification: Option<String>,
    stated_in: Option<String>,
    checks_count: usize,
    checks_words: String,
    resources: String,
    targets: String,
    counts: String,
    kinds: String,
    has_operation: bool,
    manual_evidence: Vec<String>,
    checks: Vec<CheckSection>,
    answers: Answers,
    shown: Vec<ExchangeView>,
    calls: Vec<CallGroup>,
    calls_more: Option<String>,
    calls_total: String,
    cuts: Vec<CutCount>,
    sets: Vec<SetRow>,
    sets_more: Option<String>,
    gaps: Vec<super::gaps::GapRow>,
    gaps_more: Option<String>,
    rules: Vec<Rule>,
    exceptions: Vec<ExceptionRow>,
    exceptions_more: Option<String>,
    commands: Vec<String>,
    verify: Vec<String>,
}

/// A check on a control's page.
#[derive(Serialize)]
struct CheckSection {
    id: String,
    anchor: String,
    title: String,
    href: String,
    strength: &'static str,
    reason: Option<String>,
    kind: Option<&'static str>,
    counts: String,
    rows: Vec<Row>,
    /// `10 of 340 that need attention`, when not all stand here.
    shown: Option<String>,
    passes: Vec<Row>,
    passes_total: String,
    passes_n: u64,
    passes_shown: Option<String>,
    fix: Vec<Fix>,
}

#[derive(Serialize)]
struct Fix {
    means: String,
    text: String,
    is_command: bool,
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, at: usize) -> Result<(String, Vec<u8>), ReportError> {
    let Some(control) = plan.input.controls.get(at) else {
        return Err(ReportError::Render { page: "control".to_owned(), problem: "there is no such control".to_owned() });
    };
    let path = paths::control(control.edition, &control.id);
    let bytes = templates.html("control.html", &path, &view(plan, control, at, &path))?;
    Ok((path, bytes))
}

fn view(plan: &Plan<'_>, control: &ControlRecord, at: usize, path: &str) -> View {
    let checks = plan.checks_of(control);
    let exchanges = calls::exchanges(plan, &checks);
    let shown_ids = calls::shown(plan, &checks, SHOWN);
    let shown = views(plan, &shown_ids);
    let (groups, groups_n) = calls::calls(plan, &exchanges, sections::CALLS);
    let gaps = sections::gaps(plan, &checks);
    let sets = sections::sets(plan, &checks);
    let exceptions = sections::exceptions(plan, &checks);
    let short = |text: &str, max: usize| escape::cut(text, max).into_owned();
    let other = chrome::other(control.edition);
    let counts = sum(&checks);
    let has_operation = has_kind(&checks, EvidenceKind::Operation);
    View {
        page: chrome::chrome(
            plan,
            path,
            &format!("{} {} · {}", control.id, control.title, plan.input.cover.organization),
        ),
        id: short(&control.id, 20),
        title: short(&control.title, 200),
        group: super::overview::group_title(&control.group),
        edition: words::edition(control.edition),
        other_edition: other.as_str(),
        corresponds: control
            .corresponds_to
            .iter()
            .filter(|id| plan.has_control(other, id))
            .take(30)
            .map(|id| Link::new(paths::control(other, id), short(id, 20)))
            .collect(),
        before: at.checked_sub(1).and_then(|at| neighbour(plan, control.edition, at)),
        next: neighbour(plan, control.edition, at + 1),
        list: paths::control_list(control.edition),
        status: control.status.as_str(),
        sign: words::control_sign(control.status),
        meaning: words::control_meaning(control.status),
        sentence: short(&control.sentence, 800),
        question: short(&control.question, 800),
        not_covered: short(&control.not_covered, 2_000),
        applicable: control.applicable,
        justification: control.justification.as_deref().map(|text| short(text, 1_000)),
        stated_in: control.stated_in.as_deref().map(|text| short(text, 200)),
        checks_count: checks.len(),
        checks_words: words::count(checks.len() as u64, "check", "checks"),
        resources: words::count(resources(plan, &checks), "resource", "resources"),
        targets: words::count(sections::targets(plan, &checks), "target", "targets"),
        counts: words::counts(&counts),
        kinds: kinds(&checks),
        has_operation,
        manual_evidence: control.manual_evidence.iter().take(50).map(|text| short(text, 300)).collect(),
        checks: check_sections(plan, control, &checks),
        answers: sections::answers(plan, control, &checks, &exchanges),
        commands: shown.iter().filter_map(|view| view.reproduce_command()).collect(),
        verify: shown.iter().take(1).map(ExchangeView::digest_line).collect(),
        shown,
        calls_more: row::more(groups_n, sections::CALLS),
        calls_total: words::count(exchanges.len() as u64, "call", "calls"),
        calls: groups,
        cuts: calls::cuts(plan, &exchanges),
        sets_more: row::more(sets.len(), sections::SETS),
        sets: sets.into_iter().take(sections::SETS).collect(),
        gaps_more: row::more(gaps.len(), sections::GAPS),
        gaps: gaps.into_iter().take(sections::GAPS).map(|at| super::gaps::row(plan, at)).collect(),
        rules: sections::rules(plan, &checks),
        exceptions_more: row::more(exceptions.len(), sections::EXCEPTIONS),
        exceptions: exceptions.into_iter().take(sections::EXCEPTIONS).collect(),
    }
}

fn views(plan: &Plan<'_>, ids: &[String]) -> Vec<ExchangeView> {
    let of =
        |id: &String| plan.input.exchanges.get(id).map(|recorded| exchange_view::view(plan, &recorded, SHOWN_BYTES));
    ids.iter().filter_map(of).collect()
}

fn neighbour(plan: &Plan<'_>, edition: Edition, at: usize) -> Option<Link> {
    let control = plan.input.controls.get(at).filter(|control| control.edition == edition)?;
    Some(Link::new(paths::control(edition, &control.id), escape::cut(&control.id, 20)))
}

fn sum(checks: &[(&CheckPlan<'_>, bool)]) -> StatusCounts {
    let mut sum = StatusCounts::default();
    for (check, _) in checks {
        sum.pass += check.counts.pass;
        sum.fail += check.counts.fail;
        sum.accepted += check.counts.accepted;
        sum.unknown += check.counts.unknown;
        sum.not_applicable += check.counts.not_applicable;
        sum.manual += check.counts.manual;
    }
    sum
}

fn has_kind(checks: &[(&CheckPlan<'_>, bool)], kind: EvidenceKind) -> bool {
    checks.iter().any(|(check, _)| check.summary.is_some_and(|s| s.evidence == kind))
}

/// `design (2 checks), implementation (4 checks)`.
fn kinds(checks: &[(&CheckPlan<'_>, bool)]) -> String {
    let kinds = [EvidenceKind::Design, EvidenceKind::Implementation, EvidenceKind::Operation];
    let n = |kind| checks.iter().filter(|(check, _)| check.summary.is_some_and(|s| s.evidence == kind)).count() as u64;
    let word =
        |kind: EvidenceKind| (n(kind) > 0).then(|| format!("{kind} ({})", words::count(n(kind), "check", "checks")));
    words::and(&kinds.into_iter().filter_map(word).collect::<Vec<_>>())
}

/// Each check gets its share of the rows that fit on the page; the worst check comes first.
fn check_sections(plan: &Plan<'_>, control: &ControlRecord, checks: &[(&CheckPlan<'_>, bool)]) -> Vec<CheckSection> {
    let share = (crate::parts::ITEMS / checks.len().max(1)).clamp(3, 40);
    let mut order: Vec<&(&CheckPlan<'_>, bool)> = checks.iter().collect();
    order.sort_by_key(|(check, direct)| (check.counts.fail == 0, check.counts.unknown == 0, !direct));
    let mut room = ROWS;
    order.into_iter().map(|(check, direct)| check_section(plan, control, check, *direct, share, &mut room)).collect()
}

fn check_section(
    plan: &Plan<'_>,
    control: &ControlRecord,
    check: &CheckPlan<'_>,
    direct: bool,
    share: usize,
    room: &mut usize,
) -> CheckSection {
    let passes_at = check.findings.partition_point(|&at| attention(&plan.input.findings[at]) < FOLDED);
    let (others, passes) = check.findings.split_at(passes_at);
    let rows = fit(plan, others, share, room);
    let pass_rows = fit(plan, passes, share, room);
    let n = |n: usize| words::number(n as u64);
    let shown = (rows.len() < others.len()).then(|| format!("{} of {}", n(rows.len()), n(others.len())));
    let passes_shown =
        (pass_rows.len() < passes.len()).then(|| format!("{} of {}", n(pass_rows.len()), n(passes.len())));
    let open = check.counts.fail + check.counts.accepted > 0;
    CheckSection {
        id: escape::cut(check.id, 200).into_owned(),
        anchor: paths::anchor('k', &annexa_model::short_hash(&[check.id])),
        title: escape::cut(check.title(), 300).into_owned(),
        href: check.page(),
        strength: if direct { "direct" } else { "supporting" },
        reason: sections::reason(control, check),
        kind: check.summary.map(|s| s.evidence.as_str()),
        counts: words::counts(&check.counts),
        rows,
        shown,
        passes: pass_rows,
        passes_total: folded(plan, passes),
        passes_n: passes.len() as u64,
        passes_shown,
        fix: check.summary.filter(|_| open).map_or_else(Vec::new, |summary| fixes(&summary.fix)),
    }
}

fn fixes(fix: &std::collections::BTreeMap<String, String>) -> Vec<Fix> {
    let of = |(means, text): (&String, &String)| Fix {
        means: escape::cut(means, 40).into_owned(),
        text: escape::cut(&crate::fix::of_check(text), 1_500).into_owned(),
        is_command: crate::fix::is_command(means),
    };
    fix.iter().take(6).map(of).collect()
}

/// The first findings of a list that fit.
fn fit(plan: &Plan<'_>, findings: &[usize], share: usize, room: &mut usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for &at in findings.iter().take(share) {
        let size = row::size(&plan.input.findings[at]);
        if size > *room {
            break;
        }
        *room -= size;
        rows.extend(row::row(plan, at));
    }
    rows
}

/// How many resources some checks asked.
pub(super) fn resources(plan: &Plan<'_>, checks: &[(&CheckPlan<'_>, bool)]) -> u64 {
    let about = |&at: &usize| {
        let finding = &plan.input.findings[at];
        finding.status != FindingStatus::NotApplicable || !finding.resource.id.ends_with("/*")
    };
    let findings = checks.iter().flat_map(|(check, _)| &check.findings);
    let mut resources: Vec<usize> = findings.copied().filter(about).map(|at| plan.resource_of(at)).collect();
    resources.sort_unstable();
    resources.dedup();
    resources.len() as u64
}

/// What a fold holds: `5 pass, 67 not applicable`.
pub(super) fn folded(plan: &Plan<'_>, findings: &[usize]) -> String {
    let passes = findings.iter().filter(|&&at| plan.input.findings[at].status == FindingStatus::Pass).count() as u64;
    let others = findings.len() as u64 - passes;
    let mut parts = Vec::new();
    if passes > 0 {
        parts.push(words::count(passes, "passes", "pass"));
    }
    if others > 0 {
        parts.push(words::count(others, "not applicable", "not applicable"));
    }
    parts.join(", ")
}
