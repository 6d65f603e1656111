//! Evidence that people hand in.

use crate::Catalogue;
use annexa_model::{Date, Edition, Timestamp};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeMap;

/// All manual evidence of a company, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManualEvidence {
    /// The items.
    pub items: Vec<ManualItem>,
}

/// One thing that people handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualItem {
    /// The company's own id.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The controls and clauses of 2022 that it speaks to.
    pub controls: Vec<String>,
    /// The day that it shows.
    pub date: Date,
    /// The last day on which it counts.
    pub valid_until: Date,
    /// Who answers for it.
    pub owner: String,
    /// The file, relative to manual-evidence.yaml, with its place for errors.
    pub file: Option<(String, u64, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    evidence: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    title: String,
    controls: Vec<Spanned<String>>,
    date: Date,
    valid_until: Spanned<Date>,
    owner: String,
    #[serde(default)]
    file: Option<Spanned<String>>,
}

impl ManualEvidence {
    /// Reads a file of manual evidence.
    pub fn parse(file: &SourceFile, catalogue: &Catalogue) -> Result<Self, Vec<Diagnostic>> {
        let raw: Raw = file.parse_yaml().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        let mut seen = BTreeMap::new();
        let mut items = Vec::new();
        for row in raw.evidence {
            if let Some(first) = seen.insert(row.id.value.clone(), row.id.referenced.line()) {
                let error = file.error_at(&row.id, format!("two pieces of evidence have the id `{}`", row.id.value));
                errors.push(error.with_help(format!("the first one stands in line {first}")));
            }
            if row.valid_until.value < row.date {
                errors.push(file.error_at(&row.valid_until, "it would expire before the day that it shows"));
            }
            for control in row.controls.iter().filter(|c| catalogue.get(Edition::E2022, &c.value).is_none()) {
                let error = file
                    .error_at(control, format!("there is no control or clause {} in the 2022 edition", control.value));
                errors.push(error.with_nearest(&control.value, catalogue.mappable_ids()));
            }
            items.push(ManualItem {
                id: row.id.value,
                title: row.title,
                controls: row.controls.into_iter().map(|c| c.value).collect(),
                date: row.date,
                valid_until: row.valid_until.value,
                owner: row.owner,
                file: row.file.map(|f| (f.value.clone(), f.referenced.line(), f.referenced.column())),
            });
        }
        if errors.is_empty() { Ok(Self { items }) } else { Err(errors) }
    }

    /// What was handed in for a control: whether one of it is current, and a line for people on each.
    #[must_use]
    pub fn of_control(&self, id: &str, as_of: Timestamp) -> (bool, Vec<String>) {
        let today = as_of.to_zoned(TimeZone::UTC).date();
        let mut current = false;
        let lines = self
            .items
            .iter()
            .filter(|item| item.controls.iter().any(|c| c == id))
            .map(|item| {
                let holds = item.valid_until >= today;
                current |= holds;
                let state = if holds { "valid until" } else { "expired on" };
                let file = item.file.as_ref().map(|(f, _, _)| format!(", file {f}")).unwrap_or_default();
                format!(
                    "{} ({}), of {}, {state} {}, by {}{file}",
                    item.title, item.id, item.date, item.valid_until, item.owner
                )
            })
            .collect();
        (current, lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_counts_until_it_expires() {
        let catalogue = Catalogue::load(&crate::rules()).unwrap();
        let text = "evidence:\n- {id: M-1, title: Visitor log, controls: [A.7.2], date: 2026-10-01, valid_until: 2027-10-01, owner: office}\n";
        let evidence = ManualEvidence::parse(&SourceFile::new("m.yaml", text), &catalogue).unwrap();
        let at = |day: &str| evidence.of_control("A.7.2", format!("{day}T00:00:00Z").parse().unwrap());
        assert!(at("2027-10-01").0);
        assert!(!at("2027-10-02").0);
        assert!(at("2027-10-02").1[0].contains("expired on 2027-10-01"));
        let wrong = text.replace("A.7.2", "A.7.22");
        let error = ManualEvidence::parse(&SourceFile::new("m.yaml", wrong.as_str()), &catalogue).unwrap_err();
        assert!(error[0].to_string().starts_with("m.yaml:2:44: there is no control or clause A.7.22"), "{}", error[0]);
    }
}
