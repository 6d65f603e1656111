//! One operation with its parameters as an HTTP request, unsigned.

use super::{Endpoint, json, query, rest};
use crate::shapes::{Protocol, ServiceModel};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::{Map, Value};

/// A request that can't be made from its parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    #[error("service `{service}` has no operation `{operation}`")]
    UnknownOperation { service: String, operation: String },
    #[error("`{operation}` needs `{member}`")]
    Missing { operation: String, member: String },
    #[error("`{operation}` has no parameter `{member}`")]
    UnknownMember { operation: String, member: String },
    #[error("`{member}` of `{operation}` can't be sent: {problem}")]
    Unsupported { operation: String, member: String, problem: &'static str },
    #[error("`{operation}` gives no valid HTTP request: {problem}")]
    Http { operation: String, problem: String },
}

/// The parts of a request before they are put together.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) path: String,
    /// Pairs that are not yet encoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// Makes the request of an operation.
pub(crate) fn build(
    model: &ServiceModel,
    operation: &str,
    parameters: &Map<String, Value>,
    endpoint: &Endpoint,
) -> Result<Request<Bytes>, CallError> {
    let shape = model.operations.get(operation).ok_or_else(|| CallError::UnknownOperation {
        service: model.service.clone(),
        operation: operation.to_owned(),
    })?;
    let no_members = Default::default();
    let members = model.members(shape.input.as_ref()).unwrap_or(&no_members);
    if let Some(unknown) = parameters.keys().find(|name| !members.contains_key(*name)) {
        return Err(CallError::UnknownMember { operation: operation.to_owned(), member: unknown.clone() });
    }
    let draft = match model.protocol {
        Protocol::Query | Protocol::Ec2 => query::draft(model, operation, members, parameters),
        Protocol::Json => json::draft(model, operation, members, parameters),
        Protocol::RestJson | Protocol::RestXml => {
            rest::draft(model, operation, shape, members, parameters, endpoint.bucket_in_host.is_some())?
        }
    };
    assemble(operation, &shape.method, draft, endpoint)
}

fn assemble(operation: &str, method: &str, draft: Draft, endpoint: &Endpoint) -> Result<Request<Bytes>, CallError> {
    let http_error = |problem: String| CallError::Http { operation: operation.to_owned(), problem };
    let mut uri = format!("{}{}", endpoint.base, if draft.path.is_empty() { "/" } else { &draft.path });
    for (index, (name, value)) in draft.query.iter().enumerate() {
        uri.push(if index == 0 { '?' } else { '&' });
        uri.push_str(&percent(name, false));
        if !value.is_empty() {
            uri.push('=');
            uri.push_str(&percent(value, false));
        }
    }
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| http_error(error.to_string()))?;
    let mut request =
        Request::builder().method(method).uri(uri).body(draft.body).map_err(|error| http_error(error.to_string()))?;
    for (name, value) in draft.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| http_error(error.to_string()))?;
        let value = HeaderValue::from_str(&value).map_err(|error| http_error(error.to_string()))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// A single value as text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// RFC 3986 percent-encoding of all but unreserved characters; `keep_slash` for greedy path labels.
pub(crate) fn percent(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            b'/' if keep_slash => encoded.push('/'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
