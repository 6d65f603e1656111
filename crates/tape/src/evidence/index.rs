//! Where the exchange with an id stands. 40 bytes an exchange, so that a million fit.

use super::lines;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::io;

/// The place of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The first bits of a hash of the id: ids in a bundle are any text.
    key: u128,
    file: u32,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// All places, sorted by id; those of one id in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Index {
    paths: Vec<String>,
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct OnlyId {
    id: String,
}

impl Index {
    pub(super) fn add(&mut self, path: &str, file: &[u8]) -> io::Result<()> {
        let number = u32::try_from(self.paths.len()).map_err(io::Error::other)?;
        self.paths.push(path.to_owned());
        for line in lines::split(file) {
            let OnlyId { id } = lines::parse(path, line)?;
            self.places.push(Place { key: key(&id), file: number, offset: line.offset, length: line.bytes.len() });
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Self {
        self.places.sort_by_key(|place| (place.key, place.file, place.offset));
        self
    }

    pub(super) fn places(&self, id: &str) -> impl Iterator<Item = &Place> {
        let key = key(id);
        let start = self.places.partition_point(|place| place.key < key);
        self.places[start..].iter().take_while(move |place| place.key == key)
    }

    pub(super) fn path(&self, place: &Place) -> &str {
        self.paths.get(place.file as usize).map_or("", String::as_str)
    }
}

fn key(id: &str) -> u128 {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
}
