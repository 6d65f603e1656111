//! What an answer means for the transport.

use super::codes::{DENIED, EXPIRED, NOT_ENABLED, THROTTLED, TRANSIENT, UNAUTHENTICATED};
use crate::caller::{CUT, ErrorAnswer, error_answer};
use crate::description::Catalog;
use crate::shapes::Protocol;
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
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    if status.is_success() {
        if text == CUT {
            return failed(FailureKind::Invalid, None, "the answer could not be understood".to_owned());
        }
        // S3 can say 200 and then find that it can't; gateways between us and a service do so too
        if header.is_none() && !looks_like_error(&text) {
            return if is_the_operations(catalog, call, &text) {
                Judgement::Done
            } else {
                failed(FailureKind::Invalid, None, "the answer is not one of this operation".to_owned())
            };
        }
    }
    let ErrorAnswer { code, message } = error_answer(&Value::String(text.into_owned()), header).unwrap_or_default();
    let code_text = code.as_deref().unwrap_or_default();
    let expected =
        catalog.operation(&call.operation).is_some_and(|(_, used, _)| used.expected_codes.contains(code_text));
    // extraction takes what came with 200 for an answer
    if !status.is_success() && (expected || NOT_ENABLED.contains(&code_text)) {
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

/// Whether XML is what the operation answers, and not the page of a proxy, which would read as an empty list.
fn is_the_operations(catalog: &Catalog, call: &Call, text: &str) -> bool {
    let root = root(text);
    let Some((service, _, name)) = catalog.operation(&call.operation) else { return true };
    match service.model.protocol {
        Protocol::Query | Protocol::Ec2 => root.strip_suffix("Response") == Some(name),
        // the root is the output's name or its payload's, and S3 is not strict about it
        Protocol::RestXml => !root.eq_ignore_ascii_case("html"),
        Protocol::Json | Protocol::RestJson => true,
    }
}

/// The name of the first element of XML; empty when there is none.
fn root(text: &str) -> &str {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(inside) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
        rest = inside.split_once('>').map_or("", |(_, rest)| rest).trim_start();
    }
    let name = rest.strip_prefix('<').unwrap_or_default();
    name.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default()
}

/// Whether a document is an error: by the root of XML, and by the type that JSON says of itself.
fn looks_like_error(text: &str) -> bool {
    let rest = text.trim_start();
    if rest.starts_with('{') {
        return rest.contains("\"__type\"") && json_is_error(rest);
    }
    matches!(root(rest), "Error" | "ErrorResponse") || root(rest) == "Response" && rest.contains("<Errors>")
}

/// Some services write the type of good answers, too: an error's name says that it is one.
fn json_is_error(text: &str) -> bool {
    let Ok(json) = serde_json::from_str::<Value>(text) else { return false };
    let name = json.get("__type").and_then(Value::as_str).unwrap_or_default();
    ["Exception", "Error", "Failure", "Fault"].iter().any(|end| name.ends_with(end))
}
