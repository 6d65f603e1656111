//! Bodies as they stand in an exchange, and back: JSON as JSON, everything else as text.

use crate::TransportError;
use annexa_model::{Answer, Exchange, Failure, FailureKind};
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a media type says of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// JSON, whatever it looks like.
    Json,
    /// Text, even if it looks like JSON (a raw file).
    Text,
    /// Nobody knows: JSON if it is an object or a list. Some test servers send JSON as text/html.
    Unsaid,
}

fn form(content_type: &str) -> Form {
    let subtype = content_type.split_once('/').map_or("", |(_, subtype)| subtype);
    // application/vnd.github.raw+json is a file as it is, not JSON
    let raw = subtype.split(['.', '+']).any(|part| matches!(part, "raw" | "html" | "diff" | "patch" | "sha"));
    if subtype == "json" || subtype.starts_with("x-amz-json") || subtype.ends_with("+json") && !raw {
        Form::Json
    } else if matches!(
        content_type,
        "" | "text/html" | "text/plain" | "application/octet-stream" | "binary/octet-stream"
    ) {
        Form::Unsaid
    } else {
        Form::Text
    }
}

/// The media type of an answer, without parameters, in lower case; empty when it has none.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A redacted body as it stands in an exchange, with the failure that a body is which can't be understood.
pub(crate) fn store(content_type: &str, body: &[u8]) -> (Value, Option<Failure>) {
    let Ok(text) = std::str::from_utf8(body) else {
        let failure = invalid(format!("the answer ({content_type}) is no text in UTF-8"));
        return (Value::String(String::from_utf8_lossy(body).into_owned()), Some(failure));
    };
    if text.is_empty() {
        return (Value::String(String::new()), None);
    }
    match form(content_type) {
        Form::Text => (Value::String(text.to_owned()), None),
        Form::Unsaid if !text.trim_start().starts_with(['{', '[']) => (Value::String(text.to_owned()), None),
        said => match serde_json::from_str(text) {
            Ok(value) => (value, None),
            Err(_) if said == Form::Unsaid => (Value::String(text.to_owned()), None),
            Err(error) => {
                let failure =
                    invalid(format!("the answer says it is {content_type}, but it can't be read as such: {error}"));
                (Value::String(text.to_owned()), Some(failure))
            }
        },
    }
}

fn invalid(message: String) -> Failure {
    Failure { kind: FailureKind::Invalid, code: None, message }
}

/// A stored body as bytes again.
pub(crate) fn bytes(answer: &Answer) -> Bytes {
    match &answer.body {
        Value::String(text) if text.is_empty() || form(&answer.content_type) != Form::Json => {
            Bytes::from(text.clone().into_bytes())
        }
        value => Bytes::from(value.to_string().into_bytes()),
    }
}

/// The headers of an answer that are kept, sorted; several of one name are joined.
pub(crate) fn kept(headers: &HeaderMap, names: &[&str]) -> Map<String, Value> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    let text = |name: &str| {
        let values: Vec<_> = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        if values.is_empty() { None } else { Some(values.join(", ")) }
    };
    names.into_iter().filter_map(|name| text(name).map(|value| (name.to_owned(), Value::String(value)))).collect()
}

/// The response that an exchange stands for.
pub(crate) fn response(exchange: &Arc<Exchange>) -> Result<Response<Bytes>, TransportError> {
    let unusable = |message: String| {
        TransportError::Failed(Arc::clone(exchange), Failure { kind: FailureKind::Invalid, code: None, message })
    };
    let Some(answer) = &exchange.answer else { return Err(unusable("there is no answer".to_owned())) };
    let mut builder = Response::builder().status(answer.status).extension(Arc::clone(exchange));
    for (name, value) in &answer.headers {
        if let Some(value) = value.as_str() {
            builder = builder.header(name, value);
        }
    }
    if !answer.content_type.is_empty() && !answer.headers.contains_key("content-type") {
        builder = builder.header(header::CONTENT_TYPE, &answer.content_type);
    }
    builder.body(bytes(answer)).map_err(|error| unusable(format!("the recorded answer is no HTTP response: {error}")))
}
