//! JSON answers, by shape.

use super::decode::{DEPTH, Hole, scalar, step};
use crate::shapes::{Meaning, Member, ServiceModel};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(crate) fn structure(
    model: &ServiceModel,
    members: &BTreeMap<String, Member>,
    body: &Value,
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Value {
    let mut object = Map::new();
    for (name, inner) in members.iter().filter(|(_, member)| member.location.is_none()) {
        let wire = inner.name.as_deref().unwrap_or(name);
        if let Some(value) = body.get(wire)
            && let Some(value) = member(model, inner, value, &step(pointer, name), depth + 1, holes)
        {
            object.insert(name.clone(), value);
        }
    }
    Value::Object(object)
}

pub(crate) fn member(
    model: &ServiceModel,
    shape: &Member,
    value: &Value,
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    if depth > DEPTH {
        holes.push(Hole { pointer: pointer.to_owned(), reason: "nested too deep".to_owned() });
        return None;
    }
    match (model.meaning(&shape.shape), value) {
        (Meaning::Scalar(kind), value) => scalar(kind, value, pointer, holes),
        (Meaning::Structure(members), Value::Object(_)) => {
            Some(structure(model, members, value, pointer, depth, holes))
        }
        (Meaning::List(item), Value::Array(items)) => {
            let mut list = Vec::with_capacity(items.len());
            for value in items {
                let place = step(pointer, &list.len().to_string());
                // a null or unreadable item keeps its place, so that pointers stay right
                list.push(member(model, item, value, &place, depth + 1, holes).unwrap_or(Value::Null));
            }
            Some(Value::Array(list))
        }
        (Meaning::Map(_, item), Value::Object(entries)) => {
            let mut map = Map::new();
            for (key, value) in entries {
                if let Some(value) = member(model, item, value, &step(pointer, key), depth + 1, holes) {
                    map.insert(key.clone(), value);
                }
            }
            Some(Value::Object(map))
        }
        (_, value) => {
            let cut = value.as_str() == Some(super::CUT);
            let reason = if cut { "cut before it was recorded" } else { "the answer has another form there" };
            holes.push(Hole { pointer: pointer.to_owned(), reason: reason.to_owned() });
            None
        }
    }
}
