//! The names in a folder or zip, taken together: none twice, none that only case tells apart.

use crate::path::{folded, objection};
use std::collections::{BTreeMap, BTreeSet};

/// Limits on what is read from a bundle that may be hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most files.
    pub files: usize,
    /// The largest manifest.json, and envelope, in bytes.
    pub manifest: u64,
    /// The most bytes that a zip may unpack to, whatever its own size.
    pub unpacked: u64,
    /// Above a gigabyte, a zip may unpack to so many times its own size.
    pub ratio: u64,
    /// The largest file that is read into memory, in bytes.
    pub in_memory: u64,
    /// The longest line that is read into memory, in bytes.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 100_000,
            manifest: 24 << 20,
            unpacked: 256 << 30,
            ratio: 200,
            in_memory: 512 << 20,
            line: 64 << 20,
        }
    }
}

/// Collects names and says what is wrong with each.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Folded paths of files, with the path as it stands.
    files: BTreeMap<String, String>,
    /// Folded paths of the folders that files are in.
    folders: BTreeSet<String>,
}

impl Names {
    /// Takes the name of a file, or says why it can't be.
    pub(crate) fn add(&mut self, path: &str, limits: &Limits) -> Result<(), String> {
        if let Some(why) = objection(path) {
            return Err(why.to_owned());
        }
        if self.files.len() >= limits.files {
            return Err(format!("there are more than {} files", limits.files));
        }
        let folded = folded(path);
        if self.folders.contains(&folded) {
            return Err("there is a folder of the same name".to_owned());
        }
        let parents: Vec<&str> = folded.match_indices('/').map(|(end, _)| &folded[..end]).collect();
        if let Some(file) = parents.iter().find_map(|parent| self.files.get(*parent)) {
            return Err(format!("`{file}` is a file of the same name as a folder"));
        }
        self.folders.extend(parents.into_iter().map(str::to_owned));
        match self.files.get(&folded) {
            Some(other) if other == path => Err("the name occurs twice".to_owned()),
            Some(other) => Err(format!("the name differs from `{other}` only in case")),
            None => {
                self.files.insert(folded, path.to_owned());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(first: &str, second: &str) -> Result<(), String> {
        let mut names = Names::default();
        names.add(first, &Limits::default()).unwrap();
        names.add(second, &Limits::default())
    }

    #[test]
    fn names_that_collide_are_refused() {
        assert!(second("a", "a").unwrap_err().contains("twice"));
        assert!(second("a/B", "A/b").unwrap_err().contains("only in case"));
        assert!(second("Ä", "ä").unwrap_err().contains("only in case"));
        assert!(second("a", "A/b").unwrap_err().contains("file of the same name"));
        assert!(second("a/b/c", "A").unwrap_err().contains("folder of the same name"));
        assert!(second("a/b", "a/c").is_ok());
    }

    #[test]
    fn there_is_a_limit() {
        let limits = Limits { files: 1, ..Limits::default() };
        let mut names = Names::default();
        names.add("a", &limits).unwrap();
        assert!(names.add("b", &limits).is_err());
    }
}
