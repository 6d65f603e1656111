//! The Statement of Applicability.

use crate::Catalogue;
use annexa_model::Edition;
use annexa_source::{Diagnostic, SourceFile, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which controls of the 2022 edition apply, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The version that the company gave it.
    pub version: Option<String>,
    /// By control id of 2022.
    pub controls: BTreeMap<String, StatementEntry>,
    /// Remarks for people: controls that it does not mention.
    pub notes: Vec<String>,
}

/// What the statement says of a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementEntry {
    /// Whether the control applies.
    pub applicable: bool,
    /// Why, or why not.
    pub justification: String,
    /// The implementation status in the company's own word.
    pub status: Option<String>,
    /// Where it says so: `soa.yaml line 214`.
    pub stated_in: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    version: Option<String>,
    #[serde(default, rename = "approved_by")]
    _approved_by: Option<String>,
    #[serde(default, rename = "approved_on")]
    _approved_on: Option<jiff::civil::Date>,
    controls: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    applicable: bool,
    #[serde(default)]
    justification: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
}

impl Statement {
    /// Reads a statement. Ids of the 2013 edition are translated.
    pub fn parse(file: &SourceFile, catalogue: &Catalogue) -> Result<Self, Vec<Diagnostic>> {
        let raw: Raw = file.parse_yaml().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        let mut controls: BTreeMap<String, StatementEntry> = BTreeMap::new();
        for row in &raw.controls {
            let (id, line) = (row.id.value.as_str(), row.id.referenced.line());
            if let Some(first) = seen.insert(id, line) {
                let error = file.error_at(&row.id, format!("{id} stands here twice"));
                errors.push(error.with_help(format!("the first one stands in line {first}; keep one of the two")));
                continue;
            }
            match translate(id, catalogue) {
                Some(ids) => ids.into_iter().for_each(|id| add(&mut controls, id, row, file)),
                None => errors.push(unknown(file, &row.id, catalogue)),
            }
            if !row.applicable && row.justification.trim().is_empty() {
                let error = file.error_at(&row.id, format!("{id} is excluded without a reason"));
                errors.push(error.with_help("clause 6.1.3 d) asks for a justification: add `justification:`"));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let notes = unmentioned(catalogue, &controls);
        Ok(Self { version: raw.version, controls, notes })
    }
}

/// The 2022 ids behind an id of either edition; a 2013 control without a successor gives none of them.
fn translate(id: &str, catalogue: &Catalogue) -> Option<Vec<String>> {
    if catalogue.get(Edition::E2022, id).is_some_and(|e| e.group != "clause") {
        return Some(vec![id.to_owned()]);
    }
    catalogue.get(Edition::E2013, id).map(|entry| entry.corresponds_to.clone())
}

/// A 2022 control that several rows name (2013 ids) applies when one of them does.
fn add(controls: &mut BTreeMap<String, StatementEntry>, id: String, row: &Row, file: &SourceFile) {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let entry = StatementEntry {
        applicable: row.applicable,
        justification: row.justification.trim().to_owned(),
        status: row.status.clone(),
        stated_in: format!("{name} line {}", row.id.referenced.line()),
    };
    match controls.get(&id) {
        Some(known) if known.applicable || !row.applicable => {}
        _ => {
            controls.insert(id, entry);
        }
    }
}

fn unknown(file: &SourceFile, id: &Spanned<String>, catalogue: &Catalogue) -> Diagnostic {
    let ids = catalogue.entries().iter().filter(|e| e.id.starts_with("A.")).map(|e| e.id.as_str());
    file.error_at(id, format!("there is no control {}", id.value)).with_nearest(&id.value, ids)
}

/// Controls that a remark names; the others are counted.
const NAMED: usize = 5;

fn unmentioned(catalogue: &Catalogue, controls: &BTreeMap<String, StatementEntry>) -> Vec<String> {
    let missing: Vec<&str> = catalogue
        .entries()
        .iter()
        .filter(|e| e.edition == Edition::E2022 && e.group != "clause" && !controls.contains_key(&e.id))
        .map(|e| e.id.as_str())
        .collect();
    match missing.len() {
        0 => Vec::new(),
        n => {
            let rest = if n > NAMED { format!(" and {} more", n - NAMED) } else { String::new() };
            let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            vec![format!("The Statement of Applicability does not mention {n} of 93 controls: {named}{rest}.")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Statement, Vec<Diagnostic>> {
        let catalogue = Catalogue::load(&crate::rules()).unwrap();
        Statement::parse(&SourceFile::new("isms/soa.yaml", text), &catalogue)
    }

    #[test]
    fn rows_of_both_editions_are_read() {
        let statement = parse(
            "controls:\n- {id: A.7.4, applicable: false, justification: no own rooms}\n- {id: A.10.1.1, applicable: true}\n",
        )
        .unwrap();
        assert!(!statement.controls["A.7.4"].applicable);
        assert_eq!(statement.controls["A.7.4"].stated_in, "soa.yaml line 2");
        assert!(statement.controls["A.8.24"].applicable);
        assert_eq!(
            statement.notes,
            [
                "The Statement of Applicability does not mention 91 of 93 controls: A.5.1, A.5.2, A.5.3, A.5.4, A.5.5 and 86 more."
            ]
        );
    }

    #[test]
    fn mistakes_have_a_place() {
        let text = |errors: Vec<Diagnostic>| errors[0].to_string();
        let unknown = parse("controls:\n- {id: A.8.42, applicable: true}\n").unwrap_err();
        assert!(
            text(unknown).starts_with("isms/soa.yaml:2:8: there is no control A.8.42 (did you mean `A.8."),
            "{:?}",
            ()
        );
        let twice = parse("controls:\n- {id: A.8.2, applicable: true}\n- {id: A.8.2, applicable: true}\n").unwrap_err();
        assert!(text(twice).starts_with("isms/soa.yaml:3:8: A.8.2 stands here twice"));
        let silent = parse("controls:\n- {id: A.8.2, applicable: false}\n").unwrap_err();
        assert!(text(silent).contains("excluded without a reason"));
    }
}
