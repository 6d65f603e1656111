//! Cutting JSON, for dialects: leave out what is named, keep only what is named, put pseudonyms in place of persons.
//!
//! Each function says what it did as [`Cut`]s with RFC 6901 pointers into the value as it was. A member that is cut
//! is gone; an item of a list becomes `null`, so that the pointers of its neighbours stay right.

mod fields;
mod pattern;

pub use fields::{Fields, keep_json};
pub use pattern::{Pattern, PatternError};

use crate::{Privacy, Redacted, Redactor};
use annexa_model::Cut;
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// The reason of a cut that hides a secret.
pub const SECRET: &str = "secret";
/// The reason of a pseudonym.
pub const PERSONAL: &str = "personal";
/// The reason of a cut of what nobody asked to keep.
pub const NOT_NAMED: &str = "not allow-listed";

/// An answer that can't be understood, cut whole.
#[must_use]
pub fn cut_whole(reason: &str) -> Redacted {
    Redacted { body: Bytes::new(), cuts: vec![cut(String::new(), reason)] }
}

/// Takes out everything that a pattern names.
pub fn cut_json(value: &mut Value, patterns: &[Pattern], reason: &str) -> Vec<Cut> {
    let mut cuts = Vec::new();
    walk(value, String::new(), &Pattern::start(patterns), &mut |pointer, _| {
        cuts.push(cut(pointer, reason));
        Fate::Gone
    });
    cuts
}

/// Puts pseudonyms in place of all texts at or below the places that a pattern names; numbers and truth values there
/// are cut. With `privacy: full` nothing happens.
pub fn pseudonymise_json(value: &mut Value, patterns: &[Pattern], redactor: &Redactor) -> Vec<Cut> {
    if redactor.privacy() == Privacy::Full {
        return Vec::new();
    }
    let mut cuts = Vec::new();
    walk(value, String::new(), &Pattern::start(patterns), &mut |pointer, place| {
        pseudonyms(place, pointer, redactor, &mut cuts);
        Fate::Stays
    });
    cuts
}

fn pseudonyms(value: &mut Value, pointer: String, redactor: &Redactor, cuts: &mut Vec<Cut>) {
    match value {
        Value::Null => {}
        Value::String(text) => {
            let pseudonym = redactor.personal(text);
            if pseudonym != *text {
                *text = pseudonym;
                cuts.push(cut(pointer, PERSONAL));
            }
        }
        Value::Bool(_) | Value::Number(_) => {
            *value = Value::Null;
            cuts.push(cut(pointer, PERSONAL));
        }
        Value::Array(items) => {
            let items = items.iter_mut().enumerate();
            items.for_each(|(index, item)| pseudonyms(item, format!("{pointer}/{index}"), redactor, cuts));
        }
        Value::Object(members) => {
            let members = members.iter_mut();
            members.for_each(|(key, item)| pseudonyms(item, format!("{pointer}/{}", escape(key)), redactor, cuts));
        }
    }
}

/// Folds cuts that differ only in the number of a list's item into one with `*` and a count: `/items/*/data`, `3 values`.
#[must_use]
pub fn grouped(cuts: Vec<Cut>) -> Vec<Cut> {
    let mut groups: BTreeMap<(String, String), (u64, Option<String>)> = BTreeMap::new();
    for Cut { pointer, reason, fact } in cuts {
        let group = groups.entry((starred(&pointer), reason)).or_default();
        group.0 += 1;
        group.1 = fact;
    }
    let cut = |((pointer, reason), (count, fact))| match count {
        1 => Cut { pointer, reason, fact },
        _ => Cut { pointer, reason, fact: Some(format!("{count} values")) },
    };
    groups.into_iter().map(cut).collect()
}

fn starred(pointer: &str) -> String {
    let is_index = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    pointer.split('/').map(|step| if is_index(step) { "*" } else { step }).collect::<Vec<_>>().join("/")
}

/// What becomes of a place.
enum Fate {
    Gone,
    Stays,
}

/// Visits each place that a pattern names, from the outside in; not what is below it.
fn walk(
    value: &mut Value,
    pointer: String,
    open: &[&[pattern::Step]],
    visit: &mut impl FnMut(String, &mut Value) -> Fate,
) {
    if open.iter().any(|steps| pattern::is_met(steps)) {
        if matches!(visit(pointer, value), Fate::Gone) {
            *value = Value::Null;
        }
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let step = index.to_string();
                let pointer = format!("{pointer}/{step}");
                walk(item, pointer, &pattern::advance(open, &step), visit);
            }
        }
        Value::Object(members) => members.retain(|key, member| {
            let next = pattern::advance(open, key);
            let pointer = format!("{pointer}/{}", escape(key));
            if next.iter().any(|steps| pattern::is_met(steps)) {
                return matches!(visit(pointer, member), Fate::Stays);
            }
            walk(member, pointer, &next, visit);
            true
        }),
        _ => {}
    }
}

fn cut(pointer: String, reason: &str) -> Cut {
    Cut { pointer, reason: reason.to_owned(), fact: None }
}

/// A key as a step of an RFC 6901 pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
