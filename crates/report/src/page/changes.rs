//! What is different from the previous bundle.

use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::input::{Changes, FindingChange};
use crate::plan::Plan;
use crate::row::{Link, more};
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{FindingStatus, ResourceRef};
use serde::Serialize;

const SHORT: usize = 60;

/// What happened to a finding, in the order of the page.
const KINDS: [(&str, &str, &str, &str); 6] = [
    ("new-fails", "New fails", "new fail", "new fails"),
    ("newly-unknown", "Newly unknown", "newly unknown", "newly unknown"),
    ("mended", "Mended", "mended", "mended"),
    ("known-again", "Known again", "known again", "known again"),
    ("not-observed", "No longer observed", "no longer observed", "no longer observed"),
    ("other", "Other changes", "other change", "other changes"),
];

/// The changes in numbers, for the overview.
#[derive(Serialize)]
pub(super) struct Summary {
    any: bool,
    kinds: Vec<Count>,
    resources_new: String,
    resources_gone: String,
    controls: String,
    rules: String,
}

#[derive(Serialize)]
struct Count {
    n: String,
    word: &'static str,
    href: String,
}

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    summary: Summary,
    previous: Option<String>,
    total: String,
    sections: Vec<Section>,
    controls: Vec<ControlRow>,
    resources_new: Vec<String>,
    resources_new_more: Option<String>,
    resources_gone: Vec<String>,
    resources_gone_more: Option<String>,
    rules: Vec<String>,
    rules_more: Option<String>,
}

#[derive(Serialize)]
struct Section {
    anchor: &'static str,
    title: &'static str,
    n: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    href: Option<String>,
    resource: String,
    place: String,
    check: String,
    message: String,
    before: State,
    now: State,
}

#[derive(Serialize)]
struct State {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
}

#[derive(Serialize)]
struct ControlRow {
    control: Link,
    before: &'static str,
    now: &'static str,
    before_sign: &'static str,
    now_sign: &'static str,
}

/// Index into [`KINDS`].
fn kind(change: &FindingChange) -> usize {
    use FindingStatus::{Fail, Pass, Unknown};
    match (change.before, change.now) {
        (_, Some(Fail)) => 0,
        (_, Some(Unknown)) => 1,
        (Some(Fail), Some(Pass)) => 2,
        (Some(Unknown), Some(_)) => 3,
        (Some(_), None) => 4,
        _ => 5,
    }
}

/// The changes of findings in the order of the page.
fn ordered(changes: &Changes) -> Vec<&FindingChange> {
    let mut all: Vec<&FindingChange> = changes.findings.iter().collect();
    all.sort_by_key(|change| kind(change));
    all
}

pub(super) fn summary(changes: &Changes) -> Summary {
    let count = |at: usize| {
        let (anchor, _, one, many) = KINDS[at];
        let before = changes.findings.iter().filter(|change| kind(change) < at).count();
        let part = crate::parts::split(sizes(changes)).iter().position(|range| range.contains(&before)).unwrap_or(0);
        let n = changes.findings.iter().filter(|change| kind(change) == at).count();
        let anchor = if n > 0 { format!("#{anchor}") } else { String::new() };
        Count {
            n: words::number(n as u64),
            word: if n == 1 { one } else { many },
            href: format!("{}{anchor}", paths::part("changes", part)),
        }
    };
    Summary {
        any: *changes != Changes::default(),
        kinds: (0..KINDS.len()).map(count).collect(),
        resources_new: words::number(changes.resources_new.len() as u64),
        resources_gone: words::number(changes.resources_gone.len() as u64),
        controls: words::number(changes.controls.len() as u64),
        rules: words::number(changes.rules.len() as u64),
    }
}

/// About how many bytes each change takes.
pub(super) fn sizes(changes: &Changes) -> Vec<usize> {
    let text = |text: &str| escape::html_len(&escape::cut(text, 200));
    let size =
        |c: &&FindingChange| 1_000 + text(&c.message) + text(&c.check) + text(&c.resource.name) + text(&c.target);
    ordered(changes).iter().map(size).collect()
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("changes", part.number);
    let none = Changes::default();
    let changes = plan.input.changes.unwrap_or(&none);
    let all = ordered(changes);
    let here = all.get(part.range.clone()).unwrap_or_default();
    let first = part.number == 0;
    let names = |list: &[ResourceRef]| -> Vec<String> {
        list.iter()
            .take(if first { SHORT } else { 0 })
            .map(|r| format!("{} {}", escape::cut(&r.kind, 80), escape::name(&r.name, 120)))
            .collect()
    };
    let view = View {
        page: chrome::chrome(plan, &path, "Changes since the previous bundle"),
        part: part.view("changes", all.len()),
        summary: summary(changes),
        previous: plan.input.cover.previous.as_ref().map(|previous| words::number(previous.sequence)),
        total: words::count(all.len() as u64, "finding", "findings"),
        sections: sections(plan, changes, here),
        controls: if first { controls(changes) } else { Vec::new() },
        resources_new: names(&changes.resources_new),
        resources_new_more: more(changes.resources_new.len(), SHORT),
        resources_gone: names(&changes.resources_gone),
        resources_gone_more: more(changes.resources_gone.len(), SHORT),
        rules: changes
            .rules
            .iter()
            .take(if first { SHORT } else { 0 })
            .map(|rule| escape::cut(rule, 200).into_owned())
            .collect(),
        rules_more: more(changes.rules.len(), SHORT),
    };
    let bytes = templates.html("changes", &path, &view)?;
    Ok((path, bytes))
}

fn sections(plan: &Plan<'_>, changes: &Changes, here: &[&FindingChange]) -> Vec<Section> {
    let of = |(at, (anchor, title, ..)): (usize, (&'static str, &'static str, &str, &str))| {
        let rows: Vec<Row> = here.iter().filter(|change| kind(change) == at).map(|change| row(plan, change)).collect();
        let all = changes.findings.iter().filter(|change| kind(change) == at).count();
        (!rows.is_empty()).then(|| Section {
            anchor,
            title,
            n: format!("{} of {}", words::number(rows.len() as u64), words::number(all as u64)),
            rows,
        })
    };
    KINDS.into_iter().enumerate().filter_map(of).collect()
}

fn row(plan: &Plan<'_>, change: &FindingChange) -> Row {
    let region =
        change.resource.region.as_deref().map_or_else(String::new, |region| format!(" · {}", escape::cut(region, 60)));
    Row {
        href: plan.finding_href_by_id(&change.id),
        resource: escape::name(&change.resource.name, 200).into_owned(),
        place: format!("{}{region}", escape::cut(&change.target, 120)),
        check: escape::cut(&change.check, 200).into_owned(),
        message: escape::cut(&change.message, 200).into_owned(),
        before: state(change.before, "not there"),
        now: state(change.now, "not observed"),
    }
}

fn state(status: Option<FindingStatus>, none: &'static str) -> State {
    match status {
        Some(status) => State {
            class: words::finding_class(status, false),
            sign: words::finding_sign(status),
            word: words::finding_word(status, false),
        },
        None => State { class: "none", sign: "–", word: none },
    }
}

fn controls(changes: &Changes) -> Vec<ControlRow> {
    let of = |change: &crate::ControlChange| ControlRow {
        control: Link::new(
            paths::control(change.edition, &change.id),
            format!("{} ({})", escape::cut(&change.id, 20), change.edition),
        ),
        before: change.before.as_str(),
        now: change.now.as_str(),
        before_sign: words::control_sign(change.before),
        now_sign: words::control_sign(change.now),
    };
    changes.controls.iter().take(230).map(of).collect()
}
