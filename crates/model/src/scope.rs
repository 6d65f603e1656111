//! What a bundle says of the scan as a whole: what was selected, and for each target who answered and how much.

use crate::{Date, ExchangeHead, Identity, Kind, Resource, ResourceSet, SetState, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether everything in annexa.yaml was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Selection {
    /// All targets, all checks.
    #[default]
    Full,
    /// A part, chosen on the command line.
    Partial {
        /// The globs of `--target`; empty: all targets.
        #[serde(default)]
        targets: Vec<String>,
        /// The globs of `--only`; empty: all checks.
        #[serde(default)]
        checks: Vec<String>,
    },
}

/// The period under audit, both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// One target of a scan: who answered, and how much of what was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// The target's name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Who answered, in the provider's own words; none: nobody said.
    pub identity: Option<Identity>,
    /// The hosts that answered, sorted.
    pub hosts: Vec<HostRecord>,
    /// How many exchanges there were.
    pub exchanges: u64,
    /// How many of them have no usable answer.
    pub failed: u64,
    /// The largest difference between our clock and the Date headers, in seconds; positive: their clock is ahead.
    pub clock_difference_seconds: Option<i64>,
    /// Per resource type, sorted.
    pub types: Vec<TypeRecord>,
}

/// A host that answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HostRecord {
    /// The host.
    pub host: String,
    /// `sha256:<hex>` of its TLS certificate, or `no TLS`.
    pub tls: String,
    /// Whether the host is the provider's own; any other is printed on every page.
    pub providers_own: bool,
}

/// How much is known of the resources of one type in one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeRecord {
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the list of them is whole; over all regions, the worst.
    pub listed: Listed,
    /// How many were found and asked about: answered and denied together.
    pub asked: u64,
    /// Of how many every fact is known.
    pub answered: u64,
    /// Of how many a fact could not be observed.
    pub denied: u64,
    /// How many were found and left out by the configuration or by rule.
    pub excluded: u64,
    /// How many there are by an independent count of the source, where it has one.
    pub counted: Option<u64>,
}

/// Whether a list is whole; the later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// There can be none.
    NotApplicable,
    /// All were listed.
    Complete,
    /// Some were listed.
    Partial,
    /// Nothing is known.
    Unobserved,
}

impl From<&SetState> for Listed {
    fn from(state: &SetState) -> Self {
        match state {
            SetState::Complete => Self::Complete,
            SetState::Partial { .. } => Self::Partial,
            SetState::Unobserved { .. } => Self::Unobserved,
            SetState::NotApplicable { .. } => Self::NotApplicable,
        }
    }
}

impl TargetRecord {
    /// A target of which nothing is known yet.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            identity: None,
            hosts: Vec::new(),
            exchanges: 0,
            failed: 0,
            clock_difference_seconds: None,
            types: Vec::new(),
        }
    }

    /// Counts one of the target's exchanges. `providers_own` says whether its host is the provider's own.
    pub fn observe(&mut self, exchange: &ExchangeHead, providers_own: bool) {
        self.exchanges += 1;
        self.failed += u64::from(exchange.failure.is_some());
        if exchange.attempts > 0 {
            let host = HostRecord { host: exchange.host.clone(), tls: exchange.tls.clone(), providers_own };
            if let Err(place) = self.hosts.binary_search(&host) {
                self.hosts.insert(place, host);
            }
        }
        // after a retry the Date is of a later try than `asked_at`
        let difference = if exchange.attempts == 1 { clock_difference(exchange) } else { None };
        if let Some(difference) = difference
            && self.clock_difference_seconds.is_none_or(|largest| difference.abs() > largest.abs())
        {
            self.clock_difference_seconds = Some(difference);
        }
    }

    /// Counts the target's resources by type.
    pub fn count<'a>(&mut self, sets: &[ResourceSet], resources: impl IntoIterator<Item = &'a Resource>) {
        let mut types: BTreeMap<&str, TypeRecord> = BTreeMap::new();
        for set in sets.iter().filter(|set| set.target == self.name) {
            let record = types.entry(&set.kind).or_insert_with(|| TypeRecord::new(&set.kind, (&set.state).into()));
            record.listed = record.listed.max((&set.state).into());
            record.counted = match (record.counted, set.counted) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (a, b) => a.or(b),
            };
        }
        for resource in resources.into_iter().filter(|resource| resource.target == self.name) {
            // a resource of a type that no set names: nobody says that these are all
            let record =
                types.entry(&resource.kind).or_insert_with(|| TypeRecord::new(&resource.kind, Listed::Partial));
            if resource.excluded.is_some() {
                record.excluded += 1;
            } else if resource.unobserved.is_empty() {
                record.answered += 1;
            } else {
                record.denied += 1;
            }
            record.asked = record.answered + record.denied;
        }
        self.types = types.into_values().collect();
    }
}

