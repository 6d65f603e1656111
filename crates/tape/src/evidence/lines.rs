//! Lines of one evidence file: reading, sorting, dropping repeats.

use annexa_model::{Exchange, Request, Timestamp, canonical_json};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

/// Where a line stands in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
}

/// The lines of a file. Whether the last one is whole shows when it is parsed.
pub(super) fn split(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    file.split_inclusive(|byte| *byte == b'\n').enumerate().map(move |(index, whole)| {
        let bytes = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = Line { number: index + 1, offset, bytes };
        offset += whole.len();
        line
    })
}

/// Reads a line, or says where it can't be read.
pub(super) fn parse<T: DeserializeOwned>(path: &str, line: Line<'_>) -> io::Result<T> {
    serde_json::from_slice(line.bytes).map_err(|error| {
        let cut_off = if error.is_eof() { " (the line is cut off)" } else { "" };
        invalid(format!("evidence file {path}, line {}: no exchange{cut_off}: {error}", line.number))
    })
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// What sorting needs to know of a line; the rest is not even looked at.
#[derive(Deserialize)]
struct Head {
    id: String,
    target: String,
    page: u32,
    request: Request,
    asked_at: Timestamp,
    #[serde(default)]
    failure: Option<IgnoredAny>,
}

/// An exchange as its line, with the newline.
pub(super) fn write(exchange: &Exchange) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(exchange)?;
    line.push(b'\n');
    Ok(line)
}

/// Sorts the lines of a file as [`Exchange::sort_order`] does, and keeps one line an id (and target, where two
/// share a file): a complete exchange rather than a failed one, then the one asked last. Lines stay byte for byte as
/// they were.
pub(super) fn sort(path: &str, file: &[u8]) -> io::Result<Vec<u8>> {
    let mut best: BTreeMap<(String, String), (Head, &[u8])> = BTreeMap::new();
    for line in split(file) {
        let head: Head = parse(path, line)?;
        let key = (head.target.clone(), head.id.clone());
        match best.entry(key) {
            Entry::Vacant(place) => drop(place.insert((head, line.bytes))),
            Entry::Occupied(mut place) => {
                let (other, bytes) = place.get();
                if prefer((&head, line.bytes), (other, bytes)).is_gt() {
                    place.insert((head, line.bytes));
                }
            }
        }
    }
    let mut lines: Vec<_> = best.into_values().collect();
    lines.sort_by_cached_key(|(head, _)| {
        let request = canonical_json(&head.request).unwrap_or_default();
        (head.request.path.clone(), request, head.page, head.id.clone(), head.target.clone())
    });
    let mut sorted = Vec::with_capacity(file.len());
    for (_, bytes) in lines {
        sorted.extend_from_slice(bytes);
        sorted.push(b'\n');
    }
    Ok(sorted)
}

fn prefer(left: (&Head, &[u8]), right: (&Head, &[u8])) -> Ordering {
    let key = |(head, bytes): (&Head, &[u8])| (head.failure.is_none(), head.asked_at, bytes.to_vec());
    key(left).cmp(&key(right))
}

/// Paths that differ only in case, together: some file systems take them for one. The first spelling leads.
pub(super) fn same_but_for_case<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<Vec<&'a String>> {
    let mut groups: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    paths.for_each(|path| groups.entry(path.to_ascii_lowercase()).or_default().push(path));
    groups.into_values().collect()
}
