//! Whether a file of a bundle holds what is written, byte for byte, without a place for either.

use std::io::{self, Read, Write};

/// How much is compared at once.
const PIECE: usize = 64 * 1024;

/// Takes bytes and compares them with those of a file. What differs is told at the end.
pub struct Compared {
    /// None: there is no such file, or it can't be read.
    from: Option<Box<dyn Read + Send>>,
    same: bool,
    error: Option<io::Error>,
    piece: Vec<u8>,
}

impl Compared {
    pub(crate) fn with(from: io::Result<Box<dyn Read + Send>>) -> Self {
        let (from, error) = match from {
            Ok(from) => (Some(from), None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            Err(error) => (None, Some(error)),
        };
        Self { same: from.is_some(), from, error, piece: Vec::new() }
    }

    /// Whether the file held exactly what was written.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn is_same(mut self) -> io::Result<bool> {
        if self.same {
            self.same = self.take(1) == 0;
        }
        self.error.map_or(Ok(self.same), Err)
    }

    /// Reads up to so many bytes of the file into the piece.
    fn take(&mut self, most: usize) -> usize {
        self.piece.resize(most.max(self.piece.len()), 0);
        let Some(from) = &mut self.from else { return 0 };
        let mut taken = 0;
        while taken < most {
            match from.read(&mut self.piece[taken..most]) {
                Ok(0) => break,
                Ok(read) => taken += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    (self.same, self.error) = (false, Some(error));
                    break;
                }
            }
        }
        taken
    }
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PIECE)];
        if self.same {
            let taken = self.take(bytes.len());
            self.same = self.same && self.piece[..taken] == *bytes;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compared").field("same", &self.same).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(file: &'static [u8], written: &[&[u8]]) -> bool {
        let mut compared = Compared::with(Ok(Box::new(file)));
        written.iter().for_each(|bytes| compared.write_all(bytes).unwrap());
        compared.is_same().unwrap()
    }

    #[test]
    fn only_the_same_bytes_are_the_same() {
        assert!(is_same(b"", &[]) && is_same(b"abc", &[b"abc"]) && is_same(b"abc", &[b"a", b"", b"bc"]));
        for written in [&[&b"ab"[..]][..], &[b"abcd"], &[b"abd"], &[b"", b"xbc"], &[]] {
            assert!(!is_same(b"abc", written), "{written:?}");
        }
        static LONG: [u8; 3 * PIECE + 1] = [7; 3 * PIECE + 1];
        assert!(is_same(&LONG, &[&LONG]) && !is_same(&LONG, &[&LONG[1..]]));
    }

    #[test]
    fn what_is_not_there_or_breaks_off_is_not_the_same() {
        let missing = Compared::with(Err(io::ErrorKind::NotFound.into()));
        assert!(!missing.is_same().unwrap());
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let mut broken = Compared::with(Ok(Box::new(Broken)));
        broken.write_all(b"abc").unwrap();
        assert!(broken.is_same().is_err());
    }
}
