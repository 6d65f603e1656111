//! The one write: a finished bundle, to a name that is free.

use crate::{Locker, LockerError, Retain, Retention, S3Url, Stored, Trouble};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectLockMode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What is uploaded in one piece, and the size of pieces otherwise.
pub(crate) const PART: u64 = 16 << 20;
/// S3 takes so many pieces.
const MOST_PARTS: u64 = 10_000;
/// The metadata that bears the SHA-256 of the whole file.
pub(crate) const DIGEST: &str = "annexa-sha256";
/// A name that is taken is never written.
const ANY: &str = "*";

/// What is written, with its digest.
struct Content {
    file: File,
    size: u64,
    sha256: [u8; 32],
    hex: String,
}

/// The retention that is asked for, with its end.
type Lock = Option<(ObjectLockMode, DateTime)>;

impl Locker {
    /// Uploads a file to a name that must be free, with the retention that was asked for, and reads back what the bucket
    /// says of it.
    ///
    /// # Errors
    /// The name is taken; the bucket refuses; nobody answers; or the object is not retained as asked.
    pub async fn put(&self, url: &S3Url, file: &Path, retain: Option<Retain>) -> Result<Stored, LockerError> {
        let what = format!("{url} can't be written");
        let mut content = Content::read(file).map_err(|error| LockerError::file(&what, &error))?;
        if content.size > PART * MOST_PARTS {
            return Err(LockerError::new(&what, Trouble::Other, "the bundle is larger than 156 GiB"));
        }
        let lock = retain.map(|retain| (retain.mode.lock_mode(), retain.until()));
        let version = if content.size <= PART {
            self.put_whole(url, &mut content, lock, &what).await
        } else {
            self.put_parts(url, &mut content, lock, &what).await
        };
        let version = match version {
            Ok(version) => version,
            // our own first try may have come through although its answer did not
            Err(error) if error.trouble == Trouble::Exists => match self.is_ours(url, &content.hex).await {
                Some(version) => version,
                None => return Err(error),
            },
            Err(error) => return Err(error),
        };
        let stored = self.read_back(url, version, &content, &what).await?;
        match (&stored.retention, retain) {
            (Retention::None, Some(_)) => {
                let problem = "the server took it, but says that it is not retained";
                Err(LockerError::new(&what, Trouble::NoLock, problem).help("the server may not know Object Lock"))
            }
            _ => Ok(stored),
        }
    }

    async fn put_whole(
        &self,
        url: &S3Url,
        content: &mut Content,
        lock: Lock,
        what: &str,
    ) -> Result<Option<String>, LockerError> {
        let bytes = content.next(PART).map_err(|error| LockerError::file(what, &error))?;
        let (mode, until) = lock.unzip();
        let sent = self
            .client
            .put_object()
            .bucket(&url.bucket)
            .key(&url.key)
            .if_none_match(ANY)
            .content_type(content_type(url))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(BASE64_STANDARD.encode(content.sha256))
            .metadata(DIGEST, &content.hex)
            .set_object_lock_mode(mode)
            .set_object_lock_retain_until_date(until)
            .body(ByteStream::from(bytes))
            .send()
            .await;
        let answer = sent.map_err(|error| LockerError::of(what, url, &error))?;
        Ok(version_of(answer.version_id()))
    }

