//! Everything that a bundle says, derived again from its own evidence, rules and inputs.

use crate::bundles;
use crate::config::Config;
use crate::cover::{About, Pages};
use crate::derive::{Derived, Subject, derive, glob_set};
use crate::failure::Failure;
use crate::inputs::{CHANGES, Inputs, REPLAYED, Recording};
use crate::rules::{self, Rules};
use crate::stages::timed;
use annexa_bundle::VerifiedBundle;
use annexa_model::{Selection, Target, Timestamp};
use annexa_report::{Changes, Templates};
use annexa_tape::Evidence;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// How to derive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// With the rules of this program in place of the bundle's.
    pub current_rules: bool,
    /// As of another time than the scan's.
    pub as_of: Option<Timestamp>,
}

/// A bundle, derived again.
pub(crate) struct Again {
    rules: Rules,
    targets: Vec<Target>,
    evidence: Evidence,
    derived: Derived,
    about: About,
    changes: Option<Changes>,
}

impl Again {
    pub(crate) fn derive(bundle: &VerifiedBundle, wanted: &Wanted) -> Result<Self, Failure> {
        let files = if wanted.current_rules { rules::library() } else { bundles::rule_files(bundle)? };
        let compared = bundles::compare(&bundle.manifest().engine.version, &files);
        let rules = Rules::load(files)?;
        let input_files = bundles::files(bundle, "inputs/")?;
        let config = Inputs::config_of(&input_files)?;
        let changes = given(&input_files, CHANGES)?;
        let recording: Option<Recording> = given(&input_files, REPLAYED)?;
        let inputs = Inputs::from_bundle(&config, input_files, &rules)?;
        let manifest = bundle.manifest();
        let targets = selected_targets(&config, &manifest.selection);
        let evidence = timed("read evidence", || bundles::evidence(bundle))?;
        let as_of = wanted.as_of.unwrap_or(manifest.as_of);
        let subject =
            Subject { rules: &rules, inputs: &inputs, targets: &targets, selection: &manifest.selection, as_of };
        let derived = derive(&subject, &evidence).map_err(unreadable)?;
        let about = About {
            organization: manifest.organization.clone(),
            edition: manifest.edition,
            period: manifest.period,
            selection: manifest.selection.clone(),
            as_of,
            privacy: manifest.privacy.clone(),
            signed_by: manifest.signed_by.as_ref().map(|s| s.key_id.clone()),
            sequence: manifest.sequence,
            previous: manifest.previous.clone(),
            replayed: recording.map(|recording| recording.recording),
            rules: compared,
        };
        Ok(Self { rules, targets, evidence, derived, about, changes })
    }

    pub(crate) fn derived(&self) -> &Derived {
        &self.derived
    }

    /// What the pages and other formats are made of.
    pub(crate) fn pages(&self) -> Result<Pages<'_>, Failure> {
        let changes = self.changes.clone();
        let pages = || Pages::new(&self.about, &self.rules, &self.targets, &self.derived, &self.evidence, changes);
        timed("place exchanges", pages).map_err(unreadable)
    }

    /// Hands over every derived file, one after the other, with its path in the bundle.
    pub(crate) fn each_file(&self, mut take: impl FnMut(&str, &[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let pages = self.pages()?;
        for_each_file(&self.derived, &pages, |path, bytes| take(path, &bytes))
    }

    /// The paths of a bundle that are derived.
    pub(crate) fn derived_paths(&self, bundle: &VerifiedBundle) -> Vec<String> {
        const GIVEN: [&str; 3] = ["evidence/", "inputs/", "rules/"];
        const SEALED: [&str; 2] = [annexa_bundle::SALTS, annexa_bundle::SUMS];
        let derived = |path: &&str| !GIVEN.iter().any(|g| path.starts_with(g)) && !SEALED.contains(path);
        bundle.below("").filter(derived).map(str::to_owned).collect()
    }
}

/// Hands over every derived file, pages last: the one place that knows which these are.
pub(crate) fn for_each_file(
    derived: &Derived,
    pages: &Pages<'_>,
    mut take: impl FnMut(&str, Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    take("findings.jsonl", lines(&derived.findings)?)?;
    take("resources.jsonl", lines(&derived.resources)?)?;
    take("gaps.jsonl", lines(&derived.gaps)?)?;
    take("controls.json", array(&derived.controls)?)?;
    let report = timed("plan pages", || annexa_report::Report::new(&pages.input()));
    timed("oscal", || {
        let mut oscal = Vec::new();
        report.oscal_into(&mut oscal).map_err(bundles::rendering)?;
        take("oscal/assessment-results.json", oscal)
    })?;
    let templates = Templates::built_in().map_err(bundles::rendering)?;
    for page in report.pages(templates) {
        let (path, bytes) = page.map_err(bundles::rendering)?;
        take(&path, bytes)?;
    }
    Ok(())
}

fn lines<T: Serialize>(records: &[T]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for record in records {
        serde_json::to_writer(&mut bytes, record).map_err(not_json)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// A JSON array with one record a line, so that each line is a leaf of the bundle's Merkle tree.
fn array<T: Serialize>(records: &[T]) -> Result<Vec<u8>, Failure> {
    let mut bytes = b"[".to_vec();
    for (number, record) in records.iter().enumerate() {
        bytes.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, record).map_err(not_json)?;
    }
    bytes.extend_from_slice(b"\n]\n");
    Ok(bytes)
}

fn not_json(error: serde_json::Error) -> Failure {
    Failure::usage(format!("a record can't be written as JSON: {error}"))
}

/// What the scan knew and the evidence does not hold, from a file below inputs/; none when there is no such file.
fn given<T: DeserializeOwned>(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<Option<T>, Failure> {
    let Some(bytes) = files.get(name) else { return Ok(None) };
    serde_json::from_slice(bytes).map(Some).map_err(|error| Failure::mismatch(format!("inputs/{name}: {error}")))
}

fn selected_targets(config: &Config, selection: &Selection) -> Vec<Target> {
    let patterns = match selection {
        Selection::Partial { targets, .. } if !targets.is_empty() => Some(glob_set(targets)),
        _ => None,
    };
    let selected = |target: &&Target| patterns.as_ref().is_none_or(|p| p.is_match(&target.name));
    config.targets.iter().filter(selected).cloned().collect()
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::mismatch(format!("the bundle's evidence can't be read: {error}"))
}
