//! The one verification, used by every command that reads a bundle.

use crate::container::BUFFER;
use crate::library::{Library, RuleComparison};
use crate::lines::{LineKind, Salt, Scan, Scanned, Tally};
use crate::manifest::{ENVELOPE, FORMAT, FileRecord, MANIFEST, Manifest, SALTS, SUMS, written_form};
use crate::report::{ProblemKind, Signer, Summary, VerifyReport};
use crate::salts::SALT_LENGTH;
use crate::{Bundle, BundleError, PublicKey, dsse};
use annexa_model::sha256_hex;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// The largest file of a wrong size or name that is read, to say what happened to it.
const LARGEST_STRAY: u64 = 1 << 30;

/// What a verification is asked to compare with.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyOptions<'a> {
    /// The key that the bundle must be signed with; none: only integrity is checked.
    pub key: Option<&'a PublicKey>,
    /// The rules of this release.
    pub library: Option<&'a Library>,
}

/// Opens and verifies a bundle; a bundle that is refused is a report too.
///
/// # Errors
/// There is nothing at this place, or it can't be read.
pub fn verify(path: &Path, options: &VerifyOptions<'_>) -> Result<VerifyReport, BundleError> {
    match Bundle::open(path) {
        Ok(bundle) => Ok(bundle.verify(options)),
        Err(BundleError::Refused { entry, why, .. }) => Ok(VerifyReport::refused(path, &entry, &why)),
        Err(error) => Err(error),
    }
}

/// Everything that does not match, and the manifest when it could be read.
pub(crate) fn check(bundle: &Bundle, options: &VerifyOptions<'_>) -> (VerifyReport, Option<Manifest>) {
    let mut report = VerifyReport::new(&bundle.container.path);
    let (manifest, bytes) = match read_manifest(bundle) {
        Ok(read) => read,
        Err(why) => {
            report.add(MANIFEST, ProblemKind::Manifest, why);
            report.conclude(0);
            return (report, None);
        }
    };
    report.manifest = Some(summary(&manifest));
    for why in manifest_objections(&manifest) {
        report.add(MANIFEST, ProblemKind::Manifest, why);
    }
    report.rules = RuleComparison::of(&manifest, options.library);
    check_files(bundle, &manifest, &mut report);
    check_signature(bundle, &manifest, &sha256_hex(bytes), options.key, &mut report);
    if report.good {
        check_zip(bundle, &mut report);
    }
    report.conclude(manifest.merkle.leaves);
    (report, Some(manifest))
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

fn read_manifest(bundle: &Bundle) -> Result<(Manifest, Vec<u8>), String> {
    let bytes = match bundle.container.bytes(MANIFEST, bundle.limits.manifest) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("it is missing: this is not an evidence bundle".to_owned());
        }
        Err(error) => return Err(format!("it can't be read: {error}")),
    };
    let FormatOnly { format } =
        serde_json::from_slice(&bytes).map_err(|error| format!("it is not a bundle's manifest: {error}"))?;
    if format == 0 || format > FORMAT {
        return Err(format!("its format is {format}; this annexa reads formats 1 to {FORMAT}: use a newer one"));
    }
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| format!("it is not a bundle's manifest: {error}"))?;
    match written_form(&manifest) {
        Ok(form) if form == bytes => Ok((manifest, bytes)),
        _ => Err("it is not written in the one form that the format gives it".to_owned()),
    }
}

fn summary(manifest: &Manifest) -> Summary {
    Summary {
        format: manifest.format,
        engine_version: manifest.engine.version.clone(),
        organization: manifest.organization.clone(),
        selection: manifest.selection.clone(),
        as_of: manifest.as_of,
        targets: manifest.targets.iter().map(|target| target.name.clone()).collect(),
        sequence: manifest.sequence,
        previous: manifest.previous.clone(),
        digest: manifest.digest.clone(),
        evidence_digest: evidence_digest(manifest),
        files: manifest.files.len() as u64,
        lines: manifest.merkle.leaves,
    }
}

