//! How long an object can't be deleted or overwritten (S3 Object Lock).

use annexa_model::Timestamp;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// What is asked for a new object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retain {
    /// Who may end it early.
    pub mode: RetainMode,
    /// For how many days from the upload on.
    pub days: u32,
}

/// Who may end a retention early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetainMode {
    /// Only those with the right `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody, the account's root user included.
    Compliance,
}

/// What a bucket says of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Retention {
    /// It can't be deleted or overwritten until then.
    Until {
        /// Who may end it early, in the bucket's words.
        mode: String,
        /// The end.
        until: Timestamp,
    },
    /// It can be deleted any time.
    None,
    /// The bucket did not say.
    Unknown {
        /// Why not.
        why: String,
    },
}

impl Retain {
    /// The end, when it begins now.
    pub(crate) fn until(self) -> DateTime {
        DateTime::from(SystemTime::now() + Duration::from_secs(u64::from(self.days) * 86_400))
    }
}

impl RetainMode {
    pub(crate) fn lock_mode(self) -> ObjectLockMode {
        match self {
            Self::Governance => ObjectLockMode::Governance,
            Self::Compliance => ObjectLockMode::Compliance,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "governance",
            Self::Compliance => "compliance",
        }
    }
}

impl Retention {
    pub(crate) fn of(mode: Option<&ObjectLockRetentionMode>, until: Option<&DateTime>) -> Self {
        let until = until.and_then(|until| Timestamp::from_second(until.secs()).ok());
        match (mode, until) {
            (Some(mode), Some(until)) => Self::Until { mode: mode.as_str().to_lowercase(), until },
            _ => Self::None,
        }
    }

    /// The same in a sentence.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Until { mode, until } => format!("retained until {until} ({mode} mode)"),
            Self::None => "not retained: it can be deleted any time".to_owned(),
            Self::Unknown { why } => format!("whether it is retained is not known: {why}"),
        }
    }
}
