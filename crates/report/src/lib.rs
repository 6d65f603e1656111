#![doc = include_str!("../README.md")]

mod accepted;
mod body;
mod chrome;
mod csv;
mod error;
mod escape;
mod exchange_view;
mod first;
mod fix;
mod input;
mod junit;
mod oscal;
mod page;
mod pages;
mod parts;
mod paths;
mod plan;
mod recorded;
mod row;
mod sarif;
mod seq;
mod summary;
mod templates;
mod words;

pub use csv::csv_into;
pub use error::ReportError;
pub use first::{First, look_first};
pub use input::{
    Changes, ControlChange, Cover, Exchanges, FindingChange, GapChange, HostReport, Previous, Recorded, RecordedHead,
    ReportInput, RulesReport, Selection, TargetReport, TypeCount,
};
pub use junit::junit_into;
pub use oscal::{oscal, oscal_into};
pub use page::because;
pub use sarif::sarif_into;
pub use summary::markdown;
pub use templates::Templates;

/// A report that is planned once and written in several forms: what goes where is the most work of a large one.
pub struct Report<'a>(plan::Plan<'a>);

impl std::fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Report").finish_non_exhaustive()
    }
}

impl<'a> Report<'a> {
    /// Plans a report.
    #[must_use]
    pub fn new(input: &ReportInput<'a>) -> Self {
        Self(plan::Plan::new(*input))
    }

    /// Writes the OSCAL assessment results; see [`oscal_into`].
    pub fn oscal_into(&self, out: &mut dyn std::io::Write) -> Result<(), ReportError> {
        oscal::write(&self.0, out)
    }

    /// Renders every page; see [`render`].
    pub fn pages<'r>(
        &'r self,
        templates: &'r Templates,
    ) -> impl Iterator<Item = Result<(String, Vec<u8>), ReportError>> + use<'r, 'a> {
        pages::each(&self.0, templates, pages::FEW, |path, bytes| (path, bytes))
    }

    /// Renders every page and makes something small of its path and its bytes, on the thread that rendered it.
    pub fn pages_then<'r, T: Send, F: Fn(String, Vec<u8>) -> T + Sync>(
        &'r self,
        templates: &'r Templates,
        then: F,
    ) -> impl Iterator<Item = Result<T, ReportError>> + use<'r, 'a, T, F> {
        pages::each(&self.0, templates, pages::MANY, then)
    }
}

/// Renders every page: its path in the bundle and its bytes, one after the other.
///
/// Pure: the same input gives the same bytes in the same order. Pages are made some at a time when the iterator is asked
/// for them, so that a report of a large estate need not fit into memory.
pub fn render<'a>(
    input: &ReportInput<'a>,
    templates: &'a Templates,
) -> impl Iterator<Item = Result<(String, Vec<u8>), ReportError>> + 'a {
    pages::each(plan::Plan::new(*input), templates, pages::FEW, |path, bytes| (path, bytes))
}
