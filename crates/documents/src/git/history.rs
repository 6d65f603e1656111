//! Which commits changed which files.

use super::{GitError, Repository};
use std::collections::BTreeMap;

/// How many commits of a folder are looked at.
const MAX_COMMITS: usize = 20_000;

/// One commit's change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) commit: String,
    /// The file's content before it, in each parent that had the file.
    pub(crate) before: Vec<String>,
    /// The file's content after it.
    pub(crate) after: String,
    /// The file's path below the folder at that time.
    pub(crate) path: String,
}

/// Changes by the path that a file has now, newest first, and whether these are all.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    pub(crate) changes: BTreeMap<String, Vec<Change>>,
    pub(crate) whole: bool,
}

impl Repository {
    /// The changes of the given files (paths below the folder), followed through renames.
    pub(crate) fn histories<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Result<Histories, GitError> {
        let Some(head) = &self.head else { return Ok(Histories { whole: true, ..Histories::default() }) };
        let count = format!("--max-count={}", MAX_COMMITS + 1);
        let path = if self.prefix.is_empty() { None } else { Some(self.prefix.trim_end_matches('/')) };
        let mut arguments = vec!["rev-list", "--topo-order", &count, head, "--"];
        arguments.extend(path);
        let commits = self.text(&arguments)?;
        let whole = commits.lines().count() <= MAX_COMMITS;
        let mut arguments = vec![
            "diff-tree",
            "--stdin",
            "-r",
            "--root",
            "-c",
            "-M",
            "--raw",
            "--no-abbrev",
            "-z",
            "--no-ext-diff",
            "--no-textconv",
        ];
        if let Some(path) = path {
            arguments.extend(["--", path]);
        }
        let answer = self.piped(&arguments, commits)?;
        let tracked = files.into_iter().map(|path| (format!("{}{path}", self.prefix), path.to_owned())).collect();
        let changes = assign(&answer, tracked, &self.prefix);
        Ok(Histories { changes, whole })
    }
}

/// Walks git's answer (NUL between all words) from the newest commit to the oldest.
fn assign(answer: &str, mut tracked: BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, Vec<Change>> {
    let mut changes: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    let mut commit = String::new();
    let mut words = answer.split('\0');
    while let Some(word) = words.next() {
        let Some(facts) = word.strip_prefix(':') else {
            if !word.is_empty() {
                commit = word.to_owned();
            }
            continue;
        };
        let Some(first) = words.next() else { break };
        let Some((before, after, status)) = raw_entry(facts) else { continue };
        let renamed = status.starts_with('R') || status.starts_with('C');
        let path = if renamed { words.next().unwrap_or(first) } else { first };
        let Some(now) = tracked.get(path).cloned() else { continue };
        let below = path.strip_prefix(prefix).unwrap_or(path).to_owned();
        changes.entry(now.clone()).or_default().push(Change { commit: commit.clone(), before, after, path: below });
        if renamed {
            tracked.remove(path);
            tracked.entry(first.to_owned()).or_insert(now);
        } else if status == "A" {
            tracked.remove(path);
        }
    }
    changes
}

/// `100644 100644 <old> <new> M`; for a merge one more `:`, mode and id a parent.
fn raw_entry(facts: &str) -> Option<(Vec<String>, String, String)> {
    let facts = facts.trim_start_matches(':');
    let words: Vec<&str> = facts.split(' ').collect();
    let status = words.last()?;
    let ids: Vec<&&str> = words.iter().filter(|word| word.len() >= 40).collect();
    let (after, before) = ids.split_last()?;
    let exists = |id: &&&&str| id.bytes().any(|b| b != b'0');
    let before = before.iter().filter(exists).map(|id| (**id).to_owned()).collect();
    Some((before, (**after).to_owned(), (*status).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn renames_and_merges_are_followed() {
        let (a, b, c, zero) = ("a".repeat(40), "b".repeat(40), "c".repeat(40), "0".repeat(40));
        let answer = [
            "m1",
            &format!("::100644 100644 100644 {a} {b} {c} MM"),
            "isms/new.md",
            "r1",
            &format!(":100644 100644 {a} {a} R100"),
            "isms/old.md",
            "isms/new.md",
            "c1",
            &format!(":000000 100644 {zero} {a} A"),
            "isms/old.md",
            &format!(":000000 100644 {zero} {b} A"),
            "isms/other.md",
            "",
        ]
        .join("\0");
        let tracked = BTreeMap::from([("isms/new.md".to_owned(), "new.md".to_owned())]);
        let changes = assign(&answer, tracked, "isms/");
        let seen: Vec<_> =
            changes["new.md"].iter().map(|c| (c.commit.as_str(), c.path.as_str(), c.before.len())).collect();
        assert_eq!(seen, [("m1", "new.md", 2), ("r1", "new.md", 1), ("c1", "old.md", 0)]);
        assert_eq!(changes.len(), 1);
    }

    proptest! {
        #[test]
        fn no_answer_of_git_makes_it_panic(words in prop::collection::vec("(:[0-7: ]{0,9}[0-9a-fé ]{0,90}[AMRCD]{0,2}[0-9]{0,3}|[a-z/]{0,6}|[0-9a-f]{40})", 0..30)) {
            let tracked = BTreeMap::from([("a/b".to_owned(), "b".to_owned()), ("a".to_owned(), "a".to_owned())]);
            let changes = assign(&words.join("\0"), tracked, "a/");
            prop_assert!(changes.values().map(Vec::len).sum::<usize>() <= words.len());
        }

        #[test]
        fn no_text_in_its_place_makes_it_panic(answer in any::<String>()) {
            assign(&answer, BTreeMap::from([(answer.clone(), String::new())]), "");
        }
    }
}
