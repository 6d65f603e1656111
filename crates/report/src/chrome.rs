//! What stands on every page: the way around, hosts that are not the provider's own, the foot.

use crate::plan::Plan;
use crate::{TargetReport, escape, paths, words};
use annexa_model::Edition;
use serde::Serialize;

/// What stands on every page.
#[derive(Serialize)]
pub(crate) struct Chrome {
    title: String,
    root: String,
    organization: String,
    nav: Vec<NavItem>,
    foreign: Vec<String>,
    foreign_more: Option<String>,
    replayed: Option<String>,
    engine: String,
    release: String,
    rules: String,
    signed: Option<String>,
    sequence: String,
    previous: Option<String>,
    digest: String,
}

#[derive(Serialize)]
struct NavItem {
    href: String,
    text: &'static str,
    current: bool,
}

/// Hosts named on each page; all stand on the page of targets.
const HOSTS: usize = 8;

/// The chrome of a page at `path`.
pub(crate) fn chrome(plan: &Plan<'_>, path: &str, title: &str) -> Chrome {
    let cover = plan.input.cover;
    let root = paths::root(path);
    let foreign = &plan.foreign_hosts;
    let short = |text: &str| escape::cut(text, 200).into_owned();
    Chrome {
        title: short(title),
        organization: short(&cover.organization),
        nav: nav(plan, path),
        foreign_more: crate::row::more(foreign.len(), HOSTS),
        foreign: foreign.iter().take(HOSTS).cloned().collect(),
        replayed: cover.replayed.as_deref().map(short),
        engine: short(&cover.engine_version),
        release: short(&cover.rules.release),
        rules: rules(plan),
        signed: cover.signed_by.as_deref().map(short),
        sequence: words::number(cover.sequence),
        previous: cover.previous.as_ref().map(|previous| short(&previous.digest)),
        digest: short(&cover.evidence_digest),
        root,
    }
}

/// Hosts that are not the provider's own, with their targets.
pub(crate) fn foreign_hosts(targets: &[TargetReport]) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for target in targets {
        for host in target.hosts.iter().filter(|host| !host.provider_own) {
            hosts.push(format!("{} (target {})", escape::cut(&host.host, 120), escape::cut(&target.name, 80)));
        }
    }
    hosts
}

fn nav(plan: &Plan<'_>, path: &str) -> Vec<NavItem> {
    let leading = paths::control_list(plan.input.cover.edition);
    let item = |href: &str, text: &'static str, folder: &str| NavItem {
        href: href.to_owned(),
        text,
        current: path == href || !folder.is_empty() && path.starts_with(folder),
    };
    let mut items = vec![
        item("index.html", "Overview", ""),
        item(leading, "Controls", "controls"),
        item("checks.html", "Checks", "checks/"),
        item("open.html", "Open", "open-"),
        item("gaps.html", "Gaps", "gaps-"),
        item("inventory.html", "Inventory", "inventory-"),
        item("targets.html", "Targets", "targets-"),
        item("exchanges.html", "Calls", "exchanges"),
        item("exceptions.html", "Exceptions", "exceptions-"),
    ];
    if plan.input.changes.is_some() {
        items.push(item("changes.html", "Changes", "changes-"));
    }
    items
}

/// `0 own, 0 changed, 0 left out`.
pub(crate) fn rules(plan: &Plan<'_>) -> String {
    let rules = &plan.input.cover.rules;
    let n = |list: &[String]| words::number(list.len() as u64);
    format!("{} own, {} changed, {} left out", n(&rules.own), n(&rules.changed), n(&rules.left_out))
}

/// The other edition.
pub(crate) fn other(edition: Edition) -> Edition {
    match edition {
        Edition::E2022 => Edition::E2013,
        Edition::E2013 => Edition::E2022,
    }
}
