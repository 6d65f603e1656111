//! Files whose lines are Merkle leaves: which they are, and one pass over them that hashes, counts and checks.

use crate::manifest::{Counts, GapCounts};
use crate::merkle::{LeafHasher, MerkleRoot};
use crate::salts::SALT_LENGTH;
use annexa_model::{ControlStatus, Edition, FindingStatus};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

/// The longest line that is looked into (a finding, a gap, a control); exchanges and resources are only hashed.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;
/// How many unreadable lines are named.
const MOST_REMARKS: usize = 20;

/// What the lines of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineKind {
    Exchange,
    Finding,
    Resource,
    Gap,
    Control,
}

impl LineKind {
    /// The kind of a path's lines; none when they are no Merkle leaves.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "findings.jsonl" => Some(Self::Finding),
            "resources.jsonl" => Some(Self::Resource),
            "gaps.jsonl" => Some(Self::Gap),
            "controls.json" => Some(Self::Control),
            _ => path.starts_with("evidence/").then_some(Self::Exchange),
        }
    }

    fn is_looked_into(self) -> bool {
        matches!(self, Self::Finding | Self::Gap | Self::Control)
    }
}

/// The part of a line (with its newline) that is a leaf; none for the brackets of controls.json.
pub(crate) fn leaf_of(kind: LineKind, line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    match (kind, line) {
        (LineKind::Control, b"[" | b"]") => None,
        (LineKind::Control, line) => Some(line.strip_suffix(b",").unwrap_or(line)),
        (_, line) => Some(line),
    }
}

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// From 1; 0 for the file as a whole.
    pub(crate) line: u64,
    pub(crate) what: String,
}

/// A salt.
pub(crate) type Salt = [u8; SALT_LENGTH];

/// What is gathered over all files of a bundle, in the order of their paths.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) tree: MerkleRoot,
    pub(crate) counts: Counts,
    pub(crate) gaps: GapCounts,
    /// A leaf had no salt left.
    pub(crate) salts_ran_out: bool,
}

/// What one file is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) leaves: Option<u64>,
    pub(crate) remarks: Vec<Remark>,
}

/// One pass over one file, piece by piece. `next_salt` gives the salts one after the other; none when they have run out.
pub(crate) struct Scan<'a, F> {
    kind: Option<LineKind>,
    tally: &'a mut Tally,
    next_salt: &'a mut F,
    hasher: Sha256,
    size: u64,
    /// The leaf under way, when the line has begun.
    leaf: Option<LeafHasher>,
    /// The line under way, of kinds that are looked into.
    line: Vec<u8>,
    line_number: u64,
    leaves: u64,
    closed: bool,
    remarks: Vec<Remark>,
}

impl<'a, F: FnMut() -> Option<Salt>> Scan<'a, F> {
    pub(crate) fn new(path: &str, tally: &'a mut Tally, next_salt: &'a mut F) -> Self {
        Self {
            kind: LineKind::of(path),
            tally,
            next_salt,
            hasher: Sha256::new(),
            size: 0,
            leaf: None,
            line: Vec::new(),
            line_number: 1,
            leaves: 0,
            closed: false,
            remarks: Vec::new(),
        }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        let Some(kind) = self.kind else { return };
        while !piece.is_empty() {
            let end = memchr::memchr(b'\n', piece);
            let (part, rest) = piece.split_at(end.unwrap_or(piece.len()));
            self.take(kind, part);
            piece = match end {
                None => rest,
                Some(_) => {
                    self.end_line(kind);
                    &rest[1..]
                }
            };
        }
    }

    /// The file is at its end.
    pub(crate) fn finish(mut self) -> Scanned {
        if let Some(kind) = self.kind {
            if self.leaf.is_some() || !self.line.is_empty() {
                self.remark("the file does not end with a newline");
                self.end_line(kind);
            }
            if kind == LineKind::Control && !self.closed {
                self.remark("the list of controls is not closed");
            }
        }
        Scanned {
            size: self.size,
            sha256: hex::encode(self.hasher.finalize()),
            leaves: self.kind.map(|_| self.leaves),
            remarks: self.remarks,
        }
    }

