//! Facts that no single member of an object holds: each a named function with its shape and the kinds that it looks at.

mod cluster;
mod network;
mod pod;
mod rbac;
mod security;
mod selector;
mod web;
mod workload;
mod world;

pub(crate) use cluster::version_numbers;
#[cfg(test)]
pub(crate) use pod::image_reference as image_parts;
pub(crate) use workload::controller;
pub(crate) use world::{Index, ListInfo, World, other_policy_group};

use crate::kinds::{Kind, Kinds};
use annexa_model::{Field, ScalarKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// Members of `metadata` that are facts as they are.
pub(crate) const METADATA_FACTS: [&str; 5] = ["name", "uid", "creationTimestamp", "generation", "ownerReferences"];

/// One fact function.
pub(crate) struct FactFunction {
    /// The fact's name, for checks and in `functions:` of a kind or type.
    pub(crate) name: &'static str,
    /// What checks see.
    pub(crate) field: fn(&Kinds) -> Field,
    /// The kinds that it looks at besides the object itself.
    pub(crate) needs: &'static [&'static str],
    /// Computes it.
    pub(crate) compute: fn(&Subject<'_>, &World<'_>) -> Fact,
}

/// All functions.
pub(crate) static FUNCTIONS: [&[FactFunction]; 5] =
    [workload::FUNCTIONS, network::FUNCTIONS, rbac::FUNCTIONS, cluster::FUNCTIONS, web::FUNCTIONS];

/// The function with a name.
pub(crate) fn function(name: &str) -> Option<&'static FactFunction> {
    FUNCTIONS.iter().flat_map(|group| group.iter()).find(|function| function.name == name)
}

/// The object that a fact is about.
pub(crate) struct Subject<'a> {
    /// Its kind; the cluster itself has none.
    pub(crate) kind: Option<&'a Kind>,
    pub(crate) object: &'a Value,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// The resource's id.
    pub(crate) id: &'a str,
}

impl<'a> Subject<'a> {
    /// `Deployment`
    pub(crate) fn kind_name(&self) -> &'a str {
        self.kind.map_or("", |kind| kind.name.as_str())
    }

    /// The pod template, or the pod itself: an object with `metadata` and `spec`.
    pub(crate) fn pod(&self) -> Option<&'a Value> {
        at(self.object, self.kind?.pod.as_deref()?)
    }

    pub(crate) fn pod_spec(&self) -> Option<&'a Value> {
        self.pod()?.get("spec")
    }

    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        self.object.get("metadata")?.get("labels")?.get(name)?.as_str()
    }
}

/// A fact as a function finds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    Known(Value),
    /// Known, but for the parts below these pointers (`""`: the list is not whole).
    Partly(Value, Vec<(String, Missing)>),
    Absent,
    Unobserved(Missing),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missing {
    pub(crate) reason: String,
    pub(crate) gap: Option<String>,
}

impl Fact {
    /// An object of yes-or-no facts, in which `no` is only known when nothing is missing.
    pub(crate) fn yes_or_no(answers: &[(&str, bool)], missing: Option<&Missing>) -> Fact {
        let mut object = serde_json::Map::new();
        let mut unknown = Vec::new();
        for (name, answer) in answers {
            match missing {
                Some(missing) if !answer => unknown.push((format!("/{name}"), missing.clone())),
                _ => {
                    object.insert((*name).to_owned(), Value::Bool(*answer));
                }
            }
        }
        let object = Value::Object(object);
        if unknown.is_empty() { Fact::Known(object) } else { Fact::Partly(object, unknown) }
    }

    /// One yes-or-no fact, in which `no` is only known when nothing is missing.
    pub(crate) fn yes(answer: bool, missing: Option<&Missing>) -> Fact {
        match missing {
            Some(missing) if !answer => Fact::Unobserved(missing.clone()),
            _ => Fact::Known(Value::Bool(answer)),
        }
    }
}

/// The value at a dotted path; `""` is the value itself.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(value, |value, step| value.get(step))
}

/// The items of a list at a dotted path; none where there is no list.
pub(crate) fn items<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// The texts of a list at a dotted path.
pub(crate) fn texts<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    items(value, path).filter_map(Value::as_str)
}

pub(crate) fn string() -> Field {
    Field::Scalar(ScalarKind::String)
}

pub(crate) fn boolean() -> Field {
    Field::Scalar(ScalarKind::Bool)
}

pub(crate) fn list(item: Field) -> Field {
    Field::List(Box::new(item))
}

pub(crate) fn object(members: &[(&str, Field)]) -> Field {
    Field::Object(members.iter().map(|(name, field)| ((*name).to_owned(), field.clone())).collect::<BTreeMap<_, _>>())
}
