//! Providers' answers as they come from the network.
//!
//! An input is: the number of a recorded exchange (2 bytes), a status, a header, that header's value up to a line end
//! when there is a header, and the body.

use super::{choice, seed};
use crate::demo;
use crate::rules::{ask_all, rules, same_when_read_back};
use annexa_model::{Answer, Cut, Exchange, Failure, FailureKind, Kind};
use annexa_tape::{Call, Dialect, Evidence, Judgement, Privacy, Redactor, retry_after, understand};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

const STATUS: [u16; 14] = [200, 201, 204, 301, 304, 400, 401, 403, 404, 410, 422, 429, 500, 503];
const HEADERS: [&str; 9] = [
    "",
    "content-type",
    "link",
    "retry-after",
    "date",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-amzn-errortype",
    "x-github-sso",
];
/// How many seeds there are for one operation.
const SEEDS_OF_OPERATION: usize = 2;
const LONGEST_SEED: usize = 12 * 1024;

pub(crate) fn aws(data: &[u8]) {
    static DIALECT: OnceLock<Arc<dyn Dialect>> = OnceLock::new();
    answer(Kind::Aws, &**DIALECT.get_or_init(|| rules().aws.dialect()), data);
}

pub(crate) fn kubernetes(data: &[u8]) {
    // it remembers the tokens of pages, so each input gets its own
    answer(Kind::Kubernetes, &*rules().kubernetes.dialect(), data);
}

pub(crate) fn github(data: &[u8]) {
    static DIALECT: OnceLock<Arc<dyn Dialect>> = OnceLock::new();
    let dialect = DIALECT.get_or_init(|| rules().github.dialect().expect("GitHub's own address is one"));
    answer(Kind::Github, &**dialect, data);
}

pub(crate) fn aws_seeds() -> Vec<Vec<u8>> {
    seeds(Kind::Aws)
}

pub(crate) fn kubernetes_seeds() -> Vec<Vec<u8>> {
    seeds(Kind::Kubernetes)
}

pub(crate) fn github_seeds() -> Vec<Vec<u8>> {
    seeds(Kind::Github)
}

fn seeds(kind: Kind) -> Vec<Vec<u8>> {
    let mut of_operation: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seeds = Vec::new();
    for (number, exchange) in demo::tape(kind).iter().enumerate() {
        let Some(answer) = &exchange.answer else { continue };
        let body = match &answer.body {
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let count = of_operation.entry(&exchange.operation).or_default();
        *count += 1;
        if *count <= SEEDS_OF_OPERATION && body.len() <= LONGEST_SEED {
            let status = STATUS.iter().position(|known| *known == answer.status).unwrap_or(0);
            seeds.push(seed(&[number % 256, number / 256, status, 0], body));
        }
    }
    seeds
}

fn answer(kind: Kind, dialect: &dyn Dialect, data: &[u8]) {
    let tape = demo::tape(kind);
    let ((low, data), number) = (choice(data), |low: usize, high: usize| (high * 256 + low) % tape.len().max(1));
    let (high, data) = choice(data);
    let Some(recorded) = tape.get(number(low, high)) else { return };
    let (status, data) = choice(data);
    let (header, data) = choice(data);
    let Some(status) = STATUS.get(status % STATUS.len()).and_then(|status| StatusCode::from_u16(*status).ok()) else {
        return;
    };
    let (headers, body) = headers(recorded, HEADERS.get(header % HEADERS.len()).copied().unwrap_or_default(), data);
    let _ = retry_after(&headers);
    let call = Call {
        operation: recorded.operation.clone(),
        region: recorded.region.clone(),
        page: recorded.page,
        parameters: recorded.request.parameters.clone(),
    };
    let body = Bytes::copy_from_slice(body);
    let redactor = Redactor::new(Privacy::Strict, [7; 32]);
    let (answer, cuts, judgement) = understand(dialect, &call, status, &headers, body, &redactor);
    let exchange = exchange(recorded, answer, cuts, judgement);
    same_when_read_back(&exchange);
    let evidence = with_neighbours(kind, tape, exchange);
    ask_all(&rules().collector(kind).extract(&demo::target(kind), &evidence));
}

/// The recorded headers with one of them replaced, and what follows.
fn headers<'a>(recorded: &Exchange, replaced: &'static str, data: &'a [u8]) -> (HeaderMap, &'a [u8]) {
    let mut headers = HeaderMap::new();
    if let Some(answer) = &recorded.answer {
        for (name, value) in &answer.headers {
            if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), value.as_str().map(HeaderValue::from_str))
            {
                headers.insert(name, value);
            }
        }
        if let Ok(value) = HeaderValue::from_str(&answer.content_type) {
            headers.insert(http::header::CONTENT_TYPE, value);
        }
    }
    if replaced.is_empty() {
        return (headers, data);
    }
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    if let Ok(value) = HeaderValue::from_bytes(&data[..end]) {
        headers.insert(HeaderName::from_static(replaced), value);
    }
    (headers, data.get(end + 1..).unwrap_or_default())
}

/// The recorded exchange with another answer.
fn exchange(recorded: &Exchange, answer: Answer, cuts: Vec<Cut>, judgement: Judgement) -> Exchange {
    let failure = |kind| Some(Failure { kind, code: None, message: "given up".to_owned() });
    let failure = match judgement {
        Judgement::Done => None,
        Judgement::Failed(failure) => Some(failure),
        Judgement::Throttled(_) => failure(FailureKind::Throttled),
        Judgement::Transient(_) => failure(FailureKind::Server),
        Judgement::Expired => failure(FailureKind::Unauthenticated),
    };
    Exchange { answer: Some(answer), cuts, failure, ..recorded.clone() }
}

/// The exchange among those that extraction reads together with it. Less than the whole tape, for speed.
fn with_neighbours(kind: Kind, tape: &[Exchange], exchange: Exchange) -> Evidence {
    let service = |operation: &str| operation.split(':').next().unwrap_or_default().to_owned();
    let near = |other: &Exchange| match kind {
        Kind::Aws => {
            let other = service(&other.operation);
            other == "sts" || other == service(&exchange.operation)
        }
        Kind::Kubernetes => {
            other.operation.starts_with("GET ")
                || other.operation == exchange.operation
                || other.operation == "list v1 namespaces"
        }
        Kind::Github | Kind::Documents | Kind::Import => true,
    };
    let mut exchanges: Vec<Exchange> =
        tape.iter().filter(|other| near(other) && other.id != exchange.id).cloned().collect();
    exchanges.push(exchange);
    Evidence::from_exchanges(exchanges)
}