    fn take(&mut self, kind: LineKind, part: &[u8]) {
        if kind.is_looked_into() {
            let room = (LONGEST_RECORD + 1).saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(&part[..room]);
        } else {
            if self.leaf.is_none() {
                self.leaf = Some(LeafHasher::new(&self.salt()));
            }
            if let Some(leaf) = &mut self.leaf {
                leaf.update(part);
            }
        }
    }

    fn end_line(&mut self, kind: LineKind) {
        if kind.is_looked_into() {
            let line = std::mem::take(&mut self.line);
            if line.len() > LONGEST_RECORD {
                self.remark("the line is too long");
            }
            if kind == LineKind::Control {
                self.control_line(&line)
            } else {
                self.record_line(kind, &line)
            }
            self.line = line;
            self.line.clear();
        } else {
            let leaf = self.leaf.take();
            let leaf = leaf.unwrap_or_else(|| LeafHasher::new(&self.salt()));
            self.push(leaf);
            match kind {
                LineKind::Exchange => self.tally.counts.exchanges += 1,
                _ => self.tally.counts.resources += 1,
            }
        }
        self.line_number += 1;
    }

    /// controls.json is one JSON array with one record a line; brackets and commas are no part of the leaves.
    fn control_line(&mut self, line: &[u8]) {
        match line {
            _ if self.closed => self.remark("something follows the list of controls"),
            b"[" if self.line_number == 1 => {}
            b"]" if self.line_number > 1 => self.closed = true,
            _ if self.line_number == 1 => self.remark("the list of controls does not begin with a line `[`"),
            _ => self.record_line(LineKind::Control, line.strip_suffix(b",").unwrap_or(line)),
        }
    }

    fn record_line(&mut self, kind: LineKind, line: &[u8]) {
        let mut leaf = LeafHasher::new(&self.salt());
        leaf.update(line);
        self.push(leaf);
        if let Err(error) = self.tally.count(kind, line) {
            self.remark(format!("the line can't be read: {error}"));
        }
    }

    fn push(&mut self, leaf: LeafHasher) {
        self.tally.tree.push(leaf.finish());
        self.leaves += 1;
    }

    fn salt(&mut self) -> Salt {
        let salt = (self.next_salt)();
        self.tally.salts_ran_out |= salt.is_none();
        salt.unwrap_or_default()
    }

    fn remark(&mut self, what: impl Into<String>) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(Remark { line: self.line_number, what: what.into() });
        }
    }
}

