//! Questions go to GitHub. A query that is too much for it is asked again in halves.

use super::Asker;
use crate::client::{Client, NoExchange};
use crate::describe::{Ask, Descriptions, Route};
use annexa_model::{Exchange, Failure, FailureKind, Kind, Request, Timestamp};
use annexa_tape::TransportError;
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The network.
pub(crate) struct Live<'a> {
    client: Client,
    descriptions: &'a Descriptions,
    stop: Mutex<Option<TransportError>>,
    /// Page sizes that were found to work, by operation: the next page does not start too large again.
    sizes: Mutex<BTreeMap<String, u32>>,
}

impl<'a> Live<'a> {
    pub(crate) fn new(client: Client, descriptions: &'a Descriptions) -> Self {
        Self { client, descriptions, stop: Mutex::new(None), sizes: Mutex::new(BTreeMap::new()) }
    }

    /// Why the walk had to end, if it had to.
    pub(crate) fn stop(&self) -> Option<TransportError> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn exchange(&self, ask: &Ask, result: Result<Arc<Exchange>, NoExchange>) -> Arc<Exchange> {
        match result {
            Ok(exchange) => exchange,
            Err(NoExchange::Refused(message)) => no_exchange(ask, FailureKind::Rejected, message),
            Err(NoExchange::Stop(error)) => {
                let message = error.to_string();
                self.stop.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                no_exchange(ask, FailureKind::Interrupted, message)
            }
        }
    }
}

#[async_trait]
impl Asker for Live<'_> {
    async fn rest(&self, ask: &Ask, page: u32, paging: &[(String, String)]) -> Arc<Exchange> {
        let path = rest_path(ask, paging);
        let result = self.client.get(&path, page).await;
        self.exchange(ask, result)
    }

    async fn query(&self, ask: &Ask, page: u32, after: Option<&str>, size: Option<u32>) -> Arc<Exchange> {
        let Some(Route::Graphql { document, .. }) = self.descriptions.operations.get(&ask.operation).map(|o| &o.route)
        else {
            return no_exchange(ask, FailureKind::Rejected, "no description has this query".to_owned());
        };
        let known = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(&ask.operation).copied();
        let mut size = size.map(|size| known.unwrap_or(size).min(size));
        loop {
            let result = self.client.query(document, &variables(ask, after, size), page).await;
            let exchange = self.exchange(ask, result);
            match size {
                Some(now) if now > 1 && is_too_much(&exchange) => {
                    size = Some(now / 2);
                    self.sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(ask.operation.clone(), now / 2);
                }
                _ => return exchange,
            }
        }
    }

    fn stopped(&self) -> bool {
        self.stop().is_some()
    }
}

/// The path and query of one page. Paging comes last, so that a person finds it.
fn rest_path(ask: &Ask, paging: &[(String, String)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&ask.query);
    if ask.paged {
        query.append_pair("per_page", "100");
    }
    query.extend_pairs(paging);
    let query = query.finish();
    if query.is_empty() { ask.path.clone() } else { format!("{}?{query}", ask.path) }
}

fn variables(ask: &Ask, after: Option<&str>, size: Option<u32>) -> Value {
    let mut variables: Map<String, Value> =
        ask.parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    if let Some(size) = size {
        variables.insert("first".to_owned(), size.into());
        variables.insert("after".to_owned(), after.map_or(Value::Null, Value::from));
    }
    Value::Object(variables)
}

/// Whether fewer items may get through: limits on resources come as no data, or as holes in it; time-outs as 502 to 504.
fn is_too_much(exchange: &Exchange) -> bool {
    if let Some(failure) = &exchange.failure {
        return matches!(failure.kind, FailureKind::TooLarge | FailureKind::Timeout | FailureKind::Server);
    }
    let errors = exchange.usable_body().and_then(|body| body.get("errors")).and_then(Value::as_array);
    errors.is_some_and(|errors| {
        errors.iter().any(|error| error.get("type").and_then(Value::as_str) == Some("RESOURCE_LIMITS_EXCEEDED"))
    })
}

/// What stands for an exchange that there is none of.
pub(super) fn no_exchange(ask: &Ask, kind: FailureKind, message: String) -> Arc<Exchange> {
    let request = Request { method: String::new(), path: ask.path.clone(), parameters: Map::new(), body: None };
    Arc::new(Exchange {
        id: Exchange::id_of("", &ask.operation, None, &request, 1),
        target: String::new(),
        kind: Kind::Github,
        operation: ask.operation.clone(),
        region: None,
        page: 1,
        request,
        asked_by: String::new(),
        asked_at: Timestamp::UNIX_EPOCH,
        attempts: 0,
        host: String::new(),
        tls: String::new(),
        request_id: None,
        server_date: None,
        answer: None,
        failure: Some(Failure { kind, code: None, message }),
        cuts: Vec::new(),
    })
}
