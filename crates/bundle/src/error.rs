//! What can go wrong with a bundle.

use crate::VerifyReport;
use crate::path::shown;
use std::io;
use std::path::{Path, PathBuf};

/// Each message says what was attempted, on what, and what to do where that is not plain.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder could not be read, written, renamed, …
    #[error("could not {action} {}: {source}", shown(&.path.to_string_lossy()))]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something at the place of the new bundle is not a bundle of ours, or holds more than one.
    #[error("{} is left alone: {why}; choose another place or move it away", shown(&.path.to_string_lossy()))]
    WouldOverwrite {
        /// The place.
        path: PathBuf,
        /// What is there.
        why: String,
    },
    /// A file can't be put into a bundle under this name.
    #[error("`{}` can't be put into a bundle: {why}", shown(.name))]
    BadEntry {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// A key file can't be used.
    #[error("{} can't be used as a key: {why}", shown(&.path.to_string_lossy()))]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A text is not somebody for whom a bundle can be encrypted.
    #[error("`{}` is no recipient: {why}", shown(.text))]
    Recipient {
        /// The text.
        text: String,
        /// Why not.
        why: String,
    },
    /// A name promises an encrypted file, but nobody was named who could open it.
    #[error("{} ends in .age, but nobody was named who could open it", shown(&.0.to_string_lossy()))]
    NoRecipients(PathBuf),
    /// A bundle is encrypted, and the keys at hand do not open it.
    #[error("{} can't be decrypted: {why}", shown(&.path.to_string_lossy()))]
    Locked {
        /// The place.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// There is no bundle at this place.
    #[error("{} is not an evidence bundle: {why}", shown(&.path.to_string_lossy()))]
    NotABundle {
        /// The place.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An entry of a bundle is of a kind that no bundle holds; nothing of it was read.
    #[error("{} is refused: `{}`: {why}", shown(&.bundle.to_string_lossy()), shown(.entry))]
    Refused {
        /// The bundle.
        bundle: PathBuf,
        /// The entry.
        entry: String,
        /// Why.
        why: String,
    },
    /// A bundle does not match its manifest or its signature.
    #[error("{} does not verify: {}", shown(&.0.bundle), .0.first_problems())]
    Mismatch(Box<VerifyReport>),
    /// A file that was verified can't be read as what it should be, or is larger than we read into memory.
    #[error("{} in {}: {why}", shown(.entry), shown(&.bundle.to_string_lossy()))]
    Unreadable {
        /// The bundle.
        bundle: PathBuf,
        /// The entry.
        entry: String,
        /// Why.
        why: String,
    },
}

impl BundleError {
    /// Whether the bundle itself is wrong (exit status 1), rather than the call or the disk.
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Mismatch(_) | Self::Unreadable { .. })
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn bad_entry(name: &str, why: impl Into<String>) -> Self {
        Self::BadEntry { name: name.to_owned(), why: why.into() }
    }

    pub(crate) fn refused(bundle: &Path, entry: &str, why: impl Into<String>) -> Self {
        Self::Refused { bundle: bundle.to_owned(), entry: entry.to_owned(), why: why.into() }
    }

    pub(crate) fn not_a_bundle(path: &Path, why: impl Into<String>) -> Self {
        Self::NotABundle { path: path.to_owned(), why: why.into() }
    }
}
