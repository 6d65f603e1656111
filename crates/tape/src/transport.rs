//! The transport as its users see it.

use crate::layers::wire::Wire;
use crate::layers::{allow_list, tape};
use crate::{Dialect, Refusal, Session, content};
use annexa_model::{Exchange, Failure};
use bytes::Bytes;
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// The one transport, as a `tower` service `Request<Bytes> -> Response<Bytes>`. Cheap to clone.
///
/// From the outside in: read-only allow-list → tape → redaction → retry → limits → authentication → deadlines → reqwest.
/// The response is the redacted one, live and in replay alike; its extensions hold the [`Exchange`] as `Arc<Exchange>`.
///
/// As a service it gives the provider's error answers (403, 404, …) as responses, as HTTP clients expect it; a failure
/// without an answer, and an answer with status 200 that the dialect calls a failure, is an error.
/// [`Transport::send`] makes every failure an error.
#[derive(Clone)]
pub struct Transport {
    line: Arc<Line>,
}

/// What all layers share.
pub(crate) struct Line {
    pub(crate) session: Session,
    pub(crate) dialect: Arc<dyn Dialect>,
    pub(crate) hosts: Vec<String>,
    /// The network; none in replay; an error text when the settings can't be used.
    pub(crate) wire: Result<Option<Wire>, String>,
    parties: Mutex<Parties>,
}

/// Who asks whom.
#[derive(Clone)]
pub(crate) struct Parties {
    pub(crate) identity: String,
    pub(crate) caller: String,
}

impl Line {
    pub(crate) fn parties(&self) -> Parties {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport {
    pub(crate) fn new(
        session: Session,
        dialect: Arc<dyn Dialect>,
        hosts: Vec<String>,
        wire: Result<Option<Wire>, String>,
    ) -> Self {
        let parties = Parties { identity: format!("target:{}", session.target.name), caller: "unknown".to_owned() };
        Self { line: Arc::new(Line { session, dialect, hosts, wire, parties: Mutex::new(parties) }) }
    }

    /// Sets who the provider says is asked (account id, cluster UID, node id) and who asks. Until then exchanges
    /// carry `target:<name>` as identity and `unknown` as caller.
    pub fn identify(&self, identity: &str, caller: &str) {
        let parties = Parties { identity: identity.to_owned(), caller: caller.to_owned() };
        *self.line.parties.lock().unwrap_or_else(PoisonError::into_inner) = parties;
    }

    /// Sends a request whose answer the caller wants as the recorded exchange.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Arc<Exchange>, TransportError> {
        let asked = match allow_list::name(&self.line, request) {
            Ok(asked) => asked,
            Err(refused) => return Err(tape::refuse(&self.line, refused)),
        };
        let exchange = tape::exchange(&self.line, asked).await?;
        match exchange.failure.clone() {
            None => Ok(exchange),
            Some(failure) => Err(TransportError::Failed(exchange, failure)),
        }
    }
}

/// A request that has no usable answer; it is on the tape all the same.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// Not on the read-only allow-list; nothing was sent.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The exchange ended in a failure.
    #[error("{}: {}", .0.operation, .1.message)]
    Failed(Arc<Exchange>, Failure),
    /// The scan was stopped; this call was not made and is not on the tape.
    #[error("the scan was stopped")]
    Interrupted,
    /// The evidence could not be written: the scan can't go on.
    #[error("the evidence could not be written: {0}")]
    Write(Arc<std::io::Error>),
    /// The tape that should answer can't be read.
    #[error("the tape can't be read: {0}")]
    Read(Arc<std::io::Error>),
}

impl tower::Service<Request<Bytes>> for Transport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move {
            match transport.send(request).await {
                Ok(exchange) => content::response(&exchange),
                Err(TransportError::Failed(exchange, failure)) => {
                    let status = exchange.answer.as_ref().map_or(0, |answer| answer.status);
                    if status >= 300 {
                        content::response(&exchange)
                    } else {
                        Err(TransportError::Failed(exchange, failure))
                    }
                }
                Err(error) => Err(error),
            }
        })
    }
}
