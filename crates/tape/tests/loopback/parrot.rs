//! A dialect for tests, and sessions that speak it.

use crate::server::Server;
use annexa_model::{
    Cut, DocumentsSettings, Exchange, Failure, FailureKind, Settings as TargetSettings, Target, Timestamp,
};
use annexa_tape::{
    Call, Dialect, Evidence, Judgement, Limits, MemorySink, Privacy, Proxy, Redacted, Redactor, Refusal, Session,
    SessionBuilder, Settings, Transport, TransportError,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The secret that servers put into answers and that must be found nowhere afterwards.
pub(crate) const SECRET: &str = "hunter2";
/// The credential.
pub(crate) const TOKEN: &str = "token-abc";

/// GET, and POST of queries, only; cuts [`SECRET`]; a bearer token that changes whenever it is renewed.
#[derive(Debug, Default)]
pub(crate) struct Parrot {
    pub(crate) signed: AtomicU32,
    pub(crate) renewed: AtomicU32,
}

#[async_trait]
impl Dialect for Parrot {
    fn name(&self, parts: &Parts, body: &Bytes, hint: Option<&Call>) -> Result<Call, Refusal> {
        if parts.method != http::Method::GET && !body.starts_with(b"{\"query\"") {
            return Err(Refusal {
                what: format!("{} {}", parts.method, parts.uri.path()),
                why: "it is no query".to_owned(),
            });
        }
        let named = || Call { operation: format!("GET {}", parts.uri.path()), page: 1, ..Call::default() };
        Ok(hint.cloned().unwrap_or_else(named))
    }

    fn redact(&self, _: &Call, _: StatusCode, _: &HeaderMap, body: Bytes, _: &Redactor) -> Redacted {
        let text = String::from_utf8_lossy(&body).into_owned();
        if !text.contains(SECRET) {
            return Redacted { body, cuts: Vec::new() };
        }
        let cut = Cut { pointer: String::new(), reason: "secret".to_owned(), fact: None };
        Redacted { body: text.replace(SECRET, "").into(), cuts: vec![cut] }
    }

    fn judge(&self, _: &Call, status: StatusCode, _: &HeaderMap, body: &Bytes) -> Judgement {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains(SECRET), "the judge sees redacted answers only");
        match status.as_u16() {
            429 => Judgement::Throttled(None),
            401 => Judgement::Expired,
            500.. => Judgement::Transient(None),
            300.. => {
                let kind = if status == 403 { FailureKind::Denied } else { FailureKind::Rejected };
                Judgement::Failed(Failure { kind, code: Some(status.as_u16().to_string()), message: text.into_owned() })
            }
            _ => Judgement::Done,
        }
    }

    async fn authenticate(&self, _: &Call, parts: &mut Parts, _: &mut Bytes, renew: bool) -> Result<(), Failure> {
        self.signed.fetch_add(1, Ordering::SeqCst);
        if renew {
            self.renewed.fetch_add(1, Ordering::SeqCst);
        }
        let token = format!("Bearer {TOKEN}-{}", self.renewed.load(Ordering::SeqCst));
        parts.headers.insert("authorization", token.parse().unwrap());
        Ok(())
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers.get("x-request-id").map(|id| id.to_str().unwrap().to_owned())
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["link", "retry-after"]
    }
}

pub(crate) fn target() -> Target {
    // any kind does: the transport does not look at it
    Target { name: "demo".to_owned(), settings: TargetSettings::Documents(DocumentsSettings { path: ".".to_owned() }) }
}

/// Limits that tests can wait for; deadlines are long enough for a machine with much else to do.
pub(crate) fn quick() -> Limits {
    Limits {
        tries: 3,
        first_wait: Duration::from_millis(10),
        longest_wait: Duration::from_millis(40),
        max_body: 100_000,
        ..Limits::default()
    }
}

/// Limits with deadlines that tests can wait for.
pub(crate) fn hasty() -> Limits {
    Limits { read: Duration::from_millis(200), call: Duration::from_millis(400), ..quick() }
}

pub(crate) fn direct() -> Settings {
    Settings { proxy: Proxy::None, ..Settings::default() }
}

/// A session builder and its sink.
pub(crate) fn session() -> (SessionBuilder, Arc<MemorySink>) {
    let sink = Arc::new(MemorySink::new());
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let as_of: Timestamp = "2026-03-03T10:00:00Z".parse().unwrap();
    let builder = Session::builder(target(), as_of, Arc::clone(&sink) as _, redactor);
    (builder.limits(quick()).settings(direct()), sink)
}

/// A live transport to a server, its dialect, and its sink.
pub(crate) fn live() -> (Transport, Arc<Parrot>, Arc<MemorySink>) {
    let (builder, sink) = session();
    let parrot = Arc::new(Parrot::default());
    (builder.build().transport(Arc::clone(&parrot) as _), parrot, sink)
}

pub(crate) fn get(server: &Server, path: &str) -> Request<Bytes> {
    Request::get(server.url(path)).body(Bytes::new()).unwrap()
}

/// The exchange of a call that has to fail, and how.
pub(crate) fn failed(result: Result<Arc<Exchange>, TransportError>) -> (Arc<Exchange>, Failure) {
    match result {
        Err(TransportError::Failed(exchange, failure)) => {
            assert_eq!(exchange.failure.as_ref(), Some(&failure));
            (exchange, failure)
        }
        other => panic!("this should have failed: {other:?}"),
    }
}

/// All that was recorded.
pub(crate) fn recorded(evidence: &Evidence) -> Vec<Exchange> {
    evidence.exchanges().map(Result::unwrap).collect()
}
