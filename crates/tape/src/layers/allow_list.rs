//! Layer 1: only requests that are known to be read-only go on, under a name.

use crate::transport::Line;
use crate::{Call, Refusal};
use annexa_model::{Exchange, Request};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

/// A request with its name.
pub(crate) struct Asked {
    pub(crate) call: Call,
    pub(crate) request: Request,
    pub(crate) id: String,
    pub(crate) host: String,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// A request that goes nowhere, with what may be told of it.
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) call: Call,
    pub(crate) request: Request,
    pub(crate) id: String,
}

/// Names a request or refuses it.
pub(crate) fn name(line: &Line, request: http::Request<Bytes>) -> Result<Asked, Box<Refused>> {
    let (parts, body) = request.into_parts();
    let hint = parts.extensions.get::<Call>();
    let host = parts.uri.authority().map_or(String::new(), |authority| {
        // without user:password@
        let whole = authority.as_str();
        whole.rsplit_once('@').map_or(whole, |(_, host)| host).to_ascii_lowercase()
    });
    let named = line.dialect.name(&parts, &body, hint).and_then(|call| check_host(line, &host).map(|()| call));
    match named {
        Ok(call) => {
            let request = logical(&parts, call.parameters.clone(), &body);
            let id = id(line, &call, &request);
            Ok(Asked { call, request, id, host, parts, body })
        }
        Err(refusal) => {
            // the body of a request that nobody understood may hold anything: it stays out of the evidence
            let call = hint.cloned().unwrap_or_else(|| unnamed(&parts));
            let request = logical(&parts, Map::new(), &Bytes::new());
            let id = id(line, &call, &request);
            Err(Box::new(Refused { refusal, call, request, id }))
        }
    }
}

fn id(line: &Line, call: &Call, request: &Request) -> String {
    Exchange::id_of(&line.parties().identity, &call.operation, call.region.as_deref(), request, call.page)
}

fn unnamed(parts: &Parts) -> Call {
    Call { operation: format!("{} {}", parts.method, parts.uri.path()), page: 1, ..Call::default() }
}

/// Credentials are for the target's own hosts: a link in an answer must not lead them elsewhere.
fn check_host(line: &Line, host: &str) -> Result<(), Refusal> {
    if line.hosts.is_empty() || line.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let what = format!("a request to `{host}`");
    Err(Refusal { what, why: "it is not a host of this target".to_owned() })
}

/// The request without scheme, host, headers and credentials.
fn logical(parts: &Parts, parameters: Map<String, Value>, body: &Bytes) -> Request {
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    let body = (!body.is_empty()).then(|| {
        serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
    });
    Request { method: parts.method.to_string(), path, parameters, body }
}
