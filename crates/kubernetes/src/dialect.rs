//! The Kubernetes API as the transport sees it: which requests may go out, what is kept, what an answer means.

use crate::access::Credentials;
use crate::kinds::{Kind, Kinds};
use crate::redact::{self, Cutter};
use crate::shape::{NamedShapes, Shape};
use annexa_model::{Failure, FailureKind};
use annexa_tape::{Call, Dialect, Judgement, Redacted, Redactor, Refusal};
use async_trait::async_trait;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many objects one page asks for.
pub(crate) const PAGE_SIZE: u32 = 500;

/// What may be asked: discovery, the version, and lists of the kinds that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/version`
    Version,
    /// `/apis`
    Groups,
    /// `/api/v1`, `/apis/apps/v1`
    Resources,
    /// A list of all objects of a kind, named as in [`Kinds::kinds`].
    List(String),
}

/// The path of an API group in one version.
pub(crate) fn api_path(api: &str) -> String {
    if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") }
}

/// The words for a list: `list apps/v1 deployments`.
pub(crate) fn list_operation(api: &str, resource: &str) -> String {
    format!("list {api} {resource}")
}

/// The dialect of one target.
pub(crate) struct KubernetesDialect {
    kinds: Arc<Kinds>,
    routes: BTreeMap<String, (Route, String)>,
    discovery: Shape,
    credentials: Credentials,
    /// The path before the API's own, where a gateway has one.
    base_path: String,
    /// The server's tokens for the next pages by operation and page. Outside the connection a page is called by its
    /// number, so that the same question is the same exchange in every scan.
    pages: Mutex<BTreeMap<String, BTreeMap<u32, String>>>,
}

impl KubernetesDialect {
    pub(crate) fn new(kinds: Arc<Kinds>, credentials: Credentials, base_path: &str) -> Self {
        let mut routes = BTreeMap::from([
            ("/version".to_owned(), (Route::Version, "GET /version".to_owned())),
            ("/apis".to_owned(), (Route::Groups, "GET /apis".to_owned())),
        ]);
        for kind in kinds.kinds.values() {
            for api in &kind.served_as {
                routes.insert(api_path(api), (Route::Resources, format!("GET {}", api_path(api))));
                let path = format!("{}/{}", api_path(api), kind.resource);
                routes.insert(path, (Route::List(kind.name.clone()), list_operation(api, &kind.resource)));
            }
        }
        Self {
            kinds,
            routes,
            discovery: discovery_shape(),
            credentials,
            base_path: base_path.trim_end_matches('/').to_owned(),
            pages: Mutex::default(),
        }
    }

    fn route(&self, call: &Call) -> Option<&Route> {
        self.routes.values().find(|(_, operation)| *operation == call.operation).map(|(route, _)| route)
    }

    fn listed(&self, call: &Call) -> Option<&Kind> {
        match self.route(call) {
            Some(Route::List(kind)) => self.kinds.kinds.get(kind),
            _ => None,
        }
    }

    /// Keeps the server's token for the next page and puts the page's name in its place. A token that came before in
    /// the same list would lead in circles: its place says so, and nobody follows it.
    fn name_next_page(&self, call: &Call, body: &mut Value) -> bool {
        let Some(Value::String(token)) = body.pointer_mut("/metadata/continue") else { return false };
        if token.is_empty() {
            return false;
        }
        let next = call.page.saturating_add(1);
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let of_list = pages.entry(call.operation.clone()).or_default();
        if !call.parameters.contains_key("continue") {
            of_list.clear();
        }
        if of_list.iter().any(|(page, other)| *page != next && other == token) {
            REPEATED.clone_into(token);
        } else {
            of_list.insert(next, std::mem::replace(token, page_name(next)));
        }
        true
    }

