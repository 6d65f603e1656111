//! Walking a folder without leaving it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many entries are listed; more is a gap.
const MAX_ENTRIES: usize = 50_000;
/// How deep folders are followed.
const MAX_DEPTH: usize = 24;
/// Folders that never hold a company's documents.
const SKIPPED: [&str; 3] = [".git", "node_modules", "target"];

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    /// Not followed; where it points to is either listed itself, or outside.
    Symlink {
        outside: bool,
    },
    /// A device, FIFO or socket.
    Special,
    /// The system would not say, or would not list the folder.
    Unreadable,
}

/// One entry, by its path below the folder with `/` between names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
    pub(crate) bytes: u64,
}

/// All entries of a folder, sorted, and whether these are all.
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    pub(crate) whole: bool,
}

/// Lists a folder. Only the folder itself being unreadable is an error.
pub(crate) fn list(root: &Path) -> io::Result<Listing> {
    let mut listing = Listing { entries: Vec::new(), whole: true };
    let real_root = fs::canonicalize(root)?;
    fs::read_dir(&real_root)?;
    let mut folders: Vec<(PathBuf, String, usize)> = vec![(real_root.clone(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let Ok(names) = fs::read_dir(&folder) else {
            listing.entries.push(Entry { path: prefix, kind: EntryKind::Unreadable, bytes: 0 });
            continue;
        };
        for item in names {
            if listing.entries.len() >= MAX_ENTRIES {
                listing.whole = false;
                break;
            }
            let Ok(item) = item else {
                listing.entries.push(Entry { path: prefix.clone(), kind: EntryKind::Unreadable, bytes: 0 });
                continue;
            };
            let name = item.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = match item.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if SKIPPED.contains(&name.as_str()) {
                        continue;
                    }
                    if depth < MAX_DEPTH {
                        folders.push((item.path(), path, depth + 1));
                    } else {
                        listing.whole = false;
                    }
                    continue;
                }
                Ok(kind) if kind.is_file() => EntryKind::File,
                Ok(kind) if kind.is_symlink() => {
                    EntryKind::Symlink { outside: points_outside(&item.path(), &real_root) }
                }
                Ok(_) => EntryKind::Special,
                Err(_) => EntryKind::Unreadable,
            };
            let bytes = item.metadata().map_or(0, |metadata| metadata.len());
            listing.entries.push(Entry { path, kind, bytes });
        }
    }
    listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

/// A link that leads nowhere counts as outside: what it stood for is not in the folder.
fn points_outside(link: &Path, root: &Path) -> bool {
    fs::canonicalize(link).map_or(true, |real| !real.starts_with(root))
}

/// The file's name without folders.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The file's name without folders and ending.
pub(crate) fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The ending in lower case, without the dot.
pub(crate) fn ending(path: &str) -> String {
    file_name(path).rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    #[cfg(unix)]
    fn links_are_not_followed_and_outside_ones_are_told_apart() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.md"), "x").unwrap();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("policies")).unwrap();
        fs::create_dir_all(root.path().join(".git")).unwrap();
        fs::write(root.path().join(".git/config"), "x").unwrap();
        fs::write(root.path().join("policies/a.md"), "x").unwrap();
        std::os::unix::fs::symlink("a.md", root.path().join("policies/b.md")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        let listing = list(root.path()).unwrap();
        let seen: Vec<(&str, EntryKind)> = listing.entries.iter().map(|e| (e.path.as_str(), e.kind)).collect();
        assert_eq!(
            seen,
            [
                ("out", EntryKind::Symlink { outside: true }),
                ("policies/a.md", EntryKind::File),
                ("policies/b.md", EntryKind::Symlink { outside: false }),
            ]
        );
        assert!(listing.whole);
    }
}
