//! One resource: its facts in order, then its id and name.

use super::Run;
use super::ask::Question;
use super::draft::Draft;
use super::reply::{Reply, State};
use crate::caller::Hole;
use crate::description::{Binding, CallDef, FactDef, ForEach, NamedFact, Scope, TypeDef};
use crate::facts::Seen;
use annexa_model::{Reason, Resource, UnobservedState};
use futures::StreamExt;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Run<'_> {
    /// Makes a resource of a list's item. The error says why it has no identity.
    pub(crate) async fn resource(
        &self,
        def: &TypeDef,
        mut draft: Draft,
        region: Option<String>,
    ) -> Result<Resource, Reason> {
        let subject = self.subject(def, &draft, region.as_deref());
        for fact in &def.facts {
            if fact.for_region && self.region_of(def, &draft).is_some() {
                continue;
            }
            self.fact(def, fact, &mut draft, region.as_deref(), &subject).await;
        }
        let region = self.region_of(def, &draft).or(region);
        let words = self.words(region.as_deref());
        let id = match draft.resolve(&def.id, &words) {
            Seen::Known(Value::String(id)) => id,
            Seen::Unobserved(reason) => return Err(reason),
            _ => return Err(Reason { reason: format!("an item of the list of {} has no id", def.name), gap: None }),
        };
        let name = match def.label.as_ref().map(|label| draft.resolve(label, &words)) {
            Some(Seen::Known(Value::String(name))) => name,
            _ if def.label.is_none() => self.default_name(def, region.as_deref()),
            _ => id.rsplit([':', '/']).next().unwrap_or(&id).to_owned(),
        };
        draft.sources.retain(|_, exchanges| !exchanges.is_empty());
        draft.unobserved.sort_by(|a, b| (&a.pointer, &a.reason.reason).cmp(&(&b.pointer, &b.reason.reason)));
        draft.unobserved.dedup();
        Ok(Resource {
            kind: def.name.clone(),
            id,
            name,
            target: self.place.target.clone(),
            account: Some(self.place.account.clone()),
            region,
            namespace: None,
            facts: draft.facts,
            unobserved: draft.unobserved,
            sources: draft.sources,
            excluded: None,
        })
    }

    /// An account or a region, which has no name of its own.
    fn default_name(&self, def: &TypeDef, region: Option<&str>) -> String {
        match def.scope {
            Scope::Regional => region.unwrap_or(&self.place.account).to_owned(),
            Scope::Global => self.place.account.clone(),
        }
    }

    fn subject(&self, def: &TypeDef, draft: &Draft, region: Option<&str>) -> String {
        let name = match def.label.as_ref().map(|label| draft.resolve(label, &self.words(region))) {
            Some(Seen::Known(Value::String(name))) => name,
            _ => self.default_name(def, region),
        };
        format!("{} {name}", def.title)
    }

    fn words<'r>(&'r self, region: Option<&'r str>) -> BTreeMap<&'r str, &'r str> {
        let mut words = BTreeMap::from([
            ("account", self.place.account.as_str()),
            ("partition", self.place.partition.as_str()),
            ("target", self.place.target.as_str()),
        ]);
        if let Some(region) = region {
            words.insert("region", region);
        }
        words
    }

    /// Where a resource says it is; the first of the type's paths that is known.
    fn region_of(&self, def: &TypeDef, draft: &Draft) -> Option<String> {
        def.region.iter().find_map(|path| match draft.see(path) {
            Seen::Known(Value::String(region)) if !region.is_empty() => Some(region),
            _ => None,
        })
    }

    async fn fact(&self, def: &TypeDef, fact: &NamedFact, draft: &mut Draft, region: Option<&str>, subject: &str) {
        let region_here = self.region_of(def, draft).or(region.map(str::to_owned));
        let words = self.words(region_here.as_deref());
        match &fact.def {
            FactDef::Call { call, for_each: None } => {
                let reply = match self.parameters_in(call, draft, &words) {
                    Ok(parameters) => {
                        let question = self.question(call, parameters, region_here.as_deref());
                        self.reply(call, question, subject).await
                    }
                    Err(Seen::Unobserved(reason)) => Reply::empty(State::Unobserved(reason)),
                    Err(_) => Reply::empty(State::Absent),
                };
                draft.put(&fact.name, &reply);
            }
            FactDef::Call { call, for_each: Some(each) } => {
                self.each(call, each, draft, &fact.name, region_here.as_deref(), subject).await;
            }
            FactDef::Merge { .. } => self.merge(draft, &fact.name, (&fact.service, &fact.def), &words).await,
            FactDef::Function { function, of } => {
                let seen: Vec<Seen> = of.iter().map(|path| draft.see(path)).collect();
                for path in of {
                    let first = path.steps.first().cloned().unwrap_or_default();
                    let sources = draft.sources.get(&first).cloned().unwrap_or_default();
                    draft.rest_on(&fact.name, &sources);
                }
                draft.put_seen(&fact.name, (function.compute)(&seen));
            }
        }
    }

    /// One call for each value of a list; the fact is the list of answers.
    async fn each(
        &self,
        call: &CallDef,
        each: &ForEach,
        draft: &mut Draft,
        name: &str,
        region: Option<&str>,
        subject: &str,
    ) {
        let (values, partial) = match draft.see(&each.values) {
            Seen::Known(Value::Array(values)) => (values, None),
            Seen::Partial(Value::Array(values), reason) => (values, Some(reason)),
            Seen::Known(value) => (vec![value], None),
            Seen::Partial(value, reason) => (vec![value], Some(reason)),
            Seen::Absent => return,
            unobserved @ Seen::Unobserved(_) => return draft.put_seen(name, unobserved),
        };
        let parameters = match self.parameters_in(call, draft, &self.words(region)) {
            Ok(parameters) => parameters,
            Err(Seen::Unobserved(reason)) => return draft.put_seen(name, Seen::Unobserved(reason)),
            Err(_) => return,
        };
        let values: Vec<Value> = match each.batch {
            Some(size) => values.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect(),
            None => values,
        };
        let calls = values.into_iter().map(|value| {
            let mut parameters = parameters.clone();
            parameters.insert(each.into.clone(), value);
            self.reply(call, self.question(call, parameters, region), subject)
        });
        let replies: Vec<Reply> = futures::stream::iter(calls).buffered(super::WIDTH).collect().await;
        let mut list = Vec::new();
        let mut holes = Vec::new();
        let mut lack = partial;
        for reply in replies {
            draft.rest_on(name, &reply.evidence);
            match reply.state {
                State::Known => {}
                State::Absent | State::NotApplicable(_) => continue,
                State::Partial(reason) => lack = Some(reason),
                State::Unobserved(reason) => {
                    draft.rest_on(name, reason.gap.as_slice());
                    lack = Some(reason);
                    continue;
                }
            }
            let index = list.len();
            holes.extend(
                reply.holes.into_iter().map(|hole| Hole { pointer: format!("/{index}{}", hole.pointer), ..hole }),
            );
            list.push(reply.value);
        }
        draft.put_value(name, Value::Array(list), &holes);
        if let Some(reason) = lack {
            draft.note(format!("/{name}"), UnobservedState::Partial, reason);
        }
    }

    fn question(&self, call: &CallDef, parameters: Map<String, Value>, region: Option<&str>) -> Question {
        let global = call.ask_globally || region.is_none();
        let service_global = self.catalog.services.get(&call.service).is_some_and(|service| {
            service.scope == Scope::Global && service.model.hosts.contains_key(&self.place.partition)
        });
        let region = region.filter(|_| !global && !service_global).map(str::to_owned);
        Question { service: call.service.clone(), operation: call.operation.clone(), region, parameters }
    }

    pub(crate) fn parameters(
        &self,
        call: &CallDef,
        draft: &Draft,
        region: Option<&str>,
    ) -> Result<Map<String, Value>, Seen> {
        self.parameters_in(call, draft, &self.words(region))
    }

    /// The parameters of a call; the error is the state of the one that is not known.
    fn parameters_in(
        &self,
        call: &CallDef,
        draft: &Draft,
        words: &BTreeMap<&str, &str>,
    ) -> Result<Map<String, Value>, Seen> {
        let mut parameters = Map::new();
        for (name, binding) in &call.bindings {
            let value = match binding {
                Binding::Value(value) => value.clone(),
                Binding::Ref(reference) => match draft.resolve(reference, words) {
                    Seen::Known(value) | Seen::Partial(value, _) => value,
                    other => return Err(other),
                },
            };
            parameters.insert(name.clone(), value);
        }
        Ok(parameters)
    }
}
