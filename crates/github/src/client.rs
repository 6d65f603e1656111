//! octocrab on our transport. Its own retry, cache and redirects stay off: the transport has the rules for that, and
//! the recorded exchange is what we read, because `graphql()` throws partial data away.

use crate::dialect::Address;
use annexa_model::Exchange;
use annexa_tape::{Call, Transport, TransportError};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Empty};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The version of GitHub's REST API that the descriptions were written for. GitHub supports a version for at least
/// two years, and servers know this one too.
pub(crate) const API_VERSION: &str = "2022-11-28";

/// A client for one GitHub.
#[derive(Clone)]
pub(crate) struct Client {
    crab: Octocrab,
    address: Address,
}

/// A call that brought no exchange.
pub(crate) enum NoExchange {
    /// The scan must end: evidence can't be written, the tape can't be read, or it was stopped.
    Stop(TransportError),
    /// The request was not sent.
    Refused(String),
}

impl Client {
    pub(crate) fn new(transport: Transport, address: Address) -> Self {
        let Ok(crab) = OctocrabBuilder::new_empty().with_service(Adapter(transport)).with_auth(AuthState::None).build();
        Self { crab, address }
    }

    /// `GET` of a path below the REST base.
    pub(crate) async fn get(&self, path_and_query: &str, page: u32) -> Result<Arc<Exchange>, NoExchange> {
        let uri = format!("{}{}{path_and_query}", self.address.origin, self.address.prefix);
        self.send(Request::builder().method(Method::GET).uri(uri), None, page).await
    }

    /// A GraphQL query.
    pub(crate) async fn query(
        &self,
        document: &str,
        variables: &Value,
        page: u32,
    ) -> Result<Arc<Exchange>, NoExchange> {
        let uri = format!("{}{}", self.address.origin, self.address.graphql);
        let body = json!({"query": document, "variables": variables});
        self.send(Request::builder().method(Method::POST).uri(uri), Some(body), page).await
    }

    async fn send(
        &self,
        builder: http::request::Builder,
        body: Option<Value>,
        page: u32,
    ) -> Result<Arc<Exchange>, NoExchange> {
        let call = Call { page, ..Call::default() };
        let builder = builder.extension(call).header(header::ACCEPT, "application/vnd.github+json");
        let mut request =
            self.crab.build_request(builder, body.as_ref()).map_err(|error| NoExchange::Refused(error.to_string()))?;
        // octocrab sends a version of its own choice; ours must not change with an update of it
        request.headers_mut().insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        let response = self.crab.execute(request).await.map_err(|error| NoExchange::Refused(error.to_string()))?;
        match response.extensions().get::<Outcome>() {
            Some(Outcome(Ok(exchange))) => Ok(Arc::clone(exchange)),
            Some(Outcome(Err(TransportError::Refused(refusal)))) => Err(NoExchange::Refused(refusal.to_string())),
            Some(Outcome(Err(error))) => Err(NoExchange::Stop(error.clone())),
            None => Err(NoExchange::Refused("octocrab lost the answer".to_owned())),
        }
    }
}

/// What the transport said, carried through octocrab in the response's extensions.
#[derive(Clone)]
struct Outcome(Result<Arc<Exchange>, TransportError>);

/// octocrab's bodies on one side, the transport's on the other.
#[derive(Clone)]
struct Adapter(Transport);

impl tower::Service<Request<OctoBody>> for Adapter {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        let transport = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let outcome = match transport.send(Request::from_parts(parts, body)).await {
                // a failure is an exchange too
                Ok(exchange) | Err(TransportError::Failed(exchange, _)) => Ok(exchange),
                Err(error) => Err(error),
            };
            let mut response = Response::new(Empty::new());
            response.extensions_mut().insert(Outcome(outcome));
            Ok(response)
        })
    }
}
