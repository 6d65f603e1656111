//! Lists, page by page, and whether they are whole.

use super::Walk;
use super::asker::Asker;
use super::pointer;
use crate::describe::{Ask, Meaning, On, Query};
use annexa_model::{Exchange, FailureKind, Reason};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// No list has more pages than this; a page token that repeats for ever ends here at the latest.
const MOST_PAGES: u32 = 5_000;

/// A list as far as it was seen.
pub(super) struct List {
    /// The items.
    pub(super) items: Vec<Item>,
    /// Whether these are all.
    pub(super) state: ListState,
    /// The exchanges behind the list.
    pub(super) evidence: Vec<String>,
    /// How many there are, by the source's own count.
    pub(super) total: Option<u64>,
}

/// One item of a list.
pub(super) struct Item {
    /// As GitHub gave it, after redaction.
    pub(super) value: Value,
    /// The exchange that it stands in.
    pub(super) evidence: String,
    /// What in it could not be observed: pointers into the item.
    pub(super) holes: Vec<(String, Reason)>,
}

/// Whether a list is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListState {
    Whole,
    Partial(Reason),
    Unobserved(Reason),
    /// There can be none: the plan does not have the feature.
    NotInPlan(String),
}

impl List {
    pub(super) fn unobserved(reason: Reason, evidence: Vec<String>) -> Self {
        Self { items: Vec::new(), state: ListState::Unobserved(reason), evidence, total: None }
    }

    /// A page failed: before any item nothing is known, afterwards some.
    fn broken(&mut self, reason: Reason, first_page: bool) {
        self.state = if first_page { ListState::Unobserved(reason) } else { ListState::Partial(reason) };
    }
}

