//! The facts of one resource: its calls, lookups and functions.

use super::asker::Asker;
use super::list::{Answered, Item, List, ListState, holes_below};
use super::thing::{FactState, Thing};
use super::{Walk, pointer};
use crate::describe::{Ask, Fact, Meaning, PathTemplate, Query, Shape, TypeFile};
use crate::functions;
use annexa_model::{FailureKind, Reason, UnobservedState};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Lists that are asked once for all resources of a type, by the fact's name.
pub(super) type Lookups = BTreeMap<String, (Ask, List)>;

impl<A: Asker> Walk<'_, A> {
    /// One object of a query, as a list of one.
    pub(super) async fn query_object(&self, ask: &Ask, query: &Query) -> List {
        let exchange = self.asker.query(ask, 1, None, None).await;
        let body = match self.meaning(&exchange, &[], &|_| false, ask) {
            Ok(body) => body,
            Err(Answered::Gap(reason)) => return List::unobserved(reason, vec![exchange.id.clone()]),
            Err(Answered::Is(..)) => {
                return List { items: vec![], state: ListState::Whole, evidence: vec![], total: None };
            }
        };
        let errors = self.graphql_errors(&exchange, ask);
        let value = body["data"][query.root_key()].clone();
        let mut holes = holes_below(&errors, &format!("/{}", query.root_key()), &value);
        holes.extend(errors.into_iter().filter(|(at, _)| at.is_empty()));
        let item = Item { value, evidence: exchange.id.clone(), holes };
        List { items: vec![item], state: ListState::Whole, evidence: vec![exchange.id.clone()], total: None }
    }

    /// A found item as a fact.
    pub(super) fn found_fact(&self, name: &str, fact: &Fact, item: Item, thing: &Thing) -> FactState {
        let ask = self.ask_of(fact, thing);
        let mut state = FactState::known(item.value, vec![item.evidence]);
        for (hole, reason) in item.holes {
            state.holes.push((hole, UnobservedState::Unobserved, reason));
        }
        self.tidy(name, fact, &mut state, &ask, thing);
        state
    }

    /// A question of which only the name counts, for gaps about an answer that came.
    fn ask_of(&self, fact: &Fact, thing: &Thing) -> Ask {
        let operation = if let Some(query) = &fact.query {
            format!("query {}", query.name.value)
        } else {
            let get = fact.get.as_ref().or(fact.lookup.as_ref().map(|lookup| &lookup.get));
            get.and_then(|get| PathTemplate::parse(&get.value)).map(|path| path.operation()).unwrap_or_default()
        };
        let subject =
            if thing.name.is_empty() { format!("organization {}", self.organization) } else { thing.subject() };
        Ask { operation, parameters: BTreeMap::new(), path: String::new(), query: Vec::new(), paged: false, subject }
    }

    /// Asks the lists in which facts of a type are looked up.
    pub(super) async fn lookups(&self, file: &TypeFile, things: &[Thing]) -> Lookups {
        let mut lookups = Lookups::new();
        for (name, fact) in &file.facts {
            let Some(lookup) = fact.lookup.as_ref().filter(|_| !things.is_empty()) else { continue };
            let Some(path) = PathTemplate::parse(&lookup.get.value) else { continue };
            let subject = format!("organization {}", self.organization);
            let Some(ask) = path.ask(|name| self.parameter(name, None), true, subject) else { continue };
            let list = self.rest_list(&ask, fact.at.as_deref(), &fact.on, |_| false).await;
            lookups.insert(name.clone(), (ask, list));
        }
        lookups
    }

    /// Finds all facts of a resource: first those that calls about it give, then those made of others.
    pub(super) async fn fill(&self, file: &TypeFile, mut thing: Thing, lookups: &Lookups) -> Thing {
        if let Some(excluded) = file.excluded.as_ref().filter(|excluded| thing.holds(&excluded.path)) {
            thing.excluded = Some(excluded.because.clone());
        }
        for (name, fact) in &file.facts {
            if let Some((ask, list)) = lookups.get(name) {
                let state = self.looked_up(name, fact, &thing, ask, list);
                thing.facts.insert(name.clone(), state);
            }
        }
        for gather in [false, true] {
            for (name, fact) in file.facts.iter().filter(|(_, fact)| fact.gather.is_some() == gather) {
                if !thing.facts.contains_key(name)
                    && let Some(get) = &fact.get
                    && let Some(path) = PathTemplate::parse(&get.value)
                {
                    let state = self.called(name, fact, &thing, &path).await;
                    thing.facts.insert(name.clone(), state);
                }
            }
        }
        for (name, fact) in &file.facts {
            if let Some(query) =
                fact.query.as_ref().filter(|query| query.connection.is_none() && !thing.facts.contains_key(name))
            {
                let state = self.queried(name, fact, query, &thing).await;
                thing.facts.insert(name.clone(), state);
            }
        }
        for (name, fact) in &file.facts {
            if let Some(function) = fact.function.as_ref().and_then(|name| functions::named(&name.value)) {
                let state = function(&thing, &fact.of.iter().map(|of| of.value.as_str()).collect::<Vec<_>>());
                thing.facts.insert(name.clone(), state);
            }
        }
        thing
    }

    /// A fact from a query of its own.
    async fn queried(&self, name: &str, fact: &Fact, query: &Query, thing: &Thing) -> FactState {
        let parameters = BTreeMap::from([("org".to_owned(), self.organization.to_owned())]);
        let ask = Ask { parameters, ..self.ask_of(fact, thing) };
        let mut list = self.query_object(&ask, query).await;
        match (list.items.pop(), list.state) {
            (Some(item), _) => self.found_fact(name, fact, item, thing),
            (None, ListState::Partial(reason) | ListState::Unobserved(reason)) => {
                FactState::unobserved(reason, list.evidence)
            }
            (None, _) => FactState::absent(list.evidence),
        }
    }

    /// A fact from a call about the resource.
    async fn called(&self, name: &str, fact: &Fact, thing: &Thing, path: &PathTemplate) -> FactState {
        if let Some(excluded) = &thing.excluded {
            return FactState::unobserved(Reason { reason: format!("not asked: {excluded}"), gap: None }, Vec::new());
        }
        if let Some(skip) = fact.skip.as_ref().filter(|skip| thing.holds(&skip.path)) {
            return FactState::unobserved(
                Reason { reason: format!("not asked: {}", skip.because), gap: None },
                Vec::new(),
            );
        }
        if fact.gather.is_some() {
            return self.gathered(name, fact, thing, path).await;
        }
        let paged = matches!(fact.fields, Shape::List(_));
        let Some(ask) = path.ask(|name| self.parameter(name, Some(thing)), paged, thing.subject()) else {
            let reason = Reason { reason: format!("{} has no name that can be asked for", thing.subject()), gap: None };
            return FactState::unobserved(reason, Vec::new());
        };
        if paged {
            return self.list_fact(name, fact, thing, &ask).await;
        }
        self.single(name, fact, thing, &ask).await
    }

    async fn single(&self, name: &str, fact: &Fact, thing: &Thing, ask: &Ask) -> FactState {
        let exchange = self.asker.rest(ask, 1, &[]).await;
        let evidence = vec![exchange.id.clone()];
        match self.meaning(&exchange, &fact.on, &|path| thing.holds(path), ask) {
            Ok(body) => {
                let value = fact.at.as_ref().map_or(Some(body), |at| body.get(at));
                let mut state = value.map_or_else(
                    || FactState::absent(evidence.clone()),
                    |value| FactState::known(value.clone(), evidence.clone()),
                );
                self.tidy(name, fact, &mut state, ask, thing);
                state
            }
            Err(Answered::Gap(reason)) => FactState::unobserved(reason, evidence),
            Err(Answered::Is(meaning, _)) => meant(meaning, evidence),
        }
    }

    async fn list_fact(&self, name: &str, fact: &Fact, thing: &Thing, ask: &Ask) -> FactState {
        let list = self.rest_list(ask, fact.at.as_deref(), &fact.on, |path| thing.holds(path)).await;
        let mut state = FactState::known(list.items.into_iter().map(|item| item.value).collect(), list.evidence);
        match list.state {
            ListState::Whole => {}
            ListState::Partial(reason) => state.holes.push((String::new(), UnobservedState::Partial, reason)),
            ListState::Unobserved(reason) => return FactState::unobserved(reason, state.evidence),
            ListState::NotInPlan(_) => return meant(Meaning::NotInPlan, state.evidence),
        }
        self.tidy(name, fact, &mut state, ask, thing);
        state
    }

    /// A fact that is a list of answers, one for each value of another fact.
    async fn gathered(&self, name: &str, fact: &Fact, thing: &Thing, path: &PathTemplate) -> FactState {
        let Some(gather) = &fact.gather else { return FactState::default() };
        let Some(from) = thing.facts.get(&gather.from.value) else { return FactState::default() };
        if let Some(reason) = from.hidden() {
            return FactState::unobserved(reason.clone(), from.evidence.clone());
        }
        let items = from.value.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let values: BTreeSet<String> = items
            .iter()
            .filter_map(|item| item.get(&gather.member))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let mut state = FactState::known(Value::Array(Vec::new()), from.evidence.clone());
        if let Some(reason) = from.partial() {
            state.holes.push((String::new(), UnobservedState::Partial, reason.clone()));
        }
        let mut all = Vec::new();
        for value in values {
            let parameter =
                |name: &str| if name == gather.name { Some(value.clone()) } else { self.parameter(name, Some(thing)) };
            let Some(ask) = path.ask(parameter, false, thing.subject()) else { continue };
            let one = self.single(name, fact, thing, &ask).await;
            state.evidence.extend(one.evidence);
            match one.value {
                Some(value) => {
                    let place = format!("/{}", all.len());
                    state.holes.extend(
                        one.holes.into_iter().map(|(hole, how, reason)| (format!("{place}{hole}"), how, reason)),
                    );
                    all.push(value);
                }
                None => {
                    let reason = one.holes.into_iter().next().map_or_else(
                        || Reason { reason: format!("{} is gone", ask.path), gap: None },
                        |(_, _, reason)| reason,
                    );
                    state.holes.push((String::new(), UnobservedState::Partial, reason));
                }
            }
        }
        state.value = Some(Value::Array(all));
        state
    }

    /// A fact that stands in a list about all resources.
    fn looked_up(&self, name: &str, fact: &Fact, thing: &Thing, ask: &Ask, list: &List) -> FactState {
        let Some(lookup) = &fact.lookup else { return FactState::default() };
        let ours = match thing.at(&lookup.equals) {
            Ok(ours) => ours.cloned(),
            Err(reason) => return FactState::unobserved(reason, list.evidence.clone()),
        };
        let item = list.items.iter().find(|item| ours.is_some() && item.value.get(&lookup.key) == ours.as_ref());
        match (item, &list.state) {
            (Some(item), _) => {
                let value = match &lookup.take {
                    None => Some(Value::Bool(true)),
                    Some(take) => item.value.get(take).cloned(),
                };
                let evidence = vec![item.evidence.clone()];
                let mut state = match value {
                    Some(value) => FactState::known(value, evidence),
                    None => FactState::absent(evidence),
                };
                self.tidy(name, fact, &mut state, ask, thing);
                state
            }
            // only a whole list can say that somebody is not on it
            (None, ListState::Partial(reason) | ListState::Unobserved(reason)) => {
                FactState::unobserved(reason.clone(), list.evidence.clone())
            }
            (None, ListState::Whole) if lookup.take.is_none() => {
                FactState::known(Value::Bool(false), list.evidence.clone())
            }
            (None, ListState::Whole) => {
                let reason = Reason { reason: format!("{} does not list it", ask.operation), gap: None };
                FactState::unobserved(reason, list.evidence.clone())
            }
            (None, ListState::NotInPlan(_)) => meant(Meaning::NotInPlan, list.evidence.clone()),
        }
    }

    /// Applies what missing members mean, marks lists inside that are not whole, and takes nulls out.
    fn tidy(&self, name: &str, fact: &Fact, state: &mut FactState, ask: &Ask, thing: &Thing) {
        let value = state.value.take().unwrap_or(Value::Null);
        for missing in &fact.missing {
            // the probe may stand in the same answer
            let shown = missing.unless.as_ref().is_some_and(|path| {
                path.strip_prefix(&format!("{name}.")).map_or_else(
                    || thing.holds(path),
                    |rest| pointer::at_path(&value, rest).and_then(Value::as_bool) == Some(true),
                )
            });
            let gone: Vec<&String> = missing
                .fields
                .iter()
                .filter(|path| match pointer::at_path(&value, path) {
                    None | Some(Value::Null) => true,
                    Some(value) => missing.also_false && *value == Value::Bool(false),
                })
                .filter(|path| state.hidden_at(&pointer::from_path(path)).is_none())
                .collect();
            if shown || gone.is_empty() {
                continue;
            }
            let names: Vec<&str> = gone.iter().map(|path| if path.is_empty() { name } else { path.as_str() }).collect();
            let text = format!("{} not shown: {}", names.join(", "), missing.because);
            let reason = self.hidden_gap(&state.evidence, ask, &text);
            for path in gone {
                state.holes.push((pointer::from_path(path), UnobservedState::Unobserved, reason.clone()));
            }
        }
        let mut inside = Vec::new();
        unfinished(&value, "", &mut inside);
        for (hole, what) in inside {
            let reason = self.hidden_gap(&state.evidence, ask, what);
            state.holes.push((hole, UnobservedState::Partial, reason));
        }
        // where nulls leave a list, the places behind them move: then the list as a whole is unknown
        for (hole, _, _) in &mut state.holes {
            *hole = pointer::up_to_moving_list(&value, hole);
        }
        let mut value = pointer::without_nulls(value);
        for (hole, how, _) in &state.holes {
            if *how == UnobservedState::Unobserved {
                pointer::remove(&mut value, hole);
            }
        }
        let whole = state.hidden().is_none() && !value.is_null();
        state.value = whole.then_some(value);
    }

    fn hidden_gap(&self, evidence: &[String], ask: &Ask, text: &str) -> Reason {
        let id = evidence.first().cloned().unwrap_or_default();
        self.gap_about(&id, ask, FailureKind::Denied, text)
    }
}

