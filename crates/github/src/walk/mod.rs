//! The one walk through an organization, as the descriptions say it: lists, then the facts of each item.
//!
//! Collecting and extracting are the same walk with another [`Asker`]: the network, or the evidence. So extraction
//! expects exactly the calls that collection makes, and one that is missing is a gap.

pub(crate) mod asker;
mod facts;
mod gaps;
mod list;
pub(crate) mod pointer;
mod thing;

pub(crate) use thing::{FactState, Thing};

use crate::describe::{Ask, Descriptions, Found, PathTemplate, TypeFile};
use annexa_model::{Extraction, Gap, Reason, Resource, ResourceSet, SetState};
use asker::Asker;
use futures::StreamExt as _;
use list::{Item, List, ListState};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A walk under way.
pub(crate) struct Walk<'a, A> {
    descriptions: &'a Descriptions,
    target: &'a str,
    organization: &'a str,
    asker: A,
    concurrency: usize,
    gaps: Mutex<BTreeMap<String, Gap>>,
}

/// All resources of one type, and whether these are all.
struct Set {
    things: Vec<Arc<Thing>>,
    state: SetState,
    evidence: Vec<String>,
    /// How many there are by an independent count.
    counted: Option<u64>,
}

impl<'a, A: Asker> Walk<'a, A> {
    pub(crate) fn new(
        descriptions: &'a Descriptions,
        target: &'a str,
        organization: &'a str,
        asker: A,
        concurrency: usize,
    ) -> Self {
        Self { descriptions, target, organization, asker, concurrency: concurrency.max(1), gaps: Mutex::default() }
    }

    pub(crate) fn asker(&self) -> &A {
        &self.asker
    }

