//! What was found: types with their lists, then every resource with its findings.

use super::control_sections::{SetRow, set_row};
use super::{Part, PartView};
use crate::chrome::{self, Chrome};
use crate::plan::Plan;
use crate::row::more;
use crate::{ReportError, Templates, escape, paths, words};
use annexa_model::{FindingStatus, Resource, SetState};
use serde::Serialize;
use std::collections::BTreeMap;

const FINDINGS: usize = 30;
const FACTS: usize = 12;

#[derive(Serialize)]
struct View {
    page: Chrome,
    part: PartView,
    total: String,
    types: Vec<TypeRow>,
    types_total: String,
    lists_total: String,
    lists_open: u64,
    lists_open_words: String,
    rows: Vec<ResourceRow>,
}

#[derive(Serialize)]
struct ListsView {
    page: Chrome,
    part: PartView,
    total: String,
    rows: Vec<SetRow>,
}

/// A resource type over all targets.
#[derive(Default, Serialize)]
pub(super) struct TypeRow {
    kind: String,
    title: String,
    found: u64,
    excluded: u64,
    counted: Option<u64>,
    lists: u64,
    incomplete: u64,
    /// Found in the lists that the source counts, too.
    #[serde(skip)]
    counted_found: u64,
    differs: bool,
    words: TypeWords,
}

#[derive(Default, Serialize)]
struct TypeWords {
    found: String,
    excluded: String,
    counted: Option<String>,
    lists: String,
}

#[derive(Serialize)]
struct ResourceRow {
    anchor: String,
    kind: String,
    name: String,
    id: String,
    place: String,
    excluded: Option<String>,
    known: String,
    unobserved: Vec<String>,
    unobserved_more: Option<String>,
    evidence: Option<String>,
    findings: Vec<FindingLink>,
    findings_total: String,
    findings_more: Option<String>,
    counts: String,
}

#[derive(Serialize)]
struct FindingLink {
    href: String,
    text: String,
    sign: &'static str,
    class: &'static str,
    word: &'static str,
}

/// About how many bytes each resource takes.
pub(super) fn sizes(plan: &Plan<'_>) -> Vec<usize> {
    let text = |text: &str| escape::html_len(&escape::cut(text, 200));
    let size = |resource: &Resource| {
        let findings = plan.findings_of(resource).len().min(FINDINGS);
        let unobserved: usize =
            resource.unobserved.iter().take(FACTS).map(|u| 80 + text(&u.pointer) + text(&u.reason.reason)).sum();
        1_200 + unobserved + findings * 480 + text(&resource.name) + 2 * text(&resource.id) + text(&resource.target)
    };
    plan.input.resources.iter().map(size).collect()
}

/// About how many bytes each list takes.
pub(super) fn list_sizes(plan: &Plan<'_>) -> Vec<usize> {
    plan.input.sets.iter().map(|set| 1_600 + 2 * escape::html_len(&escape::cut(&set.target, 120))).collect()
}

/// The resource types over all targets, by name.
pub(super) fn types(plan: &Plan<'_>) -> Vec<TypeRow> {
    let mut types: BTreeMap<&str, TypeRow> = BTreeMap::new();
    for set in plan.input.sets {
        let row = types.entry(&set.kind).or_default();
        row.found += set.found;
        row.excluded += set.excluded;
        row.lists += 1;
        row.incomplete += u64::from(!matches!(set.state, SetState::Complete | SetState::NotApplicable { .. }));
        if let Some(counted) = set.counted {
            *row.counted.get_or_insert(0) += counted;
            row.counted_found += set.found;
        }
    }
    let titles: BTreeMap<&str, &str> =
        plan.input.targets.iter().flat_map(|t| &t.types).map(|t| (t.kind.as_str(), t.title.as_str())).collect();
    let finish = |(kind, mut row): (&str, TypeRow)| {
        row.kind = escape::cut(kind, 120).into_owned();
        row.title = escape::cut(titles.get(kind).copied().unwrap_or(kind), 120).into_owned();
        row.differs = row.counted.is_some_and(|counted| counted != row.counted_found);
        let whole = row.lists - row.incomplete;
        row.words = TypeWords {
            found: words::number(row.found),
            excluded: words::number(row.excluded),
            counted: row.counted.map(words::number),
            lists: format!("{} of {}", words::number(whole), words::number(row.lists)),
        };
        row
    };
    types.into_iter().map(finish).collect()
}

