//! Where a new bundle goes.

use crate::failure::Failure;
use annexa_locker::S3Url;
use annexa_model::Timestamp;
use std::path::{Path, PathBuf};

/// Where a new bundle goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This disk.
    Here(PathBuf),
    /// An object store.
    Locker(S3Url),
}

impl Place {
    /// What `--out` names. An encrypted bundle is a file that ends in `.age`, and nothing else is; in a locker a bundle is
    /// a file, and a name without `.zip` or `.age` is a folder that gets one.
    pub(crate) fn of(out: Option<&Path>, encrypted: bool, as_of: Timestamp) -> Result<Self, Failure> {
        let default = format!("evidence-{}", as_of.strftime("%Y%m%dT%H%M%SZ"));
        let file = if encrypted { format!("{default}.zip.age") } else { format!("{default}.zip") };
        let Some(out) = out else {
            return Ok(Self::Here(PathBuf::from(if encrypted { file } else { default })));
        };
        let text = out.to_string_lossy();
        if !S3Url::is_meant(&text) {
            fits(&text, ends_in(out, "age"), encrypted)?;
            return Ok(Self::Here(out.to_owned()));
        }
        let mut url = location(&text)?;
        if url.version.is_some() {
            return Err(Failure::usage(format!("--out {text}: a new bundle has no version yet")));
        }
        let key = PathBuf::from(&url.key);
        if url.key.ends_with('/') || !(ends_in(&key, "zip") || ends_in(&key, "age")) {
            let between = if url.key.is_empty() || url.key.ends_with('/') { "" } else { "/" };
            url.key = format!("{}{between}{file}", url.key);
        } else {
            fits(&text, ends_in(&key, "age"), encrypted)?;
        }
        Ok(Self::Locker(url))
    }
}

/// The place in a locker that a text names.
pub(crate) fn location(text: &str) -> Result<S3Url, Failure> {
    text.parse().map_err(|error| {
        Failure::usage(format!("{text}: {error}")).help("a place in a locker is s3://bucket/folder/name.zip")
    })
}

fn fits(out: &str, is_age: bool, encrypted: bool) -> Result<(), Failure> {
    match (is_age, encrypted) {
        (true, false) => {
            Err(Failure::usage(format!("--out {out} ends in .age, but nobody was named who could open it"))
                .help("name recipients with --encrypt-to age1…, or let the name end in .zip"))
        }
        (false, true) => Err(Failure::usage(format!("--out {out}: with --encrypt-to the name must end in .age"))
            .help(format!("--out {}.age", if out.ends_with(".zip") { out.to_owned() } else { format!("{out}.zip") }))),
        _ => Ok(()),
    }
}

fn ends_in(path: &Path, what: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(what))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn place(out: &str, encrypted: bool) -> Result<String, String> {
        let out = (!out.is_empty()).then(|| Path::new(out));
        match Place::of(out, encrypted, "2026-03-01T10:00:00Z".parse().unwrap()) {
            Ok(Place::Here(path)) => Ok(path.display().to_string()),
            Ok(Place::Locker(url)) => Ok(url.to_string()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn names_say_what_they_are() {
        for (out, encrypted, expected) in [
            ("", false, "evidence-20260301T100000Z"),
            ("", true, "evidence-20260301T100000Z.zip.age"),
            ("e", false, "e"),
            ("e.zip.age", true, "e.zip.age"),
            ("s3://b", false, "s3://b/evidence-20260301T100000Z.zip"),
            ("s3://b/p", false, "s3://b/p/evidence-20260301T100000Z.zip"),
            ("s3://b/p.zip/", true, "s3://b/p.zip/evidence-20260301T100000Z.zip.age"),
            ("s3://b/p/e.zip", false, "s3://b/p/e.zip"),
            ("s3://b/p/e.age", true, "s3://b/p/e.age"),
        ] {
            assert_eq!(place(out, encrypted).as_deref(), Ok(expected), "{out}");
        }
        for (out, encrypted, help) in [
            ("e.zip", true, "--out e.zip.age"),
            ("e", true, "--out e.zip.age"),
            ("e.age", false, "--encrypt-to"),
            ("s3://b/e.zip", true, "--out s3://b/e.zip.age"),
            ("s3://b/e.age", false, "--encrypt-to"),
            ("s3://b/e.zip?versionId=1", false, "no version yet"),
            ("s3:///e.zip", false, "s3://bucket"),
        ] {
            let error = place(out, encrypted).unwrap_err();
            assert!(error.contains(help), "{out}: {error}");
        }
    }
}
