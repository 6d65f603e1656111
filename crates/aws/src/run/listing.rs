//! Lists the resources of a type: one call, or several that lead to each other.

use super::Run;
use super::ask::Question;
use super::draft::Draft;
use super::gap::Trouble;
use super::reply::{Reply, State};
use crate::caller::Hole;
use crate::description::{Origin, SharedDef, Step, StepSource, TypeDef};
use crate::facts::Seen;
use annexa_model::{FailureKind, Reason, ResourceSet, SetState};
use futures::StreamExt;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a list says.
pub(crate) struct Listing {
    pub(crate) set: ResourceSet,
    pub(crate) drafts: Vec<Draft>,
}

/// A set of which something is missing.
pub(crate) fn lessened(state: SetState, reason: Reason) -> SetState {
    match state {
        SetState::Complete => SetState::Partial { reason: reason.reason, gap: reason.gap.unwrap_or_default() },
        other => other,
    }
}

impl Run<'_> {
    pub(crate) async fn listing(&self, def: &TypeDef, region: Option<String>) -> Listing {
        let mut set = ResourceSet {
            kind: def.name.clone(),
            target: self.place.target.clone(),
            region: region.clone(),
            state: SetState::Complete,
            found: 0,
            excluded: 0,
            counted: None,
            evidence: Vec::new(),
        };
        let steps = match &def.origin {
            Origin::List(steps) => steps,
            Origin::OnePer(_) => {
                let identity = self.identity().await;
                let mut draft = Draft::default();
                draft.rest_on("", &identity.evidence);
                set.evidence.clone_from(&identity.evidence);
                return Listing { set, drafts: vec![draft] };
            }
        };
        let mut drafts = vec![Draft::default()];
        for (index, step) in steps.iter().enumerate() {
            let asked = match &step.batch {
                Some((into, size)) => {
                    let before = steps.get(index.wrapping_sub(1)).map_or("", |step| step.name.as_str());
                    self.batches(def, step, drafts, (before, into.as_str(), *size), region.as_deref()).await
                }
                None => {
                    let calls = drafts.into_iter().map(|draft| async {
                        let reply = self.step(def, step, &draft, None, region.as_deref()).await;
                        (draft, reply)
                    });
                    futures::stream::iter(calls).buffered(super::WIDTH).collect().await
                }
            };
            drafts = Vec::new();
            for (parent, reply) in asked {
                set.evidence.extend(reply.evidence.iter().cloned());
                set.state = and(set.state, &reply.state, index == 0);
                if let Some(hole) = reply.holes.iter().find(|hole| hides_items(hole, step)) {
                    let id = reply.evidence.last().cloned().unwrap_or_default();
                    let problem = format!("{} at {}", hole.reason, hole.pointer);
                    let reason = self.unread(def, step, region.as_deref(), id, problem);
                    set.state = lessened(set.state, reason);
                }
                drafts.extend(items(step, &parent, &reply));
            }
        }
        set.evidence.sort();
        set.evidence.dedup();
        Listing { set, drafts }
    }

    /// A gap for a list that came, but can't be read.
    fn unread(&self, def: &TypeDef, step: &Step, region: Option<&str>, id: String, problem: String) -> Reason {
        let shared = |name: &str| match self.catalog.services.get(&def.service)?.shared.get(name)? {
            SharedDef::Call(call) => Some(call),
            SharedDef::Function { .. } => None,
        };
        let call = match &step.source {
            StepSource::Call(call) => Some(call),
            StepSource::Shared(name) => shared(name),
        };
        let Some(call) = call else { return Reason { reason: problem, gap: None } };
        let question = Question {
            service: call.service.clone(),
            operation: call.operation.clone(),
            region: region.map(str::to_owned),
            parameters: Map::new(),
        };
        let trouble = Trouble::new(FailureKind::Invalid, problem);
        self.lack(call, &question, &format!("every {}", def.title), id, trouble)
    }

    /// A gap for an item that has no identity: it can't be a resource.
    pub(crate) fn nameless(&self, def: &TypeDef, set: &ResourceSet, reason: Reason) -> Reason {
        match (&def.origin, &reason.gap) {
            (Origin::List(steps), None) if !steps.is_empty() => {
                let id = set.evidence.first().cloned().unwrap_or_default();
                self.unread(def, &steps[steps.len() - 1], set.region.as_deref(), id, reason.reason)
            }
            _ => reason,
        }
    }

    /// Asks the items of the step before together, some at once.
    async fn batches(
        &self,
        def: &TypeDef,
        step: &Step,
        drafts: Vec<Draft>,
        (before, into, size): (&str, &str, usize),
        region: Option<&str>,
    ) -> Vec<(Draft, Arc<Reply>)> {
        let values: Vec<Value> = drafts.iter().filter_map(|draft| draft.facts.get(before).cloned()).collect();
        let chunks: Vec<Value> = values.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect();
        let empty = Draft::default();
        let calls = chunks.into_iter().map(|chunk| {
            let empty = &empty;
            async move { (Draft::default(), self.step(def, step, empty, Some((into, chunk)), region).await) }
        });
        futures::stream::iter(calls).buffered(super::WIDTH).collect().await
    }

    async fn step(
        &self,
        def: &TypeDef,
        step: &Step,
        parent: &Draft,
        extra: Option<(&str, Value)>,
        region: Option<&str>,
    ) -> Arc<Reply> {
        let call = match &step.source {
            StepSource::Call(call) => call,
            StepSource::Shared(name) => return self.shared(&def.service, name, region).await,
        };
        let mut parameters = match self.parameters(call, parent, region) {
            Ok(parameters) => parameters,
            Err(Seen::Unobserved(reason)) => return Arc::new(Reply::empty(State::Unobserved(reason))),
            Err(_) => return Arc::new(Reply::empty(State::Absent)),
        };
        if let Some((name, value)) = extra {
            parameters.insert(name.to_owned(), value);
        }
        let question = Question {
            service: call.service.clone(),
            operation: call.operation.clone(),
            region: region.map(str::to_owned),
            parameters,
        };
        self.once(call, question, &format!("every {}", def.title)).await
    }
}

