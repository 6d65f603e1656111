//! A bundle's way into the locker: written here first, uploaded when it is whole, kept here when that fails.

use crate::config::LockerConfig;
use crate::console::Console;
use crate::failure::{Failure, USAGE};
use crate::fetch::private_folder;
use crate::interrupt;
use crate::text::printable;
use annexa_locker::{Locker, LockerError, S3Url, Stored};
use annexa_tape::Stop;
use std::future::Future;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An upload that is to come.
pub(crate) struct Upload {
    url: S3Url,
    config: LockerConfig,
    /// Where the bundle grows until then; nobody else may enter it.
    folder: TempDir,
}

impl Upload {
    /// Looks whether the locker will take the bundle, as far as the rights allow, and makes room for it here.
    pub(crate) fn prepare(url: S3Url, config: &LockerConfig, console: &Console) -> Result<Self, Failure> {
        let unseen = wait(async {
            let locker = Locker::open(&config.settings, Stop::new()).await?;
            locker.check(&url, config.retain).await
        })?;
        for remark in unseen {
            console.say(&printable(&format!("{remark}; the upload will show it")));
        }
        let folder = private_folder("annexa-upload-", Path::new(".")).map_err(|error| {
            Failure::usage(format!("no folder can be made here for the bundle until it is uploaded: {error}"))
                .help("start the scan in a folder that can be written")
        })?;
        Ok(Self { url, config: config.clone(), folder })
    }

    /// Where the bundle is to be written.
    pub(crate) fn path(&self) -> PathBuf {
        let path = self.folder.path().join(self.url.name());
        let here = std::env::current_dir().ok();
        // as people would write it
        here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(path)
    }

    /// Uploads the bundle; when that fails it stays where it is.
    pub(crate) fn send(self, console: &Console) -> Result<Stored, Failure> {
        console.say(&format!("Uploading to {}", self.url));
        let path = self.path();
        let stored = wait(async {
            let stop = Stop::new();
            interrupt::pulls(stop.clone(), console.clone());
            Locker::open(&self.config.settings, stop).await?.put(&self.url, &path, self.config.retain).await
        });
        stored.map_err(|failure| {
            let _ = self.folder.keep();
            kept(failure, &path)
        })
    }
}

/// The error of an upload, with where the bundle is.
fn kept(failure: Failure, path: &Path) -> Failure {
    let place = format!("the bundle is whole and kept at {}", path.display());
    match failure {
        Failure::Message { text, help, status } => {
            let help = help.map_or_else(String::new, |help| format!("; {help}"));
            Failure::Message { text, help: Some(format!("{place}{help}")), status }
        }
        other => other,
    }
}

/// Waits for an answer of the locker.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, LockerError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("no threads to work with: {error}")))?;
    runtime.block_on(work).map_err(failure)
}

fn failure(error: LockerError) -> Failure {
    Failure::Message { text: printable(&error.to_string()), help: error.help.as_deref().map(printable), status: USAGE }
}

/// What a locker says of an object, in a line.
pub(crate) fn in_words(stored: &Stored) -> String {
    let version = stored.version_id.as_ref().map_or("no version id".to_owned(), |id| format!("version {id}"));
    let digest = match stored.sha256_matches {
        Some(true) => "SHA-256 as uploaded",
        Some(false) => "SHA-256 NOT as uploaded",
        None => "SHA-256 not compared: the object bears none",
    };
    printable(&format!("{version}, {} bytes, {digest}, {}", stored.size, stored.retention.to_text()))
}
