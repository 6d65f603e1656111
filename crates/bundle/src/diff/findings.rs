//! What changed among findings.

use super::{ResourceName, lists_all};
use crate::{BundleError, VerifiedBundle};
use annexa_model::{FindingStatus, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What changed among findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangedFindings {
    /// Asked for the first time, whatever the answer.
    pub new: Vec<FindingChange>,
    /// It fails now and did not before.
    pub broken: Vec<FindingChange>,
    /// It failed and passes now.
    pub mended: Vec<FindingChange>,
    /// Every other change: of status or severity.
    pub changed: Vec<FindingChange>,
    /// It failed and fails, and an exception covers it now.
    pub accepted: Vec<FindingChange>,
    /// It failed and fails, and no exception covers it any more.
    pub lapsed: Vec<FindingChange>,
    /// There was an answer, and now nobody knows.
    pub no_longer_observed: Vec<FindingChange>,
    /// The resource is gone, by a whole list.
    pub gone: Vec<FindingChange>,
    /// How many are as before.
    pub same: u64,
}

/// A finding that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingChange {
    /// The finding's id.
    pub id: String,
    /// The check, by its present name.
    pub check: String,
    /// The target.
    pub target: String,
    /// The resource's type.
    pub resource_type: String,
    /// The resource's own identity.
    pub resource: String,
    /// The severity.
    pub severity: Severity,
    /// The answer before; none: there was no such finding.
    pub from: Option<FindingStatus>,
    /// The answer now; none: there is no such finding.
    pub to: Option<FindingStatus>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The members of a finding that are compared.
#[derive(Clone, Deserialize)]
struct Slim {
    id: String,
    check: String,
    status: FindingStatus,
    severity: Severity,
    target: String,
    resource: SlimResource,
    exception: Option<String>,
}

#[derive(Clone, Deserialize)]
struct SlimResource {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    region: Option<String>,
}

impl Slim {
    /// The finding speaks of a list that could not be read, or that is empty.
    fn is_of_a_set(&self) -> bool {
        self.resource.id.ends_with("/*")
    }
}

impl ChangedFindings {
    pub(super) fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
    }

    /// The lists with the words for them, the worst first.
    pub(super) fn lists(&self) -> [(&'static str, &[FindingChange]); 8] {
        [
            ("broken", &self.broken),
            ("no longer accepted", &self.lapsed),
            ("no longer observed", &self.no_longer_observed),
            ("new", &self.new),
            ("newly accepted", &self.accepted),
            ("changed", &self.changed),
            ("mended", &self.mended),
            ("gone with their resources", &self.gone),
        ]
    }

    fn sort(&mut self) {
        let lists = [
            &mut self.new,
            &mut self.broken,
            &mut self.mended,
            &mut self.changed,
            &mut self.accepted,
            &mut self.lapsed,
            &mut self.no_longer_observed,
            &mut self.gone,
        ];
        for list in lists {
            list.sort_by(|a, b| {
                (&a.check, &a.target, &a.resource, &a.id).cmp(&(&b.check, &b.target, &b.resource, &b.id))
            });
        }
    }
}

fn read(bundle: &VerifiedBundle) -> Result<BTreeMap<String, Slim>, BundleError> {
    let findings = bundle.records_if_there::<Slim>("findings.jsonl")?;
    findings.map(|finding| finding.map(|finding| (finding.id.clone(), finding))).collect()
}

/// Targets and types of which the newer bundle says that a list could not be read.
pub(super) type UnreadTypes = BTreeSet<(String, String)>;

pub(super) fn compare(
    old: &VerifiedBundle,
    new: &VerifiedBundle,
    resources_now: &BTreeSet<ResourceName>,
) -> Result<(ChangedFindings, UnreadTypes), BundleError> {
    let (before, now) = (read(old)?, read(new)?);
    let asked = now.values().map(|finding| (&*finding.check, &*finding.target)).collect();
    let unread =
        now.values().filter(|finding| finding.is_of_a_set() && finding.status == FindingStatus::Unknown).collect();
    let seen = Seen { new, resources_now, asked, unread };
    let mut changes = ChangedFindings::default();
    for finding in now.values() {
        match before.get(&finding.id) {
            None => changes.new.push(change(None, Some(finding), None)),
            Some(earlier) => place(&mut changes, earlier, finding),
        }
    }
    for finding in before.values().filter(|finding| !now.contains_key(&finding.id)) {
        match seen.why_not(finding) {
            Some(why) => changes.no_longer_observed.push(change(Some(finding), None, Some(why))),
            None if finding.is_of_a_set() => {
                let why = "each resource has an answer of its own now";
                changes.changed.push(change(Some(finding), None, Some(why)));
            }
            None => changes.gone.push(change(Some(finding), None, None)),
        }
    }
    changes.sort();
    let unread = seen.unread.iter().map(|finding| (finding.target.clone(), finding.resource.kind.clone())).collect();
    Ok((changes, unread))
}

/// A finding that was there before and is there now.
fn place(changes: &mut ChangedFindings, earlier: &Slim, finding: &Slim) {
    use FindingStatus::{Fail, Pass, Unknown};
    let why = match (&earlier.exception, &finding.exception) {
        (None, Some(id)) => Some(format!("exception {id} covers it now")),
        (Some(id), None) => Some(format!("exception {id} covers it no longer")),
        _ if earlier.severity != finding.severity => Some("its severity is another".to_owned()),
        _ => None,
    };
    let list = match (earlier.status, finding.status) {
        (from, to) if from == to && why.is_none() => {
            changes.same += 1;
            return;
        }
        (from, Unknown) if from != Unknown => &mut changes.no_longer_observed,
        (from, Fail) if from != Fail => &mut changes.broken,
        (Fail, Pass) => &mut changes.mended,
        (Fail, Fail) if finding.exception.is_some() && earlier.exception.is_none() => &mut changes.accepted,
        (Fail, Fail) if finding.exception.is_none() && earlier.exception.is_some() => &mut changes.lapsed,
        _ => &mut changes.changed,
    };
    list.push(change(Some(earlier), Some(finding), why.as_deref()));
}

fn change(from: Option<&Slim>, to: Option<&Slim>, why: Option<&str>) -> FindingChange {
    let finding = to.or(from);
    let text = |pick: fn(&Slim) -> &str| finding.map(|finding| pick(finding).to_owned()).unwrap_or_default();
    FindingChange {
        id: text(|finding| &finding.id),
        check: text(|finding| &finding.check),
        target: text(|finding| &finding.target),
        resource_type: text(|finding| &finding.resource.kind),
        resource: text(|finding| &finding.resource.id),
        severity: finding.map_or(Severity::Info, |finding| finding.severity),
        from: from.map(|finding| finding.status),
        to: to.map(|finding| finding.status),
        why: why.map(str::to_owned),
    }
}

/// What the newer bundle saw.
struct Seen<'a> {
    new: &'a VerifiedBundle,
    resources_now: &'a BTreeSet<ResourceName>,
    /// Checks by the targets in which they were asked.
    asked: BTreeSet<(&'a str, &'a str)>,
    /// Findings that a list could not be read.
    unread: Vec<&'a Slim>,
}

impl Seen<'_> {
    /// Why an older finding has no successor although its resource may still be there; none when the resource is gone.
    fn why_not(&self, finding: &Slim) -> Option<&'static str> {
        if !self.new.manifest().targets.iter().any(|target| target.name == finding.target) {
            return Some("the target was not scanned");
        }
        if !self.asked.contains(&(&*finding.check, &*finding.target)) {
            return Some("the check was not asked there");
        }
        let same_region = |other: &Slim| {
            other.resource.region.is_none()
                || finding.resource.region.is_none()
                || other.resource.region == finding.resource.region
        };
        let is_of_it =
            |other: &&&Slim| other.check == finding.check && other.target == finding.target && same_region(other);
        let unread = self.unread.iter().find(is_of_it).is_some();
        if finding.is_of_a_set() {
            return None;
        }
        let still_there = ResourceName {
            kind: finding.resource.kind.clone(),
            target: finding.target.clone(),
            id: finding.resource.id.clone(),
        };
        if self.resources_now.contains(&still_there) {
            return Some("the check does not ask this resource any more");
        }
        let whole = lists_all(self.new, &finding.target, &finding.resource.kind);
        (unread || !whole).then_some("the list of these resources could not be read in full")
    }
}
