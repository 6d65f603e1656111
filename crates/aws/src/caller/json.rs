//! The protocols `json` 1.0 and 1.1: one address, the operation in a header, parameters as JSON.

use super::request::Draft;
use crate::shapes::{Meaning, Member, ServiceModel};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(crate) fn draft(
    model: &ServiceModel,
    operation: &str,
    members: &BTreeMap<String, Member>,
    parameters: &Map<String, Value>,
) -> Draft {
    let version = model.json_version.as_deref().unwrap_or("1.0");
    let target = match &model.target_prefix {
        Some(prefix) => format!("{prefix}.{operation}"),
        None => operation.to_owned(),
    };
    Draft {
        path: "/".to_owned(),
        headers: vec![
            ("content-type".to_owned(), format!("application/x-amz-json-{version}")),
            ("x-amz-target".to_owned(), target),
        ],
        body: Bytes::from(structure(model, members, parameters).to_string()),
        ..Draft::default()
    }
}

/// Parameters under their names on the wire.
pub(crate) fn structure(
    model: &ServiceModel,
    members: &BTreeMap<String, Member>,
    values: &Map<String, Value>,
) -> Value {
    let mut object = Map::new();
    for (name, value) in values {
        if let Some(member) = members.get(name) {
            object.insert(member.name.clone().unwrap_or_else(|| name.clone()), wire(model, member, value));
        }
    }
    Value::Object(object)
}

pub(crate) fn wire(model: &ServiceModel, member: &Member, value: &Value) -> Value {
    match (model.meaning(&member.shape), value) {
        (Meaning::Structure(members), Value::Object(values)) => structure(model, members, values),
        (Meaning::List(item), Value::Array(items)) => items.iter().map(|value| wire(model, item, value)).collect(),
        (Meaning::Map(_, item), Value::Object(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), wire(model, item, value))).collect::<Map<_, _>>().into()
        }
        (_, value) => value.clone(),
    }
}
