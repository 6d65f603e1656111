//! A bundle as a folder.

use crate::BundleError;
use crate::names::{Limits, Names};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// A regular file as the listing saw it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) size: u64,
    identity: Identity,
}

/// What tells a file from another that took its place.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}

/// Lists all files below a folder. Everything that is neither a regular file nor a folder is refused.
pub(crate) fn list(root: &Path, limits: &Limits) -> Result<BTreeMap<String, Found>, BundleError> {
    let mut names = Names::default();
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    let (mut seen, mut total) = (0_usize, 0_u64);
    while let Some(folder) = folders.pop() {
        let here = root.join(&folder);
        let mut entries: Vec<_> = std::fs::read_dir(&here)
            .and_then(|entries| entries.take(limits.files + 1).collect::<Result<_, _>>())
            .map_err(BundleError::io("list", &here))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let path = format!("{folder}{}", name.to_string_lossy());
            let refuse = |why: &str| BundleError::refused(root, &path, why);
            if name.to_str().is_none() {
                return Err(refuse("the name is not UTF-8"));
            }
            seen += 1;
            if seen > limits.files.saturating_mul(2) {
                return Err(refuse("there are too many files and folders"));
            }
            // does not follow a symbolic link
            let metadata = entry.metadata().map_err(BundleError::io("look at", &entry.path()))?;
            if metadata.is_dir() {
                if let Some(why) = crate::path::objection(&path) {
                    return Err(refuse(why));
                }
                folders.push(format!("{path}/"));
            } else if metadata.is_file() {
                names.add(&path, limits).map_err(|why| refuse(&why))?;
                total = total.saturating_add(metadata.len());
                if total > limits.unpacked {
                    return Err(refuse("all files together are larger than we read"));
                }
                files.insert(path, Found { size: metadata.len(), identity: identity(&metadata) });
            } else if metadata.is_symlink() {
                return Err(refuse("it is a symbolic link"));
            } else {
                return Err(refuse("it is a device, a socket or a pipe"));
            }
        }
    }
    Ok(files)
}

/// Opens a listed file, when it is still the same.
pub(crate) fn open(root: &Path, path: &str, found: &Found) -> io::Result<impl Read + use<>> {
    let full = root.join(path);
    let changed = || io::Error::other("it was replaced while it was read");
    // look before opening: a pipe would hold us
    let before = std::fs::symlink_metadata(&full)?;
    if !before.is_file() || identity(&before) != found.identity {
        return Err(changed());
    }
    let file = File::open(full)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || identity(&metadata) != found.identity {
        return Err(changed());
    }
    // a file that grows while it is read must come to an end
    Ok(file.take(found.size.saturating_add(1)))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn refusal(make: impl FnOnce(&Path)) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/a"), "x").unwrap();
        assert_eq!(list(folder.path(), &Limits::default()).unwrap().keys().collect::<Vec<_>>(), ["sub/a"]);
        make(folder.path());
        list(folder.path(), &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn only_files_and_folders_are_taken() {
        let link = refusal(|root| std::os::unix::fs::symlink("/etc/passwd", root.join("sub/link")).unwrap());
        assert!(link.contains("`sub/link`: it is a symbolic link"), "{link}");
        let folder_link = refusal(|root| std::os::unix::fs::symlink("/etc", root.join("etc")).unwrap());
        assert!(folder_link.contains("`etc`: it is a symbolic link"), "{folder_link}");
        let socket = refusal(|root| drop(std::os::unix::net::UnixListener::bind(root.join("sock")).unwrap()));
        assert!(socket.contains("`sock`: it is a device, a socket or a pipe"), "{socket}");
        let pipe = refusal(|root| {
            assert!(std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
        });
        assert!(pipe.contains("`pipe`: it is a device, a socket or a pipe"), "{pipe}");
        let case = refusal(|root| std::fs::write(root.join("sub/A"), "x").unwrap());
        assert!(case.contains("only in case"), "{case}");
        let backslash = refusal(|root| std::fs::write(root.join("a\\b"), "x").unwrap());
        assert!(backslash.contains("backslash"), "{backslash}");
        let bytes = refusal(|root| {
            let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"a\xff");
            std::fs::write(root.join(name), "x").unwrap();
        });
        assert!(bytes.contains("not UTF-8"), "{bytes}");
    }

    #[test]
    fn a_folder_that_pretends_to_be_endless_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("hole")).unwrap();
        file.set_len(Limits::default().unpacked + 1).unwrap();
        assert!(list(folder.path(), &Limits::default()).unwrap_err().to_string().contains("`hole`"));
    }

    #[test]
    fn a_file_that_was_replaced_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "x").unwrap();
        let listed = list(folder.path(), &Limits::default()).unwrap();
        assert!(open(folder.path(), "a", &listed["a"]).is_ok());
        std::fs::write(folder.path().join("b"), "y").unwrap();
        std::fs::remove_file(folder.path().join("a")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("b"), folder.path().join("a")).unwrap();
        assert!(open(folder.path(), "a", &listed["a"]).is_err());
    }
}
