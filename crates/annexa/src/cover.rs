//! From what was derived to what pages and manifest say of a bundle as a whole.

use crate::derive::Derived;
use crate::rules::{Rules, reproduce};
use annexa_bundle::RuleComparison;
use annexa_model::{
    ENGINE_VERSION, Edition, Exchange, FailureKind, Period, Selection, Settings, Target, TargetRecord, Timestamp,
    sha256_hex,
};
use annexa_report::{
    Changes, Cover, Exchanges, HostReport, Previous, Recorded, RecordedHead, ReportInput, RulesReport, TargetReport,
    TypeCount,
};
use annexa_tape::Evidence;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::OnceLock;

/// What a bundle says of itself beside what is derived. `reperform` takes it from the manifest.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub organization: String,
    pub edition: Edition,
    pub period: Option<Period>,
    pub selection: Selection,
    pub as_of: Timestamp,
    pub privacy: String,
    pub signed_by: Option<String>,
    pub sequence: u64,
    pub previous: Option<String>,
    /// What the answers were replayed from; an input of the bundle.
    pub replayed: Option<String>,
    pub rules: RuleComparison,
}

/// Everything that a report needs, owned.
pub(crate) struct Pages<'a> {
    cover: Cover,
    targets: Vec<TargetReport>,
    places: Places<'a>,
    derived: &'a Derived,
    changes: Option<Changes>,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(
        about: &About,
        rules: &Rules,
        targets: &[Target],
        derived: &'a Derived,
        evidence: &'a Evidence,
        changes: Option<Changes>,
    ) -> io::Result<Self> {
        Ok(Self {
            cover: cover(about, derived),
            targets: derived.targets.iter().map(|record| target(record, rules, targets, derived)).collect(),
            places: Places::new(evidence)?,
            derived,
            changes,
        })
    }

    /// The input of all report formats.
    pub(crate) fn input(&self) -> ReportInput<'_> {
        ReportInput {
            cover: &self.cover,
            targets: &self.targets,
            controls: &self.derived.controls,
            findings: &self.derived.findings,
            checks: &self.derived.checks,
            gaps: &self.derived.gaps,
            sets: &self.derived.sets,
            resources: &self.derived.resources,
            exceptions: &self.derived.exceptions,
            changes: self.changes.as_ref(),
            exchanges: &self.places,
            reproduce: &reproduce,
        }
    }
}

fn cover(about: &About, derived: &Derived) -> Cover {
    Cover {
        organization: about.organization.clone(),
        as_of: about.as_of,
        observed: derived.observed,
        period: about.period.map(|p| (p.from, p.to)),
        edition: about.edition,
        selection: match &about.selection {
            Selection::Full => annexa_report::Selection::default(),
            Selection::Partial { targets, checks } => {
                annexa_report::Selection { targets: targets.clone(), checks: checks.clone() }
            }
        },
        signed_by: about.signed_by.clone(),
        sequence: about.sequence,
        previous: about.previous.clone().map(|digest| Previous {
            sequence: about.sequence.saturating_sub(1),
            digest,
            as_of: None,
        }),
        engine_version: ENGINE_VERSION.to_owned(),
        rules: RulesReport {
            release: about.rules.release.clone(),
            own: about.rules.own.clone(),
            changed: about.rules.changed.clone(),
            left_out: about.rules.left_out.clone(),
        },
        privacy: about.privacy.clone(),
        replayed: about.replayed.clone(),
        evidence_digest: derived.evidence_digest.clone(),
    }
}

fn target(record: &TargetRecord, rules: &Rules, targets: &[Target], derived: &Derived) -> TargetReport {
    let denied =
        derived.gaps.iter().filter(|g| g.target == record.name && g.kind == FailureKind::Denied).count() as u64;
    let mut hosts: BTreeMap<&str, HostReport> = BTreeMap::new();
    for host in &record.hosts {
        let report = hosts.entry(&host.host).or_insert_with(|| HostReport {
            host: host.host.clone(),
            tls: Vec::new(),
            provider_own: host.providers_own,
        });
        report.tls.push(host.tls.clone());
    }
    TargetReport {
        name: record.name.clone(),
        kind: record.kind,
        identity: record.identity.clone(),
        hosts: hosts.into_values().collect(),
        clock_difference: record.clock_difference_seconds.map(|seconds| seconds as f64),
        asked: record.exchanges,
        answered: record.exchanges.saturating_sub(record.failed),
        denied,
        failed: record.failed.saturating_sub(denied),
        left_out: targets.iter().find(|t| t.name == record.name).map(left_out).unwrap_or_default(),
        types: record
            .types
            .iter()
            .map(|t| TypeCount {
                kind: t.kind.clone(),
                title: rules.title_of(&t.kind).to_owned(),
                found: t.asked + t.excluded,
                asked: t.asked,
                answered: t.answered,
                denied: t.denied,
                excluded: t.excluded,
                counted: t.counted,
            })
            .collect(),
    }
}

