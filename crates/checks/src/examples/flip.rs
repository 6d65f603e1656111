//! Takes what an example says away, one fact at a time: an answer may become unknown by that, never another one.

use super::scene::{Scene, reason};
use super::yaml::Yaml;
use crate::evaluate::Explicit;
use crate::expr::{FactPath, Root, Step};
use annexa_model::{Reason, Resource, SetState, Unobserved, UnobservedState};
use serde_json::Value;
use std::collections::BTreeSet;

/// One thing that is taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flip {
    /// A fact of a resource, by its pointer.
    Fact(usize, String),
    /// The certainty that a list is whole.
    Whole(usize, String),
    /// A relation of a resource.
    Relation(usize, String),
    /// The list of the other side of a comparison, or the certainty that it is whole.
    List { whole: bool },
}

impl Flip {
    /// In words.
    pub(super) fn name(&self) -> String {
        match self {
            Flip::Fact(_, pointer) => format!("`{}` is not observed", dotted(pointer)),
            Flip::Whole(_, pointer) => format!("`{}` is not whole", dotted(pointer)),
            Flip::Relation(_, name) => format!("`{name}` is not observed"),
            Flip::List { whole: true } => "the other list is not observed".to_owned(),
            Flip::List { whole: false } => "the other list is not whole".to_owned(),
        }
    }

    /// The scene without it.
    pub(super) fn apply(&self, scene: &Scene) -> Scene {
        let mut scene = scene.clone();
        let why = || reason(&Yaml::Scalar(Value::Null));
        match self {
            Flip::Fact(index, pointer) | Flip::Whole(index, pointer) => {
                let whole = matches!(self, Flip::Fact(..));
                if let Some(resource) = scene.resources.get_mut(*index) {
                    take(resource, pointer, whole, why());
                }
            }
            Flip::Relation(index, name) => {
                scene.relations.insert((*index, name.clone()), Explicit::Unobserved(why()));
            }
            Flip::List { whole } => {
                let Reason { reason, gap } = why();
                let gap = gap.unwrap_or_default();
                if *whole {
                    scene.resources.truncate(1);
                }
                let state =
                    if *whole { SetState::Unobserved { reason, gap } } else { SetState::Partial { reason, gap } };
                if let Some(set) = scene.sets.get_mut(1) {
                    set.state = state;
                }
            }
        }
        scene
    }
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

fn take(resource: &mut Resource, pointer: &str, whole: bool, reason: Reason) {
    if whole {
        remove(&mut resource.facts, pointer);
    }
    let state = if whole { UnobservedState::Unobserved } else { UnobservedState::Partial };
    resource.unobserved.push(Unobserved { pointer: pointer.to_owned(), state, reason });
}

fn remove(facts: &mut serde_json::Map<String, Value>, pointer: &str) {
    let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    if parent.is_empty() {
        facts.remove(&unescaped(last));
        return;
    }
    let mut all = Value::Object(std::mem::take(facts));
    match all.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&unescaped(last));
        }
        Some(Value::Array(items)) => {
            if let Some(item) = last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
    if let Value::Object(members) = all {
        *facts = members;
    }
}

/// Where a way leads in a scene: what can be taken away on it, and what the example does not say of it.
pub(super) struct Trace<'s> {
    scene: &'s Scene,
    pub(super) flips: BTreeSet<Flip>,
    pub(super) unsaid: BTreeSet<String>,
}

impl<'s> Trace<'s> {
    pub(super) fn new(scene: &'s Scene) -> Self {
        Self { scene, flips: BTreeSet::new(), unsaid: BTreeSet::new() }
    }

    /// Follows a way; `asked` is the root that the first resource of the scene stands for.
    pub(super) fn follow(&mut self, path: &FactPath, asked: Root) {
        let others: Vec<usize> = (1..self.scene.resources.len()).collect();
        let mut indexes = if path.root == asked { vec![0] } else { others };
        for (number, step) in path.steps.iter().enumerate() {
            match step {
                Step::Relation(name) => {
                    indexes = indexes.iter().flat_map(|index| self.relation(*index, name)).collect();
                }
                Step::Fact(key) => {
                    let rest = path.steps.get(number + 1..).unwrap_or(&[]);
                    for index in indexes {
                        if self.scene.said.get(index).is_some_and(|said| !said.contains(key)) {
                            self.unsaid.insert(key.clone());
                        }
                        let value = self.scene.resources.get(index).and_then(|r| r.facts.get(key));
                        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
                        self.inside(index, pointer, value, rest);
                    }
                    return;
                }
                Step::Own(_) => return,
                Step::Items => {}
            }
        }
    }

    fn relation(&mut self, index: usize, name: &str) -> Vec<usize> {
        if self.scene.said.get(index).is_some_and(|said| !said.contains(name)) {
            self.unsaid.insert(name.to_owned());
        }
        self.flips.insert(Flip::Relation(index, name.to_owned()));
        match self.scene.relations.get(&(index, name.to_owned())) {
            Some(Explicit::One(one)) => vec![*one],
            Some(Explicit::Many(many, _)) => many.clone(),
            _ => Vec::new(),
        }
    }

    fn inside(&mut self, index: usize, pointer: String, value: Option<&Value>, rest: &[Step]) {
        self.flips.insert(Flip::Fact(index, pointer.clone()));
        if matches!(value, Some(Value::Array(_))) {
            self.flips.insert(Flip::Whole(index, pointer.clone()));
        }
        match (rest.split_first(), value) {
            (Some((Step::Fact(key), rest)), value) if !matches!(value, Some(Value::Array(_))) => {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                self.inside(index, pointer, value.and_then(|v| v.get(key)), rest);
            }
            (Some((Step::Items, rest)), Some(Value::Array(items))) => {
                for (number, item) in items.iter().enumerate() {
                    self.inside(index, format!("{pointer}/{number}"), Some(item), rest);
                }
            }
            _ => {}
        }
    }
}
