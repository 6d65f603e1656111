//! One recorded exchange, readable: who asked whom what and when, what came back, what was cut.

use crate::body::{self, Body, Marks};
use crate::input::Recorded;
use crate::plan::Plan;
use crate::recorded::USERS;
use crate::row::{Link, more};
use crate::{escape, paths, words};
use annexa_model::{Cut, Exchange, ExchangeHead, Failure, FailureKind};
use serde::Serialize;

const CUTS: usize = 40;
const PARAMETERS: usize = 20;
const TEXT: usize = 300;
const PATH: usize = 1_500;
const RESOURCE: usize = 60;

/// An exchange as pages show it.
#[derive(Serialize)]
pub(crate) struct ExchangeView {
    anchor: String,
    href: String,
    operation: String,
    page_number: Option<String>,
    target: String,
    region: Option<String>,
    asked_at: String,
    asked_by: String,
    attempts: String,
    host: String,
    tls: String,
    request: String,
    parameters: Vec<Parameter>,
    parameters_more: Option<String>,
    request_body: Option<Body>,
    status: Option<u16>,
    content_type: Option<String>,
    failure: Option<String>,
    failure_class: &'static str,
    request_id: Option<String>,
    server_date: Option<String>,
    body: Option<Body>,
    cuts: Vec<CutView>,
    cuts_more: Option<String>,
    digest: String,
    file: Link,
    line: String,
    digest_command: String,
    reproduce: Option<String>,
    used_by: Vec<Link>,
    used_more: Option<String>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct CutView {
    pointer: String,
    reason: String,
    fact: Option<String>,
}

/// The view of an exchange; its answer is cut after `limit` bytes.
pub(crate) fn view(plan: &Plan<'_>, recorded: &Recorded<'_>, limit: usize) -> ExchangeView {
    let exchange = recorded.exchange.as_ref();
    let meta = plan.files.meta(&exchange.id);
    let users = meta.map_or(&[][..], |meta| &meta.users);
    let mut marks = Marks::default();
    users.iter().filter_map(|&at| plan.input.findings.get(at)).for_each(|finding| marks.add(finding));
    let short = |text: &str| escape::cut(text, TEXT).into_owned();
    ExchangeView {
        anchor: paths::anchor('x', &exchange.id),
        href: plan.exchange_href(&exchange.id).unwrap_or_default(),
        operation: short(&exchange.operation),
        page_number: (exchange.page > 1).then(|| words::number(exchange.page.into())),
        target: short(&exchange.target),
        region: exchange.region.as_deref().map(short),
        asked_at: words::instant(exchange.asked_at),
        asked_by: short(&exchange.asked_by),
        attempts: attempts(exchange.attempts),
        host: short(&exchange.host),
        tls: short(&exchange.tls),
        request: escape::cut(&format!("{} {}", exchange.request.method, exchange.request.path), PATH).into_owned(),
        parameters: parameters(exchange),
        parameters_more: more(exchange.request.parameters.len(), PARAMETERS),
        request_body: exchange
            .request
            .body
            .as_ref()
            .map(|b| body::lay_out(b, &Marks::default(), limit.min(body::WHOLE / 8))),
        status: exchange.answer.as_ref().map(|answer| answer.status),
        content_type: exchange.answer.as_ref().map(|answer| short(&answer.content_type)),
        failure: exchange.failure.as_ref().map(failure),
        failure_class: if exchange.failure.is_some() { "unknown" } else { "pass" },
        request_id: exchange.request_id.as_deref().map(short),
        server_date: exchange.server_date.as_deref().map(short),
        body: exchange.answer.as_ref().map(|answer| body::lay_out(&answer.body, &marks, limit)),
        cuts: exchange.cuts.iter().take(CUTS).map(cut).collect(),
        cuts_more: more(exchange.cuts.len(), CUTS),
        digest: short(&recorded.digest),
        file: Link::new(paths::link(&recorded.file), short(&recorded.file)),
        line: words::number(recorded.line),
        digest_command: digest_command(&recorded.file, recorded.line),
        reproduce: (plan.input.reproduce)(exchange).map(|command| escape::cut(&command, 4_000).into_owned()),
        used_by: users.iter().filter_map(|&at| user(plan, at)).collect(),
        used_more: meta.and_then(|meta| more(usize::try_from(meta.user_count).unwrap_or(usize::MAX), USERS)),
    }
}

/// About how many bytes an exchange takes besides its bodies.
pub(crate) fn size(exchange: &ExchangeHead) -> usize {
    let text = |text: &str, max: usize| escape::html_len(&escape::cut(text, max));
    let cuts: usize = exchange.cuts.iter().take(CUTS).map(|c| 40 + text(&c.pointer, TEXT) + text(&c.reason, 80)).sum();
    let parameters: usize = exchange
        .request
        .parameters
        .iter()
        .take(PARAMETERS)
        .map(|(n, v)| 40 + text(n, TEXT) + text(&body::plain(v), TEXT))
        .sum();
    cuts + 2 * parameters
        + text(&exchange.request.path, PATH) * 2
        + text(&exchange.operation, TEXT)
        + text(&exchange.asked_by, TEXT)
        + text(&exchange.host, TEXT)
        + exchange.failure.as_ref().map_or(0, |f| text(&f.message, TEXT))
        + USERS * (crate::plan::link_size("") + 2 * RESOURCE)
}

/// The command that computes an exchange's digest with standard programs.
pub(crate) fn digest_command(file: &str, line: u64) -> String {
    let file = escape::cut(file, TEXT);
    format!("sed -n {line}p '{}' | tr -d '\\n' | sha256sum", file.replace('\'', "'\\''"))
}

/// A failure in words: `denied: AccessDenied, the bucket's policy …`.
pub(crate) fn failure(failure: &Failure) -> String {
    let code = failure.code.as_deref().map_or_else(String::new, |code| format!("{}, ", escape::cut(code, 80)));
    format!("{}: {code}{}", failure_word(failure.kind), escape::cut(&failure.message, TEXT))
}

/// A class of failures in words.
pub(crate) fn failure_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Denied => "denied",
        FailureKind::Unauthenticated => "credentials not accepted",
        FailureKind::Throttled => "asked too often",
        FailureKind::NotFound => "not found",
        FailureKind::Rejected => "refused as wrong",
        FailureKind::Server => "an error of the provider",
        FailureKind::Connection => "connection lost",
        FailureKind::Timeout => "no answer in time",
        FailureKind::Invalid => "answer not understood",
        FailureKind::TooLarge => "answer too large",
        FailureKind::Interrupted => "scan stopped",
        FailureKind::NotAsked => "never asked",
        FailureKind::NotOnTape => "not on the tape",
    }
}

