//! One finding as a row of a table.

use crate::plan::{Plan, link_size};
use crate::recorded::Meta;
use crate::{body, escape, paths, words};
use annexa_model::{Finding, FindingStatus};
use serde::Serialize;

const MESSAGE: usize = 600;
const NAME: usize = 120;
const ID: usize = 300;
const VALUES: usize = 8;
const VALUE: usize = 200;
const SHORT_VALUE: usize = 60;
const OPERATION: usize = 60;
const LINKS: usize = 8;

/// A link in a list.
#[derive(Clone, Serialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) text: String,
}

impl Link {
    pub(crate) fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { href: href.into(), text: text.into() }
    }
}

/// A finding as a row.
#[derive(Serialize)]
pub(crate) struct Row {
    anchor: String,
    sign: &'static str,
    word: &'static str,
    class: &'static str,
    /// Set for fails and unknowns.
    severity: Option<&'static str>,
    name: String,
    id: String,
    place: String,
    message: String,
    observed: Vec<Value>,
    observed_more: Option<String>,
    evidence: Vec<Link>,
    evidence_more: Option<String>,
    missing: Option<String>,
    gaps: Vec<Link>,
    exception: Option<Link>,
    /// The check, on pages that show several.
    pub(crate) check: Option<Link>,
}

#[derive(Serialize)]
pub(crate) struct Value {
    name: String,
    value: String,
}

/// The row of a finding.
pub(crate) fn row(plan: &Plan<'_>, at: usize) -> Option<Row> {
    let finding = plan.input.findings.get(at)?;
    let accepted = finding.exception.is_some();
    let mut missing = 0;
    let mut evidence = Vec::new();
    for meta in plan.files.metas_of(at) {
        if evidence.len() == LINKS {
            break;
        }
        match meta {
            Some(meta) => {
                evidence.push(Link::new(&meta.href, evidence_text(plan, meta, evidence.len() + 1)));
            }
            None => missing += 1,
        }
    }
    let rest = finding.evidence.len().saturating_sub(LINKS + missing);
    Some(Row {
        anchor: paths::anchor('f', &finding.id),
        sign: words::finding_sign(finding.status),
        word: words::finding_word(finding.status, accepted),
        class: words::finding_class(finding.status, accepted),
        severity: matches!(finding.status, FindingStatus::Fail | FindingStatus::Unknown)
            .then(|| finding.severity.as_str()),
        name: escape::name(&finding.resource.name, NAME).into_owned(),
        id: escape::cut(&finding.resource.id, ID).into_owned(),
        place: place(finding),
        message: escape::cut(&finding.message, MESSAGE).into_owned(),
        observed: observed(finding, VALUE),
        observed_more: more(finding.observed.len(), VALUES),
        evidence,
        evidence_more: (rest > 0).then(|| words::number(rest as u64)),
        missing: (missing > 0).then(|| words::number(missing as u64)),
        gaps: finding
            .gaps
            .iter()
            .take(LINKS)
            .filter_map(|id| plan.gap_href(id))
            .enumerate()
            .map(|(i, href)| Link::new(href, format!("gap {}", i + 1)))
            .collect(),
        exception: finding.exception.as_deref().map(|id| exception(plan, id)),
        check: None,
    })
}

/// About how many bytes a row takes.
pub(crate) fn size(finding: &Finding) -> usize {
    let observed: usize = finding
        .observed
        .iter()
        .take(VALUES)
        .map(|(name, value)| {
            40 + escape::html_len(&escape::cut(name, NAME)) + escape::html_len(&escape::cut(&body::plain(value), VALUE))
        })
        .sum();
    let links = finding.evidence.len().min(LINKS) + finding.gaps.len().min(LINKS);
    900 + observed
        + links * (link_size("") + 2 * OPERATION)
        + escape::html_len(&escape::cut(&finding.message, MESSAGE))
        + escape::html_len(&escape::cut(&finding.resource.name, NAME))
        + escape::html_len(&escape::cut(&finding.resource.id, ID))
        + escape::html_len(&place(finding))
}

/// `prod · eu-central-1`, `shop · namespace payments`.
pub(crate) fn place(finding: &Finding) -> String {
    let mut place = escape::cut(&finding.target, NAME).into_owned();
    if let Some(region) = &finding.resource.region {
        place.push_str(" · ");
        place.push_str(&escape::cut(region, NAME));
    }
    if let Some(namespace) = &finding.resource.namespace {
        place.push_str(" · namespace ");
        place.push_str(&escape::cut(namespace, NAME));
    }
    place
}

/// `and 12 more`, when a list is longer than what is shown of it.
pub(crate) fn more(len: usize, shown: usize) -> Option<String> {
    (len > shown).then(|| words::number((len - shown) as u64))
}

/// `1 ListBuckets`: which call stands behind a number.
fn evidence_text(plan: &Plan<'_>, meta: &Meta, n: usize) -> String {
    let group = plan.files.groups.get(meta.group);
    let operation = group.map_or("", |group| group.operation.as_str());
    // the service stands in the evidence's path, and in a narrow column it is in the way
    let operation = operation.split_once(':').map_or(operation, |(_, operation)| operation);
    format!("{n} {}", escape::cut(operation, OPERATION))
}

impl Row {
    /// Leaves of each value what fits into a list of many findings.
    pub(crate) fn shortened(mut self, finding: &Finding) -> Self {
        self.observed = observed(finding, SHORT_VALUE);
        self
    }
}

fn observed(finding: &Finding, max: usize) -> Vec<Value> {
    finding
        .observed
        .iter()
        .take(VALUES)
        .map(|(name, value)| Value {
            name: escape::cut(name, NAME).into_owned(),
            value: match (value, body::plain(value)) {
                (serde_json::Value::Null, _) => "not set".to_owned(),
                // the beginning of a long list or object says nothing
                (serde_json::Value::Object(members), text) if text.len() > max => {
                    format!("{} (in findings.jsonl)", words::count(members.len() as u64, "value", "values"))
                }
                (serde_json::Value::Array(items), text) if text.len() > max => {
                    format!("{} (in findings.jsonl)", words::count(items.len() as u64, "item", "items"))
                }
                (_, text) => escape::cut(&text, max).into_owned(),
            },
        })
        .collect()
}

fn exception(plan: &Plan<'_>, id: &str) -> Link {
    let until = plan.exception(id).map_or_else(String::new, |e| format!("accepted until {}", words::date(e.expires)));
    let text = if until.is_empty() { "accepted".to_owned() } else { until };
    Link::new(crate::page::exceptions::href(plan, id), text)
}
