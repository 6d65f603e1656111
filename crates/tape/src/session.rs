//! One target's way to its provider.

use crate::{Dialect, Evidence, Redactor, Sink};
use annexa_model::{Exchange, Failure, Target, Timestamp};
use bytes::Bytes;
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a collector gets for one target.
#[derive(Clone)]
pub struct Session {
    /// The target.
    pub target: Target,
    /// The start of the scan; on replay the start of the recorded one. The only clock that a collector may look at.
    pub as_of: Timestamp,
    /// How many calls may be under way at once.
    pub concurrency: usize,
    /// The folder of annexa.yaml, for relative paths.
    pub base_dir: std::path::PathBuf,
    #[doc(hidden)]
    pub sink: Arc<dyn Sink>,
    #[doc(hidden)]
    pub replay: Option<Evidence>,
    #[doc(hidden)]
    pub redactor: Redactor,
}

impl Session {
    /// Whether answers come from a tape: then nothing below the tape is touched, no credential is looked for, and no
    /// file of the target is read.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// Opens the way to the provider: everything that goes through it is recorded.
    #[must_use]
    pub fn transport(&self, _dialect: Arc<dyn Dialect>) -> Transport {
        Transport {}
    }
}

/// The one transport, as a `tower` service `Request<Bytes> -> Response<Bytes>`. Cheap to clone.
///
/// From the outside in: read-only allow-list → tape → redaction → retry → limits → authentication → deadlines → reqwest.
/// The response is the redacted one, live and in replay alike; its extensions hold the [`Exchange`] as `Arc<Exchange>`.
#[derive(Clone)]
pub struct Transport {}

impl Transport {
    /// Sets who the provider says is asked (account id, cluster UID, node id) and who asks. Until then exchanges
    /// carry the target's name as identity and `unknown` as caller.
    pub fn identify(&self, _identity: &str, _caller: &str) {}

    /// Sends a request whose answer the caller wants as the recorded exchange.
    pub async fn send(&self, _request: Request<Bytes>) -> Result<Arc<Exchange>, TransportError> {
        Err(TransportError::Interrupted)
    }
}

/// A request that has no usable answer; it is on the tape all the same.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// Not on the read-only allow-list; nothing was sent.
    #[error(transparent)]
    Refused(#[from] crate::Refusal),
    /// The exchange ended in a failure.
    #[error("{}: {}", .0.operation, .1.message)]
    Failed(Arc<Exchange>, Failure),
    /// The scan was stopped.
    #[error("the scan was stopped")]
    Interrupted,
    /// The evidence could not be written: the scan can't go on.
    #[error("the evidence could not be written: {0}")]
    Write(Arc<std::io::Error>),
}

impl tower::Service<Request<Bytes>> for Transport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Bytes>) -> Self::Future {
        Box::pin(async { Err(TransportError::Interrupted) })
    }
}
