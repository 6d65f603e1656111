//! Says of each file of a folder what it is read as.

use crate::folder::{self, Entry, EntryKind};
use crate::front_matter::{self, FrontMatter};
use crate::kinds::Kinds;
use crate::yaml_tree;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;

/// What a file is read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadAs {
    Document,
    /// A register of this kind, with the path of its `.meta.yaml`.
    Register {
        kind: String,
        sidecar: Option<String>,
    },
    /// Not read, and why.
    Nothing(String),
    /// It may be a document or register, but can't be read; this is a gap.
    Unreadable(String),
}

/// Decides for all entries. Reads the heads of files, no more.
pub(crate) fn plan(root: &Path, entries: &[Entry], kinds: &Kinds) -> Vec<ReadAs> {
    let paths: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    entries.iter().map(|entry| decide(root, entry, &paths, kinds)).collect()
}

fn decide(root: &Path, entry: &Entry, paths: &BTreeSet<&str>, kinds: &Kinds) -> ReadAs {
    let nothing = |why: &str| ReadAs::Nothing(why.to_owned());
    let ending = folder::ending(&entry.path);
    let markdown = matches!(ending.as_str(), "md" | "markdown");
    let table = matches!(ending.as_str(), "csv" | "yaml" | "yml");
    if entry.path.split('/').any(|name| name.starts_with('.')) {
        return nothing("hidden");
    }
    match entry.kind {
        EntryKind::Symlink { outside: true } if markdown || table || ending.is_empty() => {
            ReadAs::Unreadable("a symbolic link that leads out of the folder; it is not followed".to_owned())
        }
        EntryKind::Symlink { .. } => nothing("a symbolic link"),
        EntryKind::Special => nothing("no regular file"),
        EntryKind::Unreadable => ReadAs::Unreadable("the system does not let us read it".to_owned()),
        EntryKind::File if markdown => decide_markdown(root, entry, kinds),
        EntryKind::File if table => decide_table(root, entry, paths, kinds),
        EntryKind::File => nothing("neither Markdown nor YAML nor CSV"),
    }
}

fn decide_markdown(root: &Path, entry: &Entry, kinds: &Kinds) -> ReadAs {
    if kind_by_folder(&entry.path, kinds).is_some() {
        let readme = folder::stem(&entry.path).eq_ignore_ascii_case("readme");
        if !readme {
            return ReadAs::Document;
        }
    }
    let Some(text) = read_text(root, entry) else { return ReadAs::Document };
    match front_matter::split(&text).front_matter {
        FrontMatter::Missing => ReadAs::Nothing("Markdown without front matter".to_owned()),
        FrontMatter::Broken(_) => ReadAs::Document,
        head @ FrontMatter::Present(_) if head.text("kind").is_some() => ReadAs::Document,
        FrontMatter::Present(_) => ReadAs::Nothing("its front matter names no kind of document".to_owned()),
    }
}

fn decide_table(root: &Path, entry: &Entry, paths: &BTreeSet<&str>, kinds: &Kinds) -> ReadAs {
    let path = entry.path.as_str();
    let stem = folder::stem(path);
    if stem.to_lowercase().ends_with(".meta") {
        return ReadAs::Nothing("describes the register beside it".to_owned());
    }
    let base = path.strip_suffix(folder::file_name(path)).unwrap_or("");
    let sidecar = [format!("{base}{stem}.meta.yaml"), format!("{base}{stem}.meta.yml"), format!("{path}.meta.yaml")]
        .into_iter()
        .find(|name| paths.contains(name.as_str()));
    let said = match said_by(root, entry, sidecar.as_deref()) {
        Said::Kind(word) => Some(word),
        Said::Nothing => None,
        Said::Unclear => return ReadAs::Unreadable("it looks like a register, but is not valid YAML".to_owned()),
    };
    match (said, kinds.register_by_name(stem)) {
        (Some(word), _) => match kinds.register_by_name(&word) {
            Some(kind) => ReadAs::Register { kind: kind.to_owned(), sidecar },
            None => {
                let word = yaml_tree::shorten(&word);
                ReadAs::Nothing(format!("a register of kind `{word}`, which no file below kinds/registers describes"))
            }
        },
        (None, Some(kind)) => ReadAs::Register { kind: kind.to_owned(), sidecar },
        (None, None) => ReadAs::Nothing("not marked as a register".to_owned()),
    }
}

/// What a register says of its own kind.
enum Said {
    Kind(String),
    Nothing,
    /// It has a `meta:` key, but what stands there can't be read.
    Unclear,
}

fn said_by(root: &Path, entry: &Entry, sidecar: Option<&str>) -> Said {
    let (text, whole_file) = match sidecar {
        Some(path) => (fs::read_to_string(root.join(path)).ok(), true),
        None if folder::ending(&entry.path) == "csv" => return Said::Nothing,
        None => (read_text(root, entry), false),
    };
    let Some(text) = text else { return Said::Nothing };
    match yaml_tree::parse(&text, 0) {
        Ok(tree) => {
            let meta = if whole_file { Some(tree.get("meta").unwrap_or(&tree)) } else { tree.get("meta") };
            let word = meta.and_then(|meta| meta.get("register")?.text());
            word.map_or(Said::Nothing, |word| Said::Kind(word.to_owned()))
        }
        Err(_) if text.lines().any(|line| line.starts_with("meta:")) => Said::Unclear,
        Err(_) => Said::Nothing,
    }
}

/// The kind of document that one of the folders on the way to a file stands for; the nearest counts.
pub(crate) fn kind_by_folder<'a>(path: &str, kinds: &'a Kinds) -> Option<&'a str> {
    let (folders, _) = path.rsplit_once('/')?;
    folders.rsplit('/').find_map(|name| kinds.document_by_folder(name))
}

fn read_text(root: &Path, entry: &Entry) -> Option<String> {
    if entry.bytes > MAX_FILE {
        return None;
    }
    fs::read_to_string(root.join(&entry.path)).ok()
}
