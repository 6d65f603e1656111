//! manifest.json: what a bundle says of itself, and what all its files must be.

use annexa_model::{
    ControlStatus, Edition, Period, Selection, StatusCounts, TargetRecord, Timestamp, canonical_json, sha256_hex,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bundle format that this release writes; it reads all from 1.
pub const FORMAT: u32 = 1;

/// The manifest's own name.
pub const MANIFEST: &str = "manifest.json";
/// The name of the signature's envelope.
pub const ENVELOPE: &str = "manifest.dsse.json";
/// The name of the list for `sha256sum -c`.
pub const SUMS: &str = "SHA256SUMS";
/// The name of the file of Merkle salts.
pub const SALTS: &str = "salts.bin";

/// What a scan says of itself for the manifest; the rest of the manifest follows from the files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// The company, as annexa.yaml names it.
    pub organization: String,
    /// The edition that leads in reports.
    pub edition: Edition,
    /// Whether everything in annexa.yaml was scanned.
    pub selection: Selection,
    /// The period under audit; a bundle is one observation in it.
    pub period: Option<Period>,
    /// The time that findings speak of; on a live scan its start.
    pub as_of: Timestamp,
    /// `default`, `full` or `strict`.
    pub privacy: String,
    /// What was scanned, sorted by name.
    pub targets: Vec<TargetRecord>,
}

/// manifest.json. No member may be added to format 1 without being optional, nor be read by a program that does not know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The bundle format.
    pub format: u32,
    /// The program that decided.
    pub engine: Engine,
    /// The company, as annexa.yaml names it.
    pub organization: String,
    /// The edition that leads in reports.
    pub edition: Edition,
    /// Whether everything in annexa.yaml was scanned.
    pub selection: Selection,
    /// The period under audit; a bundle is one observation in it.
    pub period: Option<Period>,
    /// The time that findings speak of; on a live scan its start.
    pub as_of: Timestamp,
    /// `default`, `full` or `strict`.
    pub privacy: String,
    /// What was scanned, sorted by name.
    pub targets: Vec<TargetRecord>,
    /// How much there is of what.
    pub counts: Counts,
    /// How many gaps there are.
    pub gaps: GapCounts,
    /// The number of this bundle in its chain, from 1.
    pub sequence: u64,
    /// The manifest digest of the bundle before this one.
    pub previous: Option<String>,
    /// Whose signature belongs to this bundle; none: it is not signed.
    pub signed_by: Option<SignedBy>,
    /// The Merkle tree over all lines.
    pub merkle: MerkleRecord,
    /// Each file but this one and its envelope, sorted by path.
    pub files: Vec<FileRecord>,
    /// SHA-256 of the RFC 8785 form of all the above.
    pub digest: String,
}

/// The program that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// How much there is of what. Counted from the files, and again by `verify`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Findings by status.
    pub findings: StatusCounts,
    /// Controls and clauses by edition and status.
    pub controls: BTreeMap<String, BTreeMap<ControlStatus, u64>>,
    /// Resources.
    pub resources: u64,
    /// Exchanges.
    pub exchanges: u64,
}

/// How many gaps there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapCounts {
    /// Gaps that no exception accepts.
    pub open: u64,
    /// Gaps that an exception accepts.
    pub accepted: u64,
}

/// Whose signature belongs to a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    /// SHA-256 of the public key (its SubjectPublicKeyInfo in DER), in hexadecimal.
    pub key_id: String,
    /// The public key, as base64 of the same DER. It shows that the signature was not damaged; it is never trusted.
    pub public_key: String,
}

/// The Merkle tree of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerkleRecord {
    /// How many leaves it has.
    pub leaves: u64,
    /// Its root, in hexadecimal.
    pub root: String,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The path in the bundle.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 in hexadecimal.
    pub sha256: String,
    /// How many Merkle leaves its lines are; none: its lines are no leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<u64>,
}

impl Manifest {
    /// The record of a file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&FileRecord> {
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(place)
    }

    /// The number of a file's first Merkle leaf; none when its lines are no leaves.
    #[must_use]
    pub fn first_leaf(&self, path: &str) -> Option<u64> {
        let mut first = 0_u64;
        for file in &self.files {
            if file.path == path {
                return file.leaves.map(|_| first);
            }
            first = first.saturating_add(file.leaves.unwrap_or(0));
        }
        None
    }

    /// Path below `rules/` and SHA-256 of each rule file.
    #[must_use]
    pub fn rule_digests(&self) -> BTreeMap<String, String> {
        let below = |file: &FileRecord| Some((file.path.strip_prefix("rules/")?.to_owned(), file.sha256.clone()));
        self.files.iter().filter_map(below).collect()
    }

    /// SHA-256 of the RFC 8785 form without the member `digest`.
    pub(crate) fn digest_of_rest(&self) -> Result<String, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        if let Some(members) = value.as_object_mut() {
            members.shift_remove("digest");
        }
        Ok(sha256_hex(canonical_json(&value)?))
    }

    /// What SHA256SUMS must be: GNU's format, sorted by path.
    pub(crate) fn sums(&self) -> String {
        sums_of(self.files.iter().map(|file| (file.path.as_str(), file.sha256.as_str())))
    }
}

/// The text of SHA256SUMS for all files but itself.
pub(crate) fn sums_of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    files.filter(|(path, _)| *path != SUMS).map(|(path, digest)| format!("{digest}  {path}\n")).collect()
}

/// The one way in which manifest.json and its envelope are written: indented by two blanks, with a newline at the end.
/// A reader that demands it leaves no byte of these files to chance.
pub(crate) fn written_form<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
