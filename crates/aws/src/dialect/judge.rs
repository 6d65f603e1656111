//! What an answer means for the transport.

use super::codes::{DENIED, EXPIRED, NOT_ENABLED, THROTTLED, TRANSIENT, UNAUTHENTICATED};
use crate::caller::{CUT, ErrorAnswer, error_answer};
use crate::description::Catalog;
use annexa_model::{Failure, FailureKind};
use annexa_tape::{Call, Judgement, retry_after};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

pub(crate) fn judge(
    catalog: &Catalog,
    call: &Call,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Judgement {
    let text = String::from_utf8_lossy(body);
    if status.is_success() {
        if text == CUT {
            return failed(FailureKind::Invalid, None, "the answer could not be understood".to_owned());
        }
        // S3 can say 200 and then find that it can't
        if !looks_like_error(&text) {
            return Judgement::Done;
        }
    }
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let ErrorAnswer { code, message } = error_answer(&Value::String(text.into_owned()), header).unwrap_or_default();
    let code_text = code.as_deref().unwrap_or_default();
    let expected =
        catalog.operation(&call.operation).is_some_and(|(_, used, _)| used.expected_codes.contains(code_text));
    if expected || NOT_ENABLED.contains(&code_text) {
        return Judgement::Done;
    }
    let wait = || retry_after(headers);
    let listed = |codes: &[&str]| codes.contains(&code_text);
    if listed(THROTTLED) || status == StatusCode::TOO_MANY_REQUESTS {
        return Judgement::Throttled(wait());
    }
    if listed(EXPIRED) {
        return Judgement::Expired;
    }
    if listed(TRANSIENT) || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        return Judgement::Transient(wait());
    }
    let kind = if listed(UNAUTHENTICATED) || status == StatusCode::UNAUTHORIZED {
        FailureKind::Unauthenticated
    } else if listed(DENIED) || status == StatusCode::FORBIDDEN {
        FailureKind::Denied
    } else if status == StatusCode::NOT_FOUND
        || code_text.starts_with("NoSuch")
        || code_text.ends_with("NotFoundException")
    {
        FailureKind::NotFound
    } else if status == StatusCode::NOT_IMPLEMENTED {
        FailureKind::Server
    } else {
        FailureKind::Rejected
    };
    let message = if message.is_empty() { format!("HTTP {}", status.as_u16()) } else { message };
    failed(kind, code, message)
}

fn failed(kind: FailureKind, code: Option<String>, message: String) -> Judgement {
    Judgement::Failed(Failure { kind, code, message })
}

/// Whether an XML document is an error, by its root.
fn looks_like_error(text: &str) -> bool {
    let mut rest = text.trim_start();
    if let Some(declared) = rest.strip_prefix("<?xml") {
        rest = declared.split_once("?>").map_or("", |(_, rest)| rest).trim_start();
    }
    rest.starts_with("<Error>") || rest.starts_with("<ErrorResponse")
}