impl<A: Asker> Walk<'_, A> {
    /// A REST list. `at`: the member of the answer that holds it.
    pub(super) async fn rest_list(&self, ask: &Ask, at: Option<&str>, on: &[On], holds: impl Fn(&str) -> bool) -> List {
        let mut list = List { items: Vec::new(), state: ListState::Whole, evidence: Vec::new(), total: None };
        let mut paging: Vec<(String, String)> = Vec::new();
        let mut seen: BTreeSet<Vec<(String, String)>> = BTreeSet::new();
        for page in 1..=MOST_PAGES {
            let exchange = self.asker.rest(ask, page, &paging).await;
            self.note_evidence(&exchange, &mut list.evidence);
            let body = match self.meaning(&exchange, on, &holds, ask) {
                Ok(body) => body,
                Err(Answered::Is(Meaning::Empty | Meaning::Absent, _)) => return list,
                Err(Answered::Is(Meaning::NotInPlan, because)) => {
                    list.state = ListState::NotInPlan(because);
                    return list;
                }
                Err(Answered::Is(..)) => return list,
                Err(Answered::Gap(reason)) => {
                    list.broken(reason, page == 1);
                    return list;
                }
            };
            let Some(items) = at.map_or(Some(body), |at| body.get(at)).and_then(Value::as_array) else {
                let reason = self.gap(&exchange, ask, FailureKind::Invalid, "the answer holds no list");
                list.broken(reason, page == 1);
                return list;
            };
            list.total = list.total.or_else(|| body.get("total_count").and_then(Value::as_u64));
            list.items.extend(items.iter().map(|value| Item {
                value: value.clone(),
                evidence: exchange.id.clone(),
                holes: Vec::new(),
            }));
            match next_page(&exchange) {
                None => {
                    self.reconcile(&mut list, &exchange, ask);
                    return list;
                }
                Some(next) if seen.insert(next.clone()) => paging = next,
                Some(_) => {
                    let reason = self.gap(&exchange, ask, FailureKind::Invalid, "the link to the next page repeats");
                    list.broken(reason, false);
                    return list;
                }
            }
        }
        list.broken(too_long(), false);
        list
    }

    /// A connection of a GraphQL query.
    pub(super) async fn query_list(&self, ask: &Ask, query: &Query, holds_size: u32) -> List {
        let mut list = List { items: Vec::new(), state: ListState::Whole, evidence: Vec::new(), total: None };
        let connection_key = query.connection_key().unwrap_or("");
        let items_key = if query.edges { "edges" } else { "nodes" };
        let (mut after, mut seen) = (None::<String>, BTreeSet::new());
        for page in 1..=MOST_PAGES {
            let exchange = self.asker.query(ask, page, after.as_deref(), Some(holds_size)).await;
            self.note_evidence(&exchange, &mut list.evidence);
            let body = match self.meaning(&exchange, &[], &|_| false, ask) {
                Ok(body) => body,
                Err(Answered::Gap(reason)) => {
                    list.broken(reason, page == 1);
                    return list;
                }
                Err(Answered::Is(..)) => return list,
            };
            let errors = self.graphql_errors(&exchange, ask);
            let connection = &body["data"][query.root_key()][connection_key];
            let Some(items) = connection[items_key].as_array() else {
                let reason = errors.into_iter().next().map_or_else(
                    || self.gap(&exchange, ask, FailureKind::Invalid, "the answer holds no list"),
                    |(_, reason)| reason,
                );
                list.broken(reason, page == 1);
                return list;
            };
            list.total = connection["totalCount"].as_u64().or(list.total);
            let place = format!("/{}/{connection_key}/{items_key}", query.root_key());
            for (index, value) in items.iter().enumerate() {
                let here = format!("{place}/{index}");
                let holes = holes_below(&errors, &here, value);
                if value.is_null() {
                    // somebody is there, but nobody knows who
                    let reason = holes.into_iter().next().map_or_else(
                        || self.gap(&exchange, ask, FailureKind::Denied, "GitHub hides an item of the list"),
                        |(_, reason)| reason,
                    );
                    list.state = ListState::Partial(reason);
                    continue;
                }
                list.items.push(Item { value: value.clone(), evidence: exchange.id.clone(), holes });
            }
            // an error about the list as a whole, or about nobody knows what
            if let Some((_, reason)) = errors.iter().find(|(at, _)| at.is_empty() || place.starts_with(at.as_str())) {
                list.state = ListState::Partial(reason.clone());
            }
            let next = connection["pageInfo"]["endCursor"].as_str().map(str::to_owned);
            match (connection["pageInfo"]["hasNextPage"].as_bool(), next) {
                (Some(false), _) => {
                    self.reconcile(&mut list, &exchange, ask);
                    return list;
                }
                (Some(true), Some(next)) if seen.insert(next.clone()) => after = Some(next),
                _ => {
                    let reason = self.gap(
                        &exchange,
                        ask,
                        FailureKind::Invalid,
                        "the way to the next page is missing or repeats",
                    );
                    list.broken(reason, false);
                    return list;
                }
            }
        }
        list.broken(too_long(), false);
        list
    }

    /// Things move while pages are read: items that came twice are dropped, and the source's own count must be reached.
    fn reconcile(&self, list: &mut List, last: &Arc<Exchange>, ask: &Ask) {
        let mut seen = BTreeSet::new();
        list.items.retain(|item| {
            let id =
                ["node_id", "id"].iter().find_map(|key| item.value.get(key)).or_else(|| item.value.pointer("/node/id"));
            id.is_none_or(|id| seen.insert(id.to_string()))
        });
        let found = list.items.len() as u64;
        if let Some(total) = list.total.filter(|total| *total > found)
            && list.state == ListState::Whole
        {
            let message = format!("GitHub counts {total}, but listed {found}");
            list.state = ListState::Partial(self.gap(last, ask, FailureKind::Invalid, &message));
        }
    }

    fn note_evidence(&self, exchange: &Exchange, evidence: &mut Vec<String>) {
        // what was never asked is no evidence
        if exchange.attempts > 0 || exchange.answer.is_some() {
            evidence.push(exchange.id.clone());
        }
    }
}

fn too_long() -> Reason {
    Reason { reason: format!("the list has more than {MOST_PAGES} pages"), gap: None }
}

/// What an answer without a body to read says.
pub(super) enum Answered {
    /// A description says what the status means, and why.
    Is(Meaning, String),
    /// Nobody knows.
    Gap(Reason),
}

/// The errors that concern an item, as pointers into it: the deepest place that is still there.
pub(super) fn holes_below(errors: &[(String, Reason)], here: &str, value: &Value) -> Vec<(String, Reason)> {
    let below = errors.iter().filter_map(|(at, reason)| {
        let rest = at.strip_prefix(here)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| (pointer::first_gap(value, rest), reason.clone()))
    });
    below.collect()
}

/// The query parameters of the next page: GitHub's links lead to addresses of its own kind (`/organizations/1/…`), so
/// only what they say of the page is taken.
fn next_page(exchange: &Exchange) -> Option<Vec<(String, String)>> {
    let link = exchange.answer.as_ref()?.headers.get("link")?.as_str()?;
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let query = address.split_once('?')?.1;
    let paging = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let paging: Vec<_> =
        paging.filter(|(name, _)| matches!(name.as_str(), "page" | "after" | "before" | "cursor")).collect();
    Some(paging)
}
