//! A bundle as a zip, read with suspicion.
//!
//! A general unpacker reads whatever can be read. Here a zip must be the plain thing that our writer and ordinary packers
//! make: every byte belongs to exactly one entry, both headers of an entry agree, names occur once, nothing is encrypted
//! or a link, and sizes are true. So two readers can't see two different bundles in it.

use crate::BundleError;
use crate::names::{Limits, Names};
use crate::zip_headers::{Central, DEFLATED, STREAMED, u16_at, u32_at, u64_at, widen};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// An entry of the central directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) size: u64,
    pub(crate) compressed: u64,
    pub(crate) crc: u32,
    pub(crate) deflated: bool,
    /// Where its data begins.
    pub(crate) data: u64,
}

/// What the listing of a zip gives.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) entries: BTreeMap<String, Packed>,
    /// The digest that the archive's comment claims over all bytes before it; none when another program packed it.
    pub(crate) claimed_digest: Option<String>,
    /// The length of what that digest is over.
    pub(crate) digested: u64,
}

/// What our archives' comment begins with; the digest in hexadecimal follows.
pub(crate) const COMMENT_PREFIX: &str = "sha256:";
/// The length of that digest.
const DIGEST_LENGTH: u64 = 64;
/// The length of our archives' comment.
const COMMENT_LENGTH: u64 = 7 + DIGEST_LENGTH;

const END: u64 = 22;
const END64: u64 = 56;
const LOCATOR64: u64 = 20;
const LOCAL: u64 = 30;

/// Lists a zip.
pub(crate) fn list(path: &Path, limits: &Limits) -> Result<Listing, BundleError> {
    let mut file = File::open(path).map_err(BundleError::io("open", path))?;
    let length = file.metadata().map_err(BundleError::io("look at", path))?.len();
    let mut reader = Reader { file: &mut file, path };
    let end = reader.end(length)?;
    // a name, a header and a little more for each entry
    if end.directory_length > (limits.files as u64).saturating_mul(1500) {
        return Err(reader.refuse("", "its directory is too large"));
    }
    let directory = reader.bytes(end.directory, end.directory_length)?;
    let entries = reader.entries(&directory, &end, length, limits)?;
    let claimed_digest = end.comment.map(|comment| comment[COMMENT_PREFIX.len()..].to_owned());
    Ok(Listing { entries, claimed_digest, digested: length.saturating_sub(DIGEST_LENGTH) })
}

struct Reader<'a> {
    file: &'a mut File,
    path: &'a Path,
}

/// The end of central directory record, with zip64's numbers where they are needed.
struct End {
    entries: u64,
    directory: u64,
    directory_length: u64,
    comment: Option<String>,
}

