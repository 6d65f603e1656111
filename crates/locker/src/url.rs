//! `s3://bucket/key`, and one version of it: `s3://bucket/key?versionId=…`.

use std::fmt;
use std::str::FromStr;

/// Between key and version.
const VERSION: &str = "?versionId=";
/// The longest key, in bytes.
const LONGEST: usize = 1024;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Url {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key; empty when only the bucket is named.
    pub key: String,
    /// The version; none: the newest one.
    pub version: Option<String>,
}

/// A text that is no such URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct S3UrlError(&'static str);

impl S3Url {
    /// Whether a text claims to be such a URL.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("s3://"))
    }

    /// The last part of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for S3Url {
    type Err = S3UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !Self::is_meant(text) {
            return Err(S3UrlError("it does not begin with s3://"));
        }
        let (place, version) = match text[5..].split_once(VERSION) {
            Some((place, version)) => (place, Some(version)),
            None => (&text[5..], None),
        };
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() || !bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err(S3UrlError(
                "the bucket's name has letters, digits, `-`, `.` only; then follow `/` and the key",
            ));
        }
        if key.len() > LONGEST || key.chars().any(char::is_control) {
            return Err(S3UrlError("the key is too long, or holds control characters"));
        }
        // HTTP libraries take these for steps in a tree, and would ask for another key
        if key.split('/').any(|part| part == "." || part == "..") {
            return Err(S3UrlError("a part of the key is `.` or `..`"));
        }
        if version.is_some_and(|v| v.is_empty() || !v.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(S3UrlError("the version's id is empty or no id"));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), version: version.map(str::to_owned) })
    }
}

impl fmt::Display for S3Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)?;
        match &self.version {
            Some(version) => write!(f, "{VERSION}{version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_are_read() {
        let url: S3Url = "s3://evidence/2026/a b.zip?versionId=x.Y_z".parse().unwrap();
        assert_eq!((url.bucket.as_str(), url.key.as_str(), url.name()), ("evidence", "2026/a b.zip", "a b.zip"));
        assert_eq!(url.version.as_deref(), Some("x.Y_z"));
        assert_eq!("S3://evidence".parse::<S3Url>().unwrap().key, "");
        for wrong in ["s3://", "s3:///key", "s3://a b/key", "s3://b/../c", "s3://b/a\u{1}", "s3://b/k?versionId=", "x"]
        {
            assert!(wrong.parse::<S3Url>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(s3://)?.{0,40}") {
            if let Ok(url) = text.parse::<S3Url>() {
                prop_assert_eq!(url.to_string().parse::<S3Url>().unwrap(), url);
            }
        }
    }
}
