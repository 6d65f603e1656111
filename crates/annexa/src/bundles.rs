//! Reading bundles for commands: every one is verified first.

use crate::failure::{Failure, MISMATCH, USAGE};
use crate::rules;
use annexa_bundle::{BundleError, Library, PublicKey, RuleComparison, VerifiedBundle, VerifyOptions};
use annexa_model::{ENGINE_VERSION, RuleFiles};
use annexa_report::ReportError;
use annexa_tape::Evidence;
use std::collections::BTreeMap;
use std::path::Path;

/// The rules of this release, for comparison.
pub(crate) fn library() -> Library {
    Library { version: ENGINE_VERSION.to_owned(), digests: rules::library().digests() }
}

/// How rule files differ from those of this release.
pub(crate) fn compare(release: &str, files: &RuleFiles) -> RuleComparison {
    library().compare(release, &files.digests())
}

/// Opens and verifies a bundle.
pub(crate) fn open(path: &Path, key: Option<&PublicKey>) -> Result<VerifiedBundle, Failure> {
    let library = library();
    VerifiedBundle::open(path, &VerifyOptions { key, library: Some(&library) }).map_err(failure)
}

/// The evidence of a verified bundle.
pub(crate) fn evidence(bundle: &VerifiedBundle) -> Result<Evidence, Failure> {
    let paths: Vec<String> = bundle.below("evidence/").map(str::to_owned).collect();
    let mut files = BTreeMap::new();
    for path in paths {
        let bytes = bundle.read(&path).map_err(failure)?;
        files.insert(path.trim_start_matches("evidence/").to_owned(), bytes);
    }
    Ok(Evidence::from_files(files))
}

/// The files of a verified bundle below a folder, without the folder's name.
pub(crate) fn files(bundle: &VerifiedBundle, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let paths: Vec<String> = bundle.below(folder).map(str::to_owned).collect();
    let read = |path: String| {
        let bytes = bundle.read(&path).map_err(failure)?;
        Ok((path.trim_start_matches(folder).to_owned(), bytes))
    };
    paths.into_iter().map(read).collect()
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
