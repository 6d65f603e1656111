//! What is written last: salts, sums, manifest and signature.

use crate::container::BUFFER;
use crate::folder;
use crate::lines::{Scan, Scanned, Tally};
use crate::manifest::{
    Cover, ENVELOPE, Engine, FORMAT, FileRecord, MANIFEST, Manifest, MerkleRecord, SALTS, SUMS, SignedBy, sums_of,
    written_form,
};
use crate::names::Limits;
use crate::writer::{BundleFile, Seal, Writer};
use crate::{BundleError, dsse};
use annexa_model::{ENGINE_VERSION, sha256_hex};
use std::io::{self, Read};
use std::path::Path;

/// Finishes the files of a bundle; gives its manifest, and all files with their sizes, sorted.
pub(crate) fn seal(
    writer: &mut Writer,
    cover: Cover,
    seal: &Seal<'_>,
) -> Result<(Manifest, Vec<(String, u64)>), BundleError> {
    let root = writer.staging.0.clone();
    let mut tally = Tally::default();
    let mut files = scan_all(writer, &root, seal, &mut tally)?;
    files.push(scan_own(&root, SALTS)?);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let sums = sums_of(files.iter().map(|file| (file.path.as_str(), file.sha256.as_str())));
    write(writer.begin_unchecked(SUMS)?, sums.as_bytes())?;
    files.push(scan_own(&root, SUMS)?);
    files.sort_by(|a, b| a.path.cmp(&b.path));

    let signer = signer(seal)?;
    let manifest = manifest(cover, seal, signer, files, tally).map_err(|error| json_error(&root, error))?;
    let bytes = written_form(&manifest).map_err(|error| json_error(&root, error))?;
    write(writer.begin_unchecked(MANIFEST)?, &bytes)?;
    let mut all: Vec<(String, u64)> = manifest.files.iter().map(|file| (file.path.clone(), file.size)).collect();
    all.push((MANIFEST.to_owned(), bytes.len() as u64));
    if let (Some(key), Some(signed_by)) = (seal.key, &manifest.signed_by) {
        let envelope = dsse::sign(&manifest, &sha256_hex(&bytes), key, &signed_by.key_id);
        let envelope = envelope.map_err(|error| json_error(&root, error))?;
        write(writer.begin_unchecked(ENVELOPE)?, &envelope)?;
        all.push((ENVELOPE.to_owned(), envelope.len() as u64));
    }
    all.sort();
    Ok((manifest, all))
}

fn json_error(root: &Path, error: serde_json::Error) -> BundleError {
    BundleError::io("write", &root.join(MANIFEST))(error.into())
}

fn write(mut file: BundleFile, bytes: &[u8]) -> Result<(), BundleError> {
    file.write(bytes)?;
    file.close_synced()
}

/// Hashes, counts and restricts all files that are there, and writes a salt for each line.
fn scan_all(
    writer: &mut Writer,
    root: &Path,
    seal: &Seal<'_>,
    tally: &mut Tally,
) -> Result<Vec<FileRecord>, BundleError> {
    // listed before salts.bin is begun
    let found = folder::list(root, &Limits::default())?;
    let mut salts = writer.begin_unchecked(SALTS)?;
    let mut salt_error = None;
    let mut leaf = 0_u64;
    let mut files = Vec::new();
    for path in found.keys() {
        let full = root.join(path);
        writer.disk.restrict(&full).map_err(BundleError::io("restrict", &full))?;
        let mut next_salt = || {
            let salt = seal.salts.salt(leaf);
            leaf += 1;
            match salts.write(&salt) {
                Ok(()) => Some(salt),
                Err(error) => {
                    salt_error.get_or_insert(error);
                    None
                }
            }
        };
        let scanned = scan_file(&full, path, tally, &mut next_salt)?;
        if let Some(remark) = scanned.remarks.first() {
            return Err(BundleError::bad_entry(path, format!("line {}: {}", remark.line, remark.what)));
        }
        files.push(record(path, scanned));
    }
    if let Some(error) = salt_error {
        return Err(error);
    }
    salts.close_synced()?;
    Ok(files)
}

/// A file that this module wrote itself.
fn scan_own(root: &Path, path: &str) -> Result<FileRecord, BundleError> {
    let scanned = scan_file(&root.join(path), path, &mut Tally::default(), &mut || None)?;
    Ok(record(path, scanned))
}

fn record(path: &str, scanned: Scanned) -> FileRecord {
    FileRecord { path: path.to_owned(), size: scanned.size, sha256: scanned.sha256, leaves: scanned.leaves }
}

fn scan_file(
    full: &Path,
    path: &str,
    tally: &mut Tally,
    next_salt: &mut impl FnMut() -> Option<crate::lines::Salt>,
) -> Result<Scanned, BundleError> {
    let mut file = std::fs::File::open(full).map_err(BundleError::io("read back", full))?;
    let mut scan = Scan::new(path, tally, next_salt);
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(scan.finish()),
            Ok(read) => scan.feed(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BundleError::io("read back", full)(error)),
        }
    }
}

/// A key that can't sign must not give an unsigned bundle.
fn signer(seal: &Seal<'_>) -> Result<Option<SignedBy>, BundleError> {
    let Some(key) = seal.key else { return Ok(None) };
    let bad = || BundleError::Key { path: "the signing key".into(), why: "its public key is weak".to_owned() };
    let public = key.public().ok_or_else(bad)?;
    Ok(Some(SignedBy { key_id: public.id(), public_key: public.to_base64() }))
}

fn manifest(
    cover: Cover,
    seal: &Seal<'_>,
    signed_by: Option<SignedBy>,
    files: Vec<FileRecord>,
    tally: Tally,
) -> Result<Manifest, serde_json::Error> {
    let mut manifest = Manifest {
        format: FORMAT,
        engine: Engine { name: "annexa".to_owned(), version: ENGINE_VERSION.to_owned() },
        organization: cover.organization,
        edition: cover.edition,
        selection: cover.selection,
        period: cover.period,
        as_of: cover.as_of,
        privacy: cover.privacy,
        targets: cover.targets,
        counts: tally.counts,
        gaps: tally.gaps,
        sequence: seal.previous.as_ref().map_or(1, |previous| previous.sequence.saturating_add(1)),
        previous: seal.previous.as_ref().map(|previous| previous.digest.clone()),
        signed_by,
        merkle: MerkleRecord { leaves: tally.tree.leaves(), root: hex::encode(tally.tree.root()) },
        files,
        digest: String::new(),
    };
    manifest.digest = manifest.digest_of_rest()?;
    Ok(manifest)
}
