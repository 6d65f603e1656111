//! Reading an object: whole, bounded, one version of it.

use crate::put::{DIGEST, PART, version_of};
use crate::{Locker, LockerError, Retention, S3Url, Stored, Trouble};
use aws_sdk_s3::types::{ChecksumMode, ChecksumType, ObjectLockRetentionMode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// No bundle in a locker is larger.
const LARGEST: u64 = 156 << 30;

/// What the headers of an object say.
pub(crate) struct Head {
    pub(crate) size: Option<u64>,
    pub(crate) etag: Option<String>,
    /// The SHA-256 of the whole content, in hexadecimal, as it was given when the object was uploaded.
    pub(crate) digest: Option<String>,
    /// The server's own SHA-256 of the whole content, in hexadecimal.
    checksum: Option<String>,
    /// How long it stays; none when it does not, or when these rights do not show it.
    retention: Option<Retention>,
}

/// A piece of an object.
struct Piece {
    bytes: Bytes,
    /// The size of the whole object.
    whole: u64,
    etag: Option<String>,
    version: Option<String>,
}

impl Locker {
    /// Downloads an object into the new file `to`, which only its owner can read. All of it is of one version.
    ///
    /// # Errors
    /// There is no such bucket or object; it can't be read; or what came is not what was uploaded.
    pub async fn get(&self, url: &S3Url, to: &Path) -> Result<Stored, LockerError> {
        let what = format!("{url} can't be read");
        let here = |error: io::Error| LockerError::file(&what, &error);
        let mut file = private(to).map_err(here)?;
        let mut hasher = Sha256::new();
        let first = self.piece(url, 0, url.version.as_deref(), None, &what).await?;
        if first.whole > LARGEST {
            return Err(LockerError::new(&what, Trouble::Other, "it is larger than any bundle (156 GiB)"));
        }
        let (version, etag, whole) = (first.version.or(url.version.clone()), first.etag, first.whole);
        let (mut read, mut bytes) = (0, first.bytes);
        loop {
            hasher.update(&bytes);
            file.write_all(&bytes).map_err(here)?;
            read += bytes.len() as u64;
            if read >= whole || bytes.is_empty() {
                break;
            }
            bytes = self.piece(url, read, version.as_deref(), etag.as_deref(), &what).await?.bytes;
        }
        file.flush().map_err(here)?;
        let sha256 = hex::encode(hasher.finalize());
        let head = self.head(url, version.as_deref(), &what).await?;
        let claimed = head.digest.iter().chain(&head.checksum);
        let matches: Vec<bool> = claimed.map(|digest| *digest == sha256).collect();
        if read != whole || head.size != Some(whole) || head.etag != etag || matches.contains(&false) {
            let problem = "what came is not what was uploaded: size, tag or SHA-256 differ";
            return Err(LockerError::new(&what, Trouble::Changed, problem));
        }
        Ok(Stored {
            url: url.to_string(),
            retention: self.retention(url, version.as_deref(), &head, &what).await?,
            version_id: version,
            etag,
            size: whole,
            sha256,
            sha256_matches: matches.first().copied(),
        })
    }

    async fn piece(
        &self,
        url: &S3Url,
        from: u64,
        version: Option<&str>,
        etag: Option<&str>,
        what: &str,
    ) -> Result<Piece, LockerError> {
        let sent = self
            .client
            .get_object()
            .bucket(&url.bucket)
            .key(&url.key)
            .set_version_id(version.map(str::to_owned))
            .set_if_match(etag.map(str::to_owned))
            .range(format!("bytes={from}-{}", from + PART - 1))
            .send()
            .await;
        let answer = sent.map_err(|error| match LockerError::of(what, url, &error) {
            // here the condition is that it is still the same
            error if error.trouble == Trouble::Exists => {
                LockerError::new(what, Trouble::Changed, "it changed while it was read")
            }
            error => error,
        })?;
        let (etag, version) = (answer.e_tag().map(str::to_owned), version_of(answer.version_id()));
        let whole = answer.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
        let body = answer.body.collect().await;
        let bytes = body.map_err(|error| LockerError::new(what, Trouble::Unreachable, error.to_string()))?.into_bytes();
        // a server that does not know ranges sends everything
        let whole = whole.unwrap_or(bytes.len() as u64);
        Ok(Piece { bytes, whole, etag, version })
    }

    /// The headers of an object.
    pub(crate) async fn head(&self, url: &S3Url, version: Option<&str>, what: &str) -> Result<Head, LockerError> {
        let head = self.client.head_object().bucket(&url.bucket).key(&url.key);
        let sent = head.set_version_id(version.map(str::to_owned)).checksum_mode(ChecksumMode::Enabled).send().await;
        let head = sent.map_err(|error| LockerError::of(what, url, &error))?;
        // the sum of an upload in pieces is not over the content, but over the pieces' sums
        let in_pieces =
            head.checksum_type() == Some(&ChecksumType::Composite) || head.e_tag().is_some_and(|tag| tag.contains('-'));
        let checksum = head.checksum_sha256().filter(|_| !in_pieces);
        let retention = head.object_lock_mode().map(|mode| ObjectLockRetentionMode::from(mode.as_str()));
        let retention = Retention::of(retention.as_ref(), head.object_lock_retain_until_date());
        Ok(Head {
            size: head.content_length().and_then(|size| u64::try_from(size).ok()),
            etag: head.e_tag().map(str::to_owned),
            digest: head.metadata().and_then(|metadata| metadata.get(DIGEST)).cloned(),
            retention: (retention != Retention::None).then_some(retention),
            checksum: checksum.and_then(|sum| BASE64_STANDARD.decode(sum).ok()).map(hex::encode),
        })
    }

    /// How long an object stays, as the bucket says.
    pub(crate) async fn retention(
        &self,
        url: &S3Url,
        version: Option<&str>,
        head: &Head,
        what: &str,
    ) -> Result<Retention, LockerError> {
        if let Some(retention) = &head.retention {
            return Ok(retention.clone());
        }
        let ask = self.client.get_object_retention().bucket(&url.bucket).key(&url.key);
        let sent = ask.set_version_id(version.map(str::to_owned)).send().await;
        let Err(error) = &sent else {
            let answer = sent.map_err(|error| LockerError::of(what, url, &error))?;
            let retention = answer.retention();
            return Ok(Retention::of(retention.and_then(|r| r.mode()), retention.and_then(|r| r.retain_until_date())));
        };
        let error = LockerError::of(what, url, error);
        match error.trouble {
            Trouble::NoLock => Ok(Retention::None),
            // S3's answer for an object without retention
            _ if error.problem.contains("NoSuchObjectLockConfiguration") => Ok(Retention::None),
            Trouble::Stopped | Trouble::Unreachable => Err(error),
            _ => Ok(Retention::Unknown { why: error.problem }),
        }
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