/// What the configuration leaves out of a target, in words.
fn left_out(target: &Target) -> Vec<String> {
    match &target.settings {
        Settings::Kubernetes(settings) => {
            settings.namespaces.exclude.iter().map(|n| format!("namespace {n}")).collect()
        }
        _ => Vec::new(),
    }
}

/// Where each exchange stands.
struct Places<'a> {
    evidence: &'a Evidence,
    paths: Vec<&'a str>,
    by_id: HashMap<String, Place>,
}

struct Place {
    /// The file, among the paths.
    file: usize,
    line: u64,
    offset: usize,
    length: usize,
    digest: String,
    /// The exchange once it was asked for, while all that are held stay below [`HELD`]; others are read each time.
    held: Option<OnceLock<Option<Exchange>>>,
}

/// How many bytes of evidence are held in memory for the pages.
const HELD: usize = 8 * 1024 * 1024;

/// All that placing an exchange needs of it.
#[derive(Deserialize)]
struct OnlyId<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl<'a> Places<'a> {
    fn new(evidence: &'a Evidence) -> io::Result<Self> {
        let paths: Vec<&str> = evidence.paths().collect();
        let placed: Vec<_> = paths
            .par_iter()
            .enumerate()
            .map(|(file, path)| of_file(evidence, file, path))
            .collect::<io::Result<_>>()?;
        let mut by_id = HashMap::new();
        let mut held = 0;
        for (id, mut place) in placed.into_iter().flatten() {
            held += place.length;
            place.held = (held <= HELD).then(OnceLock::new);
            by_id.entry(id).or_insert(place);
        }
        Ok(Self { evidence, paths, by_id })
    }

    fn read<T: DeserializeOwned>(&self, place: &Place) -> Option<T> {
        let path = self.paths.get(place.file)?;
        // the evidence was read before: what can't be read now is shown as missing
        let line = self.evidence.slice(path, place.offset, place.length).ok()?;
        serde_json::from_slice(&line).ok()
    }

    fn file(&self, place: &Place) -> Cow<'static, str> {
        Cow::Owned(format!("evidence/{}", self.paths.get(place.file).copied().unwrap_or_default()))
    }
}

/// The lines of a file by the ids of their exchanges.
fn of_file(evidence: &Evidence, file: usize, path: &str) -> io::Result<Vec<(String, Place)>> {
    let bytes = evidence.read(path)?;
    let mut offset = 0;
    let mut placed = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.is_empty() {
            let id = match id_in_front(line) {
                Some(id) => id.to_owned(),
                None => serde_json::from_slice::<OnlyId<'_>>(line).map_err(io::Error::other)?.id.into_owned(),
            };
            let (line_number, length, digest) = (number as u64 + 1, line.len(), sha256_hex(line));
            placed.push((id, Place { file, line: line_number, offset, length, digest, held: None }));
        }
        offset += line.len() + 1;
    }
    Ok(placed)
}

/// The id of an exchange where it stands as annexa writes it, so that the rest need not be read for it.
fn id_in_front(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"{\"id\":\"")?;
    let id = rest.split(|byte| *byte == b'"').next()?;
    if id.contains(&b'\\') { None } else { std::str::from_utf8(id).ok() }
}

impl Exchanges for Places<'_> {
    fn head(&self, id: &str) -> Option<RecordedHead<'_>> {
        let place = self.by_id.get(id)?;
        let exchange = self.read(place)?;
        let (file, digest) = (self.file(place), Cow::Borrowed(place.digest.as_str()));
        Some(RecordedHead { exchange, file, line: place.line, digest })
    }

    fn get(&self, id: &str) -> Option<Recorded<'_>> {
        let place = self.by_id.get(id)?;
        let exchange = match &place.held {
            Some(held) => Cow::Borrowed(held.get_or_init(|| self.read(place)).as_ref()?),
            None => Cow::Owned(self.read(place)?),
        };
        let (file, digest) = (self.file(place), Cow::Borrowed(place.digest.as_str()));
        Some(Recorded { exchange, file, line: place.line, digest })
    }
}
