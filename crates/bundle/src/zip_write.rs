//! A folder of files as one zip: sorted, with fixed times and rights, so that the same files give the same bytes.
//!
//! Written by hand and forward only: the `zip` crate panics or prints when the disk is full (the test with the failing
//! disk found both), and a digest over all bytes comes for free this way.

use crate::container::BUFFER;
use crate::disk::Disk;
use crate::encryption::Recipients;
use crate::zip_read::COMMENT_PREFIX;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Numbers from here on do not fit into the 32 bits of a plain header; it leaves room for deflate's overhead.
const WIDE_FROM: u64 = 0xF000_0000;
/// So many entries can't be counted in 16 bits.
const MANY: u64 = 0xFFFF;
const ALL_ONES: u32 = u32::MAX;
/// Sizes and checksum follow the data; names are UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const DEFLATED: u16 = 8;
/// 1 January 1980, the first day that a zip can say.
const FIRST_DAY: u16 = 0x0021;
/// A regular file for its owner alone, as a Unix packer says it.
const MODE: u32 = 0o100_600 << 16;
const UNIX: u16 = 3 << 8;

/// Writes the files (path in the bundle and size) below `root` to a new zip; with recipients, only they can read it, and
/// nothing of it reaches the disk in the clear.
pub(crate) fn write(
    disk: &dyn Disk,
    root: &Path,
    files: &[(String, u64)],
    recipients: Option<&Recipients>,
    to: &Path,
) -> io::Result<()> {
    let file = disk.create(to)?;
    let written = match recipients {
        Some(recipients) => pack(recipients.encrypt(file)?, root, files)?.finish()?,
        None => pack(BufWriter::with_capacity(BUFFER, file), root, files)?,
    };
    written.into_inner().map_err(io::IntoInnerError::into_error)?.sync()
}

fn pack<W: Write>(out: W, root: &Path, files: &[(String, u64)]) -> io::Result<W> {
    let mut archive = Archive::new(out, WIDE_FROM, MANY);
    for (path, size) in files {
        archive.add(path, *size, &mut File::open(root.join(path))?)?;
    }
    archive.finish()
}

/// An archive that grows.
struct Archive<W> {
    out: Counted<W>,
    directory: Vec<u8>,
    entries: u64,
    /// Sizes and offsets from here on are written in the wide form.
    wide_from: u64,
    /// So many entries, and more, are counted in the wide form.
    many: u64,
}

impl<W: Write> Archive<W> {
    fn new(out: W, wide_from: u64, many: u64) -> Self {
        let out = Counted { out, written: 0, hasher: Sha256::new() };
        Self { out, directory: Vec::new(), entries: 0, wide_from, many }
    }

    fn add(&mut self, path: &str, size: u64, from: &mut dyn Read) -> io::Result<()> {
        let wide = size >= self.wide_from;
        let (offset, version) = (self.out.written, if wide { 45_u16 } else { 20 });
        let name_length = u16::try_from(path.len()).map_err(|_| io::Error::other("a name is too long for a zip"))?;
        let narrow_size = if wide { ALL_ONES } else { 0 };
        let mut header = Vec::with_capacity(64 + path.len());
        header.extend(b"PK\x03\x04");
        numbers16(&mut header, &[version, FLAGS, DEFLATED, 0, FIRST_DAY]);
        numbers32(&mut header, &[0, narrow_size, narrow_size]);
        numbers16(&mut header, &[name_length, if wide { 20 } else { 0 }]);
        header.extend(path.as_bytes());
        if wide {
            numbers16(&mut header, &[1, 16]);
            header.extend([0; 16]);
        }
        self.out.write_all(&header)?;

        let (crc, size, compressed) = self.deflate(from)?;
        let mut descriptor = b"PK\x07\x08".to_vec();
        numbers32(&mut descriptor, &[crc]);
        if wide {
            numbers64(&mut descriptor, &[compressed, size]);
        } else {
            numbers32(&mut descriptor, &[narrow(compressed)?, narrow(size)?]);
        }
        self.out.write_all(&descriptor)?;
        self.list(path, name_length, version, crc, [size, compressed, offset]);
        Ok(())
    }