    /// The request as it goes out: with the gateway's path and the server's own token.
    fn outgoing_uri(&self, call: &Call, uri: &Uri) -> Result<Uri, Failure> {
        let mut query = Vec::new();
        for (key, value) in query_of(uri) {
            let value = if key == "continue" {
                let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
                pages
                    .get(&call.operation)
                    .and_then(|of_list| of_list.get(&call.page))
                    .map_or(value, |token| percent(token))
            } else {
                value
            };
            query.push(format!("{key}={value}"));
        }
        let separator = if query.is_empty() { "" } else { "?" };
        let path = format!("{}{}{separator}{}", self.base_path, uri.path(), query.join("&"));
        let mut parts = uri.clone().into_parts();
        let rejected = |message: String| Failure { kind: FailureKind::Rejected, code: None, message };
        parts.path_and_query =
            Some(PathAndQuery::try_from(path).map_err(|error| rejected(format!("not a path: {error}")))?);
        Uri::from_parts(parts).map_err(|error| rejected(format!("not an address: {error}")))
    }
}

/// What stands in the place of a token that came before.
const REPEATED: &str = "repeats an earlier page";

/// How a page is called in requests that are recorded.
pub(crate) fn page_name(page: u32) -> String {
    format!("page-{page}")
}

/// The path of a page: of the first one, or of the one with this name. No `resourceVersion`: with 0 the answer may come
/// from an old cache, and without pages.
pub(crate) fn page_path(path: &str, page: Option<&str>) -> String {
    match page {
        None => format!("{path}?limit={PAGE_SIZE}"),
        Some(page) => format!("{path}?limit={PAGE_SIZE}&continue={page}"),
    }
}

fn query_of(uri: &Uri) -> Vec<(String, String)> {
    let query = uri.query().unwrap_or("");
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), value.to_owned())
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Everything but letters, digits and `-_.~` as `%XX`.
fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What is kept of discovery's answers and of `/version`.
fn discovery_shape() -> Shape {
    let version = json!({"groupVersion": "string", "version": "string"});
    let written = json!({
        "kind": "string", "apiVersion": "string", "groupVersion": "string",
        "groups": [{"name": "string", "versions": [version], "preferredVersion": version}],
        "resources": [{"name": "string", "kind": "string", "namespaced": "bool", "verbs": ["string"]}],
        "major": "string", "minor": "string", "gitVersion": "string", "gitCommit": "string", "gitTreeState": "string",
        "buildDate": "string",
        "goVersion": "string", "compiler": "string", "platform": "string",
        "emulationMajor": "string", "emulationMinor": "string",
        "minCompatibilityMajor": "string", "minCompatibilityMinor": "string",
    });
    Shape::parse(&written, &NamedShapes::new()).unwrap_or(Shape::Object(BTreeMap::new()))
}

#[async_trait]
impl Dialect for KubernetesDialect {
    fn name(&self, parts: &Parts, body: &Bytes, hint: Option<&Call>) -> Result<Call, Refusal> {
        let refuse =
            |why: &str| Err(Refusal { what: format!("{} {}", parts.method, parts.uri.path()), why: why.to_owned() });
        if parts.method != Method::GET || !body.is_empty() {
            return refuse("only GET without a body reads");
        }
        if parts.headers.contains_key(header::UPGRADE) {
            return refuse("a changed protocol could do anything");
        }
        let Some((route, operation)) = self.routes.get(parts.uri.path()) else {
            return refuse("only discovery, the version and lists of the kinds in kinds/ are asked");
        };
        let query = query_of(&parts.uri);
        let is_list = matches!(route, Route::List(_));
        let known = |(key, value): &(String, String)| match key.as_str() {
            "limit" => value.parse::<u32>().is_ok_and(|limit| limit > 0),
            "continue" => !value.is_empty(),
            _ => false,
        };
        let twice = query.iter().enumerate().any(|(at, (key, _))| query[..at].iter().any(|(other, _)| other == key));
        if !query.iter().all(|pair| is_list && known(pair)) || twice {
            return refuse("only `limit` and `continue` of a list are asked");
        }
        let mut parameters = Map::new();
        for (key, value) in query {
            parameters.insert(key, Value::String(value));
        }
        let page = hint.map_or(1, |call| call.page.max(1));
        Ok(Call { operation: operation.clone(), region: None, page, parameters })
    }

