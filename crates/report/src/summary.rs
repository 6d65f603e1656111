//! The job summary in Markdown: what a CI run says in its log page.

use crate::page::{Worst, all_counts, worst};
use crate::plan::Plan;
use crate::{ReportError, ReportInput, Templates, escape, words};
use annexa_annex::ExceptionUse;
use annexa_model::{ControlStatus, FindingStatus, Severity};
use serde::Serialize;

const GAPS: usize = 20;
const TARGETS: usize = 100;
const EXCEPTIONS: usize = 20;

#[derive(Serialize)]
struct View {
    organization: String,
    sequence: String,
    edition: &'static str,
    observed: Option<String>,
    targets_n: String,
    partial: bool,
    signed: Option<String>,
    gaps_open: usize,
    gaps_open_words: String,
    controls_total: String,
    counts: Vec<Count>,
    findings: String,
    findings_words: String,
    open_fails: Option<String>,
    replayed: Option<String>,
    changes: Option<Changes>,
    previous: Option<String>,
    exceptions: Vec<Exception>,
    exceptions_more: Option<String>,
    worst: Vec<Worst>,
    targets: Vec<Target>,
    targets_more: Option<String>,
    foreign: Vec<String>,
    gaps: Vec<Gap>,
    gaps_total: String,
    gaps_more: Option<String>,
    digest: String,
    engine: String,
}

#[derive(Serialize)]
struct Count {
    sign: &'static str,
    word: &'static str,
    meaning: &'static str,
    n: String,
}

#[derive(Serialize)]
struct Target {
    name: String,
    kind: &'static str,
    asked: String,
    answered: String,
    denied: String,
    failed: String,
}

/// What is different, in words that stand between commas.
#[derive(Serialize)]
struct Changes {
    any: bool,
    words: String,
}

#[derive(Serialize)]
struct Exception {
    id: String,
    state: String,
}

#[derive(Serialize)]
struct Gap {
    operation: String,
    subject: String,
    target: String,
    message: String,
    checks: String,
    remedy: String,
    accepted: bool,
    following: Option<String>,
}

/// The job summary in Markdown: counts, the worst five, gaps. Always far below 1 MiB, the limit of a job summary.
pub fn markdown(input: &ReportInput<'_>, templates: &Templates) -> Result<String, ReportError> {
    let plan = Plan::new(*input);
    let cover = input.cover;
    let annex = || input.controls.iter().filter(|c| c.edition == cover.edition && c.id.starts_with("A."));
    let count = |status: ControlStatus| Count {
        sign: words::control_sign(status),
        word: status.as_str(),
        meaning: words::control_meaning(status),
        n: words::number(annex().filter(|c| c.status == status).count() as u64),
    };
    let view = View {
        organization: escape::cut(&cover.organization, 120).into_owned(),
        sequence: words::number(cover.sequence),
        edition: words::edition(cover.edition),
        observed: cover.observed.map(|(from, to)| words::span(from, to)),
        targets_n: words::count(input.targets.len() as u64, "target", "targets"),
        partial: !cover.selection.is_full(),
        signed: cover.signed_by.as_deref().map(|signer| escape::cut(signer, 120).into_owned()),
        gaps_open: plan.open_gaps(),
        gaps_open_words: words::count(plan.open_gaps() as u64, "gap", "gaps"),
        controls_total: words::number(annex().count() as u64),
        counts: ControlStatus::ALL.into_iter().map(count).collect(),
        findings: words::count(input.findings.len() as u64, "finding", "findings"),
        findings_words: words::counts(&all_counts(&plan)),
        open_fails: open_fails(&plan),
        replayed: cover.replayed.as_deref().map(|from| escape::cut(from, 200).into_owned()),
        changes: input.changes.map(changes),
        previous: cover.previous.as_ref().map(|previous| words::number(previous.sequence)),
        exceptions: input.exceptions.iter().take(EXCEPTIONS).map(exception).collect(),
        exceptions_more: crate::row::more(input.exceptions.len(), EXCEPTIONS),
        worst: worst(&plan, 5),
        targets: input.targets.iter().take(TARGETS).map(target).collect(),
        targets_more: crate::row::more(input.targets.len(), TARGETS),
        foreign: plan.foreign_hosts.iter().take(20).cloned().collect(),
        gaps: plan.causes().take(GAPS).map(|at| gap(&plan, at)).collect(),
        gaps_total: words::number(input.gaps.len() as u64),
        gaps_more: crate::row::more(plan.causes().count(), GAPS),
        digest: escape::cut(&cover.evidence_digest, 80).into_owned(),
        engine: escape::cut(&cover.engine_version, 40).into_owned(),
    };
    templates.markdown("summary.md", &view)
}

fn target(target: &crate::TargetReport) -> Target {
    Target {
        name: escape::cut(&target.name, 120).into_owned(),
        kind: words::kind(target.kind),
        asked: words::number(target.asked),
        answered: words::number(target.answered),
        denied: words::number(target.denied),
        failed: words::number(target.failed),
    }
}

/// `3 critical, 12 high`: the open fails by severity, the worst first.
fn open_fails(plan: &Plan<'_>) -> Option<String> {
    let open = || plan.open.iter().map(|&at| &plan.input.findings[at]).filter(|f| f.status == FindingStatus::Fail);
    let count = |severity: Severity| {
        let n = open().filter(|finding| finding.severity == severity).count() as u64;
        (n > 0).then(|| format!("{} {severity}", words::number(n)))
    };
    let counts: Vec<String> = Severity::ALL.into_iter().rev().filter_map(count).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

fn changes(changes: &crate::Changes) -> Changes {
    let summary = crate::page::changes::summary(changes);
    Changes { any: summary.any, words: summary.words() }
}

fn exception(exception: &ExceptionUse) -> Exception {
    let until = words::date(exception.expires);
    let count = |n: u64, one: &str, many: &str| (n > 0).then(|| words::count(n, one, many));
    let covers = [count(exception.findings, "fail", "fails"), count(exception.gaps, "gap", "gaps")];
    let covers: Vec<String> = covers.into_iter().flatten().collect();
    Exception {
        id: escape::cut(&exception.id, 120).into_owned(),
        state: match covers.is_empty() {
            _ if exception.expired => format!("expired on {until}, covers nothing"),
            true => format!("until {until}, covers nothing"),
            false => format!("until {until}, covers {}", words::and(&covers)),
        },
    }
}

fn gap(plan: &Plan<'_>, at: usize) -> Gap {
    let gap = &plan.input.gaps[at];
    let text = |text: &str| escape::cut(text, 300).into_owned();
    Gap {
        operation: text(&gap.operation),
        subject: text(&gap.subject),
        target: text(&gap.target),
        message: text(&gap.message),
        checks: words::count(gap.checks.len() as u64, "check", "checks"),
        remedy: text(&gap.remedy),
        accepted: gap.exception.is_some(),
        following: plan.following.get(&at).map(|all| crate::because(gap, all.len() as u64)),
    }
}