/// The digest that pages name: over a line for each evidence file, as SHA256SUMS has them, with paths below evidence/.
fn evidence_digest(manifest: &Manifest) -> String {
    let files = manifest.files.iter().filter_map(|file| Some((file.path.strip_prefix("evidence/")?, &file.sha256)));
    let lines: String = files.map(|(path, digest)| format!("{digest}  {path}\n")).collect();
    sha256_hex(lines)
}

/// What is wrong with a manifest by itself.
fn manifest_objections(manifest: &Manifest) -> Vec<String> {
    let mut objections = Vec::new();
    if manifest.digest_of_rest().ok().as_deref() != Some(&manifest.digest) {
        objections.push("its digest is not that of its content".to_owned());
    }
    if !manifest.files.is_sorted_by(|a, b| a.path < b.path) {
        objections.push("its files are not sorted, or one is listed twice".to_owned());
    }
    for name in [SALTS, SUMS] {
        if manifest.file(name).is_none() {
            objections.push(format!("it does not list {name}"));
        }
    }
    if manifest.files.iter().any(|file| file.path == MANIFEST || file.path == ENVELOPE) {
        objections.push("it lists itself or its envelope".to_owned());
    }
    if (manifest.sequence == 1) != manifest.previous.is_none() || manifest.sequence == 0 {
        objections.push("its sequence and the digest of the bundle before do not fit together".to_owned());
    }
    objections
}

/// Compares every file with its record, and what the files hold with what the manifest says of them.
fn check_files(bundle: &Bundle, manifest: &Manifest, report: &mut VerifyReport) {
    let good_before = report.problems.len();
    let mut salts = SaltReader::open(bundle);
    let mut tally = Tally::default();
    let mut remarks = Vec::new();
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    // lines are leaves one after the other; meanwhile the other cores read the files that have none
    let (with_lines, others): (Vec<&FileRecord>, Vec<&FileRecord>) =
        manifest.files.iter().partition(|record| LineKind::of(&record.path).is_some());
    let read = |record: &FileRecord, tally: &mut Tally, salts: &mut SaltReader| {
        let size = bundle.container.size(&record.path)?;
        // a file that only pretends to be large need not be read to be wrong
        let is_stray = size != record.size && size > LARGEST_STRAY;
        let scanned = (!is_stray).then(|| scan(bundle, &record.path, tally, &mut || salts.next()));
        Some((size, scanned))
    };
    let (with_lines, others): (Vec<_>, Vec<_>) = rayon::join(
        || with_lines.into_iter().map(|record| (record, read(record, &mut tally, &mut salts))).collect(),
        || {
            let alone = |record| (record, read(record, &mut Tally::default(), &mut SaltReader(None)));
            others.into_par_iter().map(alone).collect()
        },
    );
    let mut found: Vec<_> = with_lines.into_iter().chain(others).collect();
    found.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    for (record, found) in found {
        let Some((size, scanned)) = found else {
            missing.push(record);
            continue;
        };
        let Some(scanned) = scanned else {
            report.add(&record.path, ProblemKind::Changed, format!("it has {size} bytes in place of {}", record.size));
            continue;
        };
        match scanned {
            Ok(found) if found.size == record.size && found.sha256 == record.sha256 => {
                if found.leaves != record.leaves {
                    let why = format!("it lists {} with another number of lines than it has", record.path);
                    report.add(MANIFEST, ProblemKind::Manifest, why);
                }
                remarks.extend(found.remarks.into_iter().map(|remark| (record, remark)));
            }
            Ok(found) => changed.push((record, found)),
            Err(error) => {
                let why = format!("it can't be read ({size} bytes listed): {error}");
                report.add(&record.path, ProblemKind::Unreadable, why);
            }
        }
    }
    let added = added_files(bundle, manifest);
    report_differences(bundle, report, &missing, &added, &changed);
    check_sums(bundle, manifest, report);
    // what follows is only wrong by itself when the files are right
    if report.problems.len() > good_before {
        return;
    }
    for (record, remark) in remarks {
        report.add(&record.path, ProblemKind::Changed, format!("line {}: {}", remark.line, remark.what));
    }
    check_tally(manifest, &tally, salts.is_used_up(), report);
}