    fn redact(
        &self,
        call: &Call,
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
        redactor: &Redactor,
    ) -> Redacted {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let Ok(parsed @ Value::Object(_)) = serde_json::from_slice::<Value>(&body) else {
            return redact::text(!status.is_success(), content_type, &body);
        };
        if !status.is_success() || parsed.get("kind").is_some_and(|kind| kind == "Status") {
            let kept = redact::status(&parsed, redactor);
            return Redacted { body: Bytes::from(kept.to_string()), cuts: Vec::new() };
        }
        let listed = self.listed(call);
        let mut cutter = Cutter::new(&self.kinds, listed, redactor);
        let mut kept = if listed.is_some() { cutter.list(parsed) } else { cutter.object(&self.discovery, parsed) };
        if listed.is_some() && self.name_next_page(call, &mut kept) {
            cutter.replaced("/metadata/continue", "differs in each scan: the page's number stands for it");
        }
        cutter.finish(&kept)
    }

    fn judge(&self, call: &Call, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Judgement {
        let parsed: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if status.is_success() {
            return match problem(self.listed(call), &parsed) {
                None => Judgement::Done,
                Some(message) => failed(FailureKind::Invalid, None, message),
            };
        }
        let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let text = |key: &str| parsed.get(key).and_then(Value::as_str);
        let reason = text("reason").map(str::to_owned);
        let message = || match text("message") {
            Some(message) => message.to_owned(),
            None if parsed.is_null() => String::from_utf8_lossy(body).trim().to_owned(),
            None => format!("HTTP {status}"),
        };
        let wait = retry_after.map(Duration::from_secs);
        match status.as_u16() {
            401 => Judgement::Expired,
            403 => failed(FailureKind::Denied, reason, message()),
            404 => failed(FailureKind::NotFound, reason, message()),
            410 => failed(FailureKind::Rejected, Some(reason.unwrap_or_else(|| "Expired".to_owned())), message()),
            429 => Judgement::Throttled(wait),
            // the API server's own text for an aggregated API whose server is gone: asking again does not help
            503 if parsed.is_null() && self.route(call) == Some(&Route::Resources) => {
                failed(FailureKind::Server, Some("ServiceUnavailable".to_owned()), message())
            }
            500 | 502 | 503 | 504 => Judgement::Transient(wait),
            code if code >= 500 => failed(FailureKind::Server, reason, message()),
            _ => failed(FailureKind::Rejected, reason, message()),
        }
    }

    async fn authenticate(
        &self,
        call: &Call,
        parts: &mut Parts,
        _body: &mut Bytes,
        renew: bool,
    ) -> Result<(), Failure> {
        parts.uri = self.outgoing_uri(call, &parts.uri)?;
        for (name, value) in self.credentials.headers(renew).await? {
            parts.headers.insert::<HeaderName>(name, value);
        }
        if !parts.headers.contains_key(header::ACCEPT) {
            parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        }
        Ok(())
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers.get("audit-id").and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["warning", "x-kubernetes-pf-flowschema-uid"]
    }
}

fn failed(kind: FailureKind, code: Option<String>, message: String) -> Judgement {
    Judgement::Failed(Failure { kind, code, message })
}

/// Why a successful answer is none: another kind than asked, or no list.
fn problem(listed: Option<&Kind>, body: &Value) -> Option<String> {
    let kind = body.get("kind").and_then(Value::as_str);
    if kind == Some("Status") {
        return Some(format!(
            "success with a Status in it: {}",
            body.get("message").and_then(Value::as_str).unwrap_or("no message")
        ));
    }
    let Some(listed) = listed else {
        return (!body.is_object() || body.as_object().is_some_and(Map::is_empty))
            .then(|| "not the answer of a Kubernetes API".to_owned());
    };
    let expected = format!("{}List", listed.name);
    match (kind, body.get("items")) {
        (Some(kind), Some(Value::Array(_))) if kind == expected => None,
        (Some(kind), None) if kind == expected => Some(format!("a {kind} without a list of items")),
        (Some(kind), _) => Some(format!("asked for a {expected}, got a {kind}")),
        (None, _) => Some(format!("asked for a {expected}, got something else")),
    }
}
