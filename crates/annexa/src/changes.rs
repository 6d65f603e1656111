//! What is different from the previous bundle, for the pages.

use crate::bundles;
use crate::derive::Derived;
use crate::failure::Failure;
use annexa_bundle::VerifiedBundle;
use annexa_model::{ControlStatus, Edition, Finding, Gap, Resource, ResourceRef, RuleFiles, SetState};
use annexa_report::{Changes, ControlChange, FindingChange, GapChange};
use std::collections::{BTreeMap, BTreeSet};

/// Compares what was derived with the previous bundle. What is not observed any more is not called mended or gone.
pub(crate) fn since(previous: &VerifiedBundle, derived: &Derived, rules: &RuleFiles) -> Result<Changes, Failure> {
    let mut before: BTreeMap<(String, String), Finding> = BTreeMap::new();
    for finding in previous.records::<Finding>("findings.jsonl").map_err(bundles::failure)? {
        let finding = finding.map_err(bundles::failure)?;
        before.insert((finding.target.clone(), finding.id.clone()), finding);
    }
    let mut old: BTreeMap<(String, String, String), ResourceRef> = BTreeMap::new();
    for resource in previous.records::<Resource>("resources.jsonl").map_err(bundles::failure)? {
        let resource = resource.map_err(bundles::failure)?;
        old.insert(key(&resource), ResourceRef::from(&resource));
    }
    let now: BTreeSet<(String, String, String)> = derived.resources.iter().map(key).collect();
    let fresh = derived.resources.iter().filter(|resource| !old.contains_key(&key(resource)));
    let gone = old.iter().filter(|(key, _)| !now.contains(*key) && is_whole(derived, &key.0, &key.1));
    Ok(Changes {
        findings: findings(before, derived),
        resources_new: fresh.map(ResourceRef::from).collect(),
        resources_gone: gone.map(|(_, resource)| resource.clone()).collect(),
        controls: controls(previous, derived)?,
        rules: changed_rules(previous, rules),
        gaps: gaps(previous, derived)?,
    })
}

fn key(resource: &Resource) -> (String, String, String) {
    (resource.kind.clone(), resource.target.clone(), resource.id.clone())
}

/// Whether all resources of a type in a target are known.
fn is_whole(derived: &Derived, kind: &str, target: &str) -> bool {
    let mut sets = derived.sets.iter().filter(|set| set.kind == kind && set.target == target).peekable();
    sets.peek().is_some() && sets.all(|set| matches!(set.state, SetState::Complete))
}

fn findings(mut before: BTreeMap<(String, String), Finding>, derived: &Derived) -> Vec<FindingChange> {
    let mut changes = Vec::new();
    for finding in &derived.findings {
        let old = before.remove(&(finding.target.clone(), finding.id.clone()));
        let (status, accepted) = old.map_or((None, None), |old| (Some(old.status), old.exception));
        // that another exception covers it is no news
        if status != Some(finding.status) || accepted.is_some() != finding.exception.is_some() {
            let change = change(finding, status, Some(finding.status));
            changes.push(FindingChange {
                accepted_before: accepted,
                accepted_now: finding.exception.clone(),
                ..change
            });
        }
    }
    changes.extend(before.into_values().map(|finding| {
        let change = change(&finding, Some(finding.status), None);
        FindingChange { accepted_before: finding.exception, ..change }
    }));
    changes
}

fn change(
    finding: &Finding,
    before: Option<annexa_model::FindingStatus>,
    now: Option<annexa_model::FindingStatus>,
) -> FindingChange {
    FindingChange {
        id: finding.id.clone(),
        check: finding.check.clone(),
        target: finding.target.clone(),
        resource: finding.resource.clone(),
        before,
        now,
        message: finding.message.clone(),
        accepted_before: None,
        accepted_now: None,
    }
}

/// Gaps that became accepted, or no longer are though they are still there.
fn gaps(previous: &VerifiedBundle, derived: &Derived) -> Result<Vec<GapChange>, Failure> {
    let mut before: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    for gap in previous.records::<Gap>("gaps.jsonl").map_err(bundles::failure)? {
        let gap = gap.map_err(bundles::failure)?;
        before.insert((gap.target, gap.id), gap.exception);
    }
    let changed = derived.gaps.iter().filter_map(|gap| {
        let accepted_before = before.remove(&(gap.target.clone(), gap.id.clone())).flatten();
        (accepted_before.is_some() != gap.exception.is_some()).then(|| GapChange {
            id: gap.id.clone(),
            target: gap.target.clone(),
            operation: gap.operation.clone(),
            subject: gap.subject.clone(),
            accepted_before,
            accepted_now: gap.exception.clone(),
        })
    });
    Ok(changed.collect())
}

fn controls(previous: &VerifiedBundle, derived: &Derived) -> Result<Vec<ControlChange>, Failure> {
    let old: BTreeMap<(Edition, String), ControlStatus> = previous
        .controls()
        .map_err(bundles::failure)?
        .into_iter()
        .map(|control| ((control.edition, control.id), control.status))
        .collect();
    let changed = derived.controls.iter().filter_map(|control| {
        let before = *old.get(&(control.edition, control.id.clone()))?;
        let change = ControlChange { edition: control.edition, id: control.id.clone(), before, now: control.status };
        (before != control.status).then_some(change)
    });
    Ok(changed.collect())
}

/// Rule files that changed, came or went.
fn changed_rules(previous: &VerifiedBundle, rules: &RuleFiles) -> Vec<String> {
    let (old, new) = (previous.manifest().rule_digests(), rules.digests());
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths.into_iter().filter(|path| old.get(*path) != new.get(*path)).cloned().collect()
}
