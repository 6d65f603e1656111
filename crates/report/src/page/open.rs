//! The open fails and unknowns over all checks, the worst first; of very many the first, and where the others stand.

use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::plan::{Plan, link_size};
use crate::row::{self, Link, Row};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::FindingStatus;
use serde::Serialize;
use std::collections::BTreeMap;

/// So many fails, and so many unknowns, stand on these pages; nobody reads further. Each stands with its check.
const SHOWN: usize = 1_000;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    fails: String,
    unknowns: String,
    findings: String,
    fail_rows: Vec<Row>,
    unknown_rows: Vec<Row>,
    /// What does not stand here, on the last of these pages.
    rest: Vec<Rest>,
    /// How many do not stand here, with the way to that table; none when all do.
    rest_total: Option<Link>,
}

/// The open findings of a check that do not stand here.
#[derive(Serialize)]
struct Rest {
    check: Link,
    fails: Option<String>,
    unknowns: Option<String>,
}

/// About how many bytes each finding takes that stands on these pages.
pub(super) fn sizes(plan: &Plan<'_>) -> Vec<usize> {
    let size = |at: usize| row::size(&plan.input.findings[at]) + link_size(&plan.input.findings[at].check);
    shown(plan).map(size).collect()
}

/// Where the unknowns begin.
pub(super) fn unknowns_href(plan: &Plan<'_>) -> String {
    let fails = fails(plan);
    if fails == plan.open.len() {
        return "open.html".to_owned();
    }
    let part = crate::parts::split(sizes(plan)).iter().position(|range| range.contains(&fails.min(SHOWN))).unwrap_or(0);
    format!("{}#unknown", paths::part("open", part))
}

fn fails(plan: &Plan<'_>) -> usize {
    // fails come first
    plan.open.partition_point(|&at| plan.input.findings[at].status == FindingStatus::Fail)
}

/// The findings that stand on these pages: the first fails, then the first unknowns.
fn shown<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = usize> + 'p {
    let (fails, unknowns) = plan.open.split_at(fails(plan));
    fails.iter().take(SHOWN).chain(unknowns.iter().take(SHOWN)).copied()
}

/// The others by check, in the order of checks.
fn rest(plan: &Plan<'_>) -> Vec<Rest> {
    let (fails, unknowns) = plan.open.split_at(fails(plan));
    let mut left: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for &at in fails.iter().skip(SHOWN) {
        left.entry(&plan.input.findings[at].check).or_default().0 += 1;
    }
    for &at in unknowns.iter().skip(SHOWN) {
        left.entry(&plan.input.findings[at].check).or_default().1 += 1;
    }
    let some = |n: u64| (n > 0).then(|| words::number(n));
    let of = |(id, (fails, unknowns)): (&str, _)| {
        let check = plan.check(id)?;
        Some(Rest {
            check: Link::new(check.page(), escape::cut(check.title(), 120)),
            fails: some(fails),
            unknowns: some(unknowns),
        })
    };
    left.into_iter().filter_map(of).collect()
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("open", part.number);
    let fails = fails(plan);
    let shown: Vec<usize> = shown(plan).collect();
    let middle = fails.min(SHOWN).clamp(part.range.start, part.range.end);
    let rows = |range: std::ops::Range<usize>| range.filter_map(|at| open_row(plan, *shown.get(at)?)).collect();
    let view = View {
        page: chrome::chrome(plan, &path, "Open: what fails and what is unknown"),
        part: part.view("open", shown.len()),
        fails: words::count(fails as u64, "fail", "fails"),
        unknowns: words::count((plan.open.len() - fails) as u64, "unknown", "unknowns"),
        findings: words::count(plan.input.findings.len() as u64, "finding", "findings"),
        fail_rows: rows(part.range.start..middle),
        unknown_rows: rows(middle..part.range.end),
        rest: if part.range.end == shown.len() { rest(plan) } else { Vec::new() },
        rest_total: (plan.open.len() > shown.len()).then(|| {
            let last = crate::parts::split(sizes(plan)).len().saturating_sub(1);
            let more = words::number((plan.open.len() - shown.len()) as u64);
            Link::new(format!("{}#rest", paths::part("open", last)), more)
        }),
    };
    let bytes = templates.html("open.html", &path, &view)?;
    Ok((path, bytes))
}

fn open_row(plan: &Plan<'_>, at: usize) -> Option<Row> {
    let finding = plan.input.findings.get(at)?;
    let check = plan.check(&finding.check)?;
    let mut row = row::row(plan, at)?.shortened(finding);
    row.check = Some(Link::new(check.page(), escape::cut(check.title(), 120)));
    Some(row)
}
