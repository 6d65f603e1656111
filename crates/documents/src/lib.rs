#![doc = include_str!("../README.md")]

mod body;
mod codeowners;
mod collector;
mod columns;
mod extract;
mod folder;
mod front_matter;
mod git;
mod kinds;
mod plan;
mod read_document;
mod read_register;
mod reproduce;
mod schema;
mod secrets;
mod source;
mod versions;
mod yaml_tree;

pub use collector::DocumentsCollector;
pub use reproduce::reproduce;

use annexa_model::RuleFiles;
use include_dir::{Dir, DirEntry, include_dir};

static KINDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/kinds");

/// The kinds of documents and registers that come with annexa, below `documents/kinds/`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut rules = RuleFiles::new();
    let mut folders = vec![&KINDS];
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(below) => folders.push(below),
                DirEntry::File(file) => {
                    let path = file.path().to_string_lossy().replace('\\', "/");
                    rules.insert(format!("documents/kinds/{path}"), file.contents());
                }
            }
        }
    }
    rules
}
