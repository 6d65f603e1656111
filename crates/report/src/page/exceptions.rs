//! Accepted deviations and gaps: why, by whom, until when, and whether they are used.

use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::plan::Plan;
use crate::row::{Link, more};
use crate::{ReportError, Templates, escape, parts, paths, words};
use annexa_annex::ExceptionUse;
use annexa_model::short_hash;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;

const COVERS: usize = 20;

/// Days before its end from which an exception counts as ending soon.
const SOON: i32 = 30;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    total: String,
    summary: Summary,
    rows: Vec<ExceptionRow>,
}

/// How the exceptions stand, for the overview.
#[derive(Serialize)]
pub(super) struct Summary {
    n: usize,
    total: String,
    used: String,
    expired: String,
    expired_n: usize,
    unused: String,
    unused_n: usize,
    soon: String,
    soon_n: usize,
}

#[derive(Serialize)]
struct ExceptionRow {
    anchor: String,
    id: String,
    subject: String,
    reason: String,
    owner: String,
    approver: String,
    until: String,
    class: &'static str,
    state: String,
    stated_in: String,
    covers: Vec<Link>,
    covers_more: Option<String>,
    used: String,
}

/// Where an exception stands.
pub(crate) fn href(plan: &Plan<'_>, id: &str) -> String {
    let at = plan.input.exceptions.iter().position(|exception| exception.id == id);
    match at {
        Some(at) => format!("{}#{}", paths::part("exceptions", part_of(plan, at)), anchor(id)),
        None => "exceptions.html".to_owned(),
    }
}

/// About how many bytes each exception takes.
pub(super) fn sizes(plan: &Plan<'_>) -> Vec<usize> {
    let text = |text: &str| escape::html_len(&escape::cut(text, 600));
    let size = |e: &ExceptionUse| {
        1_000 + COVERS * 360 + text(&e.subject) + text(&e.reason) + text(&e.owner) + text(&e.approver)
    };
    plan.input.exceptions.iter().map(size).collect()
}

fn part_of(plan: &Plan<'_>, at: usize) -> usize {
    // exceptions are written by people: 200 of them are many, so that this rarely has anything to do
    if plan.input.exceptions.len() < 20 {
        return 0;
    }
    parts::split(sizes(plan)).iter().position(|range| range.contains(&at)).unwrap_or(0)
}

pub(super) fn summary(plan: &Plan<'_>) -> Summary {
    let all = plan.input.exceptions;
    let n = |f: &dyn Fn(&&ExceptionUse) -> bool| all.iter().filter(f).count();
    let (expired, unused) = (n(&|e| e.expired), n(&|e| used(e) == 0 && !e.expired));
    let soon = n(&|e| !e.expired && days_left(plan, e) <= SOON);
    Summary {
        n: all.len(),
        total: words::count(all.len() as u64, "exception", "exceptions"),
        used: words::number(n(&|e| used(e) > 0) as u64),
        expired: words::number(expired as u64),
        expired_n: expired,
        unused: words::number(unused as u64),
        unused_n: unused,
        soon: words::number(soon as u64),
        soon_n: soon,
    }
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("exceptions", part.number);
    let covers = covers(plan);
    let here = plan.input.exceptions.get(part.range.clone()).unwrap_or_default();
    let view = View {
        page: chrome::chrome(plan, &path, "Exceptions: what was accepted"),
        part: part.view("exceptions", plan.input.exceptions.len()),
        total: words::count(plan.input.exceptions.len() as u64, "exception", "exceptions"),
        summary: summary(plan),
        rows: here.iter().map(|exception| row(plan, exception, &covers)).collect(),
    };
    let bytes = templates.html("exceptions.html", &path, &view)?;
    Ok((path, bytes))
}

/// What each exception covers: findings and gaps.
fn covers(plan: &Plan<'_>) -> BTreeMap<String, Vec<Link>> {
    let mut covers: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    let findings = plan.input.findings.iter().enumerate().filter_map(|(at, finding)| {
        let id = finding.exception.clone()?;
        Some((id, Link::new(plan.finding_href(at)?, escape::name(&finding.resource.name, 80))))
    });
    let gaps = plan.input.gaps.iter().filter_map(|gap| {
        let text = format!("gap: {} {}", escape::cut(&gap.operation, 60), escape::cut(&gap.subject, 60));
        Some((gap.exception.clone()?, Link::new(plan.gap_href(&gap.id)?, text)))
    });
    for (id, link) in findings.chain(gaps) {
        covers.entry(id).or_default().push(link);
    }
    covers
}

fn row(plan: &Plan<'_>, e: &ExceptionUse, covers: &BTreeMap<String, Vec<Link>>) -> ExceptionRow {
    let text = |text: &str| escape::cut(text, 600).into_owned();
    let covers = covers.get(&e.id).map(Vec::as_slice).unwrap_or_default();
    let left = days_left(plan, e);
    let (class, state) = match () {
        () if e.expired => ("fail", "expired: it covers nothing".to_owned()),
        () if used(e) == 0 => ("unknown", "unused: nothing here needs it".to_owned()),
        () if left <= SOON => {
            ("unknown", format!("ends in {}", words::count(left.max(0).unsigned_abs().into(), "day", "days")))
        }
        () => ("accepted", "in force".to_owned()),
    };
    ExceptionRow {
        anchor: anchor(&e.id),
        id: escape::cut(&e.id, 120).into_owned(),
        subject: text(&e.subject),
        reason: text(&e.reason),
        owner: text(&e.owner),
        approver: text(&e.approver),
        until: words::date(e.expires),
        class,
        state,
        stated_in: escape::cut(&e.stated_in, 200).into_owned(),
        covers: covers.iter().take(COVERS).cloned().collect(),
        covers_more: more(covers.len(), COVERS),
        used: words::number(used(e)),
    }
}

fn days_left(plan: &Plan<'_>, e: &ExceptionUse) -> i32 {
    let today = plan.input.cover.as_of.to_zoned(TimeZone::UTC).date();
    e.expires.since(today).map_or(0, |span| span.get_days())
}

/// How many findings and gaps an exception covers.
fn used(e: &ExceptionUse) -> u64 {
    e.findings + e.gaps
}

fn anchor(id: &str) -> String {
    paths::anchor('e', &short_hash(&[id]))
}
