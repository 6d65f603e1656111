//! Who must say yes before a deployment, out of an environment's protection rules.

use crate::walk::{FactState, Thing};
use serde_json::{Value, json};

/// From an environment as REST gives it: whether reviewers are required, how many are named, and whether the person
/// who started the deployment may be one of them.
pub(super) fn environment_review(thing: &Thing, of: &[&str]) -> FactState {
    let Some(name) = of.first() else { return FactState::default() };
    let evidence = thing.evidence_of(name);
    let rules = match thing.at(&format!("{name}.protection_rules")) {
        Ok(rules) => rules.and_then(Value::as_array).map_or(&[][..], Vec::as_slice),
        Err(reason) => return FactState::unobserved(reason, evidence),
    };
    let required: Vec<&Value> =
        rules.iter().filter(|rule| rule.get("type").and_then(Value::as_str) == Some("required_reviewers")).collect();
    let reviewers: usize = required.iter().filter_map(|rule| rule.get("reviewers")?.as_array()).map(Vec::len).sum();
    let no_self = required.iter().any(|rule| rule.get("prevent_self_review").and_then(Value::as_bool) == Some(true));
    FactState::known(
        json!({"required": !required.is_empty(), "reviewers": reviewers, "prevents_self_review": no_self}),
        evidence,
    )
}
