//! The files that decide: checks, catalogue, service descriptions, schemas. Carried in every bundle under rules/.

use crate::sha256_hex;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A tree of rule files by their path below rules/, with `/` between folders.
///
/// Each crate adds its embedded files below its own folder (`aws/`, `checks/`, …) and reads them back from
/// such a tree, so that a scan and `reperform` go the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFiles {
    files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl RuleFiles {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; gives back `false` when the path was there already (the first one stays).
    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> bool {
        let path = path.into();
        if self.files.contains_key(&path) {
            return false;
        }
        self.files.insert(path, bytes.into());
        true
    }

    /// Adds all files of another tree; those that are there already stay.
    pub fn extend(&mut self, other: RuleFiles) {
        for (path, bytes) in other.files {
            self.files.entry(path).or_insert(bytes);
        }
    }

    /// The bytes of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_ref()))
    }

    /// The files below a folder (`checks/`), with their whole paths, sorted.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> + 'a {
        self.iter().filter(move |(path, _)| path.starts_with(folder))
    }

    /// Path and SHA-256 of each file, sorted.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.iter().map(|(path, bytes)| (path.to_owned(), sha256_hex(bytes))).collect()
    }
}
