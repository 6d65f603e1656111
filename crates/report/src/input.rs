//! What a report is made of: everything is known, nothing is asked or looked up elsewhere.

use annexa_annex::ExceptionUse;
use annexa_model::{
    CheckSummary, ControlRecord, ControlStatus, Date, Edition, Exchange, ExchangeHead, Finding, FindingStatus, Gap,
    Identity, Kind, Resource, ResourceRef, ResourceSet, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// All that the pages, the OSCAL file and the job summary say. Borrowed, because the big parts stay where they are.
#[derive(Clone, Copy)]
pub struct ReportInput<'a> {
    /// What the pages say of the bundle as a whole.
    pub cover: &'a Cover,
    /// The targets, in the order of the configuration.
    pub targets: &'a [TargetReport],
    /// Controls and clauses of both editions, in the order of the standard.
    pub controls: &'a [ControlRecord],
    /// The findings, in the order of findings.jsonl.
    pub findings: &'a [Finding],
    /// The checks that were selected.
    pub checks: &'a [CheckSummary],
    /// The gaps, in the order of gaps.jsonl.
    pub gaps: &'a [Gap],
    /// Whether the list of each resource type is whole.
    pub sets: &'a [ResourceSet],
    /// The inventory, in the order of resources.jsonl.
    pub resources: &'a [Resource],
    /// The exceptions of the company, used and unused.
    pub exceptions: &'a [ExceptionUse],
    /// What is different from the previous bundle; none when there is none to compare with.
    pub changes: Option<&'a Changes>,
    /// The recorded answers.
    pub exchanges: &'a dyn Exchanges,
    /// The same call for `aws`, `kubectl`, `gh` or `git`, where there is one.
    pub reproduce: &'a (dyn Fn(&Exchange) -> Option<String> + Sync),
}

/// What the pages say of the bundle as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The organization's name.
    pub organization: String,
    /// The time that every age and expiry is measured against: the start of the scan.
    pub as_of: Timestamp,
    /// When the first and the last call went out; none when nothing was asked.
    pub observed: Option<(Timestamp, Timestamp)>,
    /// The period under audit, first and last day.
    pub period: Option<(Date, Date)>,
    /// The edition that leads.
    pub edition: Edition,
    /// What was selected out of the configuration.
    pub selection: Selection,
    /// Who signed, as the key's fingerprint or name; none: not signed.
    pub signed_by: Option<String>,
    /// The bundle's number in its chain, from 1.
    pub sequence: u64,
    /// The bundle before this one.
    pub previous: Option<Previous>,
    /// The version of the engine that decided.
    pub engine_version: String,
    /// How the rules differ from those of the release.
    pub rules: RulesReport,
    /// `default`, `full` or `strict`.
    pub privacy: String,
    /// The recording that the answers were replayed from, in words; none when providers were asked.
    pub replayed: Option<String>,
    /// A digest over all evidence. The pages print it at the foot; the bundle's own digest can't stand in a page that it covers.
    pub evidence_digest: String,
}

/// What was selected out of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these targets (patterns); empty: all.
    pub targets: Vec<String>,
    /// Only these checks (patterns); empty: all.
    pub checks: Vec<String>,
}

impl Selection {
    /// Whether everything that is configured was scanned.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.targets.is_empty() && self.checks.is_empty()
    }
}

/// The bundle before this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its number.
    pub sequence: u64,
    /// Its digest.
    pub digest: String,
    /// Its `as_of`, where it is known.
    pub as_of: Option<Timestamp>,
}

/// How the rules differ from those of the release that the manifest names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesReport {
    /// The release.
    pub release: String,
    /// Paths of rule files that the release does not have.
    pub own: Vec<String>,
    /// Paths whose bytes differ from the release's.
    pub changed: Vec<String>,
    /// Paths of the release that are not here.
    pub left_out: Vec<String>,
}

/// One target: who was asked, and how much answered.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetReport {
    /// The name in the configuration.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Who answered, in the provider's own words; none when nobody did.
    pub identity: Option<Identity>,
    /// The hosts that answered.
    pub hosts: Vec<HostReport>,
    /// The largest difference between our clock and the `Date` headers, in seconds; none when no header said.
    pub clock_difference: Option<f64>,
    /// Calls that were recorded.
    pub asked: u64,
    /// Calls with a usable answer.
    pub answered: u64,
    /// Calls that were denied.
    pub denied: u64,
    /// Calls that failed in another way.
    pub failed: u64,
    /// What the configuration leaves out, in words: `namespace kube-system`.
    pub left_out: Vec<String>,
    /// By resource type.
    pub types: Vec<TypeCount>,
}

