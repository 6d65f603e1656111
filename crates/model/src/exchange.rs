//! One API request with its final answer, as recorded. All that the tool knows, it knows from these.

use crate::{Kind, Timestamp, canonical_json, short_hash};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// One request with its final answer, after redaction. For documents: one file with its git history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Hash of the logical request; see [`Exchange::id_of`].
    pub id: String,
    /// Name of the target that was asked.
    pub target: String,
    /// Kind of that target.
    pub kind: Kind,
    /// What was asked, in the provider's own words: `s3:GetBucketPolicy`, `list apps/v1 deployments`, `GET /orgs/{org}/hooks`.
    pub operation: String,
    /// The region that was asked, where the provider has regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The number of the page, from 1; repeated polls of one question count up alike.
    pub page: u32,
    /// The request without credentials.
    pub request: Request,
    /// Who asked: an ARN, a user name, a login. Never a credential.
    pub asked_by: String,
    /// When the first try went out.
    pub asked_at: Timestamp,
    /// How often it was sent, the final try included. 0: it was never sent.
    pub attempts: u32,
    /// The host that answered, or was asked in vain; `no answer` when nothing was sent.
    pub host: String,
    /// `sha256:<hex>` of the server's TLS certificate, `no TLS`, or `no answer` when there was none to look at.
    pub tls: String,
    /// The provider's own id of the request, by which the provider can find it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The `Date` header of the answer, as the server sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_date: Option<String>,
    /// What came back; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is no usable answer; absent when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What redaction took out, where and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
}

/// A logical request: what would be asked again to see the same. No host, no credential, no signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The HTTP method; `READ` for a document.
    pub method: String,
    /// The path with its query, without scheme and host.
    pub path: String,
    /// The request in the provider's own parameter names, for people and for the command that repeats it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// The body that was sent, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// What came back, after redaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status; 200 for a document.
    pub status: u16,
    /// Headers that extraction needs (paging links, scopes), lower-case names, sorted.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// The media type without parameters.
    pub content_type: String,
    /// The body: JSON as it is, everything else as text.
    pub body: Value,
}

/// Why a request has no usable answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of the failure.
    pub kind: FailureKind,
    /// The provider's error code, where it gave one (`AccessDenied`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The provider's message or ours, without secrets.
    pub message: String,
}

/// The classes of failures; each is told to people with another remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The caller may not ask this.
    Denied,
    /// The credentials are missing, wrong or expired.
    Unauthenticated,
    /// The provider asked us to slow down until we gave up.
    Throttled,
    /// The thing, API or feature does not exist there.
    NotFound,
    /// The provider refused the request as wrong.
    Rejected,
    /// The provider had an error of its own.
    Server,
    /// No connection, a reset, or a body that broke off.
    Connection,
    /// A deadline passed.
    Timeout,
    /// The answer could not be understood.
    Invalid,
    /// The answer was larger than we read.
    TooLarge,
    /// The scan was stopped before the answer came.
    Interrupted,
    /// It was never asked, though extraction expected it.
    NotAsked,
    /// On replay: the tape does not hold this request.
    NotOnTape,
}

/// Something that redaction took out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// RFC 6901 pointer into the exchange's answer body or request, or an element path for XML.
    pub pointer: String,
    /// Why: `secret`, `personal`, `not allow-listed`, …
    pub reason: String,
    /// A fact that only the transport could see, such as `a value was set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
}

