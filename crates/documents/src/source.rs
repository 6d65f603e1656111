//! The live side: the folder and its repository, read once for all exchanges.

use crate::folder::{self, Entry};
use crate::git::{self, GitError, Objects, Repository, commit::Commit, history::Histories};
use crate::kinds::Kinds;
use crate::plan::{self, MAX_FILE, ReadAs};
use crate::{codeowners, read_document, secrets};
use annexa_model::{Failure, FailureKind};
use annexa_tape::{LocalAnswer, Redactor};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A folder of documents on this machine.
pub(crate) struct Source {
    root: PathBuf,
    repository: Result<Option<Repository>, GitError>,
    entries: Vec<Entry>,
    whole: bool,
    plan: Vec<ReadAs>,
    /// Files of HEAD: path → blob.
    tree: BTreeMap<String, String>,
    histories: Histories,
    objects: Mutex<Option<Objects>>,
    commits: Mutex<BTreeMap<String, Commit>>,
}

/// How a file on disk relates to HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkTree {
    /// The folder is in no repository.
    NoGit,
    /// The same as in HEAD.
    Committed,
    Changed,
    Untracked,
}

impl WorkTree {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            WorkTree::NoGit => "no_git",
            WorkTree::Committed => "committed",
            WorkTree::Changed => "changed",
            WorkTree::Untracked => "untracked",
        }
    }
}

impl Source {
    /// Lists the folder and asks git for all histories at once.
    pub(crate) fn open(root: PathBuf, kinds: &Kinds) -> io::Result<Self> {
        let listing = folder::list(&root)?;
        let plan = plan::plan(&root, &listing.entries, kinds);
        let mut source = Self {
            repository: Repository::discover(&root),
            root,
            entries: listing.entries,
            whole: listing.whole,
            plan,
            tree: BTreeMap::new(),
            histories: Histories::default(),
            objects: Mutex::new(None),
            commits: Mutex::new(BTreeMap::new()),
        };
        if let Ok(Some(repository)) = &source.repository
            && let Err(error) = source.git_state(&repository.clone())
        {
            source.repository = Err(error);
        }
        Ok(source)
    }

    fn git_state(&mut self, repository: &Repository) -> Result<(), GitError> {
        self.tree = repository.tree()?;
        let read = self
            .entries
            .iter()
            .zip(&self.plan)
            .filter(|(_, plan)| matches!(plan, ReadAs::Document | ReadAs::Register { .. }));
        let files: Vec<&str> = read.map(|(entry, _)| entry.path.as_str()).collect();
        if !repository.shallow {
            self.histories = repository.histories(files)?;
        }
        self.objects = Mutex::new(Some(repository.objects()?));
        Ok(())
    }

    /// The answer to `read repository`.
    pub(crate) fn describe_repository(&self) -> Result<Value, Failure> {
        match &self.repository {
            Ok(None) => Ok(json!({ "git": null })),
            Ok(Some(repository)) => Ok(json!({ "git": {
                "head": repository.head,
                "branch": repository.branch,
                "root_commit": repository.root_commit,
                "shallow": repository.shallow,
                "folder": repository.prefix,
                "remote": repository.remote.as_ref().map(|r| json!({"host": r.host, "name": r.name})),
            }})),
            Err(error) => Err(failure(FailureKind::Invalid, error.to_string())),
        }
    }

    /// The answer to `list files`.
    pub(crate) fn describe_files(&self) -> Value {
        let (listed, others): (Vec<_>, Vec<_>) = self
            .entries
            .iter()
            .zip(&self.plan)
            .partition(|(entry, plan)| candidate(&entry.path) || !matches!(plan, ReadAs::Nothing(_)));
        let files: Vec<Value> = listed.into_iter().map(|(entry, plan)| describe(entry, plan)).collect();
        let here = |path: &String| self.entries.binary_search_by(|e| e.path.cmp(path)).is_ok();
        let deleted: Vec<&String> = self.tree.keys().filter(|path| candidate(path) && !here(path)).collect();
        json!({"files": files, "other_files": others.len(), "deleted": deleted, "whole": self.whole})
    }

