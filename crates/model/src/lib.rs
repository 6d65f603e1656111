#![doc = include_str!("../README.md")]

mod canonical;
mod check;
mod control;
mod exchange;
mod extraction;
mod finding;
mod resource;
mod rules;
mod schema;
mod scope;
mod target;

pub use canonical::{canonical_json, sha256_hex, short_hash};
pub use check::{CheckSummary, ControlReason, EvidenceKind, Severity, Strength};
pub use control::{ControlRecord, ControlStatus, Edition, StatusCounts};
pub use exchange::{Answer, AnswerHead, Cut, Exchange, ExchangeHead, Failure, FailureKind, Request, RequestHead};
pub use extraction::{CONNECT, Extraction, Gap, Identity, ResourceSet, SetState, by_cause};
pub use finding::{Finding, FindingStatus, ResourceRef, finding_id};
pub use jiff::{Timestamp, civil::Date};
pub use resource::{Reason, Resource, Unobserved, UnobservedState};
pub use rules::RuleFiles;
pub use schema::{Field, Relation, ScalarKind, TypeSchema};
pub use scope::{HostRecord, Listed, Period, Selection, TargetRecord, TypeRecord};
pub use target::{
    AwsSettings, DocumentsSettings, GithubSettings, ImportSettings, Kind, KubernetesSettings, NamespaceFilter,
    Settings, Target,
};

/// The User-Agent of every request: `annexa/<version>`.
pub const USER_AGENT: &str = concat!("annexa/", env!("CARGO_PKG_VERSION"));

/// The version of the engine that decides; bundles name it.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");
