//! A check's answer for one resource.

use crate::{EvidenceKind, Resource, Severity, short_hash};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A check's answer for one resource: one line of findings.jsonl.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable over scans; see [`finding_id`].
    pub id: String,
    /// The check.
    pub check: String,
    /// The answer.
    pub status: FindingStatus,
    /// How bad a fail is.
    pub severity: Severity,
    /// The target that the resource is in.
    pub target: String,
    /// The resource that was asked.
    pub resource: ResourceRef,
    /// One sentence for people.
    pub message: String,
    /// The values that decided it, by their paths.
    pub observed: Map<String, Value>,
    /// Design, implementation or operation.
    pub evidence_kind: EvidenceKind,
    /// The exchanges that it rests on, sorted.
    pub evidence: Vec<String>,
    /// The gaps that leave it unknown, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// Control ids by edition (`2022`, `2013`).
    pub controls: BTreeMap<String, Vec<String>>,
    /// The id of the accepted exception that covers it; the status stays `fail`.
    pub exception: Option<String>,
}

/// The five answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingStatus {
    /// What the check's title says is true.
    Pass,
    /// It is not true.
    Fail,
    /// The evidence could not be collected. Never a pass.
    Unknown,
    /// The question does not arise for this resource.
    NotApplicable,
    /// People must show it.
    Manual,
}

impl FindingStatus {
    /// All, in the order in which reports count them.
    pub const ALL: [FindingStatus; 5] = [
        FindingStatus::Pass,
        FindingStatus::Fail,
        FindingStatus::Unknown,
        FindingStatus::NotApplicable,
        FindingStatus::Manual,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FindingStatus::Pass => "pass",
            FindingStatus::Fail => "fail",
            FindingStatus::Unknown => "unknown",
            FindingStatus::NotApplicable => "not_applicable",
            FindingStatus::Manual => "manual",
        }
    }
}

impl fmt::Display for FindingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The resource that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRef {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The resource's own identity, or `<target>/<region>/*` for a list that could not be read.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// AWS region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// AWS account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Kubernetes namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl From<&Resource> for ResourceRef {
    fn from(resource: &Resource) -> Self {
        Self {
            kind: resource.kind.clone(),
            id: resource.id.clone(),
            name: resource.name.clone(),
            region: resource.region.clone(),
            account: resource.account.clone(),
            namespace: resource.namespace.clone(),
        }
    }
}

/// The id of a finding: a hash of the check's first id (its oldest alias), the resource's type and its own identity.
#[must_use]
pub fn finding_id(first_check_id: &str, resource_type: &str, resource_id: &str) -> String {
    short_hash(&[first_check_id, resource_type, resource_id])
}
