//! Layer 2: the tape. Replay answers here and touches nothing below; otherwise what came back is recorded.

use super::Course;
use super::allow_list::{Asked, Refused};
use super::redaction::{self, Outcome};
use crate::transport::Line;
use crate::{Evidence, TransportError};
use annexa_model::{Exchange, Failure, FailureKind};
use std::sync::Arc;

/// Stands where a TLS digest or a host would, when nothing answered.
const NO_ANSWER: &str = "no answer";

/// Makes an exchange of a request, keeps it, and gives it back, failed ones too.
pub(crate) async fn exchange(line: &Line, asked: Asked) -> Result<Arc<Exchange>, TransportError> {
    let session = &line.session;
    if session.stop.is_pulled() {
        return Err(TransportError::Interrupted);
    }
    session.progress.call_started(&session.target.name, &asked.call.operation, asked.call.region.as_deref());
    let exchange = match &session.replay {
        Some(tape) => recorded(tape, line, &asked.id)?.unwrap_or_else(|| not_on_tape(line, &asked)),
        None => live(line, asked).await,
    };
    keep(line, exchange)
}

/// Puts a refused request on the tape, so that its absence has a reason, and gives the error.
pub(crate) fn refuse(line: &Line, refused: Box<Refused>) -> TransportError {
    let session = &line.session;
    if session.stop.is_pulled() {
        return TransportError::Interrupted;
    }
    session.progress.call_started(&session.target.name, &refused.call.operation, refused.call.region.as_deref());
    let failure = Failure {
        kind: FailureKind::Rejected,
        code: Some("NotReadOnly".to_owned()),
        message: format!("{}; nothing was sent", refused.refusal),
    };
    let unsent = || Exchange { id: refused.id.clone(), ..unsent(line, &refused.call, &refused.request, failure) };
    let exchange = match &session.replay {
        Some(tape) => recorded(tape, line, &refused.id).map(|found| found.unwrap_or_else(unsent)),
        None => Ok(unsent()),
    };
    match exchange.and_then(|exchange| keep(line, exchange)) {
        Ok(_) => TransportError::Refused(refused.refusal),
        Err(error) => error,
    }
}

fn keep(line: &Line, exchange: Exchange) -> Result<Arc<Exchange>, TransportError> {
    let session = &line.session;
    session.sink.keep(&exchange).map_err(|error| TransportError::Write(Arc::new(error)))?;
    session.progress.call_finished(&exchange);
    tracing::debug!(
        target_name = %exchange.target,
        operation = %exchange.operation,
        region = exchange.region.as_deref().unwrap_or("-"),
        page = exchange.page,
        status = exchange.answer.as_ref().map_or(0, |answer| answer.status),
        attempts = exchange.attempts,
        failure = ?exchange.failure.as_ref().map(|failure| failure.kind),
        "call"
    );
    Ok(Arc::new(exchange))
}

fn recorded(tape: &Evidence, line: &Line, id: &str) -> Result<Option<Exchange>, TransportError> {
    tape.find(&line.session.target.name, id).map_err(|error| TransportError::Read(Arc::new(error)))
}

/// An exchange of a request that was not sent: its time is the scan's, so that replays of a tape agree.
fn unsent(line: &Line, call: &crate::Call, request: &annexa_model::Request, failure: Failure) -> Exchange {
    let session = &line.session;
    Exchange {
        id: String::new(),
        target: session.target.name.clone(),
        kind: session.target.kind(),
        operation: call.operation.clone(),
        region: call.region.clone(),
        page: call.page,
        request: request.clone(),
        asked_by: line.parties().caller,
        asked_at: session.as_of,
        attempts: 0,
        host: NO_ANSWER.to_owned(),
        tls: NO_ANSWER.to_owned(),
        request_id: None,
        server_date: None,
        answer: None,
        failure: Some(failure),
        cuts: Vec::new(),
    }
}

fn not_on_tape(line: &Line, asked: &Asked) -> Exchange {
    let message = "the tape does not hold this request".to_owned();
    let failure = Failure { kind: FailureKind::NotOnTape, code: None, message };
    Exchange { id: asked.id.clone(), ..unsent(line, &asked.call, &asked.request, failure) }
}

async fn live(line: &Line, asked: Asked) -> Exchange {
    let course = Course::default();
    let outcome = tokio::select! {
        biased;
        () = line.session.stop.pulled() => Outcome::failed(Failure {
            kind: FailureKind::Interrupted,
            code: None,
            message: "the scan was stopped before the answer came".to_owned(),
        }),
        outcome = redaction::send(line, &asked, &course) => outcome,
    };
    let Outcome { seen, failure } = outcome;
    let target = &line.session.target;
    let mut exchange = Exchange {
        id: asked.id,
        target: target.name.clone(),
        kind: target.kind(),
        operation: asked.call.operation,
        region: asked.call.region,
        page: asked.call.page,
        request: asked.request,
        asked_by: line.parties().caller,
        asked_at: course.asked_at(),
        attempts: course.attempts(),
        host: asked.host,
        tls: NO_ANSWER.to_owned(),
        request_id: None,
        server_date: None,
        answer: None,
        failure,
        cuts: Vec::new(),
    };
    if let Some(seen) = seen {
        exchange.tls = seen.tls;
        exchange.request_id = seen.request_id;
        exchange.server_date = seen.server_date;
        exchange.answer = Some(seen.answer);
        exchange.cuts = seen.cuts;
    }
    exchange
}