    async fn put_parts(
        &self,
        url: &S3Url,
        content: &mut Content,
        lock: Lock,
        what: &str,
    ) -> Result<Option<String>, LockerError> {
        let (mode, until) = lock.unzip();
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&url.bucket)
            .key(&url.key)
            .content_type(content_type(url))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata(DIGEST, &content.hex)
            .set_object_lock_mode(mode)
            .set_object_lock_retain_until_date(until)
            .send()
            .await;
        let begun = begun.map_err(|error| LockerError::of(what, url, &error))?;
        let upload = begun.upload_id().unwrap_or_default().to_owned();
        let done = self.send_parts(url, content, &upload, what).await;
        if done.is_err() {
            // pieces of an upload that never ends cost money; more than trying is not possible
            let abort = self.after_stop.abort_multipart_upload().bucket(&url.bucket).key(&url.key);
            let _ = abort.upload_id(&upload).send().await;
        }
        done
    }

    async fn send_parts(
        &self,
        url: &S3Url,
        content: &mut Content,
        upload: &str,
        what: &str,
    ) -> Result<Option<String>, LockerError> {
        let mut parts = Vec::new();
        let mut left = content.size;
        while left > 0 {
            let bytes = content.next(PART.min(left)).map_err(|error| LockerError::file(what, &error))?;
            left -= bytes.len() as u64;
            let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
            let sum = BASE64_STANDARD.encode(Sha256::digest(&bytes));
            let sent = self
                .client
                .upload_part()
                .bucket(&url.bucket)
                .key(&url.key)
                .upload_id(upload)
                .part_number(number)
                .checksum_sha256(&sum)
                .body(ByteStream::from(bytes))
                .send()
                .await;
            let sent = sent.map_err(|error| LockerError::of(what, url, &error))?;
            let part = CompletedPart::builder().part_number(number).checksum_sha256(sum);
            parts.push(part.set_e_tag(sent.e_tag().map(str::to_owned)).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&url.bucket).key(&url.key);
        let sent = complete.upload_id(upload).if_none_match(ANY).multipart_upload(parts).send().await;
        let answer = sent.map_err(|error| LockerError::of(what, url, &error))?;
        Ok(version_of(answer.version_id()))
    }

    /// The version of the object that has this name, if it is what we upload: no two bundles have the same digest.
    async fn is_ours(&self, url: &S3Url, hex: &str) -> Option<Option<String>> {
        let head = self.client.head_object().bucket(&url.bucket).key(&url.key).send().await.ok()?;
        let ours = head.metadata().and_then(|metadata| metadata.get(DIGEST)).is_some_and(|digest| digest == hex);
        ours.then(|| version_of(head.version_id()))
    }

    /// What the bucket says of the new object; rights to write alone do not let us see it.
    async fn read_back(
        &self,
        url: &S3Url,
        version: Option<String>,
        content: &Content,
        what: &str,
    ) -> Result<Stored, LockerError> {
        let mut stored = Stored {
            url: url.to_string(),
            version_id: version,
            etag: None,
            size: content.size,
            sha256: content.hex.clone(),
            sha256_matches: None,
            retention: Retention::Unknown { why: "it can't be read back with these rights".to_owned() },
        };
        let head = match self.head(url, stored.version_id.as_deref(), what).await {
            Err(error) if error.trouble == Trouble::Denied => return Ok(stored),
            head => head?,
        };
        if head.size != Some(content.size) || head.digest.as_ref().is_some_and(|digest| *digest != content.hex) {
            return Err(LockerError::new(what, Trouble::Changed, "what stands there is not what was uploaded"));
        }
        stored.retention = self.retention(url, stored.version_id.as_deref(), &head, what).await?;
        stored.etag = head.etag;
        stored.sha256_matches = head.digest.map(|digest| digest == content.hex);
        Ok(stored)
    }
}

impl Content {
    /// Opens a file and computes its digest.
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            size += read as u64;
        }
        io::Seek::rewind(&mut file)?;
        let sha256: [u8; 32] = hasher.finalize().into();
        Ok(Self { file, size, hex: hex::encode(sha256), sha256 })
    }

    /// The next bytes of it, at most so many.
    fn next(&mut self, most: u64) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        (&mut self.file).take(most).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Err(io::Error::other("the file became shorter while it was uploaded"));
        }
        Ok(bytes.into())
    }
}

/// A version's id; buckets that keep none say `null`, or nothing.
pub(crate) fn version_of(id: Option<&str>) -> Option<String> {
    id.filter(|id| *id != "null").map(str::to_owned)
}

fn content_type(url: &S3Url) -> &'static str {
    if url.key.ends_with(".zip") { "application/zip" } else { "application/octet-stream" }
}
