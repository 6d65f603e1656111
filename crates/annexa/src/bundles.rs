//! Reading bundles for commands: every one is verified first.

use crate::cli::Opening;
use crate::failure::{Failure, MISMATCH, USAGE};
use crate::fetch::{Fetched, Signals, fetch};
use crate::rules;
use annexa_bundle::{BundleError, Library, RuleComparison, VerifiedBundle, VerifyOptions};
use annexa_model::{ENGINE_VERSION, RuleFiles};
use annexa_report::ReportError;
use annexa_tape::Evidence;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

/// The rules of this release, for comparison.
pub(crate) fn library() -> Library {
    Library { version: ENGINE_VERSION.to_owned(), digests: rules::library().digests() }
}

/// How rule files differ from those of this release.
pub(crate) fn compare(release: &str, files: &RuleFiles) -> RuleComparison {
    library().compare(release, &files.digests())
}

/// A verified bundle, with the copy that it is read from.
pub(crate) struct Opened {
    bundle: VerifiedBundle,
    fetched: Fetched,
}

impl Opened {
    /// What people call it.
    pub(crate) fn shown(&self) -> &str {
        &self.fetched.shown
    }
}

impl Deref for Opened {
    type Target = VerifiedBundle;

    fn deref(&self) -> &VerifiedBundle {
        &self.bundle
    }
}

/// Opens and verifies a bundle: a folder, a zip, an encrypted zip, or one in a locker.
pub(crate) fn open(named: &Path, opening: &Opening) -> Result<Opened, Failure> {
    verified(fetch(named, opening, Signals::Here)?)
}

/// The same in a scan, which has its own way with Ctrl-C.
pub(crate) fn open_in_scan(named: &Path, opening: &Opening) -> Result<Opened, Failure> {
    verified(fetch(named, opening, Signals::InScan)?)
}

fn verified(fetched: Fetched) -> Result<Opened, Failure> {
    let library = library();
    let options = VerifyOptions { key: None, library: Some(&library) };
    let bundle = VerifiedBundle::open(&fetched.path, &options).map_err(|error| fetched.failure(error))?;
    Ok(Opened { bundle, fetched })
}

/// The evidence of a verified bundle.
pub(crate) fn evidence(bundle: &VerifiedBundle) -> Result<Evidence, Failure> {
    files(bundle, "evidence/").map(Evidence::from_files)
}

/// The files of a verified bundle below a folder, without the folder's name.
pub(crate) fn files(bundle: &VerifiedBundle, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let paths: Vec<&str> = bundle.below(folder).collect();
    let read = |path: &&str| {
        let bytes = bundle.read(path).map_err(failure)?;
        Ok((path.strip_prefix(folder).unwrap_or(path).to_owned(), bytes))
    };
    paths.par_iter().map(read).collect()
}

/// The rule files of a verified bundle.
pub(crate) fn rule_files(bundle: &VerifiedBundle) -> Result<RuleFiles, Failure> {
    let mut rules = RuleFiles::new();
    for (path, bytes) in files(bundle, "rules/")? {
        rules.insert(path, bytes);
    }
    Ok(rules)
}

/// A bundle that can't be read or written.
pub(crate) fn failure(error: BundleError) -> Failure {
    let status = if error.is_mismatch() { MISMATCH } else { USAGE };
    Failure::Message { text: crate::text::printable(&error.to_string()), help: None, status }
}

/// A page that can't be rendered.
pub(crate) fn rendering(error: ReportError) -> Failure {
    Failure::usage(format!("a report can't be rendered: {error}"))
}