impl Reader<'_> {
    fn refuse(&self, entry: &str, why: &str) -> BundleError {
        let entry =
            if entry.is_empty() { self.path.file_name().unwrap_or_default().to_string_lossy() } else { entry.into() };
        BundleError::refused(self.path, &entry, why)
    }

    fn bytes(&mut self, at: u64, length: u64) -> Result<Vec<u8>, BundleError> {
        let length = usize::try_from(length).map_err(|_| self.refuse("", "it is too large for this machine"))?;
        let mut bytes = vec![0; length];
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.refuse("", "it is not a whole zip file: something is missing"))
            }
            Err(error) => Err(BundleError::io("read", self.path)(error)),
        }
    }

    /// Without a comment, or with ours; any other could hide a second directory.
    fn end(&mut self, length: u64) -> Result<End, BundleError> {
        for comment_length in [0, COMMENT_LENGTH] {
            let Some(at) = length.checked_sub(END + comment_length) else { continue };
            let bytes = self.bytes(at, END + comment_length)?;
            if !bytes.starts_with(b"PK\x05\x06") || u64::from(u16_at(&bytes, 20)) != comment_length {
                continue;
            }
            let comment = match &bytes[22..] {
                [] => None,
                comment => Some(our_comment(comment).ok_or_else(|| self.refuse("", "its comment is not one of ours"))?),
            };
            return self.end_at(at, &bytes, comment);
        }
        // a zip that was cut or changed is a bundle that does not match; what never was one is a mistake in the call
        if !b"PK".starts_with(&self.bytes(0, length.min(2))?) {
            return Err(BundleError::not_a_bundle(self.path, "it is neither a zip nor a folder"));
        }
        Err(self.refuse("", "it is not a whole zip file, or bears a foreign comment"))
    }

    fn end_at(&mut self, at: u64, bytes: &[u8], comment: Option<String>) -> Result<End, BundleError> {
        if u32_at(bytes, 4) != 0 || u16_at(bytes, 8) != u16_at(bytes, 10) {
            return Err(self.refuse("", "it is one of several volumes"));
        }
        let mut end = End {
            entries: u64::from(u16_at(bytes, 10)),
            directory_length: u64::from(u32_at(bytes, 12)),
            directory: u64::from(u32_at(bytes, 16)),
            comment,
        };
        let mut directory_end = at;
        let locator = match at.checked_sub(LOCATOR64 + END64) {
            Some(_) => self.bytes(at - LOCATOR64, LOCATOR64)?,
            None => Vec::new(),
        };
        if locator.starts_with(b"PK\x06\x07") {
            directory_end = at - LOCATOR64 - END64;
            let bytes = self.bytes(directory_end, END64)?;
            let plain = bytes.starts_with(b"PK\x06\x06")
                && u64_at(&bytes, 4) == END64 - 12
                && u64_at(&bytes, 16) == 0
                && u64_at(&bytes, 24) == u64_at(&bytes, 32)
                && u64_at(&locator, 8) == directory_end
                && u32_at(&locator, 4) == 0
                && u32_at(&locator, 16) == 1;
            let (entries, directory_length, directory) = (u64_at(&bytes, 32), u64_at(&bytes, 40), u64_at(&bytes, 48));
            // where the short record holds a number, it must be the same
            let agree = (end.entries == 0xFFFF || end.entries == entries)
                && (end.directory_length == 0xFFFF_FFFF || end.directory_length == directory_length)
                && (end.directory == 0xFFFF_FFFF || end.directory == directory);
            if !plain || !agree {
                return Err(self.refuse("", "its two end records do not agree"));
            }
            end = End { entries, directory_length, directory, ..end };
        }
        if end.directory.checked_add(end.directory_length) != Some(directory_end) {
            return Err(self.refuse("", "its directory is not where its end record says"));
        }
        Ok(end)
    }

    fn entries(
        &mut self,
        directory: &[u8],
        end: &End,
        length: u64,
        limits: &Limits,
    ) -> Result<BTreeMap<String, Packed>, BundleError> {
        let mut names = Names::default();
        let mut entries = BTreeMap::new();
        let (mut rest, mut next, mut count, mut unpacked) = (directory, 0_u64, 0_u64, 0_u64);
        while !rest.is_empty() {
            let (central, after) = Central::read(rest).map_err(|why| self.refuse("", why))?;
            if let Some(why) = central.objection() {
                return Err(self.refuse(&central.name, why));
            }
            // entries stand in the order of the directory, one after the other, without a gap
            if central.offset != next {
                return Err(self.refuse(&central.name, "it overlaps another entry, or something is hidden before it"));
            }
            let (packed, end_of_entry) = self.local(&central, end.directory)?;
            next = end_of_entry;
            count += 1;
            unpacked = unpacked.saturating_add(packed.size);
            let most = limits.unpacked.min((1_u64 << 30).max(length.saturating_mul(limits.ratio)));
            if unpacked > most {
                return Err(self.refuse(&central.name, "the zip would unpack to far more than its own size"));
            }
            if let Some(folder) = central.name.strip_suffix('/') {
                if packed.size != 0 || packed.compressed != 0 {
                    return Err(self.refuse(&central.name, "it is a folder with content"));
                }
                if let Some(why) = crate::path::objection(folder) {
                    return Err(self.refuse(&central.name, why));
                }
            } else {
                names.add(&central.name, limits).map_err(|why| self.refuse(&central.name, &why))?;
                entries.insert(central.name, packed);
            }
            if count > (limits.files as u64).saturating_mul(2) {
                return Err(self.refuse("", "there are too many entries"));
            }
            rest = after;
        }
        if next != end.directory || count != end.entries {
            return Err(self.refuse("", "its directory does not list all that it holds"));
        }
        Ok(entries)
    }

    /// The header before an entry's data must say the same as the directory. Gives the entry and where it ends.
    fn local(&mut self, central: &Central, directory: u64) -> Result<(Packed, u64), BundleError> {
        let path = self.path;
        let differs = |what: &str| BundleError::refused(path, &central.name, what);
        let fixed = self.bytes(central.offset, LOCAL)?;
        let (name_length, extra_length) = (u64::from(u16_at(&fixed, 26)), u64::from(u16_at(&fixed, 28)));
        let variable = self.bytes(central.offset + LOCAL, name_length + extra_length)?;
        let (name, extra) = variable.split_at(usize::from(u16_at(&fixed, 26)));
        if !fixed.starts_with(b"PK\x03\x04") || name != central.name.as_bytes() {
            return Err(differs("its own header bears another name"));
        }
        if u16_at(&fixed, 6) != central.flags
            || u16_at(&fixed, 8) != central.method
            || u32_at(&fixed, 10) != central.time
        {
            return Err(differs("its two headers do not agree"));
        }
        let streamed = central.flags & STREAMED != 0;
        let (crc, mut compressed, mut size) =
            (u32_at(&fixed, 14), u64::from(u32_at(&fixed, 18)), u64::from(u32_at(&fixed, 22)));
        widen(extra, &mut [&mut size, &mut compressed]).map_err(differs)?;
        let agrees = (crc, compressed, size) == (central.crc, central.compressed, central.size);
        let comes_later = streamed && (crc, compressed, size) == (0, 0, 0);
        if !agrees && !comes_later {
            return Err(differs("its two headers do not agree"));
        }
        let data = central.offset + LOCAL + name_length + extra_length;
        let end = data.checked_add(central.compressed).filter(|end| *end <= directory);
        let mut end = end.ok_or_else(|| differs("it reaches beyond the directory"))?;
        if streamed {
            end += self.descriptor(central, end, directory)?;
        }
        let packed = Packed {
            size: central.size,
            compressed: central.compressed,
            crc: central.crc,
            deflated: central.method == DEFLATED,
            data,
        };
        Ok((packed, end))
    }

    /// The length of the record that follows the data of an entry that was packed as a stream.
    fn descriptor(&mut self, central: &Central, at: u64, directory: u64) -> Result<u64, BundleError> {
        let bytes = self.bytes(at, directory.saturating_sub(at).min(24))?;
        let (signed, rest) = match bytes.strip_prefix(b"PK\x07\x08") {
            Some(rest) => (4, rest),
            None => (0, bytes.as_slice()),
        };
        let short = rest.len() >= 12
            && (u64::from(u32_at(rest, 4)), u64::from(u32_at(rest, 8))) == (central.compressed, central.size);
        let long = rest.len() >= 20 && (u64_at(rest, 4), u64_at(rest, 12)) == (central.compressed, central.size);
        if rest.len() < 12 || u32_at(rest, 0) != central.crc || !(short || long) {
            return Err(self.refuse(&central.name, "the record after it does not agree with the directory"));
        }
        Ok(signed + if short && !(long && central.size == 0) { 12 } else { 20 })
    }
}

fn our_comment(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let digest = text.strip_prefix(COMMENT_PREFIX)?;
    digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)).then(|| text.to_owned())
}