pub(super) fn render(plan: &Plan<'_>, templates: &Templates, part: &Part) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("inventory", part.number);
    let here = plan.input.resources.get(part.range.clone()).unwrap_or_default();
    let types = if part.number == 0 { types(plan) } else { Vec::new() };
    let open: u64 = types.iter().map(|t| t.incomplete).sum();
    let view = View {
        page: chrome::chrome(plan, &path, "Inventory: what was found"),
        part: part.view("inventory", plan.input.resources.len()),
        total: words::count(plan.input.resources.len() as u64, "resource", "resources"),
        types_total: words::count(types.len() as u64, "type", "types"),
        types,
        lists_total: words::count(plan.input.sets.len() as u64, "list", "lists"),
        lists_open: open,
        lists_open_words: words::number(open),
        rows: here.iter().map(|resource| row(plan, resource)).collect(),
    };
    let bytes = templates.html("inventory.html", &path, &view)?;
    Ok((path, bytes))
}

pub(super) fn render_lists(
    plan: &Plan<'_>,
    templates: &Templates,
    part: &Part,
) -> Result<(String, Vec<u8>), ReportError> {
    let path = paths::part("lists", part.number);
    let view = ListsView {
        page: chrome::chrome(plan, &path, "Lists: which are whole"),
        part: part.view("lists", plan.input.sets.len()),
        total: words::count(plan.input.sets.len() as u64, "list", "lists"),
        rows: plan
            .input
            .sets
            .get(part.range.clone())
            .unwrap_or_default()
            .iter()
            .map(|set| set_row(plan, set))
            .collect(),
    };
    let bytes = templates.html("lists.html", &path, &view)?;
    Ok((path, bytes))
}

fn row(plan: &Plan<'_>, resource: &Resource) -> ResourceRow {
    let findings = plan.findings_of(resource);
    let text = |text: &str| escape::cut(text, 200).into_owned();
    let part = |word: &str, value: &Option<String>| {
        value.as_deref().map_or_else(String::new, |v| format!(" · {word}{}", escape::cut(v, 80)))
    };
    let existence = resource.sources.get("").into_iter().chain(resource.sources.values()).flatten();
    let mut sorted = findings.to_vec();
    sorted.sort_by_key(|&at| crate::plan::attention(&plan.input.findings[at]));
    ResourceRow {
        anchor: paths::anchor('r', &annexa_model::short_hash(&[&resource.kind, &resource.id])),
        kind: escape::cut(&resource.kind, 120).into_owned(),
        name: escape::name(&resource.name, 200).into_owned(),
        id: text(&resource.id),
        place: format!(
            "{}{}{}",
            text(&resource.target),
            part("", &resource.region),
            part("namespace ", &resource.namespace)
        ),
        excluded: resource.excluded.as_deref().map(text),
        known: words::count(resource.facts.len() as u64, "fact known", "facts known"),
        unobserved: resource.unobserved.iter().take(FACTS).map(unobserved).collect(),
        unobserved_more: more(resource.unobserved.len(), FACTS),
        evidence: existence.into_iter().find_map(|id| plan.exchange_href(id)),
        findings: sorted.iter().take(FINDINGS).filter_map(|&at| finding_link(plan, at)).collect(),
        findings_total: words::count(findings.len() as u64, "finding", "findings"),
        findings_more: more(findings.len(), FINDINGS),
        counts: counts(plan, findings),
    }
}

fn unobserved(fact: &annexa_model::Unobserved) -> String {
    let what = if fact.pointer.is_empty() { "everything".into() } else { escape::cut(&fact.pointer, 200) };
    format!("{what}: {}", escape::cut(&fact.reason.reason, 200))
}

fn finding_link(plan: &Plan<'_>, at: usize) -> Option<FindingLink> {
    let finding = plan.input.findings.get(at)?;
    let accepted = finding.exception.is_some();
    Some(FindingLink {
        href: plan.finding_href(at)?,
        text: escape::cut(&finding.check, 120).into_owned(),
        sign: words::finding_sign(finding.status),
        class: words::finding_class(finding.status, accepted),
        word: words::finding_word(finding.status, accepted),
    })
}

/// `2 fail, 1 unknown, 14 pass`.
fn counts(plan: &Plan<'_>, findings: &[usize]) -> String {
    let order = [
        FindingStatus::Fail,
        FindingStatus::Unknown,
        FindingStatus::Manual,
        FindingStatus::NotApplicable,
        FindingStatus::Pass,
    ];
    let n = |status| findings.iter().filter(|&&at| plan.input.findings[at].status == status).count() as u64;
    let word = |status: FindingStatus| {
        (n(status) > 0).then(|| format!("{} {}", words::number(n(status)), words::finding_word(status, false)))
    };
    order.into_iter().filter_map(word).collect::<Vec<_>>().join(", ")
}