/// The members of a finding that are counted.
#[derive(Deserialize)]
struct CountedFinding {
    status: FindingStatus,
    exception: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CountedGap {
    exception: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CountedControl {
    edition: Edition,
    status: ControlStatus,
}

impl Tally {
    fn count(&mut self, kind: LineKind, line: &[u8]) -> Result<(), serde_json::Error> {
        match kind {
            LineKind::Finding => {
                let finding: CountedFinding = serde_json::from_slice(line)?;
                let counts = &mut self.counts.findings;
                *match (finding.status, finding.exception) {
                    (FindingStatus::Pass, _) => &mut counts.pass,
                    (FindingStatus::Fail, None) => &mut counts.fail,
                    (FindingStatus::Fail, Some(_)) => &mut counts.accepted,
                    (FindingStatus::Unknown, _) => &mut counts.unknown,
                    (FindingStatus::NotApplicable, _) => &mut counts.not_applicable,
                    (FindingStatus::Manual, _) => &mut counts.manual,
                } += 1;
            }
            LineKind::Gap => {
                let gap: CountedGap = serde_json::from_slice(line)?;
                *if gap.exception.is_some() { &mut self.gaps.accepted } else { &mut self.gaps.open } += 1;
            }
            LineKind::Control => {
                let control: CountedControl = serde_json::from_slice(line)?;
                let edition = self.counts.controls.entry(control.edition.as_str().to_owned()).or_default();
                *edition.entry(control.status).or_default() += 1;
            }
            LineKind::Exchange | LineKind::Resource => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{leaf_hash, root_of};

    const SALT: &Salt = b"0123456789abcdef";

    fn scan(path: &str, pieces: &[&[u8]]) -> (Scanned, Tally) {
        let mut tally = Tally::default();
        let mut salt = || Some(*SALT);
        let mut scan = Scan::new(path, &mut tally, &mut salt);
        pieces.iter().for_each(|piece| scan.feed(piece));
        (scan.finish(), tally)
    }

    #[test]
    fn lines_are_leaves_however_they_arrive() {
        let (whole, a) = scan("evidence/x.jsonl", &[b"one\n\ntwo\n"]);
        let (parts, b) = scan("evidence/x.jsonl", &[b"on", b"e\n", b"", b"\nt", b"wo", b"\n"]);
        assert_eq!((&whole, a.tree.root()), (&parts, b.tree.root()));
        let expected = [&b"one"[..], b"", b"two"].map(|line| leaf_hash(SALT, line));
        assert_eq!((whole.leaves, a.tree.root(), a.counts.exchanges), (Some(3), root_of(&expected), 3));
    }

    #[test]
    fn findings_are_counted() {
        let text = b"{\"status\":\"fail\",\"exception\":\"e1\"}\n{\"status\":\"fail\",\"exception\":null}\n{\"status\":\"unknown\"}\n";
        let (scanned, tally) = scan("findings.jsonl", &[text]);
        let counts = tally.counts.findings;
        assert_eq!((counts.accepted, counts.fail, counts.unknown, scanned.leaves), (1, 1, 1, Some(3)));
        assert_eq!(scanned.remarks, []);
    }

    #[test]
    fn a_status_that_is_no_word_of_ours_or_stands_twice_is_remarked() {
        let (scanned, _) =
            scan("findings.jsonl", &[b"{\"status\":\"fine\"}\n{\"status\":\"fail\",\"status\":\"pass\"}\n"]);
        assert_eq!(scanned.remarks.iter().map(|r| r.line).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn controls_are_a_list_with_a_record_a_line() {
        let record = "{\"edition\":\"2022\",\"status\":\"none\"}";
        let (scanned, tally) = scan("controls.json", &[format!("[\n{record},\n{record}\n]\n").as_bytes()]);
        assert_eq!((scanned.leaves, scanned.remarks.len()), (Some(2), 0));
        let leaf = leaf_hash(SALT, record.as_bytes());
        assert_eq!(
            (tally.tree.root(), tally.counts.controls["2022"][&ControlStatus::None]),
            (root_of(&[leaf, leaf]), 2)
        );
        assert!(scan("controls.json", &[b"[\n]\n"]).0.remarks.is_empty());
        for broken in [&b""[..], b"[\n", b"{}\n", b"[\n]\nmore\n", b"[\n]"] {
            assert!(!scan("controls.json", &[broken]).0.remarks.is_empty(), "{broken:?}");
        }
    }

    #[test]
    fn a_missing_newline_and_missing_salts_are_seen() {
        let (scanned, _) = scan("evidence/x.jsonl", &[b"one\ntwo"]);
        assert_eq!((scanned.leaves, scanned.remarks.len()), (Some(2), 1));
        let mut tally = Tally::default();
        let mut none = || None;
        let mut scan = Scan::new("evidence/x.jsonl", &mut tally, &mut none);
        scan.feed(b"one\n");
        scan.finish();
        assert!(tally.salts_ran_out);
    }

    #[test]
    fn other_files_are_only_hashed() {
        let (scanned, tally) = scan("index.html", &[b"<p>\n"]);
        assert_eq!((scanned.leaves, tally.tree.leaves(), scanned.size), (None, 0, 4));
    }
}