/// Whether a hole is the list itself, something that holds it, or one of its items.
fn hides_items(hole: &Hole, step: &Step) -> bool {
    let is_index = |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let tokens: Vec<&str> = hole.pointer.split('/').skip(1).filter(|token| !is_index(token)).collect();
    tokens.len() <= step.items.steps.len() && tokens.iter().zip(&step.items.steps).all(|(token, name)| token == name)
}

/// The state of a list after one more of its answers.
fn and(state: SetState, answer: &State, first_step: bool) -> SetState {
    match (answer, first_step) {
        (State::Known | State::Absent, _) => state,
        (State::NotApplicable(reason), true) => SetState::NotApplicable { reason: reason.clone() },
        (State::NotApplicable(_), false) => state,
        (State::Unobserved(reason), true) => {
            SetState::Unobserved { reason: reason.reason.clone(), gap: reason.gap.clone().unwrap_or_default() }
        }
        (State::Partial(reason) | State::Unobserved(reason), _) => lessened(state, reason.clone()),
    }
}

/// The items of an answer, each on top of what is known from the steps before.
fn items(step: &Step, parent: &Draft, reply: &Reply) -> Vec<Draft> {
    if !matches!(reply.state, State::Known | State::Partial(_)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    gather(&reply.value, &step.items.steps, String::new(), &mut found);
    let draft = |(pointer, value): (String, &Value)| {
        let mut draft = parent.clone();
        let evidence = reply.evidence_of(&pointer);
        draft.rest_on("", &evidence);
        draft.rest_on(&step.name, &evidence);
        let holes: Vec<Hole> = holes_below(&reply.holes, &pointer);
        draft.put_value(&step.name, value.clone(), &holes);
        draft
    };
    found.into_iter().map(draft).collect()
}

/// The holes below a pointer, as seen from there.
pub(crate) fn holes_below(holes: &[Hole], pointer: &str) -> Vec<Hole> {
    let below = |hole: &Hole| {
        let rest = hole.pointer.strip_prefix(pointer)?;
        (rest.is_empty() || rest.starts_with('/'))
            .then(|| Hole { pointer: rest.to_owned(), reason: hole.reason.clone() })
    };
    holes.iter().filter_map(below).collect()
}

/// The values at a path with their pointers, lists entered.
pub(crate) fn gather<'v>(value: &'v Value, steps: &[String], pointer: String, found: &mut Vec<(String, &'v Value)>) {
    match (value, steps.split_first()) {
        (Value::Array(items), _) => {
            for (index, item) in items.iter().enumerate() {
                gather(item, steps, format!("{pointer}/{index}"), found);
            }
        }
        (Value::Null, _) => {}
        (value, None) => found.push((pointer, value)),
        (value, Some((step, rest))) => {
            if let Some(inner) = value.get(step) {
                gather(inner, rest, format!("{pointer}/{step}"), found);
            }
        }
    }
}
