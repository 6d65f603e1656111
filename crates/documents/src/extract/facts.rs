//! Facts of one resource while it is put together.

use crate::columns::{Column, Reading};
use annexa_model::{Reason, Resource, Unobserved, UnobservedState};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Known facts, and what is not known.
#[derive(Default)]
pub(crate) struct Facts {
    known: Map<String, Value>,
    unobserved: Vec<Unobserved>,
    sources: BTreeMap<String, Vec<String>>,
}

impl Facts {
    /// Sets a fact. Null is no fact.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>, source: &str) {
        let value = value.into();
        if !value.is_null() {
            self.known.insert(name.to_owned(), value);
        }
        self.source(name, source);
    }

    /// Notes the exchange behind a fact that may be absent.
    pub(crate) fn source(&mut self, name: &str, source: &str) {
        let sources = self.sources.entry(name.to_owned()).or_default();
        if !sources.iter().any(|known| known == source) {
            sources.push(source.to_owned());
        }
    }

    /// Sets what a column says; gives back what is wrong with it.
    pub(crate) fn column(
        &mut self,
        name: &str,
        column: &Column,
        value: &Value,
        source: &str,
        gap: &str,
    ) -> Option<String> {
        match column.read(value) {
            Reading::Known(value) => {
                self.set(name, value, source);
                None
            }
            Reading::Absent => {
                self.source(name, source);
                None
            }
            Reading::Wrong(problem) => {
                self.unknown(&format!("/{name}"), &format!("{name}: {problem}"), gap);
                self.source(name, source);
                Some(problem)
            }
        }
    }

    /// Notes that nobody knows what stands at a pointer.
    pub(crate) fn unknown(&mut self, pointer: &str, reason: &str, gap: &str) {
        self.note(pointer, UnobservedState::Unobserved, reason, gap);
    }

    /// Notes that the rules at hand can't say what stands at a pointer; no gap of the target is behind it.
    pub(crate) fn unknown_by_rules(&mut self, pointer: &str, reason: &str) {
        let reason = Reason { reason: reason.to_owned(), gap: None };
        let state = UnobservedState::Unobserved;
        self.unobserved.push(Unobserved { pointer: pointer.to_owned(), state, reason });
    }

    /// Notes that a list may have more items.
    pub(crate) fn partial(&mut self, pointer: &str, reason: &str, gap: &str) {
        self.note(pointer, UnobservedState::Partial, reason, gap);
    }

    fn note(&mut self, pointer: &str, state: UnobservedState, reason: &str, gap: &str) {
        let reason = Reason { reason: reason.to_owned(), gap: Some(gap.to_owned()) };
        self.unobserved.push(Unobserved { pointer: pointer.to_owned(), state, reason });
    }

    /// A known fact.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.known.get(name)
    }

    /// Whether nobody knows a fact.
    pub(crate) fn is_unknown(&self, name: &str) -> bool {
        self.unobserved.iter().any(|u| u.pointer == format!("/{name}"))
    }

    /// The resource. `shown_by` are the exchanges that show that it exists.
    pub(crate) fn resource(
        mut self,
        kind: String,
        id: String,
        name: String,
        target: &str,
        shown_by: Vec<String>,
    ) -> Resource {
        self.sources.insert(String::new(), shown_by);
        self.unobserved.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        Resource {
            kind,
            id,
            name,
            target: target.to_owned(),
            account: None,
            region: None,
            namespace: None,
            facts: self.known,
            unobserved: self.unobserved,
            sources: self.sources,
            excluded: None,
        }
    }
}
