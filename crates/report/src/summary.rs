//! The job summary in Markdown: what a CI run says in its log page.

use crate::page::{Worst, all_counts, worst};
use crate::plan::Plan;
use crate::{ReportError, ReportInput, Templates, escape, words};
use annexa_model::ControlStatus;
use serde::Serialize;

const GAPS: usize = 20;
const TARGETS: usize = 100;

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

#[derive(Serialize)]
struct Gap {
    operation: String,
    subject: String,
    target: String,
    message: String,
    checks: String,
    remedy: String,
    accepted: bool,
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
        worst: worst(&plan, 5),
        targets: input.targets.iter().take(TARGETS).map(target).collect(),
        targets_more: crate::row::more(input.targets.len(), TARGETS),
        foreign: crate::chrome::foreign_hosts(&plan).into_iter().take(20).collect(),
        gaps: input.gaps.iter().take(GAPS).map(gap).collect(),
        gaps_total: words::number(input.gaps.len() as u64),
        gaps_more: crate::row::more(input.gaps.len(), GAPS),
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

fn gap(gap: &annexa_model::Gap) -> Gap {
    let text = |text: &str| escape::cut(text, 300).into_owned();
    Gap {
        operation: text(&gap.operation),
        subject: text(&gap.subject),
        target: text(&gap.target),
        message: text(&gap.message),
        checks: words::count(gap.checks.len() as u64, "check", "checks"),
        remedy: text(&gap.remedy),
        accepted: gap.exception.is_some(),
    }
}
