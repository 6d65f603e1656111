//! The list of an edition's controls, by what this bundle shows.

use crate::chrome::{self, Chrome};
use crate::plan::Plan;
use crate::row::Link;
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{ControlRecord, ControlStatus, Edition};
use serde::Serialize;

/// What needs attention first.
const ORDER: [ControlStatus; 7] = [
    ControlStatus::Deviation,
    ControlStatus::Incomplete,
    ControlStatus::Supported,
    ControlStatus::Partial,
    ControlStatus::Manual,
    ControlStatus::None,
    ControlStatus::Excluded,
];

#[derive(Serialize)]
struct View {
    page: Chrome,
    edition: &'static str,
    other: Link,
    leads: bool,
    total: String,
    sections: Vec<Section>,
    clauses: Vec<ControlRow>,
    clauses_total: String,
}

#[derive(Serialize)]
struct Section {
    status: &'static str,
    sign: &'static str,
    meaning: &'static str,
    n: String,
    total: String,
    rows: Vec<ControlRow>,
}

/// A control in a list.
#[derive(Serialize)]
struct ControlRow {
    href: String,
    id: String,
    title: String,
    group: String,
    status: &'static str,
    sign: &'static str,
    sentence: String,
    corresponds: Vec<Link>,
    stated: Option<String>,
}

pub(super) fn render(
    plan: &Plan<'_>,
    templates: &Templates,
    edition: Edition,
) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::control_list(edition);
    let (annex, clauses): (Vec<&ControlRecord>, Vec<&ControlRecord>) =
        super::overview::of_edition(plan, edition).partition(|c| c.id.starts_with("A."));
    let total = words::number(annex.len() as u64);
    let section = |status: ControlStatus| {
        let rows: Vec<ControlRow> = annex.iter().filter(|c| c.status == status).map(|c| row(plan, c)).collect();
        Section {
            status: status.as_str(),
            sign: words::control_sign(status),
            meaning: words::control_meaning(status),
            n: words::number(rows.len() as u64),
            total: total.clone(),
            rows,
        }
    };
    let other = chrome::other(edition);
    let view = View {
        page: chrome::chrome(plan, path, &format!("Controls of {}", words::edition(edition))),
        edition: words::edition(edition),
        other: Link::new(paths::control_list(other), words::edition(other)),
        leads: edition == plan.input.cover.edition,
        sections: ORDER.into_iter().map(section).collect(),
        total,
        clauses_total: words::number(clauses.len() as u64),
        clauses: clauses.into_iter().map(|control| row(plan, control)).collect(),
    };
    Ok((path.to_owned(), templates.html("controls.html", path, &view)?))
}

fn row(plan: &Plan<'_>, control: &ControlRecord) -> ControlRow {
    let other = chrome::other(control.edition);
    ControlRow {
        href: paths::control(control.edition, &control.id),
        id: escape::cut(&control.id, 20).into_owned(),
        title: escape::cut(&control.title, 200).into_owned(),
        group: super::overview::group_title(&control.group),
        status: control.status.as_str(),
        sign: words::control_sign(control.status),
        sentence: escape::cut(&control.sentence, 400).into_owned(),
        corresponds: control
            .corresponds_to
            .iter()
            .filter(|id| plan.has_control(other, id))
            .take(30)
            .map(|id| Link::new(paths::control(other, id), escape::cut(id, 20)))
            .collect(),
        stated: control.stated_in.as_deref().map(|place| escape::cut(place, 120).into_owned()),
    }
}
