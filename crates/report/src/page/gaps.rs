//! What could not be read, and what it leaves unknown.

use super::{PartView, part_view};
use crate::chrome::{self, Chrome};
use crate::exchange_view::failure_word;
use crate::plan::{Plan, link_size};
use crate::row::{Link, more};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{Edition, Gap};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

const CHECKS: usize = 10;
const CONTROLS: usize = 12;
const TEXT: usize = 400;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    total: String,
    open: usize,
    open_words: String,
    accepted: String,
    rows: bool,
    blocks: Vec<Block>,
}

/// Gaps in a table, and what follows from the last of them.
#[derive(Default, Serialize)]
struct Block {
    rows: Vec<GapRow>,
    because: Option<String>,
    /// The gap that is the cause, when it stands on an earlier part.
    cause: Option<Link>,
    following: Vec<GapRow>,
}

/// A gap in a list.
#[derive(Serialize)]
pub(crate) struct GapRow {
    anchor: String,
    href: String,
    operation: String,
    subject: String,
    place: String,
    kind: &'static str,
    message: String,
    exchange: Option<String>,
    checks: Vec<Link>,
    checks_n: String,
    checks_more: Option<String>,
    controls: Vec<Link>,
    controls_more: Option<String>,
    permission: Option<String>,
    remedy: String,
    exception: Option<Link>,
    /// The calls that follow from it, where they are folded.
    pub(crate) following: Option<Link>,
}

/// About how many bytes a gap takes.
pub(crate) fn size(gap: &Gap) -> usize {
    let text = |text: &str| escape::html_len(&escape::cut(text, TEXT));
    let checks: usize = gap.checks.iter().take(CHECKS).map(|check| link_size(check)).sum();
    1_500
        + checks
        + CONTROLS * link_size("")
        + text(&gap.operation)
        + text(&gap.subject)
        + text(&gap.message)
        + text(&gap.remedy)
        + text(&gap.target)
}

pub(crate) fn row(plan: &Plan<'_>, at: usize) -> GapRow {
    let gap = &plan.input.gaps[at];
    let text = |text: &str| escape::cut(text, TEXT).into_owned();
    let region = gap.region.as_deref().map_or_else(String::new, |region| format!(" · {}", escape::cut(region, 60)));
    let check = |id: &String| {
        let check = plan.check(id)?;
        Some(Link::new(check.page(), escape::cut(check.title(), 120)))
    };
    let summaries = gap.checks.iter().filter_map(|id| plan.check(id)?.summary);
    let mut controls: Vec<&str> = summaries.flat_map(|summary| summary.controls.keys().map(String::as_str)).collect();
    controls.sort_by_cached_key(|id| (words::control_order(id), *id));
    controls.dedup();
    let control = |id: &&str| Link::new(paths::control(Edition::E2022, id), escape::cut(id, 20));
    GapRow {
        anchor: paths::anchor('g', &gap.id),
        href: plan.gap_href(&gap.id).unwrap_or_default(),
        operation: text(&gap.operation),
        subject: text(&gap.subject),
        place: format!("{}{region}", text(&gap.target)),
        kind: failure_word(gap.kind),
        message: text(&gap.message),
        exchange: plan.exchange_href(&gap.id),
        checks: gap.checks.iter().take(CHECKS).filter_map(check).collect(),
        checks_n: words::count(gap.checks.len() as u64, "check", "checks"),
        checks_more: more(gap.checks.len(), CHECKS),
        controls: controls.iter().take(CONTROLS).map(control).collect(),
        controls_more: more(controls.len(), CONTROLS),
        permission: gap.permission.as_deref().map(text),
        remedy: text(&gap.remedy),
        exception: gap.exception.as_deref().map(|id| Link::new(super::exceptions::href(plan, id), escape::cut(id, 80))),
        following: following(plan, at),
    }
}

fn following(plan: &Plan<'_>, at: usize) -> Option<Link> {
    let all = plan.following.get(&at)?;
    let first = plan.input.gaps.get(*all.first()?)?;
    Some(Link::new(plan.gap_href(&first.id)?, because(&plan.input.gaps[at], all.len() as u64)))
}

/// `63 calls that were not made or not answered because of this`: what follows from a gap.
#[must_use]
pub fn because(cause: &Gap, n: u64) -> String {
    if cause.is_of_whole_target() {
        return format!(
            "{} not made or not answered because of this",
            words::count(n, "call that was", "calls that were")
        );
    }
    words::count(n, "more call with the same failure", "more calls with the same failure")
}

/// The gaps of a part in tables, each with what follows from its last row.
fn blocks(plan: &Plan<'_>, range: Range<usize>) -> Vec<Block> {
    let mut following: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut own = Vec::new();
    for at in range.clone() {
        match plan.cause_of.get(&at) {
            Some(&cause) => following.entry(cause).or_default().push(at),
            None => own.push(at),
        }
    }
    let folded = |cause: usize, following: &[usize], rows: Vec<GapRow>| Block {
        rows,
        because: Some(because(&plan.input.gaps[cause], following.len() as u64)),
        cause: (!range.contains(&cause)).then(|| cause_link(plan, cause)),
        following: following.iter().map(|&at| row(plan, at)).collect(),
    };
    let elsewhere = following.iter().filter(|(cause, _)| !range.contains(cause));
    let mut blocks: Vec<Block> = elsewhere.map(|(&cause, all)| folded(cause, all, Vec::new())).collect();
    let mut rows = Vec::new();
    for at in own {
        rows.push(row(plan, at));
        if let Some(all) = following.get(&at) {
            blocks.push(folded(at, all, std::mem::take(&mut rows)));
        }
    }
    if !rows.is_empty() {
        blocks.push(Block { rows, ..Block::default() });
    }
    blocks
}

fn cause_link(plan: &Plan<'_>, cause: usize) -> Link {
    let gap = &plan.input.gaps[cause];
    Link::new(plan.gap_href(&gap.id).unwrap_or_default(), escape::cut(&gap.subject, 120))
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: usize) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("gaps", part);
    let range = plan.gap_parts.get(part).cloned().unwrap_or_default();
    let gaps = plan.input.gaps;
    let open = plan.open_gaps();
    let view = View {
        page: chrome::chrome(plan, &path, "Gaps: what could not be read"),
        part: part_view("gaps", part, &range, gaps.len()),
        total: words::count(gaps.len() as u64, "gap", "gaps"),
        open,
        open_words: words::number(open as u64),
        accepted: words::number((gaps.len() - open) as u64),
        rows: !range.is_empty(),
        blocks: blocks(plan, range),
    };
    let bytes = templates.html("gaps.html", &path, &view)?;
    Ok((path, bytes))
}
