//! A folder or zip as a set of named files.

use crate::BundleError;
use crate::folder::{self, Found};
use crate::names::Limits;
use crate::zip_read::{self, Packed};
use crate::zip_unpack;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How much is read at once.
pub(crate) const BUFFER: usize = 64 * 1024;

/// Where the files of a bundle are.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) path: PathBuf,
    files: Files,
}

#[derive(Debug)]
enum Files {
    Folder(BTreeMap<String, Found>),
    Zip(zip_read::Listing),
}

impl Container {
    /// Lists what is there; refuses what no bundle holds.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, BundleError> {
        // the bundle itself may be reached through a link
        let metadata = std::fs::metadata(path).map_err(BundleError::io("open", path))?;
        let files = if metadata.is_dir() {
            Files::Folder(folder::list(path, limits)?)
        } else if metadata.is_file() {
            Files::Zip(zip_read::list(path, limits)?)
        } else {
            return Err(BundleError::not_a_bundle(path, "it is neither a folder nor a file"));
        };
        Ok(Self { path: path.to_owned(), files })
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        match &self.files {
            Files::Folder(files) => files.keys().map(String::as_str).collect(),
            Files::Zip(zip) => zip.entries.keys().map(String::as_str).collect(),
        }
    }

    /// The size of a file, when it is there.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        match &self.files {
            Files::Folder(files) => files.get(name).map(|found| found.size),
            Files::Zip(zip) => zip.entries.get(name).map(|packed: &Packed| packed.size),
        }
    }

    /// Whether the bundle is a folder.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.files, Files::Folder(_))
    }

    /// Opens a file.
    pub(crate) fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        Ok(match &self.files {
            Files::Folder(files) => Box::new(folder::open(&self.path, name, files.get(name).ok_or_else(missing)?)?),
            Files::Zip(zip) => Box::new(zip_unpack::open(&self.path, zip.entries.get(name).ok_or_else(missing)?)?),
        })
    }

    /// Reads a whole file that must not be larger than `limit`.
    pub(crate) fn bytes(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read(name)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("it is larger than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// What is wrong with a zip as a file: a byte that belongs to none of its entries was changed.
    pub(crate) fn objection(&self) -> io::Result<Option<&'static str>> {
        let Files::Zip(zip) = &self.files else { return Ok(None) };
        let Some(claimed) = &zip.claimed_digest else { return Ok(None) };
        let mut hasher = Sha256::new();
        let mut file = std::fs::File::open(&self.path)?.take(zip.digested);
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
        let same = hex::encode(hasher.finalize()) == *claimed;
        Ok((!same).then_some("the zip file was changed outside of its entries"))
    }
}
