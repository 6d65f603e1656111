//! What changed from one bundle to another.
//!
//! What is not observed any more is never taken for mended or gone: a target that was left out, a check that was not
//! asked, a list that could not be read.

mod findings;
mod text;

use crate::{BundleError, VerifiedBundle};
use annexa_model::{ControlStatus, Edition, Listed, Selection, Timestamp};
use findings::UnreadTypes;
pub use findings::{ChangedFindings, FindingChange};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What changed from one bundle to another. All lists are sorted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The older bundle.
    pub old: Side,
    /// The newer bundle.
    pub new: Side,
    /// Whether the newer one says that the older one is the bundle before it.
    pub follows: bool,
    /// Targets that were not scanned before.
    pub targets_added: Vec<String>,
    /// Targets that were not scanned this time.
    pub targets_removed: Vec<String>,
    /// Findings.
    pub findings: ChangedFindings,
    /// Resources.
    pub resources: ChangedResources,
    /// Gaps that were not there before.
    pub gaps_new: Vec<GapName>,
    /// Gaps of targets scanned both times that are not there any more.
    pub gaps_closed: Vec<GapName>,
    /// Gaps that an exception accepts now and none did before.
    pub gaps_accepted: Vec<GapName>,
    /// Gaps that no exception accepts any more.
    pub gaps_lapsed: Vec<GapName>,
    /// Rules that were not there before.
    pub rules_added: Vec<String>,
    /// Rules that are not there any more.
    pub rules_removed: Vec<String>,
    /// Rules of the same name and another content.
    pub rules_changed: Vec<String>,
    /// Controls with another status.
    pub controls: Vec<ControlChange>,
}

/// One of the two bundles.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Its manifest's digest.
    pub digest: String,
    /// The time that its findings speak of.
    pub as_of: Timestamp,
    /// Its number in its chain.
    pub sequence: u64,
    /// The release that decided.
    pub engine_version: String,
    /// The key that its manifest names.
    pub key_id: Option<String>,
    /// Full or partial.
    pub selection: Selection,
}

/// Resources that came or went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangedResources {
    /// Not there before.
    pub new: Vec<ResourceName>,
    /// Not there any more, by a whole list.
    pub gone: Vec<ResourceName>,
    /// Not seen any more; nobody knows whether they are there.
    pub no_longer_observed: Vec<ResourceName>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceName {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its target.
    pub target: String,
    /// Its own identity.
    pub id: String,
}

/// A gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GapName {
    /// The target.
    pub target: String,
    /// The operation.
    pub operation: String,
    /// What it was asked about.
    pub subject: String,
    /// The provider's words.
    pub message: String,
    /// The gap's id.
    pub id: String,
}

/// A control with another status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlChange {
    /// The edition.
    pub edition: Edition,
    /// The control.
    pub id: String,
    /// Before; none: it was not there.
    pub from: Option<ControlStatus>,
    /// Now; none: it is not there.
    pub to: Option<ControlStatus>,
}

/// Says what changed from `old` to `new`.
///
/// # Errors
/// A file of one of them can't be read.
pub fn diff(old: &VerifiedBundle, new: &VerifiedBundle) -> Result<Diff, BundleError> {
    let (before, after) = (old.manifest(), new.manifest());
    let (old_targets, new_targets) = (targets(old), targets(new));
    let resources_now = resources(new)?;
    let (findings, unread) = findings::compare(old, new, &resources_now)?;
    let (rules_before, rules_now) = (before.rule_digests(), after.rule_digests());
    let changed_rules = rules_now.iter().filter(|(path, digest)| rules_before.get(*path).is_some_and(|d| d != *digest));
    let (gaps_before, gaps_now) = (gaps(old)?, gaps(new)?);
    let (accepted_before, accepted_now) = (accepted_gaps(old)?, accepted_gaps(new)?);
    let is_accepted = |gap: &&GapName, by: &BTreeSet<(String, String)>| by.contains(&gap.key());
    let newly = |gap: &&GapName| is_accepted(gap, &accepted_now) && !is_accepted(gap, &accepted_before);
    let lapsed = |gap: &&GapName| is_accepted(gap, &accepted_before) && !is_accepted(gap, &accepted_now);
    let closed = gaps_before.difference(&gaps_now).filter(|gap| new_targets.contains(&gap.target));
    Ok(Diff {
        old: side(old),
        new: side(new),
        follows: after.previous.as_ref() == Some(&before.digest),
        targets_added: new_targets.difference(&old_targets).cloned().collect(),
        targets_removed: old_targets.difference(&new_targets).cloned().collect(),
        findings,
        resources: compare_resources(&resources(old)?, &resources_now, new, &unread),
        gaps_new: gaps_now.difference(&gaps_before).cloned().collect(),
        gaps_closed: closed.cloned().collect(),
        gaps_accepted: gaps_now.iter().filter(newly).cloned().collect(),
        gaps_lapsed: gaps_now.iter().filter(lapsed).cloned().collect(),
        rules_added: rules_now.keys().filter(|path| !rules_before.contains_key(*path)).cloned().collect(),
        rules_removed: rules_before.keys().filter(|path| !rules_now.contains_key(*path)).cloned().collect(),
        rules_changed: changed_rules.map(|(path, _)| path.clone()).collect(),
        controls: compare_controls(old, new)?,
    })
}

