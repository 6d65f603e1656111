//! Opening and reading a bundle. Nothing but `verify` reads one that was not verified.

use crate::container::{BUFFER, Container};
use crate::disk::{Disk, RealDisk};
use crate::lines::{LineKind, Salt};
use crate::manifest::SALTS;
use crate::merkle::Hash;
use crate::names::Limits;
use crate::salts::SALT_LENGTH;
use crate::{BundleError, Compared, Manifest, VerifyOptions, VerifyReport};
use annexa_model::{ControlRecord, RuleFiles};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A bundle that was opened and is not yet believed.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) container: Container,
    pub(crate) limits: Limits,
}

/// A bundle that was verified. Each file is checked once more against the manifest while it is read, so that a change
/// after verifying is an error too.
#[derive(Debug)]
pub struct VerifiedBundle {
    container: Container,
    limits: Limits,
    manifest: Manifest,
    report: VerifyReport,
}

/// What the next bundle of a chain says of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its number.
    pub sequence: u64,
    /// Its manifest's digest.
    pub digest: String,
}

impl Bundle {
    /// Opens a folder or zip.
    ///
    /// # Errors
    /// It is not there; or it holds an entry that no bundle holds (a link, a device, a name that leads out of the folder,
    /// occurs twice or differs only in case): [`BundleError::Refused`] with the entry's name.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        Self::open_with(path, Limits::default())
    }

    /// Opens a folder or zip with other limits.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn open_with(path: &Path, limits: Limits) -> Result<Self, BundleError> {
        Ok(Self { container: Container::open(path, &limits)?, limits })
    }

    /// Verifies the bundle, and gives it to be read.
    ///
    /// # Errors
    /// Something does not match: [`BundleError::Mismatch`] with the report.
    pub fn verified(self, options: &VerifyOptions<'_>) -> Result<VerifiedBundle, BundleError> {
        let (report, manifest) = crate::verify::check(&self, options);
        match manifest {
            Some(manifest) if report.is_good() => {
                Ok(VerifiedBundle { container: self.container, limits: self.limits, manifest, report })
            }
            _ => Err(BundleError::Mismatch(Box::new(report))),
        }
    }

    /// Says everything that does not match.
    #[must_use]
    pub fn verify(&self, options: &VerifyOptions<'_>) -> VerifyReport {
        crate::verify::check(self, options).0
    }
}

impl VerifiedBundle {
    /// Opens and verifies a bundle.
    ///
    /// # Errors
    /// It is not there, is refused or does not match.
    pub fn open(path: &Path, options: &VerifyOptions<'_>) -> Result<Self, BundleError> {
        Bundle::open(path)?.verified(options)
    }

