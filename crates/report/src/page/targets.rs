//! Who was asked: each target with its identity, hosts and counts.

use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::plan::Plan;
use crate::{ReportError, TargetReport, Templates, TypeCount, escape, parts, paths, words};
use annexa_model::short_hash;
use serde::Serialize;

const TYPES: usize = 150;
const HOSTS: usize = 60;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    total: String,
    targets: Vec<TargetView>,
}

/// A target in the overview's table.
#[derive(Serialize)]
pub(super) struct TargetRow {
    name: String,
    kind: &'static str,
    href: String,
    identity: Option<String>,
    caller: Option<String>,
    hosts: String,
    foreign: bool,
    resources: String,
    asked: String,
    answered: String,
    denied: String,
    failed: String,
    excluded: String,
}

#[derive(Serialize)]
struct TargetView {
    anchor: String,
    row: TargetRow,
    notes: Vec<String>,
    clock: Option<String>,
    left_out: Vec<String>,
    hosts: Vec<HostView>,
    hosts_more: Option<String>,
    types: Vec<TypeView>,
    types_more: Option<String>,
}

#[derive(Serialize)]
struct HostView {
    host: String,
    tls: String,
    own: bool,
}

#[derive(Serialize)]
struct TypeView {
    title: String,
    kind: String,
    found: String,
    asked: String,
    answered: String,
    denied: String,
    excluded: String,
    counted: Option<String>,
    differs: bool,
}

/// About how many bytes each target takes.
pub(super) fn sizes(plan: &Plan<'_>) -> Vec<usize> {
    let size =
        |target: &TargetReport| 4_000 + target.types.len().min(TYPES) * 700 + target.hosts.len().min(HOSTS) * 800;
    plan.input.targets.iter().map(size).collect()
}

pub(super) fn row(plan: &Plan<'_>, at: usize, target: &TargetReport) -> TargetRow {
    let hosts: Vec<String> = target.hosts.iter().take(3).map(|h| escape::cut(&h.host, 100).into_owned()).collect();
    let rest = target.hosts.len().saturating_sub(3);
    let more = if rest > 0 { format!(" and {} more", words::number(rest as u64)) } else { String::new() };
    let part = parts::split(sizes(plan)).iter().position(|range| range.contains(&at)).unwrap_or(0);
    let sum = |f: fn(&TypeCount) -> u64| words::number(target.types.iter().map(f).sum());
    TargetRow {
        name: escape::cut(&target.name, 120).into_owned(),
        kind: words::kind(target.kind),
        href: format!("{}#{}", paths::part("targets", part), anchor(target)),
        identity: target
            .identity
            .as_ref()
            .map(|identity| format!("{} {}", escape::cut(&identity.label, 80), escape::cut(&identity.id, 120))),
        caller: target.identity.as_ref().map(|identity| escape::cut(&identity.caller, 200).into_owned()),
        hosts: hosts.join(", ") + &more,
        foreign: target.hosts.iter().any(|host| !host.provider_own),
        resources: sum(|t| t.found),
        asked: words::number(target.asked),
        answered: words::number(target.answered),
        denied: words::number(target.denied),
        failed: words::number(target.failed),
        excluded: sum(|t| t.excluded),
    }
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("targets", part.number);
    let view = View {
        page: chrome::chrome(plan, &path, "Targets: who was asked"),
        part: part.view("targets", plan.input.targets.len()),
        total: words::count(plan.input.targets.len() as u64, "target", "targets"),
        targets: part
            .range
            .clone()
            .filter_map(|at| plan.input.targets.get(at).map(|target| view_of(plan, at, target)))
            .collect(),
    };
    let bytes = templates.html("targets.html", &path, &view)?;
    Ok((path, bytes))
}

fn view_of(plan: &Plan<'_>, at: usize, target: &TargetReport) -> TargetView {
    let notes = target.identity.as_ref().map(|identity| identity.notes.as_slice()).unwrap_or_default();
    let short = |text: &String| escape::cut(text, 200).into_owned();
    TargetView {
        anchor: anchor(target),
        row: row(plan, at, target),
        notes: notes.iter().take(12).map(short).collect(),
        clock: target.clock_difference.map(clock),
        left_out: target.left_out.iter().take(40).map(short).collect(),
        hosts: target.hosts.iter().take(HOSTS).map(host).collect(),
        hosts_more: crate::row::more(target.hosts.len(), HOSTS),
        types: target.types.iter().take(TYPES).map(type_view).collect(),
        types_more: crate::row::more(target.types.len(), TYPES),
    }
}

fn host(host: &crate::HostReport) -> HostView {
    HostView {
        host: escape::cut(&host.host, 200).into_owned(),
        tls: escape::cut(&host.tls.join(", "), 400).into_owned(),
        own: host.provider_own,
    }
}

fn type_view(count: &TypeCount) -> TypeView {
    TypeView {
        title: escape::cut(&count.title, 100).into_owned(),
        kind: escape::cut(&count.kind, 100).into_owned(),
        found: words::number(count.found),
        asked: words::number(count.asked),
        answered: words::number(count.answered),
        denied: words::number(count.denied),
        excluded: words::number(count.excluded),
        counted: count.counted.map(words::number),
        differs: count.counted.is_some_and(|counted| counted != count.found),
    }
}

fn clock(seconds: f64) -> String {
    format!("{:.1} seconds", seconds.abs())
}

fn anchor(target: &TargetReport) -> String {
    paths::anchor('t', &short_hash(&[&target.name]))
}