fn check_tally(manifest: &Manifest, tally: &Tally, salts_used_up: bool, report: &mut VerifyReport) {
    if tally.salts_ran_out || !salts_used_up {
        report.add(SALTS, ProblemKind::Salts, "it does not hold one salt for each line");
    } else if hex::encode(tally.tree.root()) != manifest.merkle.root {
        report.add(MANIFEST, ProblemKind::MerkleRoot, "its Merkle root is not that of the lines in the files");
    }
    if tally.tree.leaves() != manifest.merkle.leaves {
        report.add(
            MANIFEST,
            ProblemKind::MerkleRoot,
            "its number of Merkle leaves is not that of the lines in the files",
        );
    }
    if tally.counts != manifest.counts || tally.gaps != manifest.gaps {
        report.add(MANIFEST, ProblemKind::Counts, "its counts are not those of the lines in the files");
    }
}

fn added_files<'a>(bundle: &'a Bundle, manifest: &Manifest) -> Vec<&'a str> {
    let known: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let is_added = |name: &&str| !known.contains(name) && *name != MANIFEST && *name != ENVELOPE;
    bundle.container.names().into_iter().filter(is_added).collect()
}

/// Says of each file that is missing, added or changed what happened to it, as far as the digests tell.
fn report_differences(
    bundle: &Bundle,
    report: &mut VerifyReport,
    missing: &[&FileRecord],
    added: &[&str],
    changed: &[(&FileRecord, Scanned)],
) {
    let mut strays: BTreeMap<String, &str> = BTreeMap::new();
    if !missing.is_empty() {
        let is_read = |name: &&&str| bundle.container.size(name).is_some_and(|size| size <= LARGEST_STRAY);
        for name in added.iter().filter(is_read) {
            if let Ok(found) = scan(bundle, name, &mut Tally::default(), &mut || None) {
                strays.insert(found.sha256, name);
            }
        }
    }
    for record in missing {
        match strays.get(&record.sha256) {
            Some(name) => {
                let why = format!("it is missing; `{}` holds its content", crate::path::shown(name));
                report.add(&record.path, ProblemKind::Renamed, why);
            }
            None => report.add(&record.path, ProblemKind::Missing, "it is missing"),
        }
    }
    for name in added {
        report.add(name, ProblemKind::Added, "the manifest does not list it");
    }
    let owners: BTreeMap<&str, &str> =
        changed.iter().map(|(record, _)| (record.sha256.as_str(), record.path.as_str())).collect();
    for (record, found) in changed {
        if let Some(owner) = owners.get(found.sha256.as_str()) {
            report.add(&record.path, ProblemKind::Swapped, format!("it holds what belongs into {owner}"));
        } else if found.size != record.size {
            let why = format!("it has {} bytes in place of {}", found.size, record.size);
            report.add(&record.path, ProblemKind::Changed, why);
        } else {
            report.add(&record.path, ProblemKind::Changed, "it was changed: its SHA-256 is another");
        }
    }
}

