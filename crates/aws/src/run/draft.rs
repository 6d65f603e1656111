//! A resource in the making.

use super::reply::{Reply, State};
use crate::caller::Hole;
use crate::description::{Path, Piece, Ref};
use crate::facts::Seen;
use annexa_model::{Reason, Unobserved, UnobservedState};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Facts in their three states, with the exchanges behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) facts: Map<String, Value>,
    pub(crate) unobserved: Vec<Unobserved>,
    pub(crate) sources: BTreeMap<String, Vec<String>>,
}

impl Draft {
    /// Adds an answer as a fact.
    pub(crate) fn put(&mut self, name: &str, reply: &Reply) {
        self.rest_on(name, &reply.evidence);
        match &reply.state {
            State::Known => self.put_value(name, reply.value.clone(), &reply.holes),
            State::Partial(reason) => {
                self.put_value(name, reply.value.clone(), &reply.holes);
                for list in &reply.paged {
                    self.note(format!("/{name}{list}"), UnobservedState::Partial, reason.clone());
                }
            }
            State::Absent | State::NotApplicable(_) => {}
            State::Unobserved(reason) => {
                self.note(format!("/{name}"), UnobservedState::Unobserved, reason.clone());
                self.rest_on(name, reason.gap.as_slice());
            }
        }
    }

    /// Adds a value as a fact; its holes are unobserved.
    pub(crate) fn put_value(&mut self, name: &str, value: Value, holes: &[Hole]) {
        for hole in holes {
            let reason = Reason { reason: hole.reason.clone(), gap: None };
            self.note(format!("/{name}{}", hole.pointer), UnobservedState::Unobserved, reason);
        }
        if !holes.iter().any(|hole| hole.pointer.is_empty()) {
            self.facts.insert(name.to_owned(), value);
        }
    }

    /// Adds what a function or a merge gives.
    pub(crate) fn put_seen(&mut self, name: &str, seen: Seen) {
        match seen {
            Seen::Known(value) => self.put_value(name, value, &[]),
            Seen::Partial(value, reason) => {
                self.put_value(name, value, &[]);
                self.note(format!("/{name}"), UnobservedState::Partial, reason);
            }
            Seen::Absent => {}
            Seen::Unobserved(reason) => self.note(format!("/{name}"), UnobservedState::Unobserved, reason),
        }
    }

    pub(crate) fn note(&mut self, pointer: String, state: UnobservedState, reason: Reason) {
        self.unobserved.push(Unobserved { pointer, state, reason });
    }

    /// Adds exchanges that a fact rests on.
    pub(crate) fn rest_on(&mut self, name: &str, exchanges: &[String]) {
        let sources = self.sources.entry(name.to_owned()).or_default();
        for exchange in exchanges {
            if !sources.contains(exchange) {
                sources.push(exchange.clone());
            }
        }
    }

    /// What is known at a path. A path through a list gives the list of all values.
    pub(crate) fn see(&self, path: &Path) -> Seen {
        let whole = Value::Null;
        let mut value = &whole;
        let mut pointer = String::new();
        let mut steps = path.steps.iter();
        let mut object = Some(&self.facts);
        let mut through_list = None;
        for step in steps.by_ref() {
            pointer.push('/');
            pointer.push_str(step);
            if let Some(hidden) = self.unobserved_at(&pointer) {
                return Seen::Unobserved(hidden.clone());
            }
            let Some(found) = object.and_then(|object| object.get(step)) else { return Seen::Absent };
            value = found;
            object = found.as_object();
            if found.is_array() {
                through_list = Some(());
                break;
            }
        }
        let rest = Path { steps: steps.cloned().collect() };
        let found = match through_list {
            Some(()) if !rest.steps.is_empty() => Value::Array(rest.all(value).into_iter().cloned().collect()),
            _ => value.clone(),
        };
        match self.inside(&pointer) {
            Some(reason) => Seen::Partial(found, reason.clone()),
            None => Seen::Known(found),
        }
    }

    fn unobserved_at(&self, pointer: &str) -> Option<&Reason> {
        let found =
            self.unobserved.iter().find(|entry| entry.state == UnobservedState::Unobserved && entry.pointer == pointer);
        found.map(|entry| &entry.reason)
    }

    /// Something below a pointer, or the list at it, is not whole.
    fn inside(&self, pointer: &str) -> Option<&Reason> {
        let below = |entry: &&Unobserved| {
            entry.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.unobserved.iter().find(below).map(|entry| &entry.reason)
    }

    /// What a reference stands for; `words` are the resource's surroundings.
    pub(crate) fn resolve(&self, reference: &Ref, words: &BTreeMap<&str, &str>) -> Seen {
        let one = |path: &Path| match path.steps.as_slice() {
            [word] if words.contains_key(word.as_str()) => Seen::Known(Value::from(words[word.as_str()])),
            _ => self.see(path),
        };
        match reference {
            Ref::Path(path) => one(path),
            Ref::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Path(path) => match one(path) {
                            Seen::Known(Value::String(part)) => text.push_str(&part),
                            Seen::Known(other) => text.push_str(&other.to_string()),
                            other => return other,
                        },
                    }
                }
                Seen::Known(Value::String(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draft() -> Draft {
        let mut draft = Draft::default();
        let hole = Hole { pointer: "/Secret".to_owned(), reason: "cut".to_owned() };
        draft.put_value("function", json!({"Name": "f", "Layers": [{"Arn": "a"}, {"Arn": "b"}]}), &[hole]);
        let reason = Reason { reason: "denied".to_owned(), gap: Some("g".to_owned()) };
        draft.note("/policy".to_owned(), UnobservedState::Unobserved, reason);
        draft
    }

    #[test]
    fn three_states_are_seen_at_any_depth() {
        let draft = draft();
        assert_eq!(draft.see(&Path::parse("function.Name")), Seen::Known(json!("f")));
        assert_eq!(draft.see(&Path::parse("function.Layers[].Arn")), Seen::Known(json!(["a", "b"])));
        assert_eq!(draft.see(&Path::parse("function.Nothing")), Seen::Absent);
        assert!(matches!(draft.see(&Path::parse("function.Secret.Deep")), Seen::Unobserved(_)));
        assert!(matches!(draft.see(&Path::parse("policy.Statement")), Seen::Unobserved(_)));
        assert!(matches!(draft.see(&Path::parse("function")), Seen::Partial(..)));
    }

    #[test]
    fn a_text_is_as_unknown_as_its_parts() {
        let words = BTreeMap::from([("account", "1")]);
        let draft = draft();
        assert_eq!(draft.resolve(&Ref::parse("arn:{account}:{function.Name}"), &words), Seen::Known(json!("arn:1:f")));
        assert_eq!(draft.resolve(&Ref::parse("{account}:{function.Nothing}"), &words), Seen::Absent);
        assert!(matches!(draft.resolve(&Ref::parse("{policy.Id}"), &words), Seen::Unobserved(_)));
    }
}
