//! Answers from recorded exchanges.

use super::ask::{Ask, Question};
use crate::caller::PageTokens;
use crate::description::Catalog;
use annexa_model::{Exchange, canonical_json};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Exchanges by their question and page. What a page was asked with (its token) is not part of the question.
pub(crate) struct Tape<'a> {
    catalog: &'a Catalog,
    exchanges: BTreeMap<(String, u32), Arc<Exchange>>,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(catalog: &'a Catalog, exchanges: Vec<Exchange>) -> Self {
        let mut indexed = BTreeMap::new();
        for exchange in exchanges {
            let key = key(catalog, &exchange.operation, exchange.region.as_deref(), &exchange.request.parameters);
            let place = indexed.entry((key, exchange.page));
            // of two answers to one question, a usable one says more
            match place {
                std::collections::btree_map::Entry::Vacant(empty) => drop(empty.insert(Arc::new(exchange))),
                std::collections::btree_map::Entry::Occupied(mut taken) => {
                    if taken.get().failure.is_some() && exchange.failure.is_none() {
                        taken.insert(Arc::new(exchange));
                    }
                }
            }
        }
        Self { catalog, exchanges: indexed }
    }
}

fn key(catalog: &Catalog, operation: &str, region: Option<&str>, parameters: &Map<String, Value>) -> String {
    let mut parameters = parameters.clone();
    if let Some((service, _, name)) = catalog.operation(operation) {
        let tokens = service.model.operations.get(name).map_or(&[][..], |shape| &shape.page.input);
        parameters.retain(|name, _| !tokens.contains(name));
    }
    format!("{operation} {} {}", region.unwrap_or("-"), canonical_json(&parameters).unwrap_or_default())
}

#[async_trait]
impl Ask for Tape<'_> {
    async fn ask(&self, question: &Question, _tokens: &PageTokens, page: u32) -> Option<Arc<Exchange>> {
        let operation = question.full_name(self.catalog);
        let key = key(self.catalog, &operation, question.region.as_deref(), &question.parameters);
        self.exchanges.get(&(key, page)).cloned()
    }

    async fn pause(&self) {}

    fn extracts(&self) -> bool {
        true
    }
}

/// Runs a future that never has to wait for anything outside to its end.
pub(crate) fn complete<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