impl Diff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let resources = &self.resources;
        let names =
            [&self.targets_added, &self.targets_removed, &self.rules_added, &self.rules_removed, &self.rules_changed];
        names.iter().all(|list| list.is_empty())
            && self.findings.is_empty()
            && [&resources.new, &resources.gone, &resources.no_longer_observed].iter().all(|list| list.is_empty())
            && self.gaps_new.is_empty()
            && self.gaps_closed.is_empty()
            && self.gaps_accepted.is_empty()
            && self.gaps_lapsed.is_empty()
            && self.controls.is_empty()
    }
}

fn side(bundle: &VerifiedBundle) -> Side {
    let manifest = bundle.manifest();
    Side {
        digest: manifest.digest.clone(),
        as_of: manifest.as_of,
        sequence: manifest.sequence,
        engine_version: manifest.engine.version.clone(),
        key_id: manifest.signed_by.as_ref().map(|signer| signer.key_id.clone()),
        selection: manifest.selection.clone(),
    }
}

fn targets(bundle: &VerifiedBundle) -> BTreeSet<String> {
    bundle.manifest().targets.iter().map(|target| target.name.clone()).collect()
}

fn resources(bundle: &VerifiedBundle) -> Result<BTreeSet<ResourceName>, BundleError> {
    bundle.records_if_there("resources.jsonl")?.collect()
}

fn gaps(bundle: &VerifiedBundle) -> Result<BTreeSet<GapName>, BundleError> {
    bundle.records_if_there("gaps.jsonl")?.collect()
}

/// The gaps that an exception accepts, by target and id.
fn accepted_gaps(bundle: &VerifiedBundle) -> Result<BTreeSet<(String, String)>, BundleError> {
    let gaps = bundle.records_if_there::<Gap>("gaps.jsonl")?;
    let accepted = gaps.filter_map(|gap| match gap {
        Ok(gap) => gap.exception.is_some().then_some(Ok((gap.target, gap.id))),
        Err(error) => Some(Err(error)),
    });
    accepted.collect()
}

impl GapName {
    fn key(&self) -> (String, String) {
        (self.target.clone(), self.id.clone())
    }
}

/// What is compared of a gap besides its name.
#[derive(Deserialize)]
struct Gap {
    target: String,
    id: String,
    #[serde(default)]
    exception: Option<String>,
}

/// Whether a bundle lists all resources of a type in a target.
fn lists_all(bundle: &VerifiedBundle, target: &str, kind: &str) -> bool {
    let target = bundle.manifest().targets.iter().find(|record| record.name == target);
    let record = target.and_then(|target| target.types.iter().find(|record| record.kind == kind));
    record.is_some_and(|record| matches!(record.listed, Listed::Complete | Listed::NotApplicable))
}

fn compare_resources(
    before: &BTreeSet<ResourceName>,
    now: &BTreeSet<ResourceName>,
    new: &VerifiedBundle,
    unread: &UnreadTypes,
) -> ChangedResources {
    let is_gone = |resource: &ResourceName| {
        lists_all(new, &resource.target, &resource.kind)
            && !unread.contains(&(resource.target.clone(), resource.kind.clone()))
    };
    let (gone, no_longer_observed) = before.difference(now).cloned().partition(is_gone);
    ChangedResources { new: now.difference(before).cloned().collect(), gone, no_longer_observed }
}

fn compare_controls(old: &VerifiedBundle, new: &VerifiedBundle) -> Result<Vec<ControlChange>, BundleError> {
    let statuses = |bundle: &VerifiedBundle| -> Result<BTreeMap<(Edition, String), ControlStatus>, BundleError> {
        if bundle.manifest().file("controls.json").is_none() {
            return Ok(BTreeMap::new());
        }
        Ok(bundle.controls()?.into_iter().map(|control| ((control.edition, control.id), control.status)).collect())
    };
    let (before, now) = (statuses(old)?, statuses(new)?);
    let keys: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let change = |key: &(Edition, String)| {
        let (from, to) = (before.get(key).copied(), now.get(key).copied());
        (from != to).then(|| ControlChange { edition: key.0, id: key.1.clone(), from, to })
    };
    Ok(keys.into_iter().filter_map(change).collect())
}
