//! All that decides: the library and the company's own files, and what is made of them.

use crate::config::Config;
use annexa_annex::Catalogue;
use annexa_checks::{Check, Checks};
use annexa_model::{Exchange, ExchangeHead, Kind, RuleFiles, TypeSchema};
use annexa_source::Diagnostic;
use annexa_tape::Collector;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Where the company's own checks stand among the rule files.
pub(crate) const OWN_CHECKS: &str = annexa_checks::OWN_FOLDER;
/// Where the company's own AWS services stand among the rule files.
pub(crate) const OWN_SERVICES: &str = "aws/services/";
/// No rule file that people write is larger.
const LARGEST_RULE: u64 = 1024 * 1024;

/// Everything that decides, ready for use.
pub(crate) struct Rules {
    /// The files, as they go into the bundle.
    pub files: RuleFiles,
    pub catalogue: Catalogue,
    pub checks: Checks,
    pub schemas: Vec<TypeSchema>,
    /// Asks what the checks look at.
    pub aws: annexa_aws::Aws,
    collectors: BTreeMap<Kind, Arc<dyn Collector>>,
}

/// The library of this release.
pub(crate) fn library() -> RuleFiles {
    let mut files = RuleFiles::new();
    files.extend(annexa_annex::rules());
    files.extend(annexa_aws::rules());
    files.extend(annexa_checks::rules());
    files.extend(annexa_documents::rules());
    files.extend(annexa_github::rules());
    files.extend(annexa_kubernetes::rules());
    files
}

/// The library and the company's own checks and services.
pub(crate) fn with_own(config: &Config) -> Result<RuleFiles, Vec<Diagnostic>> {
    let mut files = library();
    let mut errors = Vec::new();
    for (folders, below) in [(&config.checks, OWN_CHECKS), (&config.services, OWN_SERVICES)] {
        for folder in folders {
            if let Err(message) = add_folder(&mut files, &folder.path, below) {
                errors.push(config.error_at(folder, message));
            }
        }
    }
    if errors.is_empty() {
        annexa_aws::add_shapes(&mut files)?;
        return Ok(files);
    }
    Err(errors)
}

/// Adds the YAML files of a folder below a place among the rule files, their relative paths kept.
pub(crate) fn add_folder(files: &mut RuleFiles, folder: &Path, below: &str) -> Result<(), String> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(current) = waiting.pop() {
        let entries =
            std::fs::read_dir(&current).map_err(|e| format!("the folder {} can't be read: {e}", current.display()))?;
        let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let kind = path.symlink_metadata().map_err(|e| format!("{} can't be read: {e}", path.display()))?;
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                add_file(files, folder, &path, below, kind.len())?;
            }
        }
    }
    Ok(())
}

fn add_file(files: &mut RuleFiles, folder: &Path, path: &Path, below: &str, size: u64) -> Result<(), String> {
    if size > LARGEST_RULE {
        return Err(format!("{} is larger than 1 MiB, which no rule file is", path.display()));
    }
    let bytes = std::fs::read(path).map_err(|e| format!("{} can't be read: {e}", path.display()))?;
    let relative = path.strip_prefix(folder).unwrap_or(path).with_extension("yaml");
    let relative = relative.to_string_lossy().replace('\\', "/");
    if files.insert(format!("{below}{relative}"), bytes) {
        return Ok(());
    }
    Err(format!("{} has the name of another rule file: give it its own", path.display()))
}

impl Rules {
    /// Reads rule files; mistakes in the company's own point into them.
    pub(crate) fn load(files: RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut rules = Self::load_with_examples(files)?;
        rules.checks.forget_examples();
        Ok(rules)
    }

    /// The same, for those who test the checks.
    pub(crate) fn load_with_examples(files: RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let catalogue = Catalogue::load(&files)?;
        let mut collectors: BTreeMap<Kind, Arc<dyn Collector>> = BTreeMap::new();
        let aws = annexa_aws::Aws::load(&files)?;
        collectors.insert(Kind::Kubernetes, Arc::new(annexa_kubernetes::Kubernetes::load(&files)?));
        collectors.insert(Kind::Github, Arc::new(annexa_github::Github::load(&files)?));
        collectors.insert(Kind::Documents, Arc::new(annexa_documents::DocumentsCollector::load(&files)?));
        let schemas: Vec<TypeSchema> =
            aws.schemas().into_iter().chain(collectors.values().flat_map(|c| c.schemas())).collect();
        let controls = catalogue.mappable_ids().into_iter().map(str::to_owned).collect();
        let checks = Checks::load(&files, &controls, &schemas)?;
        // each fact of AWS is a call: one that no rule looks at is not made
        let looked_at = looked_at(checks.iter(), &schemas);
        let aws = aws.asking(&|kind, fact| looked_at.get(kind).is_some_and(|facts| facts.contains(fact)));
        collectors.insert(Kind::Aws, Arc::new(aws.clone()));
        Ok(Self { files, catalogue, checks, schemas, aws, collectors })
    }

    /// The collector for a kind of target.
    pub(crate) fn collector(&self, kind: Kind) -> Option<&Arc<dyn Collector>> {
        self.collectors.get(&kind)
    }

    /// The ids of all checks.
    pub(crate) fn check_ids(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|check| check.id.as_str())
    }

    /// What people call a resource of a type.
    pub(crate) fn title_of(&self, kind: &str) -> &str {
        self.schemas.iter().find(|s| s.name == kind).map_or("", |s| s.title.as_str())
    }
}

/// The resource types, each with its facts, that some checks look at.
pub(crate) fn looked_at<'c>(
    checks: impl Iterator<Item = &'c Check>,
    schemas: &[TypeSchema],
) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (kind, facts) in checks.flat_map(|check| check.looks_at(schemas)) {
        all.entry(kind).or_default().extend(facts);
    }
    all
}

/// The same call for `aws`, `kubectl`, `gh` or `git`, where there is one.
pub(crate) fn reproduce(exchange: &Exchange) -> Option<String> {
    match exchange.kind {
        Kind::Aws => annexa_aws::reproduce(exchange),
        Kind::Kubernetes => Some(annexa_kubernetes::reproduce(exchange)),
        Kind::Github => annexa_github::reproduce(exchange),
        Kind::Documents => annexa_documents::reproduce(exchange),
        Kind::Import => None,
    }
}

/// Whether a host is the provider's own. A cluster's API server and a folder have no other host than the company's.
pub(crate) fn is_providers_own(exchange: &ExchangeHead) -> bool {
    let host = exchange.host.rsplit_once(':').map_or(exchange.host.as_str(), |(host, _)| host);
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| host.ends_with(s));
    match exchange.kind {
        Kind::Aws => ends(&[".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]),
        Kind::Github => host == "api.github.com" || ends(&[".ghe.com"]),
        Kind::Kubernetes | Kind::Documents | Kind::Import => true,
    }
}
