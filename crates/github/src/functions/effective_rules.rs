//! The rules that hold on a branch: all active rulesets and the classic protection together, the strictest wins.
//!
//! Reading one side only is the known cause of false alarms (rules live in rulesets) and of false calm (what is hidden
//! is not there). So a rule is in force when one side shows it; it is not in force when both sides were seen.

use crate::walk::{FactState, Thing};
use annexa_model::{Reason, UnobservedState};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The yes/no rules, as they stand in the fact.
const FLAGS: [&str; 16] = [
    "requires_pull_request",
    "requires_review",
    "requires_two_reviews",
    "requires_code_owner_review",
    "dismisses_stale_reviews",
    "requires_last_push_approval",
    "requires_status_checks",
    "requires_up_to_date",
    "requires_signatures",
    "requires_linear_history",
    "requires_conversation_resolution",
    "blocks_force_push",
    "blocks_deletion",
    "restricts_push",
    "restricts_review_dismissal",
    "requires_scanning",
];

/// One place that demands rules: a ruleset, or the classic protection.
#[derive(Default)]
struct Source {
    flags: BTreeSet<&'static str>,
    approvals: u64,
    checks: BTreeSet<String>,
}

impl Source {
    fn demand(&mut self, flag: &'static str, wanted: bool) {
        if wanted {
            self.flags.insert(flag);
        }
    }

    fn approvals(&mut self, count: u64) {
        self.approvals = self.approvals.max(count);
        self.demand("requires_review", count >= 1);
        self.demand("requires_two_reviews", count >= 2);
    }

    fn check(&mut self, name: &str) {
        self.checks.insert(name.to_owned());
        self.flags.insert("requires_status_checks");
    }
}

/// The fact `effective`, from the facts with the branch's rules, its classic protection, and the rulesets.
pub(super) fn effective_rules(thing: &Thing, of: &[&str]) -> FactState {
    let [rules, protection, rulesets] = of else { return FactState::default() };
    let none = FactState::default();
    let fact = |name: &str| thing.facts.get(name).unwrap_or(&none);
    let (rules, protection, rulesets) = (fact(rules), fact(protection), fact(rulesets));
    let missing = rules.hidden().or_else(|| rules.partial()).or_else(|| protection.hidden());

    let mut sources: Vec<(Source, Result<bool, Reason>)> = by_ruleset(rules)
        .into_iter()
        .map(|(ruleset, source)| (source, binds_administrators(rulesets, ruleset)))
        .collect();
    if let Some(classic) = protection.value.as_ref() {
        sources.push((classic_source(classic), Ok(enabled(classic, "enforce_admins"))));
    }

    let mut facts = Map::new();
    let mut holes = Vec::new();
    let mut hide = |name: &str, state, reason: &Reason| holes.push((format!("/{name}"), state, reason.clone()));
    for flag in FLAGS {
        match (sources.iter().any(|(source, _)| source.flags.contains(flag)), missing) {
            (true, _) => facts.insert(flag.to_owned(), true.into()),
            (false, None) => facts.insert(flag.to_owned(), false.into()),
            (false, Some(reason)) => {
                hide(flag, UnobservedState::Unobserved, reason);
                None
            }
        };
    }
    let protected = sources.iter().any(|(source, _)| !source.flags.is_empty());
    match (protected, missing) {
        (false, Some(reason)) => hide("protected", UnobservedState::Unobserved, reason),
        (protected, _) => drop(facts.insert("protected".to_owned(), protected.into())),
    }
    let not_in_plan = rules.not_in_plan || protection.not_in_plan;
    match missing {
        Some(reason) if !not_in_plan && rules.value.is_none() => hide("in_plan", UnobservedState::Unobserved, reason),
        _ => drop(facts.insert("in_plan".to_owned(), (!not_in_plan).into())),
    }
    let checks: BTreeSet<&String> = sources.iter().flat_map(|(source, _)| &source.checks).collect();
    facts.insert("required_checks".to_owned(), json!(checks));
    match missing {
        None => {
            let approvals = sources.iter().map(|(source, _)| source.approvals).max().unwrap_or(0);
            facts.insert("required_approvals".to_owned(), approvals.into());
        }
        Some(reason) => {
            hide("required_approvals", UnobservedState::Unobserved, reason);
            hide("required_checks", UnobservedState::Partial, reason);
        }
    }
    match all_bind(&sources, missing) {
        Ok(binds) => drop(facts.insert("binds_administrators".to_owned(), binds.into())),
        Err(reason) => hide("binds_administrators", UnobservedState::Unobserved, &reason),
    }
    let evidence = [rules, protection, rulesets].into_iter().flat_map(|state| state.evidence.clone()).collect();
    FactState { value: Some(Value::Object(facts)), holes, evidence, not_in_plan }
}

/// Whether each rule in force binds administrators through at least one of the places that demand it.
/// Without any rule nothing binds them.
fn all_bind(sources: &[(Source, Result<bool, Reason>)], missing: Option<&Reason>) -> Result<bool, Reason> {
    let flags: BTreeSet<&str> = sources.iter().flat_map(|(source, _)| source.flags.iter().copied()).collect();
    let mut unknown = missing.cloned();
    if flags.is_empty() {
        return unknown.map_or(Ok(false), Err);
    }
    for flag in flags {
        let demanding = || sources.iter().filter(|(source, _)| source.flags.contains(flag)).map(|(_, binds)| binds);
        if demanding().any(|binds| *binds == Ok(true)) {
            continue;
        }
        match demanding().find_map(|binds| binds.as_ref().err()) {
            // one that is hidden may bind them
            Some(reason) => unknown = unknown.or_else(|| Some(reason.clone())),
            // a side that was not seen could still bind them
            None if missing.is_none() => return Ok(false),
            None => {}
        }
    }
    unknown.map_or(Ok(true), Err)
}

