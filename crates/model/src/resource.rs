//! Typed JSON documents put together from exchanges, with three-state facts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One thing that checks ask about.
///
/// A fact has three states. *Known*: it stands in `facts`. *Absent*: the provider answered, and the key is
/// not in `facts`. *Unobserved*: nobody knows; its pointer stands in `unobserved` with the reason, and the key
/// is not in `facts`. A list can also be *partial*: it stands in `facts`, but items may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The type, such as `aws.s3.bucket`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The resource's own identity in all scans: ARN; cluster UID/kind/namespace/name; node id; path.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The target it was found in.
    pub target: String,
    /// AWS account id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Kubernetes namespace, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What is known.
    pub facts: Map<String, Value>,
    /// What could not be observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unobserved: Vec<Unobserved>,
    /// The exchanges behind each top-level fact; the key `""` holds those that show that the resource exists.
    pub sources: BTreeMap<String, Vec<String>>,
    /// Why checks do not ask this resource (a mirror pod, an excluded namespace); they then say `not_applicable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

/// A fact that could not be observed, or a list that is not whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unobserved {
    /// RFC 6901 pointer into `facts`; `""` is the whole resource.
    pub pointer: String,
    /// Unobserved, or partial.
    pub state: UnobservedState,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// How much is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnobservedState {
    /// Nothing is known of the fact.
    Unobserved,
    /// The list stands in `facts`, but items may be missing.
    Partial,
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// One sentence for people: `AccessDenied on s3:GetBucketPolicy`.
    pub reason: String,
    /// Id of the gap behind it (see [`crate::Gap`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
}

impl Resource {
    /// All exchanges that this resource rests on, sorted, each once.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.sources.values().flatten().cloned().collect();
        ids.sort();
        ids.dedup();
        ids
    }
}
