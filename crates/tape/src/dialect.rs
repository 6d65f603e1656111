//! What differs from provider to provider: how a request is named, judged, redacted and authenticated.

use crate::Redactor;
use annexa_model::{Cut, Failure};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, request::Parts};
use serde_json::{Map, Value};
use std::time::Duration;

/// A request in the provider's own words. A collector may put one into the request's extensions; otherwise
/// [`Dialect::name`] derives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// `s3:GetBucketPolicy`, `list apps/v1 deployments`, `GET /orgs/{org}/hooks`, `query repositories`.
    pub operation: String,
    /// The region, where the provider has regions.
    pub region: Option<String>,
    /// The page, from 1; polls count up alike.
    pub page: u32,
    /// The request in the provider's own parameter names.
    pub parameters: Map<String, Value>,
}

/// A request that is not sent, because it is not known to be read-only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused to send {what}: {why}")]
pub struct Refusal {
    /// The request.
    pub what: String,
    /// Why it is not on the allow-list.
    pub why: String,
}

/// What an answer means for the transport.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// A final, usable answer (an expected "not there" included: extraction reads it).
    Done,
    /// Slow down and try again; after this time where the provider says so.
    Throttled(Option<Duration>),
    /// An error of the provider's that may go away.
    Transient(Option<Duration>),
    /// The credentials ran out: authenticate anew and try once more.
    Expired,
    /// A final answer that is of no use: denied, rejected, not found where it should be.
    Failed(Failure),
}

/// An answer's body after redaction, and what was cut.
#[derive(Clone, Debug, PartialEq)]
pub struct Redacted {
    /// The body that collectors and evidence see.
    pub body: Bytes,
    /// What is not in it any more.
    pub cuts: Vec<Cut>,
}

/// The part of the transport that each provider writes for itself.
#[async_trait]
pub trait Dialect: Send + Sync + 'static {
    /// The read-only allow-list: names a request or refuses it. `hint` is the [`Call`] from the request's extensions.
    fn name(&self, parts: &Parts, body: &Bytes, hint: Option<&Call>) -> Result<Call, Refusal>;

    /// Cuts secrets and personal data out of an answer, before anything is hashed, logged or written.
    /// A body that cannot be understood is cut whole.
    fn redact(
        &self,
        call: &Call,
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
        redactor: &Redactor,
    ) -> Redacted;

    /// Says what an answer means. Sees the redacted body.
    fn judge(&self, call: &Call, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Judgement;

    /// Puts credentials on a request that is about to be sent; each try anew. `renew` asks for fresh ones.
    async fn authenticate(&self, call: &Call, parts: &mut Parts, body: &mut Bytes, renew: bool) -> Result<(), Failure>;

    /// The provider's own id of the request.
    fn request_id(&self, headers: &HeaderMap) -> Option<String>;

    /// Lower-case names of the answer's headers that are kept, because extraction or people need them.
    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }
}
