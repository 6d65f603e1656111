//! The one transport: whole requests in, whole responses out, everything recorded.
#![doc = include_str!("../README.md")]

mod collector;
mod dialect;
mod evidence;
mod redactor;
mod session;

pub use collector::{CollectError, Collector};
pub use dialect::{Call, Dialect, Judgement, Redacted, Refusal};
pub use evidence::{Evidence, EvidenceFile, EvidenceWriter, Sink};
pub use redactor::{Privacy, Redactor};
pub use session::{Session, Transport, TransportError};