/// Whether a ruleset binds administrators: none of those who may bypass it are administrators by role.
fn binds_administrators(rulesets: &FactState, ruleset: Option<u64>) -> Result<bool, Reason> {
    let unseen = || Reason { reason: "who may bypass the ruleset was not seen".to_owned(), gap: None };
    let hidden = || rulesets.hidden().or_else(|| rulesets.partial()).cloned().unwrap_or_else(unseen);
    let items = rulesets.value.as_ref().and_then(Value::as_array).ok_or_else(hidden)?;
    let place = items.iter().position(|item| ruleset.is_some() && item.get("id").and_then(Value::as_u64) == ruleset);
    let place = place.ok_or_else(hidden)?;
    if let Some(reason) = rulesets.hidden_at(&format!("/{place}/bypass_actors")) {
        return Err(reason.clone());
    }
    let actors = items[place].get("bypass_actors").and_then(Value::as_array).ok_or_else(unseen)?;
    let administrator = |actor: &Value| {
        let kind = actor.get("actor_type").and_then(Value::as_str).unwrap_or("");
        matches!(kind, "OrganizationAdmin" | "RepositoryRole" | "EnterpriseOwner" | "EnterpriseRole")
    };
    Ok(!actors.iter().any(administrator))
}

/// What the active rules demand, by their ruleset.
fn by_ruleset(rules: &FactState) -> BTreeMap<Option<u64>, Source> {
    let mut sources: BTreeMap<Option<u64>, Source> = BTreeMap::new();
    for rule in rules.value.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let source = sources.entry(rule.get("ruleset_id").and_then(Value::as_u64)).or_default();
        let parameters = rule.get("parameters").unwrap_or(&Value::Null);
        let is = |name: &str| parameters.get(name).and_then(Value::as_bool) == Some(true);
        let list = |name: &str| parameters.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match rule.get("type").and_then(Value::as_str).unwrap_or("") {
            "pull_request" => {
                source.demand("requires_pull_request", true);
                source
                    .approvals(parameters.get("required_approving_review_count").and_then(Value::as_u64).unwrap_or(0));
                source.demand("requires_code_owner_review", is("require_code_owner_review"));
                source.demand("dismisses_stale_reviews", is("dismiss_stale_reviews_on_push"));
                source.demand("requires_last_push_approval", is("require_last_push_approval"));
                source.demand("requires_conversation_resolution", is("required_review_thread_resolution"));
                let dismissal = parameters.get("dismissal_restriction").unwrap_or(&Value::Null);
                let restricted = dismissal.get("enabled").and_then(Value::as_bool) == Some(true);
                source.demand("restricts_review_dismissal", restricted);
            }
            "required_status_checks" => {
                let checks = list("required_status_checks");
                checks.iter().filter_map(|check| check.get("context")?.as_str()).for_each(|name| source.check(name));
                source.demand("requires_up_to_date", !checks.is_empty() && is("strict_required_status_checks_policy"));
            }
            "merge_queue" => source.demand("requires_up_to_date", true),
            "required_signatures" => source.demand("requires_signatures", true),
            "required_linear_history" => source.demand("requires_linear_history", true),
            "non_fast_forward" => source.demand("blocks_force_push", true),
            "deletion" => source.demand("blocks_deletion", true),
            "update" => source.demand("restricts_push", true),
            "workflows" => source.demand("requires_scanning", !list("workflows").is_empty()),
            "code_scanning" => source.demand("requires_scanning", !list("code_scanning_tools").is_empty()),
            _ => {}
        }
    }
    sources
}

/// What the classic protection demands.
fn classic_source(classic: &Value) -> Source {
    let mut source = Source::default();
    if let Some(reviews) = classic.get("required_pull_request_reviews") {
        let is = |name: &str| reviews.get(name).and_then(Value::as_bool) == Some(true);
        source.demand("requires_pull_request", true);
        source.approvals(reviews.get("required_approving_review_count").and_then(Value::as_u64).unwrap_or(0));
        source.demand("requires_code_owner_review", is("require_code_owner_reviews"));
        source.demand("dismisses_stale_reviews", is("dismiss_stale_reviews"));
        source.demand("requires_last_push_approval", is("require_last_push_approval"));
        source.demand("restricts_review_dismissal", reviews.get("dismissal_restrictions").is_some());
    }
    if let Some(checks) = classic.get("required_status_checks") {
        let named = checks.get("checks").and_then(Value::as_array).into_iter().flatten();
        named.filter_map(|check| check.get("context")?.as_str()).for_each(|name| source.check(name));
        let contexts = checks.get("contexts").and_then(Value::as_array).into_iter().flatten();
        contexts.filter_map(Value::as_str).for_each(|name| source.check(name));
        let strict = checks.get("strict").and_then(Value::as_bool) == Some(true);
        source.demand("requires_up_to_date", strict && !source.checks.is_empty());
    }
    let forbidden =
        |name: &str| classic.get(name).and_then(|value| value.get("enabled")).and_then(Value::as_bool) == Some(false);
    source.demand("blocks_force_push", forbidden("allow_force_pushes"));
    source.demand("blocks_deletion", forbidden("allow_deletions"));
    source.demand("requires_signatures", enabled(classic, "required_signatures"));
    source.demand("requires_linear_history", enabled(classic, "required_linear_history"));
    source.demand("requires_conversation_resolution", enabled(classic, "required_conversation_resolution"));
    source.demand("restricts_push", classic.get("restrictions").is_some() || enabled(classic, "lock_branch"));
    source
}

fn enabled(classic: &Value, name: &str) -> bool {
    classic.get(name).and_then(|value| value.get("enabled")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests;
