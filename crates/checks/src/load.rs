//! From rule files to compiled checks.

mod loader;

use crate::check::{Check, Origin};
use crate::examples::ExamplesFile;
use crate::expr::{Paths, TAGGED, with_deep_stack};
use crate::file::CheckFile;
use crate::schemas::Schemas;
use annexa_model::{RuleFiles, TypeSchema};
use annexa_source::{Diagnostic, SourceFile};
use include_dir::{Dir, include_dir};
use loader::Loader;
use std::collections::{BTreeMap, BTreeSet};

static LIBRARY: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/library");

/// Where checks stand among the rule files.
const FOLDER: &str = "checks/";

/// Where a user's own checks stand among the rule files.
pub const OWN_FOLDER: &str = "checks/own/";

/// The keys whose values are expressions.
const RULES: [&str; 3] = ["pass:", "applies:", "manual:"];

/// The largest check file, in bytes.
const MAX_FILE: usize = 64 * 1024;

/// The built-in library as rule files below `checks/`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut files = RuleFiles::new();
    add(&LIBRARY, &mut files);
    files
}

fn add(dir: &'static Dir<'static>, files: &mut RuleFiles) {
    for file in dir.files() {
        files.insert(format!("{FOLDER}{}", file.path().to_string_lossy().replace('\\', "/")), file.contents());
    }
    dir.dirs().for_each(|dir| add(dir, files));
}

/// The path among the rule files of a user's own check, from its path in the user's folder.
#[must_use]
pub fn own_rule_path(relative: &str) -> String {
    format!("{OWN_FOLDER}{}", relative.replace('\\', "/").trim_start_matches("./"))
}

/// All checks of a scan, by id.
#[derive(Debug, Default)]
pub struct Checks {
    checks: BTreeMap<String, Check>,
}

impl Checks {
    /// Reads and lints all check files.
    ///
    /// `controls` are the ids that a check may map to: controls of the 2022 edition and clauses. `schemas` are the
    /// resource types that rules may speak of. Every error of every file is given back, each with its place.
    pub fn load(
        files: &RuleFiles,
        controls: &BTreeSet<String>,
        schemas: &[TypeSchema],
    ) -> Result<Self, Vec<Diagnostic>> {
        with_deep_stack(|| Self::load_here(files, controls, schemas)).unwrap_or_else(|problem| {
            let file = SourceFile::new(FOLDER, "");
            Err(vec![file.error(0, 0, format!("the checks can't be read: {problem}"))])
        })
    }

    fn load_here(
        files: &RuleFiles,
        controls: &BTreeSet<String>,
        schemas: &[TypeSchema],
    ) -> Result<Self, Vec<Diagnostic>> {
        let schemas = Schemas::new(schemas);
        let mut errors = Vec::new();
        let mut checks: BTreeMap<String, Check> = BTreeMap::new();
        for (path, bytes) in files.below(FOLDER) {
            let Some((id, origin)) = identify(path, &mut errors) else { continue };
            let Some(source) = read(path, bytes, &mut errors) else { continue };
            if let Some(known) = checks.get(&id) {
                errors.push(taken(&source, &id, known.source.path.as_ref()));
                continue;
            }
            if let Some(error) = tagged(&source) {
                errors.push(error);
                continue;
            }
            match source.parse_yaml::<CheckFile>() {
                Ok(file) => {
                    let loader =
                        Loader { source, controls, schemas: &schemas, errors: &mut errors, paths: Paths::default() };
                    if let Some(check) = loader.check(id.clone(), origin, file, bytes) {
                        checks.insert(id, check);
                    }
                }
                Err(error) => errors.push(explained(error)),
            }
        }
        check_aliases(&checks, &mut errors);
        if errors.is_empty() { Ok(Self { checks }) } else { Err(errors) }
    }

    /// Frees the memory of the examples, which only [`crate::test_examples`] needs.
    pub fn forget_examples(&mut self) {
        self.checks.values_mut().for_each(|check| check.examples = ExamplesFile::default());
    }

    /// A check by its id or one of its older ids.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Check> {
        self.checks.get(id).or_else(|| self.iter().find(|check| check.aliases.iter().any(|alias| alias == id)))
    }

    /// All checks, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.checks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }
}

/// The id that a path gives, or an error at the file.
fn identify(path: &str, errors: &mut Vec<Diagnostic>) -> Option<(String, Origin)> {
    let (relative, origin) = match path.strip_prefix(OWN_FOLDER) {
        Some(relative) => (relative, Origin::Own),
        None => (path.strip_prefix(FOLDER)?, Origin::Library),
    };
    let file = SourceFile::new(path, "");
    if relative.ends_with(".yml") {
        errors.push(file.error(0, 0, "a check file ends in .yaml").with_help("rename it"));
    }
    let words: Vec<&str> = relative.strip_suffix(".yaml")?.split('/').collect();
    let fits = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    if words.len() < 2 || !words.iter().all(fits) {
        let help = "<provider>/<service>/<what-is-true>.yaml in small letters, digits, `-` and `_`; the path is the id";
        errors.push(file.error(0, 0, "the path of a check file must give its id").with_help(help));
        return None;
    }
    Some((words.join("."), origin))
}

fn read(path: &str, bytes: &[u8], errors: &mut Vec<Diagnostic>) -> Option<SourceFile> {
    let problem = match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= MAX_FILE => return Some(SourceFile::new(path, text)),
        Ok(_) => format!("a check file may have {MAX_FILE} bytes"),
        Err(_) => "the file is not UTF-8 text".to_owned(),
    };
    errors.push(SourceFile::new(path, "").error(0, 0, problem));
    None
}

/// A rule that starts with `!`, of which YAML would see a tag and no rule.
fn tagged(source: &SourceFile) -> Option<Diagnostic> {
    let starts = |line: &str| {
        RULES.iter().any(|key| line.strip_prefix(key).is_some_and(|value| value.trim_start().starts_with('!')))
    };
    let (number, line) = source.text.lines().enumerate().find(|(_, line)| starts(line))?;
    let column = line.find('!').map_or(1, |byte| byte + 1);
    Some(source.error(number as u64 + 1, column as u64, TAGGED.0).with_help(TAGGED.1))
}

/// Says what to do about what YAML does not like in expressions.
fn explained(error: Diagnostic) -> Diagnostic {
    if error.message.contains("mapping values are not allowed") {
        return error.with_help("an expression with `: ` or `#` needs quotes, or its own lines below `|`");
    }
    error
}

fn taken(source: &SourceFile, id: &str, by: &str) -> Diagnostic {
    source.error(1, 1, format!("the id `{id}` is taken by {by}")).with_help("give the file another name or folder")
}

fn check_aliases(checks: &BTreeMap<String, Check>, errors: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, &Check> = BTreeMap::new();
    for check in checks.values() {
        for alias in &check.aliases {
            if let Some(other) = checks.get(alias).or_else(|| seen.get(alias.as_str()).copied()) {
                errors.push(taken(&check.source, alias, &other.source.path));
            }
            seen.insert(alias, check);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_file_is_a_check_file() {
        for (path, bytes) in rules().iter() {
            let mut errors = Vec::new();
            assert!(identify(path, &mut errors).is_some(), "{errors:?}");
            let file = SourceFile::new(path, std::str::from_utf8(bytes).unwrap());
            if let Err(error) = file.parse_yaml::<CheckFile>() {
                panic!("{error}");
            }
        }
    }
}