/// What a status means that a description names.
fn meant(meaning: Meaning, evidence: Vec<String>) -> FactState {
    match meaning {
        Meaning::Absent | Meaning::Denied => FactState::absent(evidence),
        Meaning::NotInPlan => FactState { not_in_plan: true, ..FactState::absent(evidence) },
        Meaning::Yes => FactState::known(Value::Bool(true), evidence),
        Meaning::No => FactState::known(Value::Bool(false), evidence),
        Meaning::Empty => FactState::known(Value::Array(Vec::new()), evidence),
    }
}

/// Lists inside a value that are not whole: connections with a further page, and lists with nulls.
fn unfinished(value: &Value, place: &str, found: &mut Vec<(String, &'static str)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                unfinished(member, &format!("{place}/{}", pointer::escape(key)), found);
            }
            let listed =
                ["nodes", "edges"].into_iter().find_map(|key| Some((key, members.get(key)?.as_array()?.len() as u64)));
            if let Some((key, listed)) = listed {
                let more = members.get("pageInfo").and_then(|info| info.get("hasNextPage")).and_then(Value::as_bool);
                let total = members.get("totalCount").and_then(Value::as_u64);
                if more == Some(true) || total.is_some_and(|total| total > listed) {
                    found.push((format!("{place}/{key}"), "a list inside is longer than one page"));
                }
            }
        }
        Value::Array(items) => {
            if items.iter().any(Value::is_null) {
                found.push((place.to_owned(), "GitHub hides an item of a list"));
            }
            for (index, item) in items.iter().enumerate() {
                unfinished(item, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}
