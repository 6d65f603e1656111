//! All open fails and unknowns over all checks, the worst first.

use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::plan::{Plan, link_size};
use crate::row::{self, Link, Row};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::FindingStatus;
use serde::Serialize;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    fails: String,
    unknowns: String,
    findings: String,
    fail_rows: Vec<Row>,
    unknown_rows: Vec<Row>,
}

/// About how many bytes each finding takes.
pub(super) fn sizes(plan: &Plan<'_>) -> Vec<usize> {
    plan.open
        .iter()
        .map(|&at| row::size(&plan.input.findings[at]) + link_size(&plan.input.findings[at].check))
        .collect()
}

/// Where the unknowns begin.
pub(super) fn unknowns_href(plan: &Plan<'_>) -> String {
    let fails = fails(plan);
    if fails == plan.open.len() {
        return "open.html".to_owned();
    }
    let part = crate::parts::split(sizes(plan)).iter().position(|range| range.contains(&fails)).unwrap_or(0);
    format!("{}#unknown", paths::part("open", part))
}

fn fails(plan: &Plan<'_>) -> usize {
    // fails come first
    plan.open.partition_point(|&at| plan.input.findings[at].status == FindingStatus::Fail)
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("open", part.number);
    let fails = fails(plan);
    let middle = fails.clamp(part.range.start, part.range.end);
    let rows = |range: std::ops::Range<usize>| range.filter_map(|at| open_row(plan, *plan.open.get(at)?)).collect();
    let view = View {
        page: chrome::chrome(plan, &path, "Open: what fails and what is unknown"),
        part: part.view("open", plan.open.len()),
        fails: words::count(fails as u64, "fail", "fails"),
        unknowns: words::count((plan.open.len() - fails) as u64, "unknown", "unknowns"),
        findings: words::count(plan.input.findings.len() as u64, "finding", "findings"),
        fail_rows: rows(part.range.start..middle),
        unknown_rows: rows(middle..part.range.end),
    };
    let bytes = templates.html("open", &path, &view)?;
    Ok((path, bytes))
}

fn open_row(plan: &Plan<'_>, at: usize) -> Option<Row> {
    let finding = plan.input.findings.get(at)?;
    let check = plan.check(&finding.check)?;
    let mut row = row::row(plan, at)?.shortened(finding);
    row.check = Some(Link::new(check.page(), escape::cut(check.title(), 120)));
    Some(row)
}
