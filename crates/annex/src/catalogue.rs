//! The controls of both editions and the clauses, read from data files.

use annexa_model::{Edition, RuleFiles};
use annexa_source::{Diagnostic, SourceFile};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

static DATA: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/data");

/// The data files of this crate, below `annex/`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut files = RuleFiles::new();
    for file in DATA.files() {
        if let Some(name) = file.path().to_str() {
            files.insert(format!("annex/{name}"), file.contents());
        }
    }
    files
}

/// How much of a control a machine can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// APIs and registers answer it for the estate in scope.
    FullTechnical,
    /// Documents with their history answer it.
    FullDocuments,
    /// APIs answer a part.
    PartialTechnical,
    /// Documents and imports answer a part.
    PartialDocuments,
    /// People show it; a machine sees only that a file is there and not expired.
    None,
}

/// A control or clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The edition.
    pub edition: Edition,
    /// `A.8.24`, `A.10.1.1`, or a clause: `7.5.2`.
    pub id: String,
    /// Short title.
    pub title: String,
    /// `organizational`, `people`, `physical`, `technological`, `clause`; for 2013 the domain's title.
    pub group: String,
    /// The same subject in the other edition.
    pub corresponds_to: Vec<String>,
    /// What an auditor asks.
    pub question: String,
    /// What stays with people.
    pub people: String,
    /// What a machine can read.
    pub machine: String,
    /// How much of it a machine can read.
    pub level: Level,
}

/// Both editions and the clauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    entries: Vec<Entry>,
    index: BTreeMap<(Edition, String), usize>,
}

#[derive(Deserialize)]
struct File2022 {
    controls: Vec<Control2022>,
}

#[derive(Deserialize)]
struct Control2022 {
    id: String,
    title: String,
    theme: String,
    replaces_2013: Vec<String>,
    evidence_question: String,
}

#[derive(Deserialize)]
struct File2013 {
    domains: Vec<Titled>,
    controls: Vec<Control2013>,
}

#[derive(Deserialize)]
struct Titled {
    id: String,
    title: String,
}

#[derive(Deserialize)]
struct Control2013 {
    id: String,
    title: String,
    domain: String,
    maps_to_2022: Vec<String>,
}

#[derive(Deserialize)]
struct FileClauses {
    clauses: Vec<Clause>,
}

#[derive(Deserialize)]
struct Clause {
    id: String,
    title: String,
    #[serde(default)]
    heading: bool,
    #[serde(default)]
    clause_2013: Vec<String>,
    #[serde(default)]
    evidence_question: String,
    #[serde(default)]
    scanner: String,
}

#[derive(Deserialize)]
struct Manual {
    level: Level,
    machine: String,
    people: String,
}

impl Catalogue {
    /// Reads the catalogue from rule files.
    pub fn load(rules: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let new: File2022 = read(rules, "annex/annex-a-2022.yaml")?;
        let old: File2013 = read(rules, "annex/annex-a-2013.yaml")?;
        let clauses: FileClauses = read(rules, "annex/clauses.yaml")?;
        let manual: BTreeMap<String, Manual> = read(rules, "annex/manual.yaml")?;
        let mut entries: Vec<Entry> = new.controls.into_iter().map(|control| entry_2022(control, &manual)).collect();
        let old_entries: Vec<Entry> =
            old.controls.iter().map(|control| entry_2013(control, &old.domains, &entries)).collect();
        entries.extend(clauses.clauses.into_iter().filter(|clause| !clause.heading).map(entry_clause));
        entries.extend(old_entries);
        let index = entries.iter().enumerate().map(|(i, e)| ((e.edition, e.id.clone()), i)).collect();
        Ok(Self { entries, index })
    }

    /// All entries: 2022 controls, clauses, 2013 controls, each in the standard's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// One entry.
    #[must_use]
    pub fn get(&self, edition: Edition, id: &str) -> Option<&Entry> {
        self.index.get(&(edition, id.to_owned())).and_then(|i| self.entries.get(*i))
    }

    /// The ids that a check may map to: controls and clauses of 2022.
    #[must_use]
    pub fn mappable_ids(&self) -> BTreeSet<&str> {
        self.entries.iter().filter(|e| e.edition == Edition::E2022).map(|e| e.id.as_str()).collect()
    }