    /// Where the bundle is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.container.path
    }

    /// Whether it is a folder, and not a zip.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.container.is_folder()
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What verifying it has shown.
    #[must_use]
    pub fn report(&self) -> &VerifyReport {
        &self.report
    }

    /// What a bundle that follows this one says of it.
    #[must_use]
    pub fn as_previous(&self) -> Previous {
        Previous { sequence: self.manifest.sequence, digest: self.manifest.digest.clone() }
    }

    /// The paths that begin with `prefix` (`evidence/`), sorted.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.manifest.files.iter().map(|file| file.path.as_str()).filter(move |path| path.starts_with(prefix))
    }

    /// Reads a file as a stream; a change since verifying is an error at its end.
    ///
    /// # Errors
    /// There is no such file, or it can't be read.
    pub fn stream(&self, path: &str) -> Result<impl Read + use<>, BundleError> {
        let record = self.manifest.file(path).ok_or_else(|| self.unreadable(path, "there is no such file in it"))?;
        let from = self.container.read(path).map_err(|error| self.unreadable(path, error))?;
        Ok(Checked { from, hasher: Sha256::new(), sha256: record.sha256.clone() })
    }

    /// A place to write into that compares what is written with a file as it is now, byte for byte. Its digest is not
    /// computed once more.
    #[must_use]
    pub fn compare(&self, path: &str) -> Compared {
        Compared::with(self.container.read(path))
    }

    /// Reads a file into memory.
    ///
    /// # Errors
    /// There is no such file, it can't be read, or it is too large.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, BundleError> {
        let limit = self.limits.in_memory;
        let size = self.manifest.file(path).map_or(0, |file| file.size);
        if size > limit {
            return Err(self.unreadable(path, format!("it is larger than {limit} bytes")));
        }
        let mut bytes = Vec::new();
        let mut stream = self.stream(path)?;
        stream.read_to_end(&mut bytes).map_err(|error| self.unreadable(path, error))?;
        Ok(bytes)
    }

    /// Reads a JSON Lines file record by record: `findings.jsonl` as findings, an evidence file as exchanges.
    ///
    /// # Errors
    /// There is no such file. Each record can be an error: it can't be read or is not a `T`.
    pub fn records<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<impl Iterator<Item = Result<T, BundleError>> + '_, BundleError> {
        let path = path.to_owned();
        let mut lines = BufReader::with_capacity(BUFFER, self.stream(&path)?);
        let (mut number, mut done) = (0_u64, false);
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            if done {
                return None;
            }
            number += 1;
            let limit = self.limits.line;
            let read = (&mut lines).take(limit as u64 + 1).read_until(b'\n', &mut line);
            let record = match read {
                Ok(0) => return None,
                Ok(_) if line.len() > limit => Err(format!("line {number} is longer than {limit} bytes")),
                Ok(_) => serde_json::from_slice(&line).map_err(|error| format!("line {number}: {error}")),
                Err(error) => Err(error.to_string()),
            };
            done = record.is_err();
            Some(record.map_err(|why| self.unreadable(&path, why)))
        }))
    }

    /// The same for a file that a bundle need not have: then there are none.
    pub(crate) fn records_if_there<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<impl Iterator<Item = Result<T, BundleError>> + '_, BundleError> {
        let records = self.manifest.file(path).map(|_| self.records(path)).transpose()?;
        Ok(records.into_iter().flatten())
    }

    /// Reads controls.json.
    ///
    /// # Errors
    /// It can't be read.
    pub fn controls(&self) -> Result<Vec<ControlRecord>, BundleError> {
        const NAME: &str = "controls.json";
        serde_json::from_slice(&self.read(NAME)?).map_err(|error| self.unreadable(NAME, error))
    }

    /// Reads all that decided: the files below rules/.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn rules(&self) -> Result<RuleFiles, BundleError> {
        let mut rules = RuleFiles::new();
        for path in self.below("rules/") {
            rules.insert(path.strip_prefix("rules/").unwrap_or(path), self.read(path)?);
        }
        Ok(rules)
    }

    /// Copies the files whose paths begin with `prefix` below an existing folder, for readers that want plain files. For
    /// each, the path in the bundle stays. A copy that is not byte for byte the verified file is an error.
    ///
    /// # Errors
    /// A file can't be read, or can't be written (it must not exist).
    pub fn copy_below(&self, prefix: &str, to: &Path) -> Result<(), BundleError> {
        for path in self.below(prefix) {
            let full = to.join(path);
            if let Some(parent) = full.parent() {
                std::fs::create_dir_all(parent).map_err(BundleError::io("create the folder", parent))?;
            }
            let mut from = self.stream(path)?;
            let mut file = RealDisk.create(&full).map_err(BundleError::io("create", &full))?;
            io::copy(&mut from, &mut file).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => self.unreadable(path, error),
                _ => BundleError::io("write", &full)(error),
            })?;
        }
        Ok(())
    }

    /// The hash of every Merkle leaf in order, for [`crate::inclusion_proof`]; 32 bytes for each line of the bundle.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn leaf_hashes(&self) -> Result<Vec<Hash>, BundleError> {
        let salts = self.read(SALTS)?;
        let mut salts = salts.chunks_exact(SALT_LENGTH);
        let mut leaves = Vec::new();
        for path in self.manifest.files.iter().map(|file| file.path.as_str()) {
            let Some(kind) = LineKind::of(path) else { continue };
            let mut lines = BufReader::with_capacity(BUFFER, self.stream(path)?);
            let mut line = Vec::new();
            loop {
                line.clear();
                let read = lines.read_until(b'\n', &mut line).map_err(|error| self.unreadable(path, error))?;
                if read == 0 {
                    break;
                }
                if let Some(leaf) = crate::lines::leaf_of(kind, &line) {
                    leaves.push(crate::merkle::leaf_hash(salts.next().unwrap_or_default(), leaf));
                }
            }
        }
        Ok(leaves)
    }

    /// The salt of a leaf, counted from 0.
    ///
    /// # Errors
    /// salts.bin can't be read.
    pub fn salt(&self, leaf: u64) -> Result<Option<Salt>, BundleError> {
        let salts = self.read(SALTS)?;
        let salt = usize::try_from(leaf).ok().and_then(|leaf| salts.chunks_exact(SALT_LENGTH).nth(leaf));
        Ok(salt.and_then(|salt| salt.try_into().ok()))
    }

    fn unreadable(&self, entry: &str, why: impl ToString) -> BundleError {
        BundleError::Unreadable { bundle: self.container.path.clone(), entry: entry.to_owned(), why: why.to_string() }
    }
}

/// Passes a file on and compares its digest at the end.
struct Checked {
    from: Box<dyn Read>,
    hasher: Sha256,
    sha256: String,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && hex::encode(self.hasher.clone().finalize()) != self.sha256 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it was changed after it was verified"));
        }
        Ok(read)
    }
}
