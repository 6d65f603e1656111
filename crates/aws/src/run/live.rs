//! Asks the provider through the transport.

use super::ask::{Ask, Place, Question};
use crate::caller::PageTokens;
use crate::description::Catalog;
use annexa_model::Exchange;
use annexa_tape::{Call, Transport, TransportError};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long to wait before a call that starts something is repeated.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Live<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) place: &'a Place,
    pub(crate) transport: &'a Transport,
    /// No need to wait when the answers come from a tape.
    pub(crate) replay: bool,
    /// What ends the collection: a stop, or evidence that can't be written.
    end: Mutex<Option<TransportError>>,
}

impl<'a> Live<'a> {
    pub(crate) fn new(catalog: &'a Catalog, place: &'a Place, transport: &'a Transport, replay: bool) -> Self {
        Self { catalog, place, transport, replay, end: Mutex::new(None) }
    }

    /// What ended the collection before its time.
    pub(crate) fn end(self) -> Option<TransportError> {
        self.end.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> bool {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

#[async_trait]
impl Ask for Live<'_> {
    async fn ask(&self, question: &Question, tokens: &PageTokens, page: u32) -> Option<Arc<Exchange>> {
        if self.ended() {
            return None;
        }
        let mut request = match question.request(self.catalog, self.place, tokens) {
            Ok(request) => request,
            Err(problem) => {
                tracing::warn!(operation = %question.operation, %problem, "a call could not be made");
                return None;
            }
        };
        request.extensions_mut().insert(Call {
            operation: question.full_name(self.catalog),
            region: question.region.clone(),
            page,
            parameters: question.with(tokens),
        });
        match self.transport.send(request).await {
            Ok(exchange) | Err(TransportError::Failed(exchange, _)) => Some(exchange),
            Err(TransportError::Refused(refusal)) => {
                tracing::warn!(%refusal, "a call was refused");
                None
            }
            Err(end) => {
                self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
                None
            }
        }
    }

    async fn pause(&self) {
        if !self.replay && !self.ended() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn extracts(&self) -> bool {
        false
    }
}
