//! The library, loaded once, and what a scan does with what targets found.

use crate::demo;
use annexa_annex::Catalogue;
use annexa_aws::Aws;
use annexa_checks::{Checks, Options, evaluate};
use annexa_documents::DocumentsCollector;
use annexa_github::Github;
use annexa_kubernetes::Kubernetes;
use annexa_model::{Extraction, Finding, Kind, TypeSchema};
use annexa_source::Diagnostic;
use annexa_tape::Collector;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Everything that decides.
pub(crate) struct Rules {
    pub(crate) catalogue: Catalogue,
    pub(crate) aws: Aws,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) github: Github,
    pub(crate) documents: DocumentsCollector,
    pub(crate) checks: Checks,
    pub(crate) schemas: Vec<TypeSchema>,
}

/// The library of this release.
pub(crate) fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| load().unwrap_or_else(|errors| unreachable!("the library has errors: {}", said(&errors))))
}

fn load() -> Result<Rules, Vec<Diagnostic>> {
    let files = demo::library();
    let catalogue = Catalogue::load(files)?;
    let (aws, kubernetes) = (Aws::load(files)?, Kubernetes::load(files)?);
    let (github, documents) = (Github::load(files)?, DocumentsCollector::load(files)?);
    let collectors: [&dyn Collector; 4] = [&aws, &kubernetes, &github, &documents];
    let schemas: Vec<TypeSchema> = collectors.iter().flat_map(|collector| collector.schemas()).collect();
    let checks = Checks::load(files, &controls(&catalogue), &schemas)?;
    Ok(Rules { catalogue, aws, kubernetes, github, documents, checks, schemas })
}

/// What checks may map to.
pub(crate) fn controls(catalogue: &Catalogue) -> BTreeSet<String> {
    catalogue.mappable_ids().into_iter().map(str::to_owned).collect()
}

impl Rules {
    /// The collector of a kind of target.
    pub(crate) fn collector(&self, kind: Kind) -> &dyn Collector {
        match kind {
            Kind::Aws => &self.aws,
            Kind::Kubernetes => &self.kubernetes,
            Kind::Github => &self.github,
            Kind::Documents | Kind::Import => &self.documents,
        }
    }
}

/// Asks all checks about what was extracted. Each finding must survive being written.
pub(crate) fn ask_all(extraction: &Extraction) -> Vec<Finding> {
    let rules = rules();
    let to_2013 = |id: &str| rules.catalogue.to_2013([id]);
    let options = Options { as_of: demo::as_of(), to_2013: &to_2013, side_by_side: false, only: None };
    let asked = evaluate(&rules.checks, &rules.schemas, &extraction.resources, &extraction.sets, &options);
    for finding in &asked.findings {
        same_when_read_back(finding);
    }
    for resource in &extraction.resources {
        same_when_read_back(resource);
    }
    extraction.gaps.iter().for_each(same_when_read_back);
    asked.findings
}

/// What stands in a bundle must be the same when it is read from there.
pub(crate) fn same_when_read_back<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) {
    let line = serde_json::to_string(value).expect("it can be written");
    let read: T = serde_json::from_str(&line).unwrap_or_else(|error| unreachable!("{error}: {line}"));
    let again = serde_json::to_string(&read).expect("it can be written again");
    assert_eq!(line, again, "it changes when it is read back");
}

/// Errors in words; making them must not fail, and their places must be in the file.
pub(crate) fn said(errors: &[Diagnostic]) -> String {
    let mut said = String::new();
    for error in errors {
        let offset = error.file.offset(error.line, error.column);
        assert!(error.file.text.is_char_boundary(offset), "{error}: the place is inside a character");
        said.push_str(&format!("{error}\n"));
    }
    assert!(!said.contains("please report"), "{said}");
    said
}