fn attempts(n: u32) -> String {
    match n {
        0 => "never sent".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times until it was final"),
    }
}

fn parameters(exchange: &Exchange) -> Vec<Parameter> {
    let of = |(name, value): (&String, &serde_json::Value)| Parameter {
        name: escape::cut(name, TEXT).into_owned(),
        value: escape::cut(&body::plain(value), TEXT).into_owned(),
    };
    exchange.request.parameters.iter().take(PARAMETERS).map(of).collect()
}

fn cut(cut: &Cut) -> CutView {
    CutView {
        pointer: if cut.pointer.is_empty() {
            "the whole body".to_owned()
        } else {
            escape::cut(&cut.pointer, TEXT).into_owned()
        },
        reason: escape::cut(&cut.reason, 80).into_owned(),
        fact: cut.fact.as_deref().map(|fact| escape::cut(fact, TEXT).into_owned()),
    }
}

fn user(plan: &Plan<'_>, at: usize) -> Option<Link> {
    let finding = plan.input.findings.get(at)?;
    let text = format!(
        "{} {} for {}",
        words::finding_sign(finding.status),
        escape::cut(&finding.check, 100),
        escape::name(&finding.resource.name, RESOURCE)
    );
    Some(Link::new(plan.finding_href(at)?, text))
}

impl ExchangeView {
    /// The command that asks the same again, where there is one.
    pub(crate) fn reproduce_command(&self) -> Option<String> {
        self.reproduce.clone()
    }

    /// The command that computes its digest.
    pub(crate) fn digest_line(&self) -> String {
        self.digest_command.clone()
    }
}
