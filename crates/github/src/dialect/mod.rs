//! What is GitHub's own about a request: which calls are known to be read-only, what an answer means, what is cut out.

mod address;
mod allow_list;
mod judge;
mod redact;

pub(crate) use address::Address;
pub(crate) use allow_list::read_only_operation;
pub(crate) use judge::{error_kind, message};

use crate::credentials::Credentials;
use crate::describe::Descriptions;
use annexa_model::{Failure, FailureKind};
use annexa_tape::{Call, Dialect, Judgement, Redacted, Redactor, Refusal};
use async_trait::async_trait;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::sync::Arc;

/// GitHub's part of the transport.
pub(crate) struct GithubDialect {
    pub(crate) address: Address,
    pub(crate) descriptions: Arc<Descriptions>,
    /// None in replay.
    pub(crate) credentials: Option<Credentials>,
}

#[async_trait]
impl Dialect for GithubDialect {
    fn name(&self, parts: &Parts, body: &Bytes, hint: Option<&Call>) -> Result<Call, Refusal> {
        allow_list::name(&self.descriptions, &self.address, parts, body, hint)
    }

    fn redact(&self, call: &Call, status: StatusCode, _: &HeaderMap, body: Bytes, redactor: &Redactor) -> Redacted {
        redact::redact(self.descriptions.operations.get(&call.operation), status, &body, redactor)
    }

    fn judge(&self, call: &Call, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Judgement {
        judge::judge(self.descriptions.operations.get(&call.operation), status, headers, body)
    }

    async fn authenticate(&self, _: &Call, parts: &mut Parts, _: &mut Bytes, renew: bool) -> Result<(), Failure> {
        let no_token = |message: String| Failure { kind: FailureKind::Unauthenticated, code: None, message };
        let Some(credentials) = &self.credentials else {
            return Err(no_token("no credentials are used in replay".to_owned()));
        };
        let token = credentials.token(renew).await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", secrecy::ExposeSecret::expose_secret(&token)))
            .map_err(|_| no_token("the token has characters that no token can have".to_owned()))?;
        value.set_sensitive(true);
        parts.headers.insert(header::AUTHORIZATION, value);
        Ok(())
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers.get("x-github-request-id")?.to_str().ok().map(str::to_owned)
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &[
            "link",
            "x-accepted-github-permissions",
            "x-accepted-oauth-scopes",
            "x-github-api-version-selected",
            "x-github-enterprise-version",
            "x-github-sso",
        ]
    }
}
