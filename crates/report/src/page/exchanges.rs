//! The list of recorded calls by target and operation, and the pages that show each exchange.

use super::calls::{CallGroup, call_group};
use super::{Part, PartView, part_view};
use crate::chrome::{self, Chrome};
use crate::exchange_view::{self, ExchangeView};
use crate::plan::Plan;
use crate::row::Link;
use crate::{ReportError, Templates, body, escape, paths, words};
use serde::Serialize;

#[derive(Serialize)]
struct ListView {
    page: Chrome,
    part: PartView,
    total: String,
    groups_total: String,
    groups: Vec<CallGroup>,
}

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    title: String,
    file: Link,
    total: String,
    exchanges: Vec<ExchangeView>,
}

/// About how many bytes each group of calls takes in the list.
pub(super) fn list_sizes(plan: &Plan<'_>) -> Vec<usize> {
    let size = |group: &crate::recorded::Group| {
        2_000 + 2 * escape::html_len(&escape::cut(&group.operation, 160)) + group.filter.len().min(20) * 300
    };
    plan.files.groups.iter().map(size).collect()
}

pub(super) fn render_list(
    plan: &Plan<'_>,
    templates: &Templates,
    part: &Part,
) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("exchanges", part.number);
    let mut metas: Vec<Vec<usize>> = vec![Vec::new(); plan.files.groups.len()];
    for (at, meta) in plan.files.metas.iter().enumerate() {
        if let Some(group) = metas.get_mut(meta.group) {
            group.push(at);
        }
    }
    let group = |at: usize| metas.get(at).and_then(|metas| call_group(plan, at, metas));
    let view = ListView {
        page: chrome::chrome(plan, &path, "Calls: what was asked of whom"),
        part: part.view("exchanges", plan.files.groups.len()),
        total: words::count(plan.files.metas.len() as u64, "call", "calls"),
        groups_total: words::count(plan.files.groups.len() as u64, "kind of call", "kinds of call"),
        groups: part.range.clone().filter_map(group).collect(),
    };
    let bytes = templates.html("exchanges.html", &path, &view)?;
    Ok((path, bytes))
}

pub(super) fn render(
    plan: &Plan<'_>,
    templates: &Templates,
    at: usize,
    part: usize,
) -> Result<(String, Vec<u8>), ReportError> {
    let (Some(file), Some(range)) =
        (plan.files.files.get(at), plan.files.files.get(at).and_then(|file| file.parts.get(part)))
    else {
        return Err(ReportError::Render { page: "exchanges".to_owned(), problem: "there is no such file".to_owned() });
    };
    let path = paths::part(&file.base, part);
    let metas = plan.files.metas.get(file.range.start + range.start..file.range.start + range.end).unwrap_or_default();
    let recorded = metas.iter().filter_map(|meta| plan.input.exchanges.get(&meta.id));
    let exchanges: Vec<ExchangeView> =
        recorded.map(|recorded| exchange_view::view(plan, &recorded, body::WHOLE)).collect();
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let name = name.strip_suffix(".jsonl").unwrap_or(name);
    let view = View {
        page: chrome::chrome(plan, &path, name),
        part: part_view(&file.base, part, range, file.range.len()),
        title: escape::cut(name, 160).into_owned(),
        file: Link::new(paths::link(&file.path), escape::cut(&file.path, 300)),
        total: words::count(file.range.len() as u64, "call", "calls"),
        exchanges,
    };
    let bytes = templates.html("calls.html", &path, &view)?;
    Ok((path, bytes))
}
