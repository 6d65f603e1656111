//! Reads the documents inside of answers, where a description says so.

use super::reply::{Reply, State};
use crate::caller::Hole;
use crate::description::CallDef;
use crate::shapes::{Meaning, Member, ServiceModel};
use serde_json::Value;
use std::collections::BTreeMap;

/// Decodes the members that a call names. One that can't be read becomes a hole.
pub(crate) fn apply(model: &ServiceModel, call: &CallDef, reply: &mut Reply) {
    if call.decode.is_empty() || !matches!(reply.state, State::Known | State::Partial(_)) {
        return;
    }
    let output = model.operations.get(&call.operation).and_then(|operation| operation.output.as_ref());
    if let Some(members) = model.members(output) {
        let mut walk = Walk { model, call, holes: Vec::new() };
        walk.structure(members, &mut reply.value, &mut Vec::new(), "");
        reply.holes.append(&mut walk.holes);
    }
}

struct Walk<'a> {
    model: &'a ServiceModel,
    call: &'a CallDef,
    holes: Vec<Hole>,
}

impl<'a> Walk<'a> {
    fn structure(
        &mut self,
        members: &'a BTreeMap<String, Member>,
        value: &mut Value,
        path: &mut Vec<&'a str>,
        pointer: &str,
    ) {
        let Value::Object(object) = value else { return };
        for (name, member) in members {
            let Some(inner) = object.get_mut(name) else { continue };
            path.push(name);
            let place = format!("{pointer}/{name}");
            let codec = self.call.decode.iter().find(|(wanted, _)| wanted.matches(path)).map(|(_, codec)| *codec);
            match codec.map(|codec| codec.read(inner, &self.call.columns)) {
                Some(Ok(decoded)) => *inner = decoded,
                Some(Err(problem)) => {
                    self.holes.push(Hole { pointer: place, reason: format!("`{name}` can't be read: {problem}") });
                    object.remove(name);
                }
                None => self.member(member, inner, path, &place),
            }
            path.pop();
        }
    }

    fn member(&mut self, member: &'a Member, value: &mut Value, path: &mut Vec<&'a str>, pointer: &str) {
        match (self.model.meaning(&member.shape), value) {
            (Meaning::Structure(members), value) => self.structure(members, value, path, pointer),
            (Meaning::List(item), Value::Array(items)) => {
                for (index, inner) in items.iter_mut().enumerate() {
                    self.member(item, inner, path, &format!("{pointer}/{index}"));
                }
            }
            (Meaning::Map(_, item), Value::Object(entries)) => {
                for (key, inner) in entries {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    self.member(item, inner, path, &format!("{pointer}/{key}"));
                }
            }
            _ => {}
        }
    }
}
