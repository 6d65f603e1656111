#![doc = include_str!("../README.md")]

mod bundle;
mod compare;
mod container;
mod diff;
mod disk;
mod dsse;
mod encryption;
mod error;
mod folder;
mod keys;
mod library;
mod lines;
mod manifest;
mod merkle;
mod names;
mod path;
mod report;
mod salts;
mod seal;
mod verify;
mod writer;
mod zip_headers;
mod zip_read;
mod zip_unpack;
mod zip_write;

pub use bundle::{Bundle, Previous, VerifiedBundle};
pub use compare::Compared;
pub use diff::{
    ChangedFindings, ChangedResources, ControlChange, Diff, FindingChange, GapName, ResourceName, Side, diff,
};
pub use disk::{Disk, NewFile, RealDisk};
pub use dsse::{PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE};
pub use encryption::{Identities, Recipients, decrypt, is_encrypted};
pub use error::BundleError;
pub use keys::{KeyFiles, PublicKey, SigningKey, keygen, short_id};
pub use library::{Library, RuleComparison};
pub use manifest::{
    Counts, Cover, ENVELOPE, Engine, FORMAT, FileRecord, GapCounts, MANIFEST, Manifest, MerkleRecord, SALTS, SUMS,
    SignedBy,
};
pub use merkle::{Hash, MerkleRoot, inclusion_proof, leaf_hash, root_of, verify_inclusion};
pub use names::Limits;
pub use report::{
    CLOSING_WORDS, CLOSING_WORDS_UNSIGNED, INTEGRITY_ONLY, Problem, ProblemKind, Signer, Summary, VerifyReport,
};
pub use salts::{SALT_LENGTH, SaltSeed};
pub use verify::{VerifyOptions, verify};
pub use writer::{BundleFile, Seal, Writer, Written};
