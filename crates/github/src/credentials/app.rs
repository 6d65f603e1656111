//! A GitHub App's installation token: one hour of life, renewed in time, once for all who wait.

use super::jwt;
use crate::dialect::Address;
use annexa_model::{Failure, FailureKind, Timestamp};
use annexa_tape::{CredentialClient, CredentialError};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::ToSpan;
use ring::rsa::KeyPair;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Mutex;

/// A token is renewed this long before it ends.
const MARGIN_MINUTES: i64 = 5;
/// A token this young is not renewed again: whoever asks had the one before it.
const YOUNG_SECONDS: i64 = 30;

/// An App and its installation in one organization.
pub(crate) struct App {
    id: String,
    key: KeyPair,
    installation: Option<u64>,
    organization: String,
    address: Address,
    lane: CredentialClient,
    // held while a token is fetched, so that others wait for it and do not fetch another
    current: Mutex<Option<Token>>,
}

struct Token {
    value: SecretString,
    since: Timestamp,
    until: Timestamp,
}

impl App {
    pub(crate) fn new(
        id: String,
        pem: &str,
        installation: Option<u64>,
        organization: String,
        address: Address,
        lane: CredentialClient,
    ) -> Result<Self, String> {
        let key = jwt::read_key(pem)?;
        Ok(Self { id, key, installation, organization, address, lane, current: Mutex::new(None) })
    }

    pub(crate) async fn token(&self, renew: bool) -> Result<SecretString, Failure> {
        let mut current = self.current.lock().await;
        let now = Timestamp::now();
        if let Some(token) = &*current {
            let fresh = token.until > now + MARGIN_MINUTES.minutes();
            let young = token.since + YOUNG_SECONDS.seconds() > now;
            if fresh && (!renew || young) {
                return Ok(token.value.clone());
            }
        }
        let token = self.fetch(now).await?;
        let value = token.value.clone();
        *current = Some(token);
        Ok(value)
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, Failure> {
        let installation = match self.installation {
            Some(id) => id,
            None => self.find_installation(now).await?,
        };
        let path = format!("/app/installations/{installation}/access_tokens");
        let answer = self.call(Method::POST, &path, now).await?;
        let value = answer.get("token").and_then(Value::as_str);
        let until = answer.get("expires_at").and_then(Value::as_str).and_then(|time| time.parse().ok());
        let (Some(value), Some(until)) = (value, until) else {
            return Err(failure("GitHub gave no installation token".to_owned()));
        };
        self.lane.note(&format!("GitHub App {}", self.id), &format!("installation {installation}"), Some(until));
        Ok(Token { value: value.to_owned().into(), since: now, until })
    }

    async fn find_installation(&self, now: Timestamp) -> Result<u64, Failure> {
        let answer = self.call(Method::GET, &format!("/orgs/{}/installation", self.organization), now).await?;
        answer
            .get("id")
            .and_then(Value::as_u64)
            .ok_or_else(|| failure(format!("the App is not installed in `{}`", self.organization)))
    }

    async fn call(&self, method: Method, path: &str, now: Timestamp) -> Result<Value, Failure> {
        let statement = jwt::sign(&self.key, &self.id, now.as_second()).map_err(failure)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{}{path}", self.address.origin, self.address.prefix))
            .header(header::AUTHORIZATION, format!("Bearer {statement}"))
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", crate::client::API_VERSION)
            .body(Bytes::new())
            .map_err(|error| failure(format!("the request for an installation token can't be made: {error}")))?;
        let answer = self.lane.send(request).await.map_err(|error| {
            let kind = match error {
                CredentialError::Interrupted => FailureKind::Interrupted,
                CredentialError::Timeout(_) => FailureKind::Timeout,
                _ => FailureKind::Connection,
            };
            Failure { kind, code: None, message: format!("no installation token: {error}") }
        })?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        match answer.status() {
            StatusCode::OK | StatusCode::CREATED => Ok(body),
            // the answer may hold anything but a token here; its message alone is told
            status => Err(failure(format!(
                "no installation token: GitHub answered {} {}",
                status.as_u16(),
                body.get("message").and_then(Value::as_str).unwrap_or("without a reason")
            ))),
        }
    }
}

fn failure(message: String) -> Failure {
    Failure { kind: FailureKind::Unauthenticated, code: None, message }
}
