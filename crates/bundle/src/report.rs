//! What verifying a bundle has shown, for programs and for people.

use crate::library::RuleComparison;
use crate::path::{sentence, shown};
use crate::short_id;
use annexa_model::{Selection, Timestamp};
use serde::Serialize;

/// With these words every verification ends, and the index page of every bundle.
pub const CLOSING_WORDS: &str = "The signature shows who packed these files and that they have not changed since; \
it does not show that the answers came from the provider, nor that all targets are here.";
/// The same for a bundle that is not signed.
pub const CLOSING_WORDS_UNSIGNED: &str = "This bundle is not signed: nothing shows who packed these files. \
A signature shows who packed the files and that they have not changed since; \
it does not show that the answers came from the provider, nor that all targets are here.";
/// What is said when no key was given.
pub const INTEGRITY_ONLY: &str = "integrity only, signer not checked";

/// How many problems are listed; a hostile bundle could have millions.
const MOST_PROBLEMS: usize = 1000;

/// What verifying a bundle has shown.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// The bundle.
    pub bundle: String,
    /// Whether everything matches.
    pub good: bool,
    /// Everything that does not.
    pub problems: Vec<Problem>,
    /// How many more problems there are than are listed.
    pub more_problems: u64,
    /// Whose signature it bears.
    pub signer: Signer,
    /// What the manifest says; none when it can't be read.
    pub manifest: Option<Summary>,
    /// How the rules differ from the release's.
    pub rules: RuleComparison,
    /// What was proven.
    pub proven: Vec<String>,
    /// What was not.
    pub not_proven: Vec<String>,
    /// The fixed closing words.
    pub closing: &'static str,
}

/// Something that does not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file or entry.
    pub entry: String,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// The kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// No bundle holds such an entry; nothing was read.
    Refused,
    /// A file is not there.
    Missing,
    /// A file is there that the manifest does not list.
    Added,
    /// A file has another name.
    Renamed,
    /// A file holds what belongs to another.
    Swapped,
    /// A file has another size or content.
    Changed,
    /// A file can't be read.
    Unreadable,
    /// manifest.json is not what it should be.
    Manifest,
    /// The envelope is not what it should be.
    Envelope,
    /// SHA256SUMS does not follow from the manifest.
    Sums,
    /// There are not as many salts as leaves.
    Salts,
    /// The Merkle root is another.
    MerkleRoot,
    /// A count in the manifest is not what the files hold.
    Counts,
    /// The zip as a file was changed.
    Zip,
    /// The signature is missing, or is not the one that was asked for.
    Signature,
}

/// Whose signature a bundle bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Signer {
    /// It is not known, because the manifest can't be read.
    Unknown,
    /// The bundle is not signed.
    NotSigned,
    /// The bundle says that this key signed it; no key was given to check it with.
    NotChecked {
        /// The key that the manifest names.
        key_id: String,
    },
    /// The signature is not good.
    Wrong {
        /// The key that was given.
        key_id: String,
    },
    /// The signature is by the key that was given.
    Verified {
        /// That key.
        key_id: String,
    },
}

/// What the manifest says, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The bundle format.
    pub format: u32,
    /// The release that decided.
    pub engine_version: String,
    /// The company.
    pub organization: String,
    /// Full or partial.
    pub selection: Selection,
    /// The time that findings speak of.
    pub as_of: Timestamp,
    /// The targets' names.
    pub targets: Vec<String>,
    /// The number in the chain.
    pub sequence: u64,
    /// The digest of the bundle before.
    pub previous: Option<String>,
    /// The digest of this one's manifest: of everything.
    pub digest: String,
    /// The digest of the evidence alone, as it stands on every page.
    pub evidence_digest: String,
    /// How many files the manifest lists.
    pub files: u64,
    /// How many lines the Merkle tree is over.
    pub lines: u64,
}

impl VerifyReport {
    pub(crate) fn new(bundle: &std::path::Path) -> Self {
        Self {
            bundle: bundle.to_string_lossy().into_owned(),
            good: true,
            problems: Vec::new(),
            more_problems: 0,
            signer: Signer::Unknown,
            manifest: None,
            rules: RuleComparison::default(),
            proven: Vec::new(),
            not_proven: Vec::new(),
            closing: CLOSING_WORDS,
        }
    }

