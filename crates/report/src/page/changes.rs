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
const KINDS: [(&str, &str, &str, &str); 8] = [
    ("new-fails", "New fails", "new fail", "new fails"),
    ("lapsed", "Fails that are no longer accepted", "fail no longer accepted", "fails no longer accepted"),
    ("newly-unknown", "Newly unknown", "newly unknown", "newly unknown"),
    ("accepted", "Fails that are newly accepted", "fail newly accepted", "fails newly accepted"),
    ("mended", "Mended", "mended", "mended"),
    ("known-again", "Known again", "known again", "known again"),
    ("not-observed", "No longer observed", "no longer observed", "no longer observed"),
    ("other", "Other changes", "other change", "other changes"),
];

/// The changes in numbers, for the overview.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) any: bool,
    kinds: Vec<Count>,
    gaps: Vec<Count>,
    resources_new: String,
    resources_gone: String,
    controls: String,
    rules: String,
}

#[derive(Serialize)]
pub(crate) struct Count {
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
    gaps: Vec<GapRow>,
    gaps_more: Option<String>,
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
    exception: Option<Link>,
}

/// A gap whose acceptance changed.
#[derive(Serialize)]
struct GapRow {
    href: Option<String>,
    operation: String,
    subject: String,
    target: String,
    what: &'static str,
    exception: Option<Link>,
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
        (Some(Fail), Some(Fail)) if change.accepted_now.is_some() => 3,
        (Some(Fail), Some(Fail)) => 1,
        (_, Some(Fail)) => 0,
        (_, Some(Unknown)) => 2,
        (Some(Fail), Some(Pass)) => 4,
        (Some(Unknown), Some(_)) => 5,
        (Some(_), None) => 6,
        _ => 7,
    }
}

/// The changes of findings in the order of the page.
fn ordered(changes: &Changes) -> Vec<&FindingChange> {
    let mut all: Vec<&FindingChange> = changes.findings.iter().collect();
    all.sort_by_key(|change| kind(change));
    all
}

pub(crate) fn summary(changes: &Changes) -> Summary {
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
        gaps: gap_counts(changes),
        resources_new: words::number(changes.resources_new.len() as u64),
        resources_gone: words::number(changes.resources_gone.len() as u64),
        controls: words::number(changes.controls.len() as u64),
        rules: words::number(changes.rules.len() as u64),
    }
}

impl Summary {
    /// What occurs, in one line: `2 new fails, 1 mended, 3 new resources`.
    pub(crate) fn words(&self) -> String {
        let count = |count: &Count| (count.n != "0").then(|| format!("{} {}", count.n, count.word));
        let mut parts: Vec<String> = self.kinds.iter().chain(&self.gaps).filter_map(count).collect();
        let others = [
            (&self.resources_new, "resources new"),
            (&self.resources_gone, "resources gone"),
            (&self.controls, "controls with another status"),
            (&self.rules, "rules that changed"),
        ];
        parts.extend(others.into_iter().filter(|(n, _)| *n != "0").map(|(n, what)| format!("{what}: {n}")));
        parts.join(", ")
    }
}

/// Gaps that became accepted or no longer are; only what occurs.
fn gap_counts(changes: &Changes) -> Vec<Count> {
    let accepted = changes.gaps.iter().filter(|gap| gap.accepted_now.is_some()).count();
    let lapsed = changes.gaps.len() - accepted;
    let counts = [
        (accepted, "gap newly accepted", "gaps newly accepted"),
        (lapsed, "gap no longer accepted", "gaps no longer accepted"),
    ];
    let of = |(n, one, many)| Count {
        n: words::number(n as u64),
        word: if n == 1 { one } else { many },
        href: "changes.html#gaps".to_owned(),
    };
    counts.into_iter().filter(|(n, ..)| *n > 0).map(of).collect()
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
        gaps: changes.gaps.iter().take(if first { SHORT } else { 0 }).map(|gap| gap_row(plan, gap)).collect(),
        gaps_more: more(changes.gaps.len(), SHORT),
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
    let bytes = templates.html("changes.html", &path, &view)?;
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
        before: state(change.before, change.accepted_before.is_some(), "not there"),
        now: state(change.now, change.accepted_now.is_some(), "not observed"),
        exception: exception(plan, &change.accepted_before, &change.accepted_now),
    }
}

/// The exception behind a change: the one that accepts it now, else the one that did.
fn exception(plan: &Plan<'_>, before: &Option<String>, now: &Option<String>) -> Option<Link> {
    let id = now.as_ref().or(before.as_ref())?;
    Some(Link::new(super::exceptions::href(plan, id), escape::cut(id, 80)))
}

fn gap_row(plan: &Plan<'_>, gap: &crate::GapChange) -> GapRow {
    let text = |text: &str| escape::cut(text, 200).into_owned();
    GapRow {
        href: plan.gap_href(&gap.id),
        operation: text(&gap.operation),
        subject: text(&gap.subject),
        target: text(&gap.target),
        what: if gap.accepted_now.is_some() { "newly accepted" } else { "no longer accepted" },
        exception: exception(plan, &gap.accepted_before, &gap.accepted_now),
    }
}

fn state(status: Option<FindingStatus>, accepted: bool, none: &'static str) -> State {
    match status {
        Some(status) => State {
            class: words::finding_class(status, accepted),
            sign: words::finding_sign(status),
            word: words::finding_word(status, accepted),
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
