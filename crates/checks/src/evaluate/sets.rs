//! Findings for lists: those that could not be read whole, and those that are empty.

use super::ask::{Answer, write_down};
use super::world::World;
use crate::check::{Check, Question};
use annexa_model::{Finding, FindingStatus, ResourceRef, ResourceSet, SetState};
use serde_json::Map;
use std::collections::BTreeMap;

/// The findings of a check for the lists of the type that it asks.
pub(crate) fn of_sets(check: &Check, world: &World<'_>) -> Vec<Finding> {
    let kind = check.resource_type();
    let mut findings = Findings { check, world, by_id: BTreeMap::new() };
    let mut by_target: BTreeMap<&str, Vec<&ResourceSet>> = BTreeMap::new();
    for set in world.sets_of(kind) {
        by_target.entry(&set.target).or_default().push(set);
    }
    for (target, sets) in &by_target {
        findings.of_target(target, sets);
    }
    findings.by_id.into_values().collect()
}

/// The finding of a comparison whose asked side no target gives, while the other is there: a person must show it.
pub(crate) fn not_configured(check: &Check, world: &World<'_>) -> Option<Finding> {
    let Question::Given { left, right, .. } = &check.question else { return None };
    let other = if check.resource_type() == left.kind { &right.kind } else { &left.kind };
    if world.is_configured(check.resource_type()) || !world.is_configured(other) {
        return None;
    }
    let target = world.sets_of(other).map(|set| set.target.as_str()).min()?;
    let text = check.hand_in.as_deref().unwrap_or("people must show this");
    let answer = Answer::new(FindingStatus::Manual, format!("no target gives {}: {text}", check.resource_type()));
    Some(finding(check, world, answer, target, None, Vec::new()))
}

struct Findings<'f, 'a> {
    check: &'f Check,
    world: &'f World<'a>,
    by_id: BTreeMap<String, Finding>,
}

impl Findings<'_, '_> {
    fn of_target(&mut self, target: &str, sets: &[&ResourceSet]) {
        let kind = self.check.resource_type();
        let title = self.world.schemas.get(kind).map_or(kind, |schema| &schema.title);
        for set in sets {
            let answer = match &set.state {
                SetState::Complete => continue,
                SetState::Partial { reason, gap } => unread(title, "could not be read whole", reason, gap),
                SetState::Unobserved { reason, gap } => unread(title, "could not be read", reason, gap),
                SetState::NotApplicable { reason } => {
                    Answer::new(FindingStatus::NotApplicable, format!("{title}: {reason}"))
                }
            };
            self.add(answer, target, set.region.as_deref(), set.evidence.iter().map(String::as_str).collect());
        }
        let complete: Vec<_> = sets.iter().filter(|set| set.state == SetState::Complete).collect();
        let known = sets.iter().all(|set| matches!(set.state, SetState::Complete | SetState::NotApplicable { .. }));
        let some = self
            .world
            .of_type(kind)
            .iter()
            .filter_map(|index| self.world.subject(*index))
            .any(|s| s.resource.target == target);
        if known && !complete.is_empty() && !some {
            let answer = Answer::new(FindingStatus::NotApplicable, format!("{title}: there is none"));
            let evidence = complete.iter().flat_map(|set| set.evidence.iter().map(String::as_str)).collect();
            self.add(answer, target, None, evidence);
        }
    }

    fn add(&mut self, answer: Answer, target: &str, region: Option<&str>, evidence: Vec<&str>) {
        let finding = finding(self.check, self.world, answer, target, region, evidence);
        match self.by_id.get_mut(&finding.resource.id) {
            // one place, two lists: what is not known outweighs
            Some(known) => {
                known.evidence.extend(finding.evidence);
                known.evidence.sort();
                known.evidence.dedup();
                known.gaps.extend(finding.gaps);
                known.gaps.sort();
                known.gaps.dedup();
                if finding.status == FindingStatus::Unknown && known.status != FindingStatus::Unknown {
                    known.status = finding.status;
                    known.message = finding.message;
                }
            }
            None => {
                self.by_id.insert(finding.resource.id.clone(), finding);
            }
        }
    }
}

fn unread(title: &str, verb: &str, reason: &str, gap: &str) -> Answer {
    Answer {
        status: FindingStatus::Unknown,
        message: format!("{title}: the list {verb}: {reason}"),
        gaps: vec![gap.to_owned()],
    }
}

fn finding(
    check: &Check,
    world: &World<'_>,
    answer: Answer,
    target: &str,
    region: Option<&str>,
    evidence: Vec<&str>,
) -> Finding {
    let kind = check.resource_type();
    let id = match region {
        Some(region) => format!("{target}/{region}/*"),
        None => format!("{target}/*"),
    };
    let title = world.schemas.get(kind).map_or(kind, |schema| &schema.title);
    let resource = ResourceRef {
        kind: kind.to_owned(),
        name: format!("{title}: all"),
        region: region.map(str::to_owned),
        account: None,
        namespace: None,
        id,
    };
    write_down(check, answer, resource, target, Map::new(), evidence)
}