    /// The answer to `read CODEOWNERS`: GitHub asks these people for a review of a change below a path.
    pub(crate) fn describe_codeowners(&self, redactor: &Redactor) -> Result<LocalAnswer, Failure> {
        let Some(repository) = self.repository() else {
            return Err(failure(FailureKind::NotFound, "there is no repository that could be read".to_owned()));
        };
        let found = repository
            .first_of(&codeowners::PLACES)
            .map_err(|error| failure(FailureKind::Invalid, error.to_string()))?;
        let mut cuts = Vec::new();
        let body = match found {
            None => json!({"path": null, "text": ""}),
            Some((path, blob)) => {
                let bytes = self.object(&blob).unwrap_or_default();
                let cleaned = secrets::cut(read_document::text_of(&path, &bytes)?, redactor);
                read_document::count_cuts(&cleaned, "/text", &mut cuts);
                json!({"path": path, "text": cleaned.text})
            }
        };
        Ok(LocalAnswer { content_type: "text/plain".to_owned(), body, cuts })
    }

    /// A file's bytes.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let full = self.root.join(path);
        let metadata = fs::symlink_metadata(&full).map_err(|error| io_failure(path, &error))?;
        if !metadata.is_file() {
            return Err(failure(FailureKind::Rejected, format!("{path} is no regular file any more")));
        }
        if metadata.len() > MAX_FILE {
            let limit = MAX_FILE / 1024 / 1024;
            return Err(failure(
                FailureKind::TooLarge,
                format!("{path} has {} bytes; up to {limit} MiB are read", metadata.len()),
            ));
        }
        fs::read(&full).map_err(|error| io_failure(path, &error))
    }

    /// How the bytes on disk relate to HEAD. Line ends may differ: git changes them on some systems.
    pub(crate) fn work_tree(&self, path: &str, bytes: &[u8]) -> WorkTree {
        if !matches!(self.repository, Ok(Some(_))) {
            return WorkTree::NoGit;
        }
        let Some(blob) = self.tree.get(path) else { return WorkTree::Untracked };
        let same = self.object(blob).is_some_and(|committed| {
            let feeds = |bytes: &[u8]| bytes.iter().copied().filter(|b| *b != b'\r').collect::<Vec<u8>>();
            committed == bytes || feeds(&committed) == feeds(bytes)
        });
        if same { WorkTree::Committed } else { WorkTree::Changed }
    }

    /// The id of the file's content in HEAD.
    pub(crate) fn blob(&self, path: &str) -> Option<&str> {
        self.tree.get(path).map(String::as_str)
    }

    /// The repository, when there is one and git could read it.
    pub(crate) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref().ok().and_then(Option::as_ref)
    }

    /// The changes of a file, and whether older ones may be missing.
    pub(crate) fn changes(&self, path: &str) -> (&[git::history::Change], bool) {
        (self.histories.changes.get(path).map_or(&[], Vec::as_slice), self.histories.whole)
    }

    /// An object's bytes.
    pub(crate) fn object(&self, id: &str) -> Option<Vec<u8>> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.as_mut()?.get(id).ok().flatten()
    }

    /// What a commit says.
    pub(crate) fn commit(&self, id: &str) -> Commit {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commit) = commits.get(id) {
            return commit.clone();
        }
        let commit = git::commit::parse(&self.object(id).unwrap_or_default());
        commits.insert(id.to_owned(), commit.clone());
        commit
    }
}

/// Whether a file could be a document or register by its name.
fn candidate(path: &str) -> bool {
    matches!(folder::ending(path).as_str(), "md" | "markdown" | "csv" | "yaml" | "yml")
}

fn describe(entry: &Entry, plan: &ReadAs) -> Value {
    let mut value = json!({"path": entry.path, "bytes": entry.bytes});
    match plan {
        ReadAs::Document => value["read_as"] = "document".into(),
        ReadAs::Register { kind, sidecar } => {
            value["read_as"] = "register".into();
            value["register"] = kind.as_str().into();
            if let Some(sidecar) = sidecar {
                value["sidecar"] = sidecar.as_str().into();
            }
        }
        ReadAs::Nothing(why) => value["skipped"] = why.as_str().into(),
        ReadAs::Unreadable(why) => value["unreadable"] = why.as_str().into(),
    }
    value
}

/// A failure in words.
pub(crate) fn failure(kind: FailureKind, message: String) -> Failure {
    Failure { kind, code: None, message }
}

fn io_failure(path: &str, error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        _ => FailureKind::Server,
    };
    failure(kind, format!("{path} could not be read: {}", error.kind()))
}
