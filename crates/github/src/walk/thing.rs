//! A resource in progress.

use super::pointer;
use annexa_model::{Reason, Resource, Unobserved, UnobservedState};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource whose facts are being found.
#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: Option<Arc<Thing>>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) facts: BTreeMap<String, FactState>,
    pub(crate) excluded: Option<String>,
    /// The exchange that shows that it exists.
    pub(crate) shown_by: String,
}

/// What is known of a fact.
#[derive(Clone, Debug, Default)]
pub(crate) struct FactState {
    /// The value; none: absent, or unobserved as a whole.
    pub(crate) value: Option<Value>,
    /// What could not be observed: pointers into the fact, `""` for all of it.
    pub(crate) holes: Vec<(String, UnobservedState, Reason)>,
    /// The exchanges behind it.
    pub(crate) evidence: Vec<String>,
    /// The plan or licence does not have the feature.
    pub(crate) not_in_plan: bool,
}

impl FactState {
    /// A known value.
    pub(crate) fn known(value: Value, evidence: Vec<String>) -> Self {
        Self { value: Some(value), evidence, ..Self::default() }
    }

    /// There is none.
    pub(crate) fn absent(evidence: Vec<String>) -> Self {
        Self { evidence, ..Self::default() }
    }

    /// Nobody knows.
    pub(crate) fn unobserved(reason: Reason, evidence: Vec<String>) -> Self {
        Self { holes: vec![(String::new(), UnobservedState::Unobserved, reason)], evidence, ..Self::default() }
    }

    /// Why the fact as a whole is unobserved, if it is.
    pub(crate) fn hidden(&self) -> Option<&Reason> {
        self.hidden_at("")
    }

    /// Why the value at a pointer is unobserved, if it or something above it is.
    pub(crate) fn hidden_at(&self, at: &str) -> Option<&Reason> {
        let above = |hole: &str| {
            hole.is_empty() || at == hole || at.strip_prefix(hole).is_some_and(|rest| rest.starts_with('/'))
        };
        self.holes
            .iter()
            .find(|(hole, state, _)| *state == UnobservedState::Unobserved && above(hole))
            .map(|(_, _, reason)| reason)
    }

    /// Why a list is not whole, if it is not.
    pub(crate) fn partial(&self) -> Option<&Reason> {
        self.holes
            .iter()
            .find(|(hole, state, _)| hole.is_empty() && *state == UnobservedState::Partial)
            .map(|(_, _, reason)| reason)
    }
}

pub(crate) fn reason(reason: &str, gap: &str) -> Reason {
    Reason { reason: reason.to_owned(), gap: Some(gap.to_owned()).filter(|gap| !gap.is_empty()) }
}

impl Thing {
    pub(crate) fn new(kind: &str, title: &str, parent: Option<Arc<Thing>>, shown_by: String) -> Self {
        Self {
            kind: kind.to_owned(),
            title: title.to_owned(),
            id: String::new(),
            name: String::new(),
            parent,
            parameters: BTreeMap::new(),
            facts: BTreeMap::new(),
            excluded: None,
            shown_by,
        }
    }

    /// What people call it.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}", self.title, self.name)
    }

    /// The value at a path: `settings.plan.name`, `parent.settings.name`. `Err`: unobserved.
    pub(crate) fn at(&self, path: &str) -> Result<Option<&Value>, Reason> {
        if let Some(rest) = path.strip_prefix("parent.") {
            return self.parent.as_ref().map_or(Ok(None), |parent| parent.at(rest));
        }
        let (fact, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some(state) = self.facts.get(fact) else { return Ok(None) };
        if let Some(reason) = state.hidden_at(&pointer::from_path(rest)) {
            return Err(reason.clone());
        }
        Ok(state.value.as_ref().and_then(|value| pointer::at_path(value, rest)))
    }

    /// Whether the value at a path is known and true.
    pub(crate) fn holds(&self, path: &str) -> bool {
        matches!(self.at(path), Ok(Some(Value::Bool(true))))
    }

    /// The whole number at a path.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        self.at(path).ok()??.as_u64()
    }

    /// The text of a place in a template: `id` and `name` of the resource above, or a value of a fact.
    pub(crate) fn text(&self, place: &str) -> Option<String> {
        match (place, &self.parent) {
            ("parent.id", Some(parent)) => return Some(parent.id.clone()),
            ("parent.name", Some(parent)) => return Some(parent.name.clone()),
            _ => {}
        }
        match self.at(place).ok()?? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A parameter of this resource or of one above it.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let own = self.parameters.get(name).cloned();
        own.or_else(|| self.parent.as_ref()?.parameter(name))
    }

    /// The exchanges behind the fact that a path begins with.
    pub(crate) fn evidence_of(&self, path: &str) -> Vec<String> {
        let fact = path.split('.').next().unwrap_or("");
        self.facts.get(fact).map(|state| state.evidence.clone()).unwrap_or_default()
    }

    /// The resource.
    pub(crate) fn resource(&self, target: &str) -> Resource {
        let mut facts = Map::new();
        let mut unobserved = Vec::new();
        let mut sources = BTreeMap::new();
        sources.insert(String::new(), vec![self.shown_by.clone()]);
        for (name, state) in &self.facts {
            for (hole, how, reason) in &state.holes {
                let pointer = format!("/{}{hole}", pointer::escape(name));
                unobserved.push(Unobserved { pointer, state: *how, reason: reason.clone() });
            }
            if let Some(value) = &state.value {
                facts.insert(name.clone(), value.clone());
            }
            let mut evidence = state.evidence.clone();
            evidence.sort();
            evidence.dedup();
            sources.insert(name.clone(), evidence);
        }
        Resource {
            kind: self.kind.clone(),
            id: self.id.clone(),
            name: self.name.clone(),
            target: target.to_owned(),
            account: None,
            region: None,
            namespace: None,
            facts,
            unobserved,
            sources,
            excluded: self.excluded.clone(),
        }
    }
}
