//! Unpacking one entry of a zip, with its size and checksum held to what the directory says.

use crate::zip_read::Packed;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;

/// Opens an entry. The reader fails at the end when size or checksum are not as listed.
pub(crate) fn open(path: &Path, packed: &Packed) -> io::Result<Unpacking> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(packed.data))?;
    let data = BufReader::with_capacity(64 * 1024, file.take(packed.compressed));
    let from = if packed.deflated { Method::Deflated(DeflateDecoder::new(data)) } else { Method::Stored(data) };
    Ok(Unpacking { from, crc: Crc::new(), left: packed.size, packed: packed.clone() })
}

/// Unpacks one entry.
pub(crate) struct Unpacking {
    from: Method,
    crc: Crc,
    left: u64,
    packed: Packed,
}

enum Method {
    Stored(BufReader<Take<File>>),
    Deflated(DeflateDecoder<BufReader<Take<File>>>),
}

impl Read for Unpacking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let wrong = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let read = match &mut self.from {
            Method::Stored(data) => data.read(buffer)?,
            Method::Deflated(data) => data.read(buffer)?,
        };
        self.crc.update(&buffer[..read]);
        match self.left.checked_sub(read as u64) {
            None => return wrong("it unpacks to more than the zip's directory says"),
            Some(left) => self.left = left,
        }
        if read > 0 {
            return Ok(read);
        }
        if self.left > 0 {
            return wrong("it unpacks to less than the zip's directory says");
        }
        if let Method::Deflated(data) = &self.from
            && data.total_in() != self.packed.compressed
        {
            return wrong("something is hidden after its compressed data");
        }
        if self.crc.sum() != self.packed.crc {
            return wrong("its checksum is not the one in the zip's directory");
        }
        Ok(0)
    }
}
