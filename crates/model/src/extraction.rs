//! What extraction makes of a target's exchanges.

use crate::{FailureKind, Resource};
use serde::{Deserialize, Serialize};

/// Everything that the exchanges of one target say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// Who answered, from the provider's own words.
    pub identity: Option<Identity>,
    /// The resources, in any order.
    pub resources: Vec<Resource>,
    /// For each resource type (and region) whether the list of resources is whole.
    pub sets: Vec<ResourceSet>,
    /// The calls that failed, were denied or throttled out, and those that were never made.
    pub gaps: Vec<Gap>,
}

/// Who answered for a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Account id, cluster UID, organization node id, commit id.
    pub id: String,
    /// What `id` is, for people: `AWS account`, `UID of kube-system`, `organization node id`, `git commit`.
    pub label: String,
    /// Who asked, as the provider sees it.
    pub caller: String,
    /// More that people want to see: server version, plan, branch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// All resources of one type in one place, and whether these are all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceSet {
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The target.
    pub target: String,
    /// The region, for types that are listed by region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether the list is whole.
    #[serde(flatten)]
    pub state: SetState,
    /// How many were found (excluded ones included).
    pub found: u64,
    /// How many of these are excluded by the configuration or are not asked by rule.
    pub excluded: u64,
    /// How many there are by an independent count of the source, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// The exchanges that listed them.
    pub evidence: Vec<String>,
}

/// Whether a list is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SetState {
    /// All were listed.
    Complete,
    /// Some were listed; others may be missing.
    Partial {
        /// Why, for people.
        reason: String,
        /// The gap behind it.
        gap: String,
    },
    /// Nothing is known.
    Unobserved {
        /// Why, for people.
        reason: String,
        /// The gap behind it.
        gap: String,
    },
    /// There can be none: the service is not enabled there, the kind is not served.
    NotApplicable {
        /// Why, for people.
        reason: String,
    },
}

/// A call that failed, was denied or throttled out, or was never made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The exchange's id; for a call that was never made, the id that it would have had.
    pub id: String,
    /// The target.
    pub target: String,
    /// The operation, as in [`crate::Exchange`].
    pub operation: String,
    /// The region, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What it was asked about, for people: `bucket finance-drop`.
    pub subject: String,
    /// The class of the failure.
    pub kind: FailureKind,
    /// The provider's code and message.
    pub message: String,
    /// The permission that would close it, where known: `s3:GetBucketPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// How to close it, in one sentence.
    pub remedy: String,
    /// Each check that it leaves unknown; filled in after evaluation, sorted.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The id of the accepted exception, when the company accepts this gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
}