impl TypeRecord {
    fn new(kind: &str, listed: Listed) -> Self {
        Self { kind: kind.to_owned(), listed, asked: 0, answered: 0, denied: 0, excluded: 0, counted: None }
    }
}

fn clock_difference(exchange: &ExchangeHead) -> Option<i64> {
    let theirs: Timestamp = jiff::fmt::rfc2822::parse(exchange.server_date.as_deref()?).ok()?.timestamp();
    Some(theirs.as_second() - exchange.asked_at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reason, Unobserved, UnobservedState};
    use serde_json::Map;

    fn exchange(asked_at: &str, server_date: &str) -> ExchangeHead {
        let exchange = serde_json::json!({
            "id": "1", "target": "prod", "kind": "aws", "operation": "s3:ListBuckets", "page": 1,
            "request": {"method": "GET", "path": "/"}, "asked_by": "someone", "asked_at": asked_at,
            "attempts": 1, "host": "s3.amazonaws.com", "tls": "no TLS", "server_date": server_date,
        });
        // as a line is read: a body is kept as its text
        serde_json::from_str(&exchange.to_string()).unwrap()
    }

    fn resource(kind: &str, unobserved: bool, excluded: bool) -> Resource {
        let gone = Unobserved {
            pointer: "/policy".into(),
            state: UnobservedState::Unobserved,
            reason: Reason { reason: "denied".into(), gap: None },
        };
        Resource {
            kind: kind.into(),
            id: "a".into(),
            name: "a".into(),
            target: "prod".into(),
            account: None,
            region: None,
            namespace: None,
            facts: Map::new(),
            unobserved: if unobserved { vec![gone] } else { vec![] },
            sources: BTreeMap::new(),
            excluded: excluded.then(|| "by the configuration".to_owned()),
        }
    }

    #[test]
    fn the_largest_clock_difference_and_each_host_once() {
        let mut record = TargetRecord::new("prod", Kind::Aws);
        record.observe(&exchange("2026-03-01T10:00:00Z", "Sun, 01 Mar 2026 10:00:02 GMT"), true);
        record.observe(&exchange("2026-03-01T10:00:09Z", "Sun, 01 Mar 2026 10:00:02 GMT"), true);
        record.observe(&exchange("2026-03-01T10:00:09Z", "yesterday"), true);
        assert_eq!((record.clock_difference_seconds, record.hosts.len(), record.exchanges), (Some(-7), 1, 3));
    }

    #[test]
    fn counts_reconcile_and_the_worst_region_decides() {
        let set = |state, counted| ResourceSet {
            kind: "aws.s3.bucket".into(),
            target: "prod".into(),
            region: None,
            state,
            found: 1,
            excluded: 0,
            counted,
            evidence: vec![],
        };
        let partial = SetState::Partial { reason: "page 2 is missing".into(), gap: "g".into() };
        let mut record = TargetRecord::new("prod", Kind::Aws);
        let resources = [
            resource("aws.s3.bucket", false, false),
            resource("aws.s3.bucket", true, false),
            resource("aws.s3.bucket", false, true),
        ];
        record.count(&[set(SetState::Complete, Some(2)), set(partial, Some(3))], &resources);
        let buckets = &record.types[0];
        assert_eq!((buckets.asked, buckets.answered, buckets.denied, buckets.excluded), (2, 1, 1, 1));
        assert_eq!((buckets.listed, buckets.counted), (Listed::Partial, Some(5)));
    }
}
