//! annexa.yaml: what to scan and with which inputs. Every error points into the file.

mod entry;
mod locker;
mod region;

pub(crate) use entry::TargetEntry;
pub(crate) use locker::LockerConfig;
pub(crate) use region::is_region;

use annexa_model::{Date, Edition, Target};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use annexa_tape::Privacy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A configuration that was read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file and its text as used.
    pub source: SourceFile,
    /// The folder that relative paths start from.
    pub base_dir: PathBuf,
    pub organization: String,
    pub edition: Edition,
    pub period: Option<Period>,
    pub targets: Vec<Target>,
    pub statement_of_applicability: Option<InputPath>,
    pub exceptions: Option<InputPath>,
    pub manual_evidence: Option<InputPath>,
    /// Folders with the company's own checks.
    pub checks: Vec<InputPath>,
    /// Folders with the company's own AWS service descriptions.
    pub services: Vec<InputPath>,
    pub privacy: Privacy,
    pub signing_key: Option<InputPath>,
    /// The folders of documents targets, by target.
    documents: BTreeMap<String, InputPath>,
    pub locker: LockerConfig,
}

/// The period under audit, both days included.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Period {
    pub from: Date,
    pub to: Date,
}

/// A path in the configuration, with its place for errors.
#[derive(Clone, Debug)]
pub(crate) struct InputPath {
    pub path: PathBuf,
    pub line: u64,
    pub column: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    organization: Spanned<String>,
    #[serde(default)]
    edition: Option<Spanned<Edition>>,
    #[serde(default)]
    period: Option<Spanned<Period>>,
    targets: Spanned<Vec<Spanned<TargetEntry>>>,
    #[serde(default)]
    statement_of_applicability: Option<Spanned<String>>,
    #[serde(default)]
    exceptions: Option<Spanned<String>>,
    #[serde(default)]
    manual_evidence: Option<Spanned<String>>,
    #[serde(default)]
    checks: Vec<Spanned<String>>,
    #[serde(default)]
    services: Vec<Spanned<String>>,
    #[serde(default)]
    privacy: Option<RawPrivacy>,
    #[serde(default)]
    signing: Option<RawSigning>,
    #[serde(default)]
    locker: Option<locker::RawLocker>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawPrivacy {
    Default,
    Full,
    Strict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSigning {
    #[serde(default)]
    key: Option<Spanned<String>>,
    #[serde(default)]
    timestamp_authority: Option<Spanned<String>>,
}

impl Config {
    /// Reads and checks a configuration file; every path in it must exist.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let file = SourceFile::new(shown.as_str(), "");
            vec![
                file.error(0, 0, format!("can't be read: {error}"))
                    .with_help("`annexa init` writes one; `-c FILE` names another"),
            ]
        })?;
        let base_dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let config = Self::parse(SourceFile::new(shown, text), base_dir)?;
        config.check_paths()?;
        Ok(config)
    }

    /// Reads the configuration that a bundle carries: its paths are not looked at.
    pub(crate) fn parse(source: SourceFile, base_dir: PathBuf) -> Result<Self, Vec<Diagnostic>> {
        let raw: RawConfig = source.parse_yaml().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        if raw.organization.value.trim().is_empty() {
            errors.push(source.error_at(&raw.organization, "the organization's name is empty"));
        }
        if let Some(period) = raw.period.as_ref().filter(|p| p.value.from > p.value.to) {
            errors.push(source.error_at(period, "the period ends before it begins"));
        }
        if let Some(authority) = raw.signing.as_ref().and_then(|s| s.timestamp_authority.as_ref()) {
            errors.push(
                source
                    .error_at(authority, "timestamps of an authority are not in this version of annexa")
                    .with_help("set `timestamp_authority: null`"),
            );
        }
        let locker = raw.locker.map(|locker| locker.check(&source, &mut errors)).unwrap_or_default();
        let targets = targets(&source, &raw.targets, &mut errors);
        let place = |path: Spanned<String>| InputPath {
            line: path.referenced.line(),
            column: path.referenced.column(),
            path: plain(&base_dir.join(path.value)),
        };
        let entries = raw.targets.value.iter().map(|entry| &entry.value);
        let documents =
            entries.filter_map(|entry| Some((entry.name.value.clone(), place(entry.documents()?.clone())))).collect();
        let config = Self {
            organization: raw.organization.value,
            edition: raw.edition.map_or(Edition::E2022, |e| e.value),
            period: raw.period.map(|p| p.value),
            targets,
            statement_of_applicability: raw.statement_of_applicability.map(place),
            exceptions: raw.exceptions.map(place),
            manual_evidence: raw.manual_evidence.map(place),
            checks: raw.checks.into_iter().map(place).collect(),
            services: raw.services.into_iter().map(place).collect(),
            privacy: match raw.privacy {
                None | Some(RawPrivacy::Default) => Privacy::Default,
                Some(RawPrivacy::Full) => Privacy::Full,
                Some(RawPrivacy::Strict) => Privacy::Strict,
            },
            signing_key: raw.signing.and_then(|s| s.key).map(place),
            documents,
            locker,
            source,
            base_dir,
        };
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// An error at a path of the configuration.
    pub(crate) fn error_at(&self, input: &InputPath, message: impl Into<String>) -> Diagnostic {
        self.source.error(input.line, input.column, message)
    }

    /// Whether the folders of these targets are there. Not asked when a tape is replayed, which needs none.
    pub(crate) fn check_documents(&self, targets: &[Target]) -> Result<(), Vec<Diagnostic>> {
        let folders = targets.iter().filter_map(|target| self.documents.get(&target.name));
        let errors: Vec<Diagnostic> =
            folders.filter(|input| !input.path.is_dir()).map(|input| self.no_folder(input)).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn no_folder(&self, input: &InputPath) -> Diagnostic {
        self.error_at(input, format!("the folder {} does not exist", input.path.display()))
    }

    fn check_paths(&self) -> Result<(), Vec<Diagnostic>> {
        let files = [&self.statement_of_applicability, &self.exceptions, &self.manual_evidence].into_iter().flatten();
        let missing = |input: &&InputPath| !input.path.exists();
        let mut errors: Vec<Diagnostic> = files
            .filter(missing)
            .map(|input| self.error_at(input, format!("the file {} does not exist", input.path.display())))
            .collect();
        let folders = self.checks.iter().chain(&self.services);
        errors.extend(folders.filter(|input| !input.path.is_dir()).map(|input| self.no_folder(input)));
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A path as people write it: `././key.pem` is `key.pem`.
fn plain(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

fn targets(source: &SourceFile, raw: &Spanned<Vec<Spanned<TargetEntry>>>, errors: &mut Vec<Diagnostic>) -> Vec<Target> {
    if raw.value.is_empty() {
        errors.push(source.error_at(raw, "there is no target to scan"));
    }
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut targets = Vec::new();
    for entry in &raw.value {
        let name = &entry.value.name;
        if let Some(line) = seen.insert(name.value.to_lowercase(), name.referenced.line()) {
            errors.push(
                source
                    .error_at(name, format!("two targets are named `{}`", name.value))
                    .with_help(format!("the first one stands in line {line}; give each its own name")),
            );
        }
        match entry.value.check(source, entry) {
            Ok(target) => targets.push(target),
            Err(mut found) => errors.append(&mut found),
        }
    }
    targets
}

#[cfg(test)]
mod tests;
