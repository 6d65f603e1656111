//! Keeping only what is named.

use super::{NOT_NAMED, cut, escape};
use annexa_model::Cut;
use serde_json::Value;
use std::collections::BTreeMap;

/// The fields of a value that are kept: a tree by member names. Lists are gone through: their items have the tree of
/// the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// The value with all that is below it.
    Whole,
    /// These members of an object; `*` is any other one.
    Of(BTreeMap<String, Fields>),
}

impl Fields {
    /// A tree from dotted paths: `metadata.name`, `spec.ports.port`, `status.*.phase`. A path keeps what is below it.
    #[must_use]
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tree = Self::Of(BTreeMap::new());
        paths.into_iter().for_each(|path| tree.add(&mut path.split('.')));
        tree
    }

    fn add<'a>(&mut self, steps: &mut impl Iterator<Item = &'a str>) {
        match (steps.next(), &mut *self) {
            (None, _) => *self = Self::Whole,
            (Some(_), Self::Whole) => {}
            (Some(step), Self::Of(members)) => {
                members.entry(step.to_owned()).or_insert_with(|| Self::Of(BTreeMap::new())).add(steps);
            }
        }
    }
}

/// Takes out everything that is not among the fields. Where an object is expected, anything else but `null` is cut.
pub fn keep_json(value: &mut Value, fields: &Fields) -> Vec<Cut> {
    let mut cuts = Vec::new();
    if !keep(value, fields, "", &mut cuts) {
        *value = Value::Null;
    }
    cuts
}

/// Cuts below a value; gives back whether it may stay itself.
fn keep(value: &mut Value, fields: &Fields, pointer: &str, cuts: &mut Vec<Cut>) -> bool {
    let Fields::Of(named) = fields else { return true };
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if !keep(item, fields, &format!("{pointer}/{index}"), cuts) {
                    *item = Value::Null;
                }
            }
        }
        Value::Object(members) => members.retain(|key, member| {
            let pointer = format!("{pointer}/{}", escape(key));
            match named.get(key).or_else(|| named.get("*")) {
                Some(fields) => keep(member, fields, &pointer, cuts),
                None => {
                    cuts.push(cut(pointer, NOT_NAMED));
                    false
                }
            }
        }),
        _ => {
            cuts.push(cut(pointer.to_owned(), NOT_NAMED));
            return false;
        }
    }
    true
}