/// An exchange whose bodies were not looked into: all that lists of calls need, read in a fraction of the time. Outside
/// of the bodies, what is no [`Exchange`] is no head of one either.
#[derive(Debug, Deserialize)]
pub struct ExchangeHead {
    /// As in [`Exchange`].
    pub id: String,
    /// As in [`Exchange`].
    pub target: String,
    /// As in [`Exchange`].
    pub kind: Kind,
    /// As in [`Exchange`].
    pub operation: String,
    /// As in [`Exchange`].
    #[serde(default)]
    pub region: Option<String>,
    /// As in [`Exchange`].
    pub page: u32,
    /// The request.
    pub request: RequestHead,
    /// As in [`Exchange`].
    pub asked_by: String,
    /// As in [`Exchange`].
    pub asked_at: Timestamp,
    /// As in [`Exchange`].
    pub attempts: u32,
    /// As in [`Exchange`].
    pub host: String,
    /// As in [`Exchange`].
    pub tls: String,
    /// As in [`Exchange`].
    #[serde(default)]
    pub request_id: Option<String>,
    /// As in [`Exchange`].
    #[serde(default)]
    pub server_date: Option<String>,
    /// The answer, where one came.
    #[serde(default)]
    pub answer: Option<AnswerHead>,
    /// As in [`Exchange`].
    #[serde(default)]
    pub failure: Option<Failure>,
    /// As in [`Exchange`].
    #[serde(default)]
    pub cuts: Vec<Cut>,
}

/// A request whose body was not looked into.
#[derive(Debug, Deserialize)]
pub struct RequestHead {
    /// As in [`Request`].
    pub method: String,
    /// As in [`Request`].
    pub path: String,
    /// As in [`Request`].
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The JSON text of the body.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
}

/// An answer whose body was not looked into.
#[derive(Debug, Deserialize)]
pub struct AnswerHead {
    /// As in [`Answer`].
    pub status: u16,
    /// As in [`Answer`].
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// As in [`Answer`].
    pub content_type: String,
    /// The JSON text of the body.
    pub body: Box<RawValue>,
}

impl Exchange {
    /// The id of a logical request: the same question to the same identity has the same id in every scan.
    #[must_use]
    pub fn id_of(identity: &str, operation: &str, region: Option<&str>, request: &Request, page: u32) -> String {
        let request = canonical_json(request).unwrap_or_default();
        short_hash(&[identity, operation, region.unwrap_or(""), &request, &page.to_string()])
    }

    /// The order of exchanges in an evidence file: by request, page, then id.
    #[must_use]
    pub fn sort_order(&self, other: &Self) -> Ordering {
        let key =
            |e: &Self| (e.request.path.clone(), canonical_json(&e.request).unwrap_or_default(), e.page, e.id.clone());
        key(self).cmp(&key(other))
    }

    /// The answer's body, when there is a usable answer.
    #[must_use]
    pub fn usable_body(&self) -> Option<&Value> {
        match (&self.failure, &self.answer) {
            (None, Some(answer)) => Some(&answer.body),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_exchange_is_no_head_of_one() {
        let whole = json!({
            "id": "1", "target": "prod", "kind": "aws", "operation": "s3:ListBuckets", "region": "eu-central-1", "page": 1,
            "request": {"method": "GET", "path": "/", "parameters": {"a": 1}, "body": {"b": 2}},
            "asked_by": "someone", "asked_at": "2026-03-01T10:00:00Z", "attempts": 1, "host": "h", "tls": "no TLS",
            "request_id": "r", "server_date": "d",
            "answer": {"status": 200, "headers": {"h": "v"}, "content_type": "text/xml", "body": "<a/>"},
            "failure": {"kind": "denied", "message": "m"}, "cuts": [{"pointer": "/a", "reason": "secret"}],
        });
        let both = |value: &Value| {
            let text = value.to_string();
            (serde_json::from_str::<Exchange>(&text).is_ok(), serde_json::from_str::<ExchangeHead>(&text).is_ok())
        };
        assert_eq!(both(&whole), (true, true));
        for parent in ["", "/request", "/answer", "/failure"] {
            let members = whole.pointer(parent).and_then(Value::as_object).unwrap();
            for name in members.keys() {
                let mut less = whole.clone();
                less.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().shift_remove(name);
                let mut wrong = whole.clone();
                wrong.pointer_mut(parent).and_then(Value::as_object_mut).unwrap()[name] = json!([[]]);
                for changed in [less, wrong] {
                    let (exchange, head) = both(&changed);
                    assert_eq!(exchange, head, "{parent}/{name}");
                }
            }
        }
    }
}
