//! A resource as rules see it: its facts, what is not observed of them, its schema.

use annexa_model::{Reason, Resource, Unobserved, UnobservedState};
use std::collections::BTreeMap;

/// What is not observed of a resource, as a tree along the pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) state: Option<(UnobservedState, Reason)>,
    children: BTreeMap<String, Marks>,
}

impl Marks {
    /// The marks of a resource; none when everything is observed.
    pub(crate) fn of(unobserved: &[Unobserved]) -> Option<Marks> {
        if unobserved.is_empty() {
            return None;
        }
        let mut root = Marks::default();
        for entry in unobserved {
            let mut node = &mut root;
            for segment in segments(&entry.pointer) {
                node = node.children.entry(segment).or_default();
            }
            // where two entries meet, the one that knows less holds
            if !matches!(node.state, Some((UnobservedState::Unobserved, _))) {
                node.state = Some((entry.state, entry.reason.clone()));
            }
        }
        Some(root)
    }

    /// The marks of a member or an item.
    pub(crate) fn child(&self, key: &str) -> Option<&Marks> {
        self.children.get(key)
    }

    /// Why items may be missing from this list, or members from this object.
    pub(crate) fn partial(&self) -> Option<&Reason> {
        match &self.state {
            Some((UnobservedState::Partial, reason)) => Some(reason),
            _ => None,
        }
    }

    /// The first reason at or below this place.
    pub(crate) fn first(&self) -> Option<&Reason> {
        match &self.state {
            Some((_, reason)) => Some(reason),
            None => self.children.values().find_map(Marks::first),
        }
    }
}

/// The unescaped segments of an RFC 6901 pointer.
fn segments(pointer: &str) -> impl Iterator<Item = String> + '_ {
    // a hostile bundle may hold a pointer of a million segments: the tree's drop would recurse that deep
    pointer.split('/').skip(1).take(64).map(|part| part.replace("~1", "/").replace("~0", "~"))
}

/// A resource with its marks, ready to be asked.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// The place in [`crate::evaluate::World`].
    pub(crate) index: usize,
    pub(crate) resource: &'a Resource,
    pub(crate) marks: Option<Marks>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(index: usize, resource: &'a Resource) -> Self {
        Self { index, resource, marks: Marks::of(&resource.unobserved) }
    }
}

/// The members that every resource has besides its facts.
pub(crate) const OWN_MEMBERS: [&str; 6] = ["id", "name", "target", "account", "region", "namespace"];

/// One of a resource's own members, by its name.
pub(crate) fn own_member<'a>(resource: &'a Resource, name: &str) -> Option<&'a str> {
    match name {
        "id" => Some(&resource.id),
        "name" => Some(&resource.name),
        "target" => Some(&resource.target),
        "account" => resource.account.as_deref(),
        "region" => resource.region.as_deref(),
        "namespace" => resource.namespace.as_deref(),
        _ => None,
    }
}
