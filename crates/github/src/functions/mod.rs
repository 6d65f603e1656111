//! Facts that data can't say, as named functions over a resource's other facts. Descriptions call them by name.

mod effective_rules;
mod environment_review;

use crate::walk::{FactState, Thing};
use serde_json::Value;

/// A function: the resource so far, and the names of the facts that it reads.
pub(crate) type Function = fn(&Thing, &[&str]) -> FactState;

const FUNCTIONS: [(&str, Function); 4] = [
    ("effective_rules", effective_rules::effective_rules),
    ("environment_review", environment_review::environment_review),
    ("login_of_member", login_of_member),
    ("parent_id", parent_id),
];

/// The function with this name.
pub(crate) fn named(name: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

/// All names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

/// The identity of the resource above, for relations.
fn parent_id(thing: &Thing, _: &[&str]) -> FactState {
    match &thing.parent {
        Some(parent) => FactState::known(parent.id.as_str().into(), vec![thing.shown_by.clone()]),
        None => FactState::absent(Vec::new()),
    }
}

/// The login of a member, at the place where registers are joined.
fn login_of_member(thing: &Thing, of: &[&str]) -> FactState {
    let Some(name) = of.first() else { return FactState::default() };
    let evidence = thing.evidence_of(name);
    match thing.at(&format!("{name}.node.login")) {
        Ok(Some(Value::String(login))) => FactState::known(login.as_str().into(), evidence),
        Ok(_) => FactState::absent(evidence),
        Err(reason) => FactState::unobserved(reason, evidence),
    }
}