/// A host that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostReport {
    /// The host, with its port where it is not the usual one.
    pub host: String,
    /// Digests of the TLS certificates seen, or `no TLS`.
    pub tls: Vec<String>,
    /// Whether it is the provider's own host. Other hosts are named on every page.
    pub provider_own: bool,
}

/// How many resources of one type were asked, and how many answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCount {
    /// The resource type.
    pub kind: String,
    /// What people call one: `S3 bucket`.
    pub title: String,
    /// How many were found.
    pub found: u64,
    /// Calls made for it.
    pub asked: u64,
    /// Calls with a usable answer.
    pub answered: u64,
    /// Calls that were denied.
    pub denied: u64,
    /// Resources left out by the configuration or by rule.
    pub excluded: u64,
    /// How many there are by an independent count of the source.
    pub counted: Option<u64>,
}

/// What is different from the previous bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Findings whose answer is another one, new ones and those that are gone.
    pub findings: Vec<FindingChange>,
    /// Resources that were not in the previous bundle.
    pub resources_new: Vec<ResourceRef>,
    /// Resources that are not in this bundle, though their lists are whole.
    pub resources_gone: Vec<ResourceRef>,
    /// Controls with another status.
    pub controls: Vec<ControlChange>,
    /// Rule files that changed, came or went.
    pub rules: Vec<String>,
    /// Gaps that an exception accepts now and none did before, or the other way round. Bundles of 0.1 do not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapChange>,
}

/// A finding with another answer than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingChange {
    /// The finding's id.
    pub id: String,
    /// The check.
    pub check: String,
    /// The target.
    pub target: String,
    /// The resource.
    pub resource: ResourceRef,
    /// The answer before; none: the finding is new.
    pub before: Option<FindingStatus>,
    /// The answer now; none: the resource is not observed any more.
    pub now: Option<FindingStatus>,
    /// The newer of the two messages.
    pub message: String,
    /// The exception that covered it before. Bundles of 0.1 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_before: Option<String>,
    /// The exception that covers it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_now: Option<String>,
}

/// A gap that became accepted, or is no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapChange {
    /// The gap's id.
    pub id: String,
    /// The target.
    pub target: String,
    /// The operation.
    pub operation: String,
    /// What it was asked about.
    pub subject: String,
    /// The exception that accepted it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_before: Option<String>,
    /// The exception that accepts it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_now: Option<String>,
}

/// A control with another status than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlChange {
    /// The edition.
    pub edition: Edition,
    /// The control.
    pub id: String,
    /// The status before.
    pub before: ControlStatus,
    /// The status now.
    pub now: ControlStatus,
}

/// A recorded exchange and where its line stands.
pub struct Recorded<'a> {
    /// The exchange.
    pub exchange: Cow<'a, Exchange>,
    /// The file, from the bundle's root: `evidence/aws/prod/s3.ListBuckets.jsonl`.
    pub file: Cow<'a, str>,
    /// The line, from 1.
    pub line: u64,
    /// SHA-256 of the line without its line feed.
    pub digest: Cow<'a, str>,
}

/// The head of a recorded exchange and where its line stands.
pub struct RecordedHead<'a> {
    /// The exchange without its bodies.
    pub exchange: ExchangeHead,
    /// As in [`Recorded`].
    pub file: Cow<'a, str>,
    /// As in [`Recorded`].
    pub line: u64,
    /// As in [`Recorded`].
    pub digest: Cow<'a, str>,
}

/// Looks recorded exchanges up. A report asks for the head of each once and for the whole about twice, in the order of
/// files where it can, and from several threads, because pages are rendered side by side.
pub trait Exchanges: Sync {
    /// The head of the exchange with this id; none when the bundle does not hold it.
    fn head(&self, id: &str) -> Option<RecordedHead<'_>>;

    /// The exchange with this id; none when the bundle does not hold it.
    fn get(&self, id: &str) -> Option<Recorded<'_>>;
}