    /// The 2013 controls that correspond to some 2022 ids, in the standard's order, each once. Clauses give none.
    #[must_use]
    pub fn to_2013<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let wanted: BTreeSet<&str> = ids
            .into_iter()
            .filter(|id| id.starts_with("A."))
            .filter_map(|id| self.get(Edition::E2022, id))
            .flat_map(|entry| entry.corresponds_to.iter().map(String::as_str))
            .collect();
        let old = self.entries.iter().filter(|e| e.edition == Edition::E2013);
        old.filter(|e| wanted.contains(e.id.as_str())).map(|e| e.id.clone()).collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(rules: &RuleFiles, path: &str) -> Result<T, Vec<Diagnostic>> {
    let bytes =
        rules.get(path).ok_or_else(|| vec![SourceFile::new(path, "").error(0, 0, "this rule file is missing")])?;
    let text = String::from_utf8_lossy(bytes);
    SourceFile::new(path, text.as_ref()).parse_yaml().map_err(|error| vec![error])
}

fn entry_2022(control: Control2022, manual: &BTreeMap<String, Manual>) -> Entry {
    let known = manual.get(&control.id);
    Entry {
        edition: Edition::E2022,
        title: control.title,
        group: control.theme,
        corresponds_to: control.replaces_2013,
        question: control.evidence_question,
        people: known.map(|m| m.people.clone()).unwrap_or_default(),
        machine: known.map(|m| m.machine.clone()).unwrap_or_default(),
        level: known.map_or(Level::None, |m| m.level),
        id: control.id,
    }
}

fn entry_2013(control: &Control2013, domains: &[Titled], new: &[Entry]) -> Entry {
    let mapped: Vec<&Entry> = new.iter().filter(|e| control.maps_to_2022.contains(&e.id)).collect();
    let joined = |part: fn(&Entry) -> &str| mapped.iter().map(|e| part(e)).collect::<Vec<_>>().join(" ");
    Entry {
        edition: Edition::E2013,
        id: control.id.clone(),
        title: control.title.clone(),
        group: domains.iter().find(|d| d.id == control.domain).map(|d| d.title.clone()).unwrap_or_default(),
        corresponds_to: control.maps_to_2022.clone(),
        question: joined(|e| &e.question),
        people: mapped.iter().map(|e| e.people.as_str()).collect::<Vec<_>>().join("; "),
        machine: String::new(),
        level: mapped.first().map_or(Level::None, |e| e.level),
    }
}

fn entry_clause(clause: Clause) -> Entry {
    Entry {
        edition: Edition::E2022,
        people: "whether the content suits the organization, and whether people work that way".to_owned(),
        level: if clause.scanner.starts_with("none") { Level::None } else { Level::PartialDocuments },
        id: clause.id,
        title: clause.title,
        group: "clause".to_owned(),
        corresponds_to: clause.clause_2013,
        question: clause.evidence_question,
        machine: clause.scanner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::load(&rules()).unwrap()
    }

    #[test]
    fn both_editions_are_whole_and_correspond_both_ways() {
        let catalogue = catalogue();
        let of = |edition| catalogue.entries().iter().filter(move |e| e.edition == edition && e.id.starts_with("A."));
        assert_eq!((of(Edition::E2022).count(), of(Edition::E2013).count()), (93, 114));
        let mut pairs = 0;
        for new in of(Edition::E2022) {
            for old in &new.corresponds_to {
                let back = catalogue.get(Edition::E2013, old).unwrap();
                assert!(back.corresponds_to.contains(&new.id), "{} and {old}", new.id);
                pairs += 1;
            }
        }
        assert_eq!(pairs, 115);
        assert_eq!(of(Edition::E2013).map(|e| e.corresponds_to.len()).sum::<usize>(), 115);
    }

    #[test]
    fn every_entry_asks_a_question_and_says_what_stays_with_people() {
        for entry in catalogue().entries() {
            assert!(entry.question.ends_with('?') || entry.question.ends_with('.'), "{}: {}", entry.id, entry.question);
            assert!(!entry.people.is_empty(), "{}", entry.id);
        }
    }

    #[test]
    fn a_missing_rule_file_is_named() {
        let error = Catalogue::load(&RuleFiles::new()).unwrap_err();
        assert!(error[0].to_string().contains("annex/annex-a-2022.yaml"));
    }
}
