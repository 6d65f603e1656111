//! The one trait of a collector.

use crate::{Evidence, Session};
use annexa_model::{Extraction, Kind, Target, TypeSchema};
use async_trait::async_trait;

/// A collector could not do its work at all. What can go wrong with a single call is a gap, not this.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The target can't be reached with what the configuration and the environment give.
    #[error("target `{target}`: {problem}; {remedy}")]
    Setup {
        /// The target.
        target: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// Another identity than the pinned one is behind the credentials.
    #[error("target `{target}`: expected {expected}, but the credentials belong to {found}; nothing else was asked")]
    WrongIdentity {
        /// The target.
        target: String,
        /// The pinned identity.
        expected: String,
        /// The one that answered.
        found: String,
    },
    /// The scan was stopped.
    #[error("stopped")]
    Interrupted,
    /// The evidence could not be written.
    #[error("evidence of target `{target}` could not be written: {source}")]
    Write {
        /// The target.
        target: String,
        /// The cause.
        source: std::io::Error,
    },
}

/// One kind of target: asks it, and later says what its answers mean.
///
/// `collect` is the only part that does I/O; it knows no checks and gives nothing back, because all that it learns is
/// on the tape. `extract` is pure: the same exchanges and rules give the same extraction.
#[async_trait]
pub trait Collector: Send + Sync {
    /// The kind of target.
    fn kind(&self) -> Kind;

    /// The resource types that it can extract.
    fn schemas(&self) -> Vec<TypeSchema>;

    /// Asks the target everything that the resource types need (only `wanted` types, when given), with
    /// bounded concurrency. A call that fails is recorded by the transport; go on with the rest.
    async fn collect(&self, session: &Session, wanted: Option<&[String]>) -> Result<(), CollectError>;

    /// Says what a target's exchanges mean. Never fails: what can't be understood is a gap or an unobserved fact.
    fn extract(&self, target: &Target, evidence: &Evidence) -> Extraction;
}
