//! The rule files that a bundle carries: all that decides comes out of them when a bundle is derived again.
//!
//! An input is: the number of a file of the library (2 bytes), and what stands in its place.

use super::{choice, seed};
use crate::demo;
use crate::rules::said;
use annexa_annex::Catalogue;
use annexa_aws::Aws;
use annexa_documents::DocumentsCollector;
use annexa_github::Github;
use annexa_kubernetes::Kubernetes;
use annexa_model::{Kind, RuleFiles};
use annexa_source::Diagnostic;
use annexa_tape::{Collector, Evidence};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Shapes of AWS's services are long; those of these are enough.
const SERVICES: [&str; 3] = ["sts", "kms", "backup"];
const LONGEST_SEED: usize = 48 * 1024;

pub(crate) fn run(data: &[u8]) {
    let (low, data) = choice(data);
    let (high, data) = choice(data);
    let Some((path, _)) = library().iter().nth((high * 256 + low) % library().iter().count().max(1)) else { return };
    let folder = path.split('/').next().unwrap_or_default();
    let mut files = RuleFiles::new();
    files.insert(path, data.to_vec());
    for (other, bytes) in library().iter().filter(|(other, _)| other.split('/').next() == Some(folder)) {
        files.insert(other, bytes);
    }
    said(&load(folder, &files).err().unwrap_or_default());
}

/// Loads what stands in a folder, and derives the demo with it.
fn load(folder: &str, files: &RuleFiles) -> Result<(), Vec<Diagnostic>> {
    match folder {
        "aws" => derive(&Aws::load(files)?),
        "kubernetes" => derive(&Kubernetes::load(files)?),
        "github" => derive(&Github::load(files)?),
        "documents" => derive(&DocumentsCollector::load(files)?),
        _ => {
            let catalogue = Catalogue::load(files)?;
            let _ = catalogue.to_2013(catalogue.mappable_ids());
        }
    }
    Ok(())
}

fn derive(collector: &dyn Collector) {
    collector.schemas();
    collector.extract(&demo::target(collector.kind()), evidence(collector.kind()));
}

fn evidence(kind: Kind) -> &'static Evidence {
    static ALL: OnceLock<Vec<(Kind, Evidence)>> = OnceLock::new();
    let some = |kind: Kind| {
        let mut operations = BTreeSet::new();
        let wanted =
            |operation: &str| kind != Kind::Aws || SERVICES.contains(&operation.split(':').next().unwrap_or(""));
        let exchanges =
            demo::tape(kind).iter().filter(|e| wanted(&e.operation) && operations.insert(e.operation.clone()));
        (kind, Evidence::from_exchanges(exchanges.cloned().collect()))
    };
    let all = ALL.get_or_init(|| Kind::ALL.into_iter().map(some).collect());
    all.iter().find(|(known, _)| *known == kind).map(|(_, evidence)| evidence).expect("each kind has evidence")
}

/// The library's rule files but checks, with few of AWS's services.
fn library() -> &'static RuleFiles {
    static LIBRARY: OnceLock<RuleFiles> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut files = RuleFiles::new();
        for (path, bytes) in demo::library().iter().filter(|(path, _)| !path.starts_with("checks/")) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let service = name.split('.').next().unwrap_or_default();
            let is_service = path.starts_with("aws/services/") || path.starts_with("aws/shapes/");
            if !is_service || SERVICES.contains(&service) || !name.contains('.') || service == "partitions" {
                files.insert(path, bytes);
            }
        }
        files
    })
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let short = library().iter().enumerate().filter(|(_, (_, bytes))| bytes.len() <= LONGEST_SEED);
    short.map(|(number, (_, bytes))| seed(&[number % 256, number / 256], bytes)).collect()
}
