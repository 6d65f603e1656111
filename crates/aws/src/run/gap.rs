//! Gaps: what failed, what it leaves unknown, and how to close it.

use super::Run;
use super::ask::Question;
use crate::description::CallDef;
use annexa_model::{Failure, FailureKind, Gap, Reason};
use std::sync::PoisonError;

/// Why there is no usable answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) kind: FailureKind,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

impl Trouble {
    pub(crate) fn new(kind: FailureKind, message: String) -> Self {
        Self { kind, code: None, message }
    }

    pub(crate) fn of(failure: &Failure) -> Self {
        Self { kind: failure.kind, code: failure.code.clone(), message: failure.message.clone() }
    }

    pub(crate) fn not_asked() -> Self {
        Self::new(FailureKind::NotAsked, "it was never asked, or its answer was lost".to_owned())
    }
}

impl Run<'_> {
    /// Keeps a gap and gives the reason that facts carry.
    pub(crate) fn lack(
        &self,
        call: &CallDef,
        question: &Question,
        subject: &str,
        id: String,
        trouble: Trouble,
    ) -> Reason {
        let operation = question.full_name(self.catalog);
        let message = match &trouble.code {
            Some(code) if !trouble.message.contains(code.as_str()) => format!("{code}: {}", trouble.message),
            _ => trouble.message.clone(),
        };
        let reason = Reason { reason: reason(&operation, &trouble), gap: Some(id.clone()) };
        let gap = Gap {
            id: id.clone(),
            target: self.place.target.clone(),
            operation,
            region: question.region.clone(),
            subject: subject.to_owned(),
            kind: trouble.kind,
            remedy: remedy(&trouble, &call.permission),
            message,
            permission: Some(call.permission.clone()),
            checks: Vec::new(),
            exception: None,
        };
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_insert(gap);
        reason
    }
}

fn reason(operation: &str, trouble: &Trouble) -> String {
    match (&trouble.code, trouble.kind) {
        (Some(code), _) => format!("{code} on {operation}"),
        (None, FailureKind::NotAsked) => format!("{operation} was not asked"),
        (None, _) => format!("{operation}: {}", trouble.message),
    }
}

fn remedy(trouble: &Trouble, permission: &str) -> String {
    match trouble.kind {
        FailureKind::Denied if trouble.message.contains("service control policy") => format!(
            "A service control policy of the organization denies `{permission}`; have it leave out the scanning role, or accept the gap by an exception."
        ),
        FailureKind::Denied => {
            format!("Allow `{permission}` for the scanning role; `annexa permissions aws` prints the whole policy.")
        }
        FailureKind::Unauthenticated => "Renew the credentials and scan again.".to_owned(),
        FailureKind::Throttled => "Scan again with a lower `--concurrency`, or at a quieter time.".to_owned(),
        FailureKind::NotFound => "It may have been deleted during the scan; scan again.".to_owned(),
        FailureKind::Server | FailureKind::Connection | FailureKind::Timeout => {
            "Scan again; if it stays, look at the provider's status page and at the network in between.".to_owned()
        }
        FailureKind::Interrupted => "The scan was stopped; let the next one run to its end.".to_owned(),
        FailureKind::NotAsked | FailureKind::NotOnTape => {
            "Mend what kept the scan from asking, and scan again.".to_owned()
        }
        FailureKind::Rejected | FailureKind::Invalid | FailureKind::TooLarge => {
            "Look at the exchange; if the request is wrong, report it together with the exchange.".to_owned()
        }
    }
}
