//! What extraction makes of a target's exchanges.

use crate::{FailureKind, Resource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// The operation of a gap that says why a target could not be asked at all.
pub const CONNECT: &str = "connect";

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

impl Gap {
    /// Whether it says why a whole target could not be asked.
    #[must_use]
    pub fn is_of_whole_target(&self) -> bool {
        self.operation == CONNECT
    }
}

/// Gaps in their order, each with those that follow from it, as indexes: a target that can't be asked leaves a gap for each
/// call, and all have one cause. What an exception accepts never hides what none does.
#[must_use]
pub fn by_cause(gaps: &[Gap]) -> Vec<(usize, Vec<usize>)> {
    let whole = gaps.iter().enumerate().filter(|(_, gap)| gap.is_of_whole_target());
    let whole: BTreeMap<&str, usize> = whole.map(|(at, gap)| (gap.target.as_str(), at)).collect();
    let mut alike: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut following: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut own = Vec::new();
    for (at, gap) in gaps.iter().enumerate() {
        let accepted = gap.exception.is_some();
        let of_target = whole.get(gap.target.as_str()).filter(|&&cause| {
            let cause = &gaps[cause];
            let follows =
                gap.kind == FailureKind::NotAsked || is_of_connection(gap) && cause.message.contains(&gap.message);
            follows && !gap.is_of_whole_target() && cause.exception.is_some() == accepted
        });
        let same = (is_of_connection(gap) && !gap.is_of_whole_target())
            .then(|| *alike.entry((&gap.target, &gap.message, accepted)).or_insert(at));
        match of_target.copied().or(same).filter(|&cause| cause != at) {
            Some(cause) => following.entry(cause).or_default().push(at),
            None => own.push(at),
        }
    }
    own.into_iter().map(|at| (at, following.remove(&at).unwrap_or_default())).collect()
}

/// Whether it says something of the way to the provider, not of what was asked.
fn is_of_connection(gap: &Gap) -> bool {
    matches!(gap.kind, FailureKind::Connection | FailureKind::Timeout | FailureKind::Unauthenticated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(target: &str, operation: &str, kind: FailureKind) -> Gap {
        Gap {
            id: format!("{target} {operation}"),
            target: target.to_owned(),
            operation: operation.to_owned(),
            region: None,
            subject: String::new(),
            kind,
            message: String::new(),
            permission: None,
            remedy: String::new(),
            checks: Vec::new(),
            exception: None,
        }
    }

    #[test]
    fn calls_that_were_not_made_follow_from_their_cause() {
        let mut gaps = vec![
            gap("prod", CONNECT, FailureKind::Connection),
            gap("prod", "a", FailureKind::NotAsked),
            gap("prod", "b", FailureKind::Denied),
            gap("prod", "c", FailureKind::NotAsked),
            gap("shop", "d", FailureKind::NotAsked),
            gap("shop", "e", FailureKind::Timeout),
            gap("shop", "f", FailureKind::Timeout),
        ];
        assert_eq!(by_cause(&gaps), [(0, vec![1, 3]), (2, vec![]), (4, vec![]), (5, vec![6])]);
        gaps.truncate(5);
        gaps[0].exception = Some("EX-1".to_owned());
        assert_eq!(by_cause(&gaps).len(), 5);
        gaps[0].exception = None;
        gaps.rotate_left(1);
        assert_eq!(by_cause(&gaps), [(1, vec![]), (3, vec![]), (4, vec![0, 2])]);
    }
}
