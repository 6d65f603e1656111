//! What other crates need to know of a check; the check itself lives in `annexa-checks`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How bad a fail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All, from the mildest.
    pub const ALL: [Severity; 5] =
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The word in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of evidence a check gives (ISO/IEC TS 27008 speaks of design, implementation and operation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A document.
    Design,
    /// Configuration now.
    Implementation,
    /// Records over a period.
    Operation,
}

impl EvidenceKind {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceKind::Design => "design",
            EvidenceKind::Implementation => "implementation",
            EvidenceKind::Operation => "operation",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How strongly a check speaks to a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// It answers a part of what the control asks.
    Direct,
    /// It makes an answer more believable.
    Supporting,
}

/// Why a check speaks to a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlReason {
    /// How strongly.
    pub strength: Strength,
    /// Why, in our own words.
    pub reason: String,
}

/// What roll-up and reports need to know of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckSummary {
    /// The id.
    pub id: String,
    /// The positive statement: what is true when it passes.
    pub title: String,
    /// How bad a fail is.
    pub severity: Severity,
    /// The kind of evidence.
    pub evidence: EvidenceKind,
    /// The resource type that its findings name.
    pub resource_type: String,
    /// Controls and clauses of the 2022 edition, with strength and reason.
    pub controls: BTreeMap<String, ControlReason>,
    /// Why it matters.
    pub why: String,
    /// How to mend a fail: by means (`cli`, `terraform`, `console`, `text`).
    pub fix: BTreeMap<String, String>,
    /// Sources of the facts: `aws:s3:GetPublicAccessBlock`, an address.
    pub see: Vec<String>,
    /// The rule as people read it: the expression, or the join in words.
    pub rule: String,
    /// The rule file's path below rules/.
    pub file: String,
    /// SHA-256 of the rule file.
    pub digest: String,
    /// `library`, or `own` for the user's.
    pub origin: String,
}
