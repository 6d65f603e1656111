//! The headers of a zip's entries.

/// The length of a record in the directory, without its name and extra fields.
const CENTRAL: usize = 46;
/// Sizes and checksum follow the data.
pub(crate) const STREAMED: u16 = 1 << 3;
/// The name is UTF-8.
const UTF8: u16 = 1 << 11;
/// The two bits that tell how hard a packer tried.
const EFFORT: u16 = 0b110;
const STORED: u16 = 0;
pub(crate) const DEFLATED: u16 = 8;

/// An entry's record in the directory of a zip.
pub(crate) struct Central {
    pub(crate) name: String,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u32,
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
    pub(crate) offset: u64,
    /// The type and permissions of a Unix file, when a Unix packer says so.
    mode: Option<u32>,
}

impl Central {
    /// Reads the first record; gives what follows it.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        const BROKEN: &str = "its directory is broken";
        let (fixed, rest) = bytes.split_at_checked(CENTRAL).ok_or(BROKEN)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(BROKEN);
        }
        let (name, rest) = rest.split_at_checked(u16_at(fixed, 28).into()).ok_or(BROKEN)?;
        let (extra, rest) = rest.split_at_checked(u16_at(fixed, 30).into()).ok_or(BROKEN)?;
        if u16_at(fixed, 32) != 0 || u16_at(fixed, 34) != 0 {
            return Err("an entry bears a comment, or is in another volume");
        }
        let mut central = Self {
            name: std::str::from_utf8(name).map_err(|_| "a name is not UTF-8")?.to_owned(),
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            time: u32_at(fixed, 12),
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
            size: u64::from(u32_at(fixed, 24)),
            offset: u64::from(u32_at(fixed, 42)),
            mode: (fixed[5] == 3).then(|| u32_at(fixed, 38) >> 16),
        };
        widen(extra, &mut [&mut central.size, &mut central.compressed, &mut central.offset])?;
        Ok((central, rest))
    }

    /// What no entry of a bundle is.
    pub(crate) fn objection(&self) -> Option<&'static str> {
        if self.flags & !(STREAMED | UTF8 | EFFORT) != 0 {
            return Some("it is encrypted, or packed in a way that we do not read");
        }
        if !self.name.is_ascii() && self.flags & UTF8 == 0 {
            return Some("its name is in an unknown character set");
        }
        if self.method != STORED && self.method != DEFLATED {
            return Some("it is compressed in a way that we do not read");
        }
        if self.method == STORED && self.size != self.compressed {
            return Some("its sizes do not agree");
        }
        // deflate can't do better than 1032 to 1
        if self.size / 1100 > self.compressed {
            return Some("its sizes can't both be true");
        }
        let is_folder = self.name.ends_with('/');
        match self.mode.map(|mode| mode & 0o170_000) {
            None | Some(0 | 0o100_000) if !is_folder => None,
            None | Some(0 | 0o040_000) if is_folder => None,
            Some(0o120_000) => Some("it is a symbolic link"),
            _ => Some("it is neither a file nor a folder"),
        }
    }
}

/// Replaces numbers that did not fit into 32 bits by those of the zip64 extra field; they must be there then.
pub(crate) fn widen(extra: &[u8], numbers: &mut [&mut u64]) -> Result<(), &'static str> {
    let (mut rest, mut wide) = (extra, None);
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(4).ok_or("its extra fields are broken")?;
        let (field, after) = after.split_at_checked(u16_at(head, 2).into()).ok_or("its extra fields are broken")?;
        if u16_at(head, 0) == 1 && wide.replace(field).is_some() {
            return Err("its extra fields occur twice");
        }
        rest = after;
    }
    let mut wide = wide.unwrap_or_default();
    for number in numbers.iter_mut().filter(|number| ***number == 0xFFFF_FFFF) {
        let (value, after) = wide.split_at_checked(8).ok_or("a size is missing")?;
        **number = u64_at(value, 0);
        wide = after;
    }
    Ok(())
}

// callers hold slices that are long enough; a short one reads as zeros
fn number_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|slice| slice.try_into().ok()).unwrap_or([0; N])
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number_at(bytes, at))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number_at(bytes, at))
}