/// SHA256SUMS must follow from the manifest, line by line.
fn check_sums(bundle: &Bundle, manifest: &Manifest, report: &mut VerifyReport) {
    let expected = manifest.sums();
    let Ok(found) = bundle.container.bytes(SUMS, expected.len() as u64 * 2 + 4096) else { return };
    if found == expected.as_bytes() {
        return;
    }
    let found = String::from_utf8_lossy(&found);
    let differing = expected.lines().zip(found.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
    let path = differing.and_then(|(line, _)| line.split_once("  ")).map_or("more than it lists", |(_, path)| path);
    report.add(SUMS, ProblemKind::Sums, format!("it does not say of {path} what manifest.json says"));
}

fn check_signature(
    bundle: &Bundle,
    manifest: &Manifest,
    manifest_sha256: &str,
    given: Option<&PublicKey>,
    report: &mut VerifyReport,
) {
    let envelope = bundle.container.size(ENVELOPE);
    let Some(signed_by) = &manifest.signed_by else {
        report.signer = Signer::NotSigned;
        if envelope.is_some() {
            report.add(ENVELOPE, ProblemKind::Added, "the manifest says that the bundle is not signed");
        }
        if given.is_some() {
            report.add(
                MANIFEST,
                ProblemKind::Signature,
                "the bundle is not signed, but a key was given to check its signature",
            );
        }
        return;
    };
    report.signer = match given {
        Some(key) => Signer::Wrong { key_id: key.id() },
        None => Signer::NotChecked { key_id: signed_by.key_id.clone() },
    };
    let named = PublicKey::from_base64(&signed_by.public_key).filter(|key| key.id() == signed_by.key_id);
    let Some(named) = named else {
        report.add(MANIFEST, ProblemKind::Signature, "the key that it names is no Ed25519 key, or not of that id");
        return;
    };
    if envelope.is_none() {
        report.add(
            ENVELOPE,
            ProblemKind::Signature,
            "the signature was taken away: the manifest says that the bundle is signed",
        );
        return;
    }
    if let Some(key) = given.filter(|key| **key != named) {
        let why = format!(
            "the bundle is signed by another key ({}) than the one that was given ({})",
            crate::short_id(&named.id()),
            crate::short_id(&key.id()),
        );
        report.add(MANIFEST, ProblemKind::Signature, why);
    }
    let objections = match bundle.container.bytes(ENVELOPE, bundle.limits.manifest.saturating_mul(2)) {
        Ok(bytes) => dsse::objections(&bytes, manifest, manifest_sha256, &named, given),
        Err(error) => vec![format!("it can't be read: {error}")],
    };
    let is_good = objections.is_empty();
    for why in objections {
        report.add(ENVELOPE, ProblemKind::Envelope, why);
    }
    if let Some(key) = given.filter(|key| is_good && **key == named) {
        report.signer = Signer::Verified { key_id: key.id() };
    }
}

fn check_zip(bundle: &Bundle, report: &mut VerifyReport) {
    let name = bundle.container.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match bundle.container.objection() {
        Ok(None) => {}
        Ok(Some(why)) => report.add(&name, ProblemKind::Zip, why),
        Err(error) => report.add(&name, ProblemKind::Unreadable, format!("it can't be read: {error}")),
    }
}

/// Reads a file through once.
fn scan(
    bundle: &Bundle,
    name: &str,
    tally: &mut Tally,
    next_salt: &mut impl FnMut() -> Option<Salt>,
) -> io::Result<Scanned> {
    let mut from = bundle.container.read(name)?;
    let mut scan = Scan::new(name, tally, next_salt);
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(scan.finish()),
            Ok(read) => scan.feed(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The salts of a bundle, one after the other.
struct SaltReader(Option<BufReader<Box<dyn Read + Send>>>);

impl SaltReader {
    fn open(bundle: &Bundle) -> Self {
        Self(bundle.container.read(SALTS).ok().map(|file| BufReader::with_capacity(BUFFER, file)))
    }

    fn next(&mut self) -> Option<Salt> {
        let mut salt = [0; SALT_LENGTH];
        self.0.as_mut()?.read_exact(&mut salt).ok()?;
        Some(salt)
    }

    fn is_used_up(&mut self) -> bool {
        self.0.as_mut().is_some_and(|file| matches!(file.read(&mut [0; 1]), Ok(0)))
    }
}

/// None when there is no readable manifest; otherwise the first file, if any, that it does not list.
pub(crate) fn foreign_file(bundle: &Bundle) -> Option<Option<String>> {
    let (manifest, _) = read_manifest(bundle).ok()?;
    Some(added_files(bundle, &manifest).first().map(|name| (*name).to_owned()))
}
