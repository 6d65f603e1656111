//! The examples inside check files: what they say, whether they fit the schema, whether the check agrees with them.

mod flip;
mod lint;
mod run;
mod scene;
mod yaml;

pub(crate) use lint::lint;
pub use run::{ExampleResult, test_examples};

use annexa_model::FindingStatus;
use serde::Deserialize;
use std::collections::BTreeMap;
use yaml::Item;

/// The examples of a check, by the answer that they expect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExamplesFile {
    /// The time that they speak of.
    as_of: Option<String>,
    #[serde(default)]
    pass: Vec<Item>,
    #[serde(default)]
    fail: Vec<Item>,
    #[serde(default)]
    unknown: Vec<Item>,
    #[serde(default)]
    not_applicable: Vec<Item>,
    #[serde(default)]
    manual: Vec<Item>,
    /// Why there is no example of an answer.
    #[serde(default)]
    without: BTreeMap<FindingStatus, String>,
}

impl ExamplesFile {
    /// All examples with the answers that they expect.
    fn all(&self) -> impl Iterator<Item = (FindingStatus, usize, &Item)> {
        FindingStatus::ALL
            .into_iter()
            .flat_map(|status| self.of(status).iter().enumerate().map(move |(index, item)| (status, index, item)))
    }

    fn of(&self, status: FindingStatus) -> &[Item] {
        match status {
            FindingStatus::Pass => &self.pass,
            FindingStatus::Fail => &self.fail,
            FindingStatus::Unknown => &self.unknown,
            FindingStatus::NotApplicable => &self.not_applicable,
            FindingStatus::Manual => &self.manual,
        }
    }
}
