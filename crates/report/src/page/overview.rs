//! The overview: what a manager understands in one minute.

use super::cover::{CoverView, cover_view};
use super::worst::{Worst, worst};
use crate::chrome::{self, Chrome};
use crate::plan::Plan;
use crate::row::{Link, more};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{ControlRecord, ControlStatus, Edition};
use serde::Serialize;

/// Gaps and targets that stand on the overview; the rest is one click away.
const GAPS: usize = 10;
const TARGETS: usize = 40;

#[derive(Serialize)]
struct View {
    page: Chrome,
    cover: CoverView,
    counts: Vec<Count>,
    controls_total: String,
    controls_list: &'static str,
    worst: Vec<Worst>,
    open_fails: String,
    map: Vec<MapGroup>,
    other_edition: Link,
    changes: Option<super::changes::Summary>,
    previous: Option<PreviousView>,
    targets: Vec<super::targets::TargetRow>,
    targets_shown: String,
    targets_more: Option<String>,
    gaps: Vec<super::gaps::GapRow>,
    gaps_total: String,
    gaps_open: usize,
    gaps_open_words: String,
    gaps_shown: String,
    exceptions: super::exceptions::Summary,
    resources: String,
    types: String,
}

#[derive(Serialize)]
struct PreviousView {
    sequence: String,
    digest: String,
    as_of: Option<String>,
}

/// A number that leads to its list.
#[derive(Serialize)]
pub(super) struct Count {
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    pub(super) n: String,
    pub(super) href: String,
}

#[derive(Serialize)]
struct MapGroup {
    title: String,
    n: String,
    items: Vec<MapItem>,
}

#[derive(Serialize)]
struct MapItem {
    class: &'static str,
    sign: &'static str,
    id: String,
    title: String,
    href: String,
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates) -> Result<(String, Vec<u8>), ReportError> {
    let path = "index.html";
    let input = &plan.input;
    let cover = input.cover;
    let leading: Vec<&ControlRecord> = of_edition(plan, cover.edition).collect();
    let (annex, clauses): (Vec<&ControlRecord>, Vec<&ControlRecord>) =
        leading.iter().copied().partition(|c| c.id.starts_with("A."));
    let other = chrome::other(cover.edition);
    let title =
        format!("{}: evidence for {} Annex A", escape::cut(&cover.organization, 120), words::edition(cover.edition));
    let view = View {
        page: chrome::chrome(plan, path, &title),
        cover: cover_view(plan),
        counts: counts(&annex, cover.edition),
        controls_total: words::number(annex.len() as u64),
        controls_list: paths::control_list(cover.edition),
        worst: worst(plan, 5),
        open_fails: words::number(plan.checks.iter().map(|check| check.counts.fail).sum()),
        map: map(&annex, &clauses, cover.edition),
        other_edition: Link::new(paths::control_list(other), words::edition(other)),
        changes: input.changes.map(super::changes::summary),
        previous: cover.previous.as_ref().map(|previous| PreviousView {
            sequence: words::number(previous.sequence),
            digest: escape::cut(&previous.digest, 80).into_owned(),
            as_of: previous.as_of.map(words::time),
        }),
        targets: input
            .targets
            .iter()
            .take(TARGETS)
            .enumerate()
            .map(|(at, t)| super::targets::row(plan, at, t))
            .collect(),
        targets_shown: words::number(input.targets.len() as u64),
        targets_more: more(input.targets.len(), TARGETS),
        gaps: open_first(plan).into_iter().take(GAPS).map(|at| super::gaps::row(plan, at)).collect(),
        gaps_total: words::number(input.gaps.len() as u64),
        gaps_open: plan.open_gaps(),
        gaps_open_words: words::count(plan.open_gaps() as u64, "gap", "gaps"),
        gaps_shown: words::number(plan.causes().count().min(GAPS) as u64),
        exceptions: super::exceptions::summary(plan),
        resources: words::number(input.resources.len() as u64),
        types: words::number(super::inventory::types(plan).len() as u64),
    };
    Ok((path.to_owned(), templates.html("overview.html", path, &view)?))
}

pub(super) fn of_edition<'p>(plan: &'p Plan<'_>, edition: Edition) -> impl Iterator<Item = &'p ControlRecord> {
    plan.input.controls.iter().filter(move |control| control.edition == edition)
}

fn counts(controls: &[&ControlRecord], edition: Edition) -> Vec<Count> {
    let of = |status: ControlStatus| Count {
        class: status.as_str(),
        sign: words::control_sign(status),
        word: status.as_str(),
        meaning: words::control_meaning(status),
        n: words::number(controls.iter().filter(|c| c.status == status).count() as u64),
        href: format!("{}#{}", paths::control_list(edition), status.as_str()),
    };
    ControlStatus::ALL.into_iter().map(of).collect()
}

fn map(annex: &[&ControlRecord], clauses: &[&ControlRecord], edition: Edition) -> Vec<MapGroup> {
    let mut groups: Vec<(String, Vec<MapItem>)> = Vec::new();
    for control in annex.iter().chain(clauses) {
        if groups.last().is_none_or(|(group, _)| *group != control.group) {
            groups.push((control.group.clone(), Vec::new()));
        }
        let item = MapItem {
            class: control.status.as_str(),
            sign: words::control_sign(control.status),
            id: control.id.strip_prefix("A.").unwrap_or(&control.id).to_owned(),
            title: format!("{} {}: {}", control.id, escape::cut(&control.title, 120), control.status),
            href: paths::control(edition, &control.id),
        };
        if let Some((_, items)) = groups.last_mut() {
            items.push(item);
        }
    }
    groups
        .into_iter()
        .map(|(group, items)| MapGroup { title: group_title(&group), n: words::number(items.len() as u64), items })
        .collect()
}

/// `organizational` → `Organizational`, `clause` → `Clauses 4 to 10`; domains of 2013 stay.
pub(super) fn group_title(group: &str) -> String {
    if group == "clause" {
        return "Clauses 4 to 10".to_owned();
    }
    let mut chars = escape::cut(group, 80).into_owned();
    if let Some(first) = chars.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    chars
}

/// Gaps in the order of their importance here: those that no exception accepts, then the others.
fn open_first(plan: &Plan<'_>) -> Vec<usize> {
    let mut gaps: Vec<usize> = plan.causes().collect();
    gaps.sort_by_key(|&at| plan.input.gaps[at].exception.is_some());
    gaps
}