    /// Checksum, size and compressed size.
    fn deflate(&mut self, from: &mut dyn Read) -> io::Result<(u32, u64, u64)> {
        let (begin, mut crc, mut size) = (self.out.written, Crc::new(), 0);
        let mut encoder = DeflateEncoder::new(&mut self.out, Compression::default());
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read == 0 {
                break;
            }
            crc.update(&buffer[..read]);
            size += read as u64;
            encoder.write_all(&buffer[..read])?;
        }
        encoder.finish()?;
        Ok((crc.sum(), size, self.out.written - begin))
    }

    /// The entry's record in the directory. Numbers (size, compressed size, offset) that are too wide stand in an extra
    /// field, and all ones in their place.
    fn list(&mut self, path: &str, name_length: u16, version: u16, crc: u32, numbers: [u64; 3]) {
        let wide: Vec<u64> = numbers.into_iter().filter(|number| *number >= self.wide_from).collect();
        let [size, compressed, offset] = numbers
            .map(|number| if number >= self.wide_from { ALL_ONES } else { u32::try_from(number).unwrap_or(ALL_ONES) });
        let version = if wide.is_empty() { version } else { 45 };
        let extra = u16::try_from(wide.len() * 8).unwrap_or_default();
        let directory = &mut self.directory;
        directory.extend(b"PK\x01\x02");
        numbers16(directory, &[UNIX | version, version, FLAGS, DEFLATED, 0, FIRST_DAY]);
        numbers32(directory, &[crc, compressed, size]);
        numbers16(directory, &[name_length, if wide.is_empty() { 0 } else { extra + 4 }, 0, 0, 0]);
        numbers32(directory, &[MODE, offset]);
        directory.extend(path.as_bytes());
        if !wide.is_empty() {
            numbers16(directory, &[1, extra]);
            numbers64(directory, &wide);
        }
        self.entries += 1;
    }

    /// The directory, and a comment with the digest over all bytes before it.
    fn finish(mut self) -> io::Result<W> {
        let (begin, length, entries) = (self.out.written, self.directory.len() as u64, self.entries);
        let mut end = std::mem::take(&mut self.directory);
        if entries >= self.many || begin >= self.wide_from || length >= self.wide_from {
            end.extend(b"PK\x06\x06");
            numbers64(&mut end, &[44]);
            numbers16(&mut end, &[UNIX | 45, 45]);
            numbers32(&mut end, &[0, 0]);
            numbers64(&mut end, &[entries, entries, length, begin]);
            end.extend(b"PK\x06\x07");
            numbers32(&mut end, &[0]);
            numbers64(&mut end, &[begin + length]);
            numbers32(&mut end, &[1]);
        }
        let narrow =
            |number: u64| if number >= self.wide_from { ALL_ONES } else { u32::try_from(number).unwrap_or(ALL_ONES) };
        let entries = if entries >= self.many { u16::MAX } else { u16::try_from(entries).unwrap_or(u16::MAX) };
        end.extend(b"PK\x05\x06");
        numbers16(&mut end, &[0, 0, entries, entries]);
        numbers32(&mut end, &[narrow(length), narrow(begin)]);
        numbers16(&mut end, &[u16::try_from(COMMENT_PREFIX.len() + 64).unwrap_or_default()]);
        end.extend(COMMENT_PREFIX.as_bytes());
        self.out.write_all(&end)?;
        let Counted { mut out, hasher, .. } = self.out;
        out.write_all(hex::encode(hasher.finalize()).as_bytes())?;
        Ok(out)
    }
}

/// Where we are, and the digest of all that was written.
struct Counted<W> {
    out: W,
    written: u64,
    hasher: Sha256,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn narrow(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| io::Error::other("a file grew while it was packed"))
}

fn numbers16(to: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|number| to.extend(number.to_le_bytes()));
}

fn numbers32(to: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|number| to.extend(number.to_le_bytes()));
}

fn numbers64(to: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|number| to.extend(number.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::Container;
    use crate::names::Limits;

    fn check(archive: Archive<Vec<u8>>, names: usize, first: (&str, &[u8])) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.zip");
        std::fs::write(&path, archive.finish().unwrap()).unwrap();
        let container = Container::open(&path, &Limits::default()).unwrap();
        assert_eq!(container.names().len(), names);
        assert_eq!(container.bytes(first.0, 1 << 20).unwrap(), first.1);
        assert_eq!(container.objection().unwrap(), None);
        let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nprint(len(z.namelist()), z.read(sys.argv[2]).decode())";
        let python =
            std::process::Command::new("python3").args(["-c", script]).arg(&path).arg(first.0).output().unwrap();
        assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
        let expected = format!("{names} {}\n", String::from_utf8_lossy(first.1));
        assert_eq!(String::from_utf8_lossy(&python.stdout), expected);
    }

    #[test]
    fn an_archive_of_large_numbers_is_read_by_us_and_by_python() {
        // everything in the wide form, as for files of more than 4 GB
        for wide_from in [0, 1, 40, 200] {
            let mut archive = Archive::new(Vec::new(), wide_from, MANY);
            archive.add("a", 3, &mut &b"abc"[..]).unwrap();
            archive.add("b/ü.txt", 0, &mut &b""[..]).unwrap();
            archive.add("c", 100, &mut &[7_u8; 100][..]).unwrap();
            check(archive, 3, ("a", b"abc"));
        }
    }

    /// As for 65,535 files and more.
    #[test]
    fn an_archive_of_many_files_is_read_by_us_and_by_python() {
        let mut archive = Archive::new(Vec::new(), WIDE_FROM, 300);
        for number in 0..300 {
            archive.add(&format!("f/{number}"), 1, &mut &b"x"[..]).unwrap();
        }
        check(archive, 300, ("f/7", b"x"));
    }
}
