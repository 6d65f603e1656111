//! Everything that a bundle says, derived again from its own evidence, rules and inputs.

use crate::bundles;
use crate::config::Config;
use crate::cover::{About, Pages};
use crate::derive::{Derived, Subject, derive, glob_set};
use crate::failure::Failure;
use crate::inputs::{CHANGES, Inputs, REPLAYED, Recording};
use crate::rules::{self, Rules};
use crate::stages::timed;
use annexa_bundle::{VerifiedBundle, Writer};
use annexa_model::{Selection, Target, Timestamp};
use annexa_report::{Changes, Report, ReportError, Templates};
use annexa_tape::Evidence;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::{self, Write};

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
        let (rules, evidence) = rayon::join(
            || timed("load rules", || Rules::load(files)),
            || timed("read evidence", || bundles::evidence(bundle)),
        );
        let (rules, evidence) = (rules?, evidence?);
        let input_files = bundles::files(bundle, "inputs/")?;
        let config = Inputs::config_of(&input_files)?;
        let changes = given(&input_files, CHANGES)?;
        let recording: Option<Recording> = given(&input_files, REPLAYED)?;
        let inputs = Inputs::from_bundle(&config, input_files, &rules)?;
        let manifest = bundle.manifest();
        let targets = selected_targets(&config, &manifest.selection);
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

    /// For each derived file, by its path, whether the bundle holds it byte for byte.
    pub(crate) fn compare(&self, bundle: &VerifiedBundle) -> Result<Vec<(String, io::Result<bool>)>, Failure> {
        let pages = self.pages()?;
        let compared = compare_all(&self.derived, &pages, bundle);
        // see the end of `reperform`
        std::mem::forget(pages);
        compared
    }

    /// The paths of a bundle that are derived.
    pub(crate) fn derived_paths(&self, bundle: &VerifiedBundle) -> Vec<String> {
        const GIVEN: [&str; 3] = ["evidence/", "inputs/", "rules/"];
        const SEALED: [&str; 2] = [annexa_bundle::SALTS, annexa_bundle::SUMS];
        let derived = |path: &&str| !GIVEN.iter().any(|g| path.starts_with(g)) && !SEALED.contains(path);
        bundle.below("").filter(derived).map(str::to_owned).collect()
    }
}

/// Writes every derived file into a new bundle, one after the other: a large one need not fit into memory.
pub(crate) fn write_all(derived: &Derived, pages: &Pages<'_>, writer: &mut Writer) -> Result<(), Failure> {
    let report = timed("plan pages", || Report::new(&pages.input()));
    for (path, write) in data_files(derived, &report) {
        let mut file = writer.begin(path).map_err(bundles::failure)?;
        write(file.stream()).map_err(|error| unwritten(path, &error))?;
        file.close().map_err(bundles::failure)?;
    }
    let templates = Templates::built_in().map_err(bundles::rendering)?;
    for page in report.pages(templates) {
        let (path, bytes) = page.map_err(bundles::rendering)?;
        writer.add(&path, &bytes).map_err(bundles::failure)?;
    }
    Ok(())
}

/// For each derived file, by its path, whether the bundle holds it; compared while it is made, many at a time.
fn compare_all(
    derived: &Derived,
    pages: &Pages<'_>,
    bundle: &VerifiedBundle,
) -> Result<Vec<(String, io::Result<bool>)>, Failure> {
    let report = timed("plan pages", || Report::new(&pages.input()));
    let templates = Templates::built_in().map_err(bundles::rendering)?;
    let data = || {
        let compared = |(path, write): (&str, DataFile<'_>)| {
            let mut compared = bundle.compare(path);
            write(&mut compared).map_err(|error| unwritten(path, &error))?;
            Ok((path.to_owned(), compared.is_same()))
        };
        timed("data", || data_files(derived, &report).into_iter().map(compared).collect::<Result<Vec<_>, Failure>>())
    };
    let compared = |path: String, bytes: Vec<u8>| {
        let mut compared = bundle.compare(&path);
        let is_same = compared.write_all(&bytes).and_then(|()| compared.is_same());
        (path, is_same)
    };
    let pages = || timed("pages", || report.pages_then(templates, compared).collect::<Result<Vec<_>, _>>());
    let (data, pages) = rayon::join(data, pages);
    // see the end of `reperform`
    std::mem::forget(report);
    let mut all = data?;
    all.extend(pages.map_err(bundles::rendering)?);
    Ok(all)
}

/// What writes one file.
type DataFile<'a> = Box<dyn Fn(&mut dyn Write) -> Result<(), ReportError> + Send + Sync + 'a>;

/// The derived files that are no pages, in the order in which a bundle gets them.
fn data_files<'a>(derived: &'a Derived, report: &'a Report<'a>) -> Vec<(&'static str, DataFile<'a>)> {
    vec![
        ("findings.jsonl", Box::new(|out| lines(&derived.findings, out))),
        ("resources.jsonl", Box::new(|out| lines(&derived.resources, out))),
        ("gaps.jsonl", Box::new(|out| lines(&derived.gaps, out))),
        ("controls.json", Box::new(|out| array(&derived.controls, out))),
        ("oscal/assessment-results.json", Box::new(|out| report.oscal_into(out))),
    ]
}

fn lines<T: Serialize>(records: &[T], out: &mut dyn Write) -> Result<(), ReportError> {
    let mut line = Vec::new();
    for record in records {
        line.clear();
        serde_json::to_writer(&mut line, record)?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// A JSON array with one record a line, so that each line is a leaf of the bundle's Merkle tree.
fn array<T: Serialize>(records: &[T], out: &mut dyn Write) -> Result<(), ReportError> {
    out.write_all(b"[")?;
    for (number, record) in records.iter().enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        out.write_all(&serde_json::to_vec(record)?)?;
    }
    Ok(out.write_all(b"\n]\n")?)
}

fn unwritten(path: &str, error: &ReportError) -> Failure {
    Failure::usage(format!("{path}: {error}"))
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
