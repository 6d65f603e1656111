//! What one exchange says.

use super::ask::Question;
use super::gap::Trouble;
use crate::caller::{Hole, decode, error_answer};
use crate::description::{CallDef, Service};
use crate::dialect::NOT_ENABLED;
use annexa_model::{Answer, Exchange, FailureKind};
use serde_json::Value;
use std::sync::Arc;

/// One page.
pub(crate) enum PageAnswer {
    Usable(Value, Vec<Hole>),
    Absent,
    NotApplicable(String),
    Trouble(Trouble),
    /// The bucket is in another region.
    Elsewhere(String),
}

/// Reads one exchange.
pub(crate) fn read(service: &Service, call: &CallDef, question: &Question, exchange: &Arc<Exchange>) -> PageAnswer {
    let error = exchange.answer.as_ref().and_then(error_of);
    let code = exchange.failure.as_ref().and_then(|failure| failure.code.clone()).or_else(|| error.clone());
    if let (Some(code), Some(answer)) = (&code, &exchange.answer) {
        if call.absent_on.contains(code) {
            return PageAnswer::Absent;
        }
        if call.not_applicable_on.contains(code) || NOT_ENABLED.contains(&code.as_str()) {
            return PageAnswer::NotApplicable(format!("{} is not available there ({code})", service.title));
        }
        let elsewhere = answer.headers.get("x-amz-bucket-region").and_then(Value::as_str);
        if let Some(region) = elsewhere.filter(|region| question.region.as_deref() != Some(region) && moves(code)) {
            return PageAnswer::Elsewhere(region.to_owned());
        }
    }
    if let Some(failure) = &exchange.failure {
        return PageAnswer::Trouble(Trouble::of(failure));
    }
    let Some(answer) = &exchange.answer else {
        return PageAnswer::Trouble(Trouble::new(FailureKind::Invalid, "there is no answer".to_owned()));
    };
    if let Some(code) = error {
        return PageAnswer::Trouble(Trouble {
            code: Some(code),
            ..Trouble::new(FailureKind::Rejected, "an error answer".to_owned())
        });
    }
    match decode(&service.model, &question.operation, answer) {
        Ok(decoded) => PageAnswer::Usable(decoded.value, decoded.holes),
        Err(problem) => PageAnswer::Trouble(Trouble::new(FailureKind::Invalid, problem)),
    }
}

/// The code of an answer that is an error.
fn error_of(answer: &Answer) -> Option<String> {
    if answer.status < 300 {
        return None;
    }
    let header = answer.headers.get("x-amzn-errortype").and_then(Value::as_str);
    let found = error_answer(&answer.body, header);
    Some(found.and_then(|error| error.code).unwrap_or_else(|| format!("HTTP {}", answer.status)))
}

/// Codes by which S3 says that a bucket is asked in the wrong region.
fn moves(code: &str) -> bool {
    matches!(
        code,
        "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "HTTP 301"
            | "HTTP 400"
            | "TemporaryRedirect"
    )
}
