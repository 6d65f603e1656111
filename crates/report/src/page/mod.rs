//! The pages, each on its own: which there are, and how one is rendered.

mod calls;
pub(crate) mod changes;
mod checks;
mod control;
mod control_sections;
mod controls;
mod cover;
pub(crate) mod exceptions;
mod exchanges;
pub(crate) mod gaps;
mod inventory;
mod open;
mod overview;
mod style;
mod targets;
mod worst;

use crate::plan::Plan;
use crate::{ReportError, Templates, parts, paths};
use annexa_model::Edition;
use serde::Serialize;
use std::ops::Range;

pub(crate) use cover::all_counts;
pub use gaps::because;
pub(crate) use worst::{Worst, worst};

/// A page of the report.
#[derive(Clone, Debug)]
pub(crate) enum Page {
    Style,
    Overview,
    Controls(Edition),
    Control(usize),
    CheckList(Part),
    Check(usize, usize),
    Open(Part),
    CallList(Part),
    Calls(usize, usize),
    Gaps(usize),
    Inventory(Part),
    Lists(Part),
    Targets(Part),
    Exceptions(Part),
    Changes(Part),
}

/// A part of a long list.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    number: usize,
    range: Range<usize>,
}

/// Where a part stands in its list, and the ways to its neighbours.
#[derive(Serialize)]
pub(crate) struct PartView {
    /// `201 to 400 of 1,204`; none when the list is on one page.
    shown: Option<String>,
    before: Option<String>,
    next: Option<String>,
    /// Whether this is the first part; what stands once stands there.
    first: bool,
}

/// All pages in the order in which they are rendered.
pub(crate) fn all(plan: &Plan<'_>) -> Vec<Page> {
    let mut pages = vec![Page::Style, Page::Overview, Page::Controls(Edition::E2022), Page::Controls(Edition::E2013)];
    pages.extend((0..plan.input.controls.len()).map(Page::Control));
    pages.extend(list(checks::list_sizes(plan)).map(Page::CheckList));
    for (at, check) in plan.checks.iter().enumerate() {
        pages.extend((0..check.parts.len()).map(|part| Page::Check(at, part)));
    }
    pages.extend(list(open::sizes(plan)).map(Page::Open));
    pages.extend(list(exchanges::list_sizes(plan)).map(Page::CallList));
    for (at, file) in plan.files.files.iter().enumerate() {
        pages.extend((0..file.parts.len()).map(|part| Page::Calls(at, part)));
    }
    pages.extend((0..plan.gap_parts.len()).map(Page::Gaps));
    pages.extend(list(inventory::sizes(plan)).map(Page::Inventory));
    pages.extend(list(inventory::list_sizes(plan)).map(Page::Lists));
    pages.extend(list(targets::sizes(plan)).map(Page::Targets));
    pages.extend(list(exceptions::sizes(plan)).map(Page::Exceptions));
    if let Some(changes) = plan.input.changes {
        pages.extend(list(changes::sizes(changes)).map(Page::Changes));
    }
    pages
}

/// Renders one page: its path in the bundle and its bytes.
pub(crate) fn render(plan: &Plan<'_>, templates: &Templates, page: &Page) -> Result<(String, Vec<u8>), ReportError> {
    match page {
        Page::Style => style::style(plan, templates),
        Page::Overview => overview::render(plan, templates),
        Page::Controls(edition) => controls::render(plan, templates, *edition),
        Page::Control(at) => control::render(plan, templates, *at),
        Page::CheckList(part) => checks::render_list(plan, templates, part),
        Page::Check(at, part) => checks::render(plan, templates, *at, *part),
        Page::Open(part) => open::render(plan, templates, part),
        Page::CallList(part) => exchanges::render_list(plan, templates, part),
        Page::Calls(at, part) => exchanges::render(plan, templates, *at, *part),
        Page::Gaps(part) => gaps::render(plan, templates, *part),
        Page::Inventory(part) => inventory::render(plan, templates, part),
        Page::Lists(part) => inventory::render_lists(plan, templates, part),
        Page::Targets(part) => targets::render(plan, templates, part),
        Page::Exceptions(part) => exceptions::render(plan, templates, part),
        Page::Changes(part) => changes::render(plan, templates, part),
    }
}

fn list(sizes: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Part> {
    let ranges = parts::split(sizes);
    ranges.into_iter().enumerate().map(|(number, range)| Part { number, range })
}

/// Where a part of a list with `len` items stands; `base` is the path of the list without its ending.
fn part_view(base: &str, number: usize, range: &Range<usize>, len: usize) -> PartView {
    let n = |n: usize| crate::words::number(n as u64);
    let whole = range.start == 0 && range.end == len;
    PartView {
        shown: (!whole).then(|| format!("{} to {} of {}", n(range.start + 1), n(range.end), n(len))),
        before: number.checked_sub(1).map(|before| paths::part(base, before)),
        next: (range.end < len).then(|| paths::part(base, number + 1)),
        first: number == 0,
    }
}

impl Part {
    fn view(&self, base: &str, len: usize) -> PartView {
        part_view(base, self.number, &self.range, len)
    }
}
