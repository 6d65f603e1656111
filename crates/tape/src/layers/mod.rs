//! The layers of the transport, one file each, from the outside in.

pub(crate) mod allow_list;
pub(crate) mod authentication;
pub(crate) mod deadlines;
pub(crate) mod echo;
pub(crate) mod limits;
pub(crate) mod redaction;
pub(crate) mod retry;
pub(crate) mod tape;
pub(crate) mod wire;

use annexa_model::{Failure, FailureKind, Timestamp};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is known of a call while it is under way, also when it is stopped halfway.
#[derive(Debug, Default)]
pub(crate) struct Course {
    attempts: AtomicU32,
    first: OnceLock<Timestamp>,
}

impl Course {
    /// Notes that the request goes out.
    pub(crate) fn sent(&self) {
        self.first.get_or_init(now);
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn asked_at(&self) -> Timestamp {
        *self.first.get_or_init(now)
    }
}

/// The time in whole milliseconds: finer ones say nothing and are noise to read.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// One try that brought no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) failure: Failure,
    /// Whether another try may help.
    pub(crate) passing: bool,
}

impl Trouble {
    pub(crate) fn passing(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure { kind, code: None, message }, passing: true }
    }

    pub(crate) fn lasting(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure { kind, code: None, message }, passing: false }
    }
}