    /// Walks through the wanted types and those above them; all when none is given.
    pub(crate) async fn run(&self, wanted: Option<&[String]>) -> Extraction {
        let mut sets: BTreeMap<&str, Set> = BTreeMap::new();
        for file in self.descriptions.types.iter().filter(|file| self.is_wanted(file, wanted)) {
            if self.asker.stopped() {
                break;
            }
            let mut set = self.set(file, &sets).await;
            let organization = sets.get("github.organization").and_then(|set| set.things.first());
            self.count(file, &mut set, organization.map(AsRef::as_ref));
            sets.insert(&file.name.value, set);
        }
        let mut extraction = Extraction::default();
        for (kind, set) in sets {
            extraction.sets.push(set.record(kind, self.target));
            extraction.resources.extend(set.things.into_iter().map(|thing| thing.resource(self.target)));
        }
        extraction.resources.sort_by(|a: &Resource, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
        let gaps = std::mem::take(&mut *self.gaps.lock().unwrap_or_else(PoisonError::into_inner));
        extraction.gaps = gaps.into_values().collect();
        extraction
    }

    /// A type is walked when it, or one below it, is wanted. The organization says who answers: always.
    fn is_wanted(&self, file: &TypeFile, wanted: Option<&[String]>) -> bool {
        let name = &file.name.value;
        let Some(wanted) = wanted else { return true };
        let below = |other: &&TypeFile| {
            other.found.iter().any(|found| found.each.as_ref().is_some_and(|each| each.value == *name))
        };
        name == "github.organization"
            || wanted.contains(name)
            || self.descriptions.types.iter().filter(below).any(|other| self.is_wanted(other, Some(wanted)))
    }

    /// Finds all resources of a type, and then their facts.
    async fn set(&self, file: &TypeFile, sets: &BTreeMap<&str, Set>) -> Set {
        let mut things: Vec<Thing> = Vec::new();
        let mut places: Vec<ListState> = Vec::new();
        let mut evidence: Vec<String> = Vec::new();
        for found in &file.found {
            let above = found.each.as_ref().and_then(|each| sets.get(each.value.as_str()));
            if let Some(above) = above {
                places.extend(incomplete(&above.state));
            }
            let parents: Vec<Option<Arc<Thing>>> = match (&found.each, above) {
                (None, _) => vec![None],
                (Some(_), None) => Vec::new(),
                (Some(_), Some(above)) => above.things.iter().cloned().map(Some).collect(),
            };
            let lists = futures::stream::iter(parents.into_iter().map(|parent| async move {
                let list = self.found(file, found, parent.as_deref()).await;
                (parent, list)
            }));
            let lists: Vec<_> = lists.buffered(self.concurrency).collect().await;
            for (parent, list) in lists {
                let Some(list) = list else { continue };
                evidence.extend(list.evidence);
                places.push(list.state);
                things.extend(list.items.into_iter().filter_map(|item| self.thing(file, found, parent.clone(), item)));
            }
        }
        let lookups = self.lookups(file, &things).await;
        let filled = futures::stream::iter(things.into_iter().map(|thing| self.fill(file, thing, &lookups)));
        let things = filled.buffered(self.concurrency).collect::<Vec<_>>().await;
        evidence.sort();
        evidence.dedup();
        Set { things: things.into_iter().map(Arc::new).collect(), state: together(places), evidence, counted: None }
    }

    /// Asks for the list below one parent; none when it is not asked by rule.
    async fn found(&self, file: &TypeFile, found: &Found, parent: Option<&Thing>) -> Option<List> {
        let fact = file.facts.get(&found.fact.value)?;
        let value = |name: &str| self.parameter(name, parent);
        let skipped = found.skip.as_ref().is_some_and(|skip| parent.is_some_and(|parent| parent.holds(&skip.path)));
        if skipped {
            return None;
        }
        if let Some(part) = &found.part {
            return Some(part_of(parent?, &part.value));
        }
        let subject = parent.map_or_else(|| format!("organization {}", self.organization), Thing::subject);
        if let Some(query) = &fact.query {
            let ask = Ask {
                operation: format!("query {}", query.name.value),
                parameters: BTreeMap::from([("org".to_owned(), self.organization.to_owned())]),
                path: String::new(),
                query: Vec::new(),
                paged: false,
                subject,
            };
            return Some(match query.connection {
                Some(_) => self.query_list(&ask, query, query.page.unwrap_or(100)).await,
                None => self.query_object(&ask, query).await,
            });
        }
        let get = found.get.as_ref().or(fact.get.as_ref())?;
        let ask = PathTemplate::parse(&get.value)?.ask(value, true, subject.clone());
        let Some(ask) = ask else {
            let reason = Reason { reason: format!("{subject} has no name that can be asked for"), gap: None };
            return Some(List::unobserved(reason, Vec::new()));
        };
        Some(self.rest_list(&ask, fact.at.as_deref(), &fact.on, |path| parent.is_some_and(|p| p.holds(path))).await)
    }

    /// A found item as a resource in progress; none when it has no identity.
    fn thing(&self, file: &TypeFile, found: &Found, parent: Option<Arc<Thing>>, item: Item) -> Option<Thing> {
        let fact = file.facts.get(&found.fact.value)?;
        let mut thing = Thing::new(&file.name.value, &file.title, parent, item.evidence.clone());
        let state = self.found_fact(&found.fact.value, fact, item, &thing);
        thing.facts.insert(found.fact.value.clone(), state);
        let value = |thing: &Thing, name: &str| thing.text(name).or_else(|| self.parameter(name, Some(thing)));
        for (name, template) in &file.parameters {
            if let Some(text) = template.fill(|place| value(&thing, place)) {
                thing.parameters.insert(name.clone(), text);
            }
        }
        thing.id = file.id.value.fill(|place| value(&thing, place))?;
        thing.name = file.label.value.fill(|place| value(&thing, place)).unwrap_or_else(|| thing.id.clone());
        Some(thing)
    }

    /// The value of a name in a path: the organization's login, or a parameter of the resource or of one above it.
    fn parameter(&self, name: &str, thing: Option<&Thing>) -> Option<String> {
        if name == "org" { Some(self.organization.to_owned()) } else { thing?.parameter(name) }
    }

    /// Compares what was found with an independent count.
    fn count(&self, file: &TypeFile, set: &mut Set, organization: Option<&Thing>) {
        let number = |path: &String| organization?.number(path.strip_prefix("organization.")?);
        let numbers: Option<Vec<u64>> = file.counted.iter().map(number).collect();
        set.counted = numbers.filter(|numbers| !numbers.is_empty()).map(|numbers| numbers.iter().sum());
        let found = set.things.len() as u64;
        if let Some(counted) = set.counted.filter(|counted| *counted > found)
            && set.state == SetState::Complete
        {
            set.state = self.uncounted(file, set, found, counted);
        }
    }
}

impl Set {
    fn record(&self, kind: &str, target: &str) -> ResourceSet {
        ResourceSet {
            kind: kind.to_owned(),
            target: target.to_owned(),
            region: None,
            state: self.state.clone(),
            found: self.things.len() as u64,
            excluded: self.things.iter().filter(|thing| thing.excluded.is_some()).count() as u64,
            counted: self.counted,
            evidence: self.evidence.clone(),
        }
    }
}

/// A part of the resource above as a list of one, or of none when it is absent.
fn part_of(parent: &Thing, path: &str) -> List {
    let mut list = List { items: Vec::new(), state: ListState::Whole, evidence: parent.evidence_of(path), total: None };
    match parent.at(path) {
        Ok(Some(value)) => list.items.push(Item {
            value: value.clone(),
            evidence: list.evidence.first().cloned().unwrap_or_default(),
            holes: Vec::new(),
        }),
        Ok(None) => {}
        Err(reason) => list.state = ListState::Unobserved(reason),
    }
    list
}

/// What an incomplete set above means for the one below.
fn incomplete(state: &SetState) -> Option<ListState> {
    match state {
        SetState::Complete | SetState::NotApplicable { .. } => None,
        SetState::Partial { reason, gap } => Some(ListState::Partial(thing::reason(reason, gap))),
        SetState::Unobserved { reason, gap } => Some(ListState::Unobserved(thing::reason(reason, gap))),
    }
}

/// The state of a set that is found in several places.
fn together(places: Vec<ListState>) -> SetState {
    let total = places.len();
    let mut broken: Vec<Reason> = Vec::new();
    let (mut unobserved, mut not_in_plan) = (0, Vec::new());
    for place in places {
        match place {
            ListState::Whole => {}
            ListState::Partial(reason) => broken.push(reason),
            ListState::Unobserved(reason) => {
                unobserved += 1;
                broken.push(reason);
            }
            ListState::NotInPlan(because) => not_in_plan.push(because),
        }
    }
    let Some(first) = broken.first() else {
        return match not_in_plan.into_iter().next() {
            Some(reason) if total > 0 => SetState::NotApplicable { reason },
            _ => SetState::Complete,
        };
    };
    let more = if broken.len() > 1 { format!(" (and {} more)", broken.len() - 1) } else { String::new() };
    let (reason, gap) = (format!("{}{more}", first.reason), first.gap.clone().unwrap_or_default());
    if unobserved == total { SetState::Unobserved { reason, gap } } else { SetState::Partial { reason, gap } }
}
