//! Controls and what a bundle shows for them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An edition of ISO/IEC 27001.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Edition {
    /// ISO/IEC 27001:2022, 93 controls.
    #[serde(rename = "2022")]
    E2022,
    /// ISO/IEC 27001:2013, 114 controls.
    #[serde(rename = "2013")]
    E2013,
}

impl Edition {
    /// The year.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Edition::E2022 => "2022",
            Edition::E2013 => "2013",
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a bundle shows for a control; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlStatus {
    /// Excluded by the Statement of Applicability.
    Excluded,
    /// An open fail of a direct check.
    Deviation,
    /// An unknown, or no result, of a selected direct check.
    Incomplete,
    /// All direct checks pass.
    Supported,
    /// Supporting checks only.
    Partial,
    /// People must show it.
    Manual,
    /// No evidence in this bundle.
    None,
}

impl ControlStatus {
    /// All, in the order of the report's counts.
    pub const ALL: [ControlStatus; 7] = [
        ControlStatus::Supported,
        ControlStatus::Deviation,
        ControlStatus::Incomplete,
        ControlStatus::Partial,
        ControlStatus::Manual,
        ControlStatus::None,
        ControlStatus::Excluded,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ControlStatus::Excluded => "excluded",
            ControlStatus::Deviation => "deviation",
            ControlStatus::Incomplete => "incomplete",
            ControlStatus::Supported => "supported",
            ControlStatus::Partial => "partial",
            ControlStatus::Manual => "manual",
            ControlStatus::None => "none",
        }
    }
}

impl fmt::Display for ControlStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many findings have which answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCounts {
    /// Pass.
    pub pass: u64,
    /// Fail that no exception covers.
    pub fail: u64,
    /// Fail that an exception covers.
    pub accepted: u64,
    /// Unknown.
    pub unknown: u64,
    /// Not applicable.
    pub not_applicable: u64,
    /// Manual.
    pub manual: u64,
}

/// One entry of controls.json: a control or clause of one edition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// The edition.
    pub edition: Edition,
    /// `A.8.24`, `A.10.1.1`, or a clause: `7.5.2`.
    pub id: String,
    /// Short title.
    pub title: String,
    /// `organizational`, `people`, `physical`, `technological`, `clause`; for 2013 the domain's title.
    pub group: String,
    /// The same subject in the other edition.
    pub corresponds_to: Vec<String>,
    /// Whether the Statement of Applicability applies it; none when there is no statement.
    pub applicable: Option<bool>,
    /// The statement's justification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Where the statement says so: `soa.yaml line 214`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_in: Option<String>,
    /// What this bundle shows.
    pub status: ControlStatus,
    /// The status in a sentence with numbers.
    pub sentence: String,
    /// What is not covered here and needs a person, in a sentence.
    pub not_covered: String,
    /// What an auditor asks, in our own words.
    pub question: String,
    /// Findings of direct checks.
    pub direct: StatusCounts,
    /// Findings of supporting checks.
    pub supporting: StatusCounts,
    /// Ids of the direct checks that were selected, sorted.
    pub direct_checks: Vec<String>,
    /// Ids of the supporting checks that were selected, sorted.
    pub supporting_checks: Vec<String>,
    /// The kinds of evidence that answered, sorted.
    pub evidence_kinds: Vec<String>,
    /// Manual evidence that was handed in: title, date, expiry, file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manual_evidence: Vec<String>,
}
