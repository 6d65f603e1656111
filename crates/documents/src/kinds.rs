//! The kinds of documents and registers, as data.

use crate::columns::Column;
use annexa_model::RuleFiles;
use annexa_source::{Diagnostic, SourceFile};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Front matter that every document can have: `header.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) keys: BTreeMap<String, Column>,
    /// Texts that show that a template was not filled in; without case.
    pub(crate) placeholders: Vec<String>,
    pub(crate) relations: BTreeMap<String, RelationRule>,
}

/// `kinds/documents/<word>.yaml`; the word is the front matter's `kind:`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentKind {
    /// What people call one.
    pub(crate) title: String,
    /// Folders whose Markdown files are of this kind when they don't say so themselves.
    #[serde(default)]
    pub(crate) folders: Vec<String>,
    /// Keys that must be there.
    #[serde(default)]
    pub(crate) required: Vec<String>,
    /// The longest time from approval to the next review, in days.
    #[serde(default)]
    pub(crate) review_days: Option<i64>,
    /// Keys of its own, besides those of the header.
    #[serde(default)]
    pub(crate) keys: BTreeMap<String, Column>,
}

/// `kinds/registers/<word>.yaml`; each row is a resource `register.<word>`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterKind {
    /// What people call the thing of one row.
    pub(crate) title: String,
    /// File names (without ending) that are of this kind when they don't say so themselves.
    pub(crate) names: Vec<String>,
    /// The column that tells one row from another.
    pub(crate) key: String,
    /// Columns that each row must fill.
    #[serde(default)]
    pub(crate) required: Vec<String>,
    /// All columns that are read; others are cut.
    pub(crate) columns: BTreeMap<String, Column>,
    /// YAML keys that hold lists of rows, with the values that all rows of such a list have.
    #[serde(default)]
    pub(crate) lists: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) relations: BTreeMap<String, RelationRule>,
}

/// Resources that belong to this one; see [`annexa_model::Relation`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationRule {
    pub(crate) to: String,
    pub(crate) here: String,
    pub(crate) there: String,
    #[serde(default)]
    pub(crate) many: bool,
}

/// `library.yaml`: a document that a company is expected to have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) title: String,
    /// The clauses and controls that ask for it.
    #[serde(rename = "for")]
    pub(crate) asked_by: Vec<String>,
    /// Titles and file names by which it is recognised, lower case, words with single blanks between.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// The kind of register that is meant, when it is one.
    #[serde(default)]
    pub(crate) register: Option<String>,
}

/// Everything that the rules say about documents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    pub(crate) header: Header,
    pub(crate) documents: BTreeMap<String, DocumentKind>,
    pub(crate) registers: BTreeMap<String, RegisterKind>,
    pub(crate) library: BTreeMap<String, Expected>,
    /// Ids of controls and clauses; empty when the rules hold no catalogue.
    pub(crate) controls: BTreeSet<String>,
}

impl Kinds {
    /// Reads `documents/…` and the catalogue's ids below `annex/`.
    pub(crate) fn load(rules: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut kinds = Kinds::default();
        let mut problems = Vec::new();
        for (path, bytes) in rules.below("documents/") {
            let text = String::from_utf8_lossy(bytes);
            let file = SourceFile::new(path, text.as_ref());
            let parts: Vec<&str> = path.split('/').collect();
            let result = match parts.as_slice() {
                ["documents", "kinds", "header.yaml"] => file.parse_yaml().map(|header| kinds.header = header),
                ["documents", "kinds", "library.yaml"] => file.parse_yaml().map(|library| kinds.library = library),
                ["documents", "kinds", "documents", name] => file.parse_yaml().map(|kind| {
                    kinds.documents.insert(word(name), kind);
                }),
                ["documents", "kinds", "registers", name] => file.parse_yaml().map(|kind| {
                    kinds.registers.insert(word(name), kind);
                }),
                _ => Ok(()),
            };
            if let Err(problem) = result {
                problems.push(problem);
            }
        }
        problems.extend(kinds.contradictions(rules));
        kinds.controls = control_ids(rules);
        if problems.is_empty() { Ok(kinds) } else { Err(problems) }
    }

    /// Names that a kind's file uses but does not describe, and facts that would hide others.
    fn contradictions(&self, rules: &RuleFiles) -> Vec<Diagnostic> {
        let mut problems = self.hidden_members(rules);
        let mut complain = |path: String, word: &str, known: Vec<&String>| {
            let text = rules.get(&path).map(String::from_utf8_lossy).unwrap_or_default();
            let file = SourceFile::new(path, text.as_ref());
            let problem = file.error(1, 1, format!("`{word}` is named here, but is no column of this kind"));
            problems.push(problem.with_nearest(word, known.iter().map(|name| name.as_str())));
        };
        for (name, kind) in &self.registers {
            let path = format!("documents/kinds/registers/{name}.yaml");
            for word in kind.required.iter().chain([&kind.key]) {
                if !kind.columns.contains_key(word) {
                    complain(path.clone(), word, kind.columns.keys().collect());
                }
            }
        }
        for (name, kind) in &self.documents {
            for word in &kind.required {
                if !kind.keys.contains_key(word) && !self.header.keys.contains_key(word) {
                    let known = self.header.keys.keys().chain(kind.keys.keys()).collect();
                    complain(format!("documents/kinds/documents/{name}.yaml"), word, known);
                }
            }
        }
        problems
    }

    /// Facts with a name that every resource has already, or that annexa sets itself.
    fn hidden_members(&self, rules: &RuleFiles) -> Vec<Diagnostic> {
        const TAKEN: [&str; 11] = [
            "id",
            "name",
            "target",
            "account",
            "region",
            "namespace",
            "aliases",
            "missing",
            "problems",
            "same_key",
            "register",
        ];
        let mut problems = Vec::new();
        for (word, kind) in &self.registers {
            for (name, column) in &kind.columns {
                let fact = column.fact.as_deref().unwrap_or(name);
                if TAKEN.contains(&fact) || fact == "key" && *name != kind.key {
                    let path = format!("documents/kinds/registers/{word}.yaml");
                    let text = rules.get(&path).map(String::from_utf8_lossy).unwrap_or_default();
                    let file = SourceFile::new(path, text.as_ref());
                    let problem =
                        file.error(1, 1, format!("the column `{name}` gives the fact `{fact}`, whose name is taken"));
                    problems.push(problem.with_help("give the fact another name: `fact: …`"));
                }
            }
        }
        problems
    }

    /// The front matter keys of a kind of document, with those that all have.
    pub(crate) fn keys_of(&self, kind: &str) -> BTreeMap<&str, &Column> {
        let own = self.documents.get(kind).map(|kind| &kind.keys);
        self.header.keys.iter().chain(own.into_iter().flatten()).map(|(name, column)| (name.as_str(), column)).collect()
    }

    /// The kind of document that a folder name stands for.
    pub(crate) fn document_by_folder(&self, folder: &str) -> Option<&str> {
        let folder = folder.to_lowercase();
        self.documents.iter().find(|(_, kind)| kind.folders.contains(&folder)).map(|(name, _)| name.as_str())
    }

    /// The kind of register that a file name (without ending) stands for.
    pub(crate) fn register_by_name(&self, stem: &str) -> Option<&str> {
        let stem = stem.to_lowercase().replace('_', "-");
        self.registers
            .iter()
            .find(|(name, kind)| **name == stem || kind.names.contains(&stem))
            .map(|(name, _)| name.as_str())
    }
}

/// A column by its name or one of its other names, however it is written (`Left on`, `left-on`).
pub(crate) fn column<'a>(columns: &BTreeMap<&'a str, &'a Column>, name: &str) -> Option<(&'a str, &'a Column)> {
    let name = fold(name);
    columns
        .iter()
        .find(|(key, column)| **key == name || column.also.iter().any(|other| fold(other) == name))
        .map(|(key, column)| (*key, *column))
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn word(file_name: &str) -> String {
    file_name.trim_end_matches(".yaml").to_owned()
}

/// Ids of all controls and clauses in the catalogue files, read without knowing the rest of their format.
fn control_ids(rules: &RuleFiles) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (_, bytes) in rules.below("annex/") {
        let Ok(tree) = crate::yaml_tree::parse(&String::from_utf8_lossy(bytes), 0) else { continue };
        for list in ["controls", "clauses"] {
            if let Some(crate::yaml_tree::Tree::List(items)) = tree.get(list).map(|node| &node.value) {
                ids.extend(items.iter().filter_map(|item| item.get("id")?.text().map(str::to_owned)));
            }
        }
    }
    ids
}
