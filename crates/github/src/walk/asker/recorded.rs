//! Questions are looked up in the evidence. What is not there was not asked: nobody knows.

use super::Asker;
use super::live::no_exchange;
use crate::describe::{Ask, PAGING};
use annexa_model::{Exchange, FailureKind, Kind};
use annexa_tape::Evidence;
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The evidence of one target.
pub(crate) struct Recorded<'a> {
    evidence: &'a Evidence,
    target: &'a str,
    // an operation's exchanges are read when the first of them is asked for
    read: Mutex<BTreeMap<String, Arc<Answers>>>,
}

/// The exchanges of one operation, by question.
type Answers = BTreeMap<BTreeMap<String, String>, Vec<Arc<Exchange>>>;

impl<'a> Recorded<'a> {
    pub(crate) fn new(evidence: &'a Evidence, target: &'a str) -> Self {
        Self { evidence, target, read: Mutex::new(BTreeMap::new()) }
    }

    fn answers(&self, operation: &str) -> Arc<Answers> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = read.get(operation) {
            return Arc::clone(answers);
        }
        let mut answers = Answers::new();
        // evidence that can't be read is evidence that is not there
        for exchange in self.evidence.of_operation(Kind::Github, self.target, operation).unwrap_or_default() {
            answers.entry(question(&exchange)).or_default().push(Arc::new(exchange));
        }
        let answers = Arc::new(answers);
        read.insert(operation.to_owned(), Arc::clone(&answers));
        answers
    }

    fn find(&self, ask: &Ask, best: impl Fn(&[Arc<Exchange>]) -> Option<Arc<Exchange>>) -> Arc<Exchange> {
        let answers = self.answers(&ask.operation);
        if answers.is_empty() {
            // one gap for a call that was never made, however many times it would have been
            let nothing = Ask { path: String::new(), ..ask.clone() };
            return no_exchange(&nothing, FailureKind::NotAsked, "it was not asked in this scan".to_owned());
        }
        let found = answers.get(&ask.parameters).and_then(|exchanges| best(exchanges));
        found.unwrap_or_else(|| no_exchange(ask, FailureKind::NotAsked, "it was not asked in this scan".to_owned()))
    }
}

#[async_trait]
impl Asker for Recorded<'_> {
    async fn rest(&self, ask: &Ask, page: u32, _: &[(String, String)]) -> Arc<Exchange> {
        self.find(ask, |exchanges| exchanges.iter().find(|exchange| exchange.page == page).cloned())
    }

    async fn query(&self, ask: &Ask, _: u32, after: Option<&str>, size: Option<u32>) -> Arc<Exchange> {
        // of several tries with different sizes the one with the fewest errors
        self.find(ask, |exchanges| {
            let of_page = exchanges.iter().filter(|exchange| {
                size.is_none() || exchange.request.parameters.get("after").and_then(Value::as_str) == after
            });
            of_page.min_by_key(|exchange| (exchange.failure.is_some(), errors(exchange), first(exchange))).cloned()
        })
    }
}

/// The parameters of a question, without those of its page.
fn question(exchange: &Exchange) -> BTreeMap<String, String> {
    let parameters = exchange.request.parameters.iter();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    parameters
        .filter(|(name, _)| !PAGING.contains(&name.as_str()) && name.as_str() != "first")
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn errors(exchange: &Exchange) -> usize {
    let errors = exchange.usable_body().and_then(|body| body.get("errors")).and_then(Value::as_array);
    errors.map_or(0, Vec::len)
}

fn first(exchange: &Exchange) -> u64 {
    exchange.request.parameters.get("first").and_then(Value::as_u64).unwrap_or(0)
}