    /// The report on a bundle of which nothing was read.
    pub(crate) fn refused(bundle: &std::path::Path, entry: &str, why: &str) -> Self {
        let mut report = Self::new(bundle);
        report.add(entry, ProblemKind::Refused, format!("refused: {why}"));
        report.conclude(0);
        report
    }

    pub(crate) fn add(&mut self, entry: &str, kind: ProblemKind, message: impl Into<String>) {
        self.good = false;
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { entry: entry.to_owned(), kind, message: message.into() });
        } else {
            self.more_problems += 1;
        }
    }

    /// Whether everything matches.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.good
    }

    /// Says what was proven and what was not.
    pub(crate) fn conclude(&mut self, leaves: u64) {
        let files = self.manifest.as_ref().map_or(0, |manifest| manifest.files);
        if self.good {
            self.proven.push(format!(
                "all {files} files are those that the manifest lists, byte for byte, and its Merkle tree holds their {leaves} lines"
            ));
        } else {
            self.not_proven.push("something does not match: do not rely on this bundle".to_owned());
        }
        match &self.signer {
            Signer::Verified { key_id } if self.good => {
                self.proven.push(format!("the key {} signed the manifest and the list of files", short_id(key_id)));
            }
            Signer::NotSigned => {
                self.closing = CLOSING_WORDS_UNSIGNED;
                self.not_proven.push("not signed: anyone could have packed or changed these files".to_owned());
            }
            Signer::NotChecked { .. } => {
                self.not_proven.push(format!("{INTEGRITY_ONLY}: give the company's public key with --key"));
            }
            _ => {}
        }
        if self.manifest.is_some() && !self.rules.compared {
            let release = shown(&self.rules.release);
            self.not_proven
                .push(format!("the library of release {release} is not at hand: its rules were not compared"));
        }
    }

    pub(crate) fn first_problems(&self) -> String {
        const SHOWN: usize = 3;
        let first: Vec<String> =
            self.problems.iter().take(SHOWN).map(|p| format!("{}: {}", shown(&p.entry), p.message)).collect();
        let more = (self.problems.len() as u64 + self.more_problems).saturating_sub(first.len() as u64);
        if more > 0 { format!("{}; and {more} more", first.join("; ")) } else { first.join("; ") }
    }

    /// The report as people read it in a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(manifest) = &self.manifest {
            lines.push(manifest.to_text());
        }
        lines.extend(
            self.problems.iter().map(|p| format!("  does not match  {}: {}", shown(&p.entry), sentence(&p.message))),
        );
        if self.more_problems > 0 {
            lines.push(format!("  … and {} more", self.more_problems));
        }
        lines.extend(self.rule_lines());
        lines.extend(self.proven.iter().map(|words| format!("  proven          {}", sentence(words))));
        lines.extend(self.not_proven.iter().map(|words| format!("  not proven      {}", sentence(words))));
        lines.push(String::new());
        lines.push(self.closing.to_owned());
        let verdict = if self.good { "matches" } else { "DOES NOT MATCH" };
        format!("{}: {verdict}\n{}\n", shown(&self.bundle), lines.join("\n"))
    }

    fn rule_lines(&self) -> Vec<String> {
        let rules = &self.rules;
        let list = |what: &str, paths: &[String]| -> Vec<String> {
            paths.iter().map(|path| format!("  {what:<15} rule {}", shown(path))).collect()
        };
        let mut lines = list("own", &rules.own);
        lines.extend(list("changed", &rules.changed));
        lines.extend(list("left out", &rules.left_out));
        if rules.is_released() {
            lines.push(format!("  rules           all {} are those of release {}", rules.same, shown(&rules.release)));
        }
        lines
    }
}

impl Summary {
    fn to_text(&self) -> String {
        let selection = match &self.selection {
            Selection::Full => "full selection".to_owned(),
            Selection::Partial { targets, checks } => {
                let globs: Vec<String> = targets.iter().chain(checks).map(|glob| shown(glob)).collect();
                format!("PARTIAL selection ({})", globs.join(", "))
            }
        };
        format!(
            "  {}, as of {}, {selection}, annexa {}, number {} of its chain\n  manifest digest {}\n  evidence digest {}, as on its pages",
            shown(&self.organization),
            self.as_of,
            shown(&self.engine_version),
            self.sequence,
            shown(&self.digest),
            self.evidence_digest,
        )
    }
}
