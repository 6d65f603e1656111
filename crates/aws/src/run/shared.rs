//! Answers that several facts share: each is asked once.

use super::Run;
use super::ask::Question;
use super::draft::Draft;
use super::listing::{gather, holes_below};
use super::reply::{Reply, State};
use crate::description::{CallDef, FactDef, Scope, SharedDef, TypeDef};
use crate::facts::Seen;
use annexa_model::canonical_json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use tokio::sync::OnceCell;

impl Run<'_> {
    /// The answer to a question that more than one may ask.
    pub(crate) async fn once(&self, call: &CallDef, question: Question, subject: &str) -> Arc<Reply> {
        let parameters = canonical_json(&question.parameters).unwrap_or_default();
        let key = format!(
            "{} {} {} {parameters}",
            question.service,
            question.operation,
            question.region.as_deref().unwrap_or("-")
        );
        // two descriptions of one call may read its answer differently
        let key = format!("{key} {:?} {:?} {:?}", call.decode, call.absent_on, call.not_applicable_on);
        let cell = self.cell(key);
        Arc::clone(cell.get_or_init(|| async { Arc::new(self.reply(call, question, subject).await) }).await)
    }

    fn cell(&self, key: String) -> Arc<OnceCell<Arc<Reply>>> {
        Arc::clone(self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// Who the caller is.
    pub(crate) async fn identity(&self) -> Arc<Reply> {
        match self.catalog.services.get("sts").and_then(|service| service.shared.get("caller")) {
            Some(SharedDef::Call(call)) => {
                let question = Question {
                    service: call.service.clone(),
                    operation: call.operation.clone(),
                    region: Some(self.place.home.clone()),
                    parameters: serde_json::Map::new(),
                };
                self.once(call, question, "the caller's identity").await
            }
            _ => Arc::new(Reply::empty(State::Absent)),
        }
    }

    /// A `shared` entry of a description file.
    pub(crate) fn shared<'r>(
        &'r self,
        service: &'r str,
        name: &'r str,
        region: Option<&'r str>,
    ) -> Pin<Box<dyn Future<Output = Arc<Reply>> + Send + 'r>> {
        Box::pin(async move {
            let Some(found) = self.catalog.services.get(service) else { return Arc::new(Reply::empty(State::Absent)) };
            let region = if found.scope == Scope::Global { None } else { region };
            match found.shared.get(name) {
                None => Arc::new(Reply::empty(State::Absent)),
                Some(SharedDef::Call(call)) => {
                    let parameters = self.parameters(call, &Draft::default(), region).unwrap_or_default();
                    let question = Question {
                        service: call.service.clone(),
                        operation: call.operation.clone(),
                        region: region.map(str::to_owned),
                        parameters,
                    };
                    self.once(call, question, &format!("the account ({name})")).await
                }
                Some(SharedDef::Function { function, of }) => {
                    let cell = self.cell(format!("{service} {name} {}", region.unwrap_or("-")));
                    let made = cell.get_or_init(|| async {
                        let mut draft = Draft::default();
                        for path in of {
                            if let Some(first) = path.steps.first() {
                                draft.put(first, &*self.shared(service, first, region).await);
                            }
                        }
                        let seen: Vec<Seen> = of.iter().map(|path| draft.see(path)).collect();
                        let mut reply = Reply::empty(State::Known);
                        reply.evidence = draft.sources.into_values().flatten().collect();
                        match (function.compute)(&seen) {
                            Seen::Known(value) => reply.value = value,
                            Seen::Partial(value, reason) => {
                                reply.value = value;
                                reply.paged = vec![String::new()];
                                reply.state = State::Partial(reason);
                            }
                            Seen::Absent => reply.state = State::Absent,
                            Seen::Unobserved(reason) => reply.state = State::Unobserved(reason),
                        }
                        Arc::new(reply)
                    });
                    Arc::clone(made.await)
                }
            }
        })
    }

    /// The rows of a shared answer that belong to a resource.
    pub(crate) async fn merge(
        &self,
        draft: &mut Draft,
        name: &str,
        fact: (&str, &FactDef),
        words: &BTreeMap<&str, &str>,
    ) {
        let (service, FactDef::Merge { shared, path, by, many }) = fact else { return };
        let reply = self.shared(service, shared, words.get("region").copied()).await;
        let reason = match &reply.state {
            State::Known => None,
            State::Partial(reason) => Some(reason.clone()),
            State::Unobserved(_) => {
                draft.put(name, &reply);
                return;
            }
            State::Absent | State::NotApplicable(_) => {
                draft.rest_on(name, &reply.evidence);
                return;
            }
        };
        let mut wanted = Vec::new();
        for (there, here) in by {
            match draft.resolve(here, words) {
                Seen::Known(value) | Seen::Partial(value, _) => wanted.push((there, value)),
                Seen::Absent => return,
                Seen::Unobserved(reason) => {
                    draft.put_seen(name, Seen::Unobserved(reason));
                    return;
                }
            }
        }
        let mut rows = Vec::new();
        gather(&reply.value, &path.steps, String::new(), &mut rows);
        rows.retain(|(_, row)| wanted.iter().all(|(there, value)| there.all(row).contains(&value)));
        self.put_rows(draft, name, &reply, rows, *many, reason);
    }

    fn put_rows(
        &self,
        draft: &mut Draft,
        name: &str,
        reply: &Reply,
        rows: Vec<(String, &Value)>,
        many: bool,
        reason: Option<annexa_model::Reason>,
    ) {
        if many {
            let mut list = Vec::with_capacity(rows.len());
            let mut holes = Vec::new();
            for (index, (pointer, row)) in rows.into_iter().enumerate() {
                draft.rest_on(name, &reply.evidence_of(&pointer));
                holes.extend(holes_below(&reply.holes, &pointer).into_iter().map(|mut hole| {
                    hole.pointer = format!("/{index}{}", hole.pointer);
                    hole
                }));
                list.push(row.clone());
            }
            draft.put_value(name, Value::Array(list), &holes);
            if let Some(reason) = reason {
                draft.put_seen(name, Seen::Partial(draft.facts[name].clone(), reason));
            }
            if draft.sources.get(name).is_none_or(Vec::is_empty) {
                draft.rest_on(name, &reply.evidence);
            }
            return;
        }
        match (rows.into_iter().next(), reason) {
            (Some((pointer, row)), _) => {
                draft.rest_on(name, &reply.evidence_of(&pointer));
                draft.put_value(name, row.clone(), &holes_below(&reply.holes, &pointer));
            }
            // it may stand on the page that is missing
            (None, Some(reason)) => draft.put_seen(name, Seen::Unobserved(reason)),
            // all rows were looked at
            (None, None) => draft.rest_on(name, &reply.evidence),
        }
    }

    /// The source's own count of a type.
    pub(crate) async fn counted(&self, def: &TypeDef, region: Option<&str>) -> Option<u64> {
        let (shared, path) = def.counted.as_ref()?;
        let reply = self.shared(&def.service, shared, region).await;
        if !matches!(reply.state, State::Known) {
            return None;
        }
        path.all(&reply.value).first()?.as_u64()
    }
}
