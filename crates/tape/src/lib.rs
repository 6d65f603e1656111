#![doc = include_str!("../README.md")]

mod collector;
mod content;
mod credential;
mod dialect;
mod evidence;
mod layers;
mod limits;
mod local;
mod progress;
pub mod redaction;
mod redactor;
mod session;
mod settings;
#[cfg(feature = "smithy")]
mod smithy;
mod stop;
mod transport;

pub use collector::{CollectError, Collector};
pub use credential::{CredentialClient, CredentialError};
pub use dialect::{Call, Dialect, Judgement, Redacted, Refusal};
pub use evidence::{Evidence, EvidenceFile, EvidenceWriter, MemorySink, Sink};
pub use layers::redaction::understand;
pub use layers::retry::retry_after;
pub use limits::Limits;
pub use local::{Local, LocalAnswer};
pub use progress::{Progress, Unseen};
pub use redactor::{Privacy, Redactor};
pub use session::{Session, SessionBuilder};
pub use settings::{Proxy, ServerName, Settings, SettingsError};
pub use stop::Stop;
pub use transport::{Transport, TransportError};
