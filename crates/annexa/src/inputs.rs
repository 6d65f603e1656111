//! What the company says of itself: the Statement of Applicability, exceptions, manual evidence. All of it goes into
//! the bundle's inputs/, and `reperform` reads it from there.

use crate::config::{Config, InputPath};
use crate::rules::Rules;
use annexa_annex::{Exceptions, ManualEvidence, Statement};
use annexa_source::{Diagnostic, SourceFile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

const CONFIG: &str = "annexa.yaml";
/// What an input is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Statement,
    Exceptions,
    Manual,
}

/// What is different from the previous bundle, as the scan found it.
pub(crate) const CHANGES: &str = "changes-since-previous.json";
/// No file of manual evidence is larger.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// What the answers were replayed from, when no provider was asked.
pub(crate) const REPLAYED: &str = "replayed-from.json";

/// The recording that answers were replayed from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recording {
    /// In words, for people.
    pub recording: String,
}

/// The inputs of a scan.
pub(crate) struct Inputs {
    pub statement: Option<Statement>,
    pub exceptions: Exceptions,
    pub manual: ManualEvidence,
    /// The files, by path below inputs/.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Inputs {
    /// Reads the inputs that a configuration names.
    pub(crate) fn read(config: &Config, rules: &Rules) -> Result<Self, Vec<Diagnostic>> {
        let mut files = BTreeMap::from([(CONFIG.to_owned(), config.source.text.as_bytes().to_vec())]);
        let mut errors = Vec::new();
        let mut sources: BTreeMap<Role, SourceFile> = BTreeMap::new();
        for (role, name, input) in named(config) {
            match read_text(config, input) {
                Ok(source) => {
                    files.insert(name, source.text.as_bytes().to_vec());
                    sources.insert(role, source);
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut inputs = Self::parse(&sources, rules)?;
        inputs.files = files;
        if let Some(input) = &config.manual_evidence {
            inputs.attach_files(&input.path, sources.get(&Role::Manual))?;
        }
        Ok(inputs)
    }

    /// Reads the inputs of a bundle, from their paths below inputs/.
    pub(crate) fn from_bundle(
        config: &Config,
        files: BTreeMap<String, Vec<u8>>,
        rules: &Rules,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut sources = BTreeMap::new();
        for (role, name, input) in named(config) {
            let Some(bytes) = files.get(&name) else {
                return Err(vec![config.error_at(input, format!("the bundle's inputs/ do not hold {name}"))]);
            };
            sources.insert(role, SourceFile::new(name, String::from_utf8_lossy(bytes).as_ref()));
        }
        let mut inputs = Self::parse(&sources, rules)?;
        inputs.files = files;
        Ok(inputs)
    }

    /// The configuration that a bundle carries.
    pub(crate) fn config_of(files: &BTreeMap<String, Vec<u8>>) -> Result<Config, Vec<Diagnostic>> {
        let text = files.get(CONFIG).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let source = SourceFile::new(CONFIG, text.unwrap_or_default());
        Config::parse(source, Path::new(".").to_owned())
    }

    fn parse(sources: &BTreeMap<Role, SourceFile>, rules: &Rules) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut keep = |mut found: Vec<Diagnostic>| errors.append(&mut found);
        let ids: Vec<&str> = rules.check_ids().collect();
        // a statement that can't be read is an error, never "no statement"
        let statement =
            sources.get(&Role::Statement).and_then(|s| Statement::parse(s, &rules.catalogue).map_err(&mut keep).ok());
        let exceptions =
            sources.get(&Role::Exceptions).and_then(|s| Exceptions::parse(s, &ids).map_err(&mut keep).ok());
        let manual =
            sources.get(&Role::Manual).and_then(|s| ManualEvidence::parse(s, &rules.catalogue).map_err(&mut keep).ok());
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            statement,
            exceptions: exceptions.unwrap_or_default(),
            manual: manual.unwrap_or_default(),
            files: BTreeMap::new(),
        })
    }

    /// Takes the files of manual evidence into the bundle.
    fn attach_files(&mut self, list: &Path, source: Option<&SourceFile>) -> Result<(), Vec<Diagnostic>> {
        let folder = list.parent().unwrap_or(Path::new("."));
        let mut errors = Vec::new();
        for (item, (name, line, column)) in self.manual.items.iter().filter_map(|i| Some((i, i.file.as_ref()?))) {
            let mut refuse = |message: String| {
                if let Some(source) = source {
                    errors.push(source.error(*line, *column, message));
                }
            };
            let path = folder.join(name);
            match path.metadata() {
                Err(error) => refuse(format!("the file {} can't be read: {error}", path.display())),
                Ok(found) if !found.is_file() => refuse(format!("{} is not a file", path.display())),
                Ok(found) if found.len() > LARGEST_FILE => refuse(format!("{} is larger than 64 MiB", path.display())),
                Ok(_) => match std::fs::read(&path) {
                    Err(error) => refuse(format!("the file {} can't be read: {error}", path.display())),
                    Ok(bytes) => {
                        self.files.insert(file_name(&item.id, name), bytes);
                    }
                },
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The inputs that a configuration names, each with its name below inputs/: the company's own file name, because
/// sentences quote it.
fn named(config: &Config) -> Vec<(Role, String, &InputPath)> {
    let inputs = [
        (Role::Statement, "statement", &config.statement_of_applicability),
        (Role::Exceptions, "exceptions", &config.exceptions),
        (Role::Manual, "manual", &config.manual_evidence),
    ];
    let mut taken = vec![CONFIG.to_owned(), CHANGES.to_owned(), REPLAYED.to_owned()];
    let mut named = Vec::new();
    for (role, word, input) in inputs {
        let Some(input) = input else { continue };
        let own = input.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = if own.is_empty() || taken.contains(&own) { format!("{word}-{own}") } else { own };
        taken.push(name.clone());
        named.push((role, name, input));
    }
    named
}

/// Where a file of manual evidence stands below inputs/: its id and name, made safe for every file system.
fn file_name(id: &str, name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).take(80).collect()
    };
    format!("files/{}-{}", safe(id).replace("..", "-"), safe(last).replace("..", "-"))
}

fn read_text(config: &Config, input: &InputPath) -> Result<SourceFile, Diagnostic> {
    let shown = input.path.display().to_string();
    match std::fs::read_to_string(&input.path) {
        Ok(text) => Ok(SourceFile::new(shown, text)),
        Err(error) => Err(config.error_at(input, format!("the file {shown} can't be read: {error}"))),
    }
}
