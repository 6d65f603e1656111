//! A bundle as a file or folder on this disk: downloaded when it is in a locker, decrypted when it is encrypted. Copies
//! are for their owner alone and go with the value that holds them.

use crate::cli::Opening;
use crate::failure::Failure;
use crate::{bundles, interrupt, place, upload};
use annexa_bundle::{Identities, decrypt, is_encrypted};
use annexa_locker::{Locker, LockerSettings, S3Url, Stored};
use annexa_tape::Stop;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A bundle that can be read here.
pub(crate) struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called.
    pub shown: String,
    /// What the locker says of it.
    pub stored: Option<Stored>,
    /// Whether it is encrypted where it comes from.
    pub encrypted: bool,
    /// The folder of the copy.
    _copy: Option<TempDir>,
}

/// Who ends the program at a signal, and so must remove copies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signals {
    /// Nobody else.
    Here,
    /// The scan, which ends in order.
    InScan,
}

/// Fetches what a command line names as a bundle.
pub(crate) fn fetch(named: &Path, opening: &Opening, signals: Signals) -> Result<Fetched, Failure> {
    let shown = named.display().to_string();
    let mut fetched =
        Fetched { path: named.to_owned(), shown: shown.clone(), stored: None, encrypted: false, _copy: None };
    if S3Url::is_meant(&shown) {
        let url = place::location(&shown)?;
        if url.name().is_empty() {
            return Err(Failure::usage(format!("{shown} names no bundle")).help("s3://bucket/folder/name.zip"));
        }
        let folder = copies(signals)?;
        fetched.path = folder.path().join("bundle");
        fetched._copy = Some(folder);
        fetched.stored = Some(upload::wait(async {
            Locker::open(&LockerSettings::default(), Stop::new()).await?.get(&url, &fetched.path).await
        })?);
    }
    if is_file(&fetched.path) && is_encrypted(&fetched.path).map_err(bundles::failure)? {
        fetched.encrypted = true;
        decrypted(&mut fetched, opening, signals)?;
    }
    Ok(fetched)
}

fn decrypted(fetched: &mut Fetched, opening: &Opening, signals: Signals) -> Result<(), Failure> {
    let Some(path) = &opening.identity else {
        return Err(Failure::usage(format!("{} is encrypted", fetched.shown)).help(
            "name your key with --identity key.txt, or decrypt it first: age -d -i key.txt evidence.zip.age > evidence.zip",
        ));
    };
    let keys = Identities::load(path).map_err(bundles::failure)?;
    let folder = copies(signals)?;
    let clear = folder.path().join("bundle.zip");
    decrypt(&fetched.path, &keys, &clear).map_err(|error| fetched.failure(error))?;
    fetched.path = clear;
    fetched._copy = Some(folder);
    Ok(())
}

impl Fetched {
    /// An error of the bundle, with the name that people know.
    pub(crate) fn failure(&self, error: annexa_bundle::BundleError) -> Failure {
        let copy = self.path.display().to_string();
        match bundles::failure(error) {
            Failure::Message { text, help, status } => {
                Failure::Message { text: text.replace(&copy, &crate::text::printable(&self.shown)), help, status }
            }
            other => other,
        }
    }
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// A new folder that only its owner may enter.
pub(crate) fn private_folder(prefix: &str, below: &Path) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(below)
}

/// A folder for copies of what is confidential, below the system's folder for temporary files.
fn copies(signals: Signals) -> Result<TempDir, Failure> {
    let folder = private_folder("annexa-", &std::env::temp_dir());
    let folder = folder.map_err(|error| Failure::usage(format!("no temporary folder can be made: {error}")))?;
    interrupt::removes(folder.path().to_owned());
    if signals == Signals::Here {
        interrupt::ends();
    }
    Ok(folder)
}
