//! The disk fails at the n-th operation, for n = 1, 2, … until a bundle comes through: each time the older bundle is
//! still there and whole, or there is none.

use crate::sample::{Content, finding, key, seal};
use annexa_bundle::{BundleError, Disk, NewFile, RealDisk, VerifyOptions, Writer, verify};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Fails at one operation and at all that follow, as a full disk does; or at this one alone.
struct FailingDisk {
    left: Arc<AtomicI64>,
    once: bool,
}

fn step(left: &AtomicI64, once: bool) -> io::Result<()> {
    let left = left.fetch_sub(1, Ordering::SeqCst);
    if left == 1 || (left < 1 && !once) {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
    }
    Ok(())
}

struct FailingFile {
    file: Box<dyn NewFile>,
    left: Arc<AtomicI64>,
    once: bool,
}

impl Write for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // a full disk takes a part first
        if let Err(error) = step(&self.left, self.once) {
            let _ = self.file.write(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for FailingFile {
    fn sync(&mut self) -> io::Result<()> {
        step(&self.left, self.once)?;
        self.file.sync()
    }
}

impl Disk for FailingDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        step(&self.left, self.once)?;
        RealDisk.create_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        step(&self.left, self.once)?;
        Ok(Box::new(FailingFile { file: RealDisk.create(path)?, left: self.left.clone(), once: self.once }))
    }

    fn restrict(&self, path: &Path) -> io::Result<()> {
        step(&self.left, self.once)?;
        RealDisk.restrict(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        step(&self.left, self.once)?;
        RealDisk.rename(from, to)
    }
}

fn fail_everywhere(name: &str, older: bool, once: bool) -> i64 {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(name);
    let key = key();
    let mut before = Content::new();
    before.findings.push(finding("aws.s3.two", "arn:b", "pass"));
    let old_digest = older.then(|| before.write(&path, &seal(Some(&key))).manifest.digest);
    let public = key.public().unwrap();
    let options = VerifyOptions { key: Some(&public), library: None };
    for n in 1.. {
        let disk = Arc::new(FailingDisk { left: Arc::new(AtomicI64::new(n)), once });
        let result = Content::new().try_write(disk, &path, &seal(Some(&key)));
        let others: Vec<_> = std::fs::read_dir(place.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .filter(|found| found != name)
            .collect();
        assert!(others.is_empty(), "{n}: something is left: {others:?}");
        match result {
            Ok(_) => {
                let (_copy, opened) = crate::encryption::opened(&path);
                assert!(verify(&opened, &options).unwrap().is_good());
                return n;
            }
            Err(error) => {
                let message = error.to_string();
                let named = message.contains(name) || matches!(error, BundleError::BadEntry { .. });
                assert!(named && message.contains("no space left"), "{n}: {message}");
                match &old_digest {
                    None => assert!(path.symlink_metadata().is_err(), "{n}: a half bundle"),
                    Some(digest) => {
                        let report = verify(&path, &options).unwrap();
                        assert!(report.is_good(), "{n}: {}", report.to_text());
                        assert_eq!(&report.manifest.unwrap().digest, digest, "{n}: not the older one");
                    }
                }
            }
        }
    }
    unreachable!()
}

#[test]
fn a_failing_disk_never_leaves_a_half_bundle() {
    for name in ["e", "e.zip", "e.zip.age"] {
        // what is encrypted never replaces anything
        for older in if name.ends_with("age") { vec![false] } else { vec![false, true] } {
            for once in [false, true] {
                let operations = fail_everywhere(name, older, once);
                assert!(operations > 60, "only {operations} operations were tried");
            }
        }
    }
}

#[test]
fn what_is_in_the_way_is_named() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(&place.path().join("e")).unwrap();
    std::fs::write(writer.evidence_folder().join("x.jsonl"), "no newline").unwrap();
    writer.add("index.html", b"").unwrap();
    let error = writer.finish(crate::sample::cover(), &seal(None)).unwrap_err().to_string();
    assert!(error.contains("evidence/x.jsonl") && error.contains("newline"), "{error}");
    #[cfg(unix)]
    {
        let writer = Writer::create(&place.path().join("e")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", writer.evidence_folder().join("link")).unwrap();
        let error = writer.finish(crate::sample::cover(), &seal(None)).unwrap_err().to_string();
        assert!(error.contains("evidence/link"), "{error}");
    }
}
