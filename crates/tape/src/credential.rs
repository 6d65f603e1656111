//! The lane for calls that fetch credentials.

use crate::layers::deadlines;
use crate::layers::wire::{Raw, Wire};
use crate::{Limits, Settings, SettingsError, Stop};
use annexa_model::{FailureKind, Timestamp};
use bytes::Bytes;
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Semaphore;

/// How many credential calls of a target may be under way at once.
const PLACES: usize = 4;

/// A `tower` service for AssumeRole, SSO, web identity, instance metadata, installation tokens. Cheap to clone.
///
/// Limits and deadlines hold as in the transport; the tape never sees it, and nothing of a call is logged. It does
/// not retry: the libraries that use it have rules of their own for that. In replay each call is an error.
#[derive(Clone)]
pub struct CredentialClient {
    inner: Arc<Inner>,
}

struct Inner {
    target: String,
    wire: Result<Option<Wire>, String>,
    limits: Limits,
    stop: Stop,
    places: Semaphore,
}

/// A credential call that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Replay needs no credentials, so nothing may ask for them.
    #[error("no credentials are fetched in replay")]
    Replay,
    /// The scan was stopped.
    #[error("the scan was stopped")]
    Interrupted,
    /// A deadline passed.
    #[error("{0}")]
    Timeout(String),
    /// No connection, no whole answer, or settings that can't be used.
    #[error("{0}")]
    Connection(String),
}

impl CredentialClient {
    pub(crate) fn new(target: String, wire: Result<Option<Wire>, String>, limits: Limits, stop: Stop) -> Self {
        Self { inner: Arc::new(Inner { target, wire, limits, stop, places: Semaphore::new(PLACES) }) }
    }

    /// The same lane without a session, for what has no target: the locker. `who` names it in the log.
    ///
    /// # Errors
    /// The settings can't be used.
    pub fn alone(who: &str, settings: &Settings, limits: Limits, stop: Stop) -> Result<Self, SettingsError> {
        let wire = Wire::new(settings, &limits)?;
        Ok(Self::new(who.to_owned(), Ok(Some(wire)), limits, stop))
    }

    /// Sends a request; the answer may hold credentials, so take care of it.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, CredentialError> {
        let Inner { wire, limits, stop, places, .. } = &*self.inner;
        let wire = match wire {
            Ok(Some(wire)) => wire,
            Ok(None) => return Err(CredentialError::Replay),
            Err(problem) => return Err(CredentialError::Connection(problem.clone())),
        };
        let answer = async {
            let _place = places.acquire().await;
            let (parts, body) = request.into_parts();
            deadlines::within(wire, limits.call, parts, body).await
        };
        let answer = tokio::select! {
            biased;
            () = stop.pulled() => return Err(CredentialError::Interrupted),
            answer = answer => answer,
        };
        let Raw { status, headers, body, .. } = answer.map_err(|trouble| match trouble.failure.kind {
            FailureKind::Timeout => CredentialError::Timeout(trouble.failure.message),
            _ => CredentialError::Connection(trouble.failure.message),
        })?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Notes in the log who became whom, and until when. The only trace that this lane leaves.
    pub fn note(&self, who: &str, whom: &str, until: Option<Timestamp>) {
        let until = until.map_or_else(|| "unknown".to_owned(), |until| until.to_string());
        tracing::info!(target_name = %self.inner.target, %who, %whom, %until, "credentials");
    }
}

impl tower::Service<Request<Bytes>> for CredentialClient {
    type Response = Response<Bytes>;
    type Error = CredentialError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, CredentialError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let lane = self.clone();
        Box::pin(async move { lane.send(request).await })
    }
}

impl std::fmt::Debug for CredentialClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialClient").field("target", &self.inner.target).finish_non_exhaustive()
    }
}
