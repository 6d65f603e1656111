//! Gaps of a documents target.

use super::Scene;
use annexa_model::{Exchange, FailureKind, Gap};

/// The gap of an exchange that failed.
pub(crate) fn failed(scene: &Scene<'_>, exchange: &Exchange, subject: &str) -> Gap {
    let (kind, message) = match &exchange.failure {
        Some(failure) => (failure.kind, failure.message.clone()),
        None => (FailureKind::Invalid, "the answer is empty".to_owned()),
    };
    gap(scene, &exchange.id, &exchange.operation, subject, kind, message)
}

/// The gap of an exchange that should be there.
pub(crate) fn not_asked(scene: &Scene<'_>, id: &str, operation: &str, subject: &str) -> Gap {
    gap(scene, id, operation, subject, FailureKind::NotAsked, "it was never read".to_owned())
}

/// The gap of something that was read, but can't be understood.
pub(crate) fn problem(scene: &Scene<'_>, id: &str, operation: &str, subject: &str, message: &str) -> Gap {
    gap(scene, id, operation, subject, FailureKind::Invalid, message.to_owned())
}

fn gap(scene: &Scene<'_>, id: &str, operation: &str, subject: &str, kind: FailureKind, message: String) -> Gap {
    let remedy = match kind {
        FailureKind::Denied => "let the user who runs the scan read the file",
        FailureKind::TooLarge => "keep large data out of the document or register",
        FailureKind::NotAsked | FailureKind::NotOnTape | FailureKind::Interrupted => "run the scan again",
        FailureKind::NotFound => "do not change the folder while a scan runs, and run it again",
        _ => "correct the file at that line",
    };
    Gap {
        id: id.to_owned(),
        target: scene.target.to_owned(),
        operation: operation.to_owned(),
        region: None,
        subject: subject.to_owned(),
        kind,
        message,
        permission: None,
        remedy: remedy.to_owned(),
        checks: Vec::new(),
        exception: None,
    }
}
