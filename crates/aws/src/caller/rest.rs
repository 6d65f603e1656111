//! The protocols `rest-json` and `rest-xml`: parameters in the path, the query, headers and the body.

use super::json;
use super::request::{CallError, Draft, percent, text};
use crate::shapes::{Member, Operation, Protocol, ServiceModel};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(crate) fn draft(
    model: &ServiceModel,
    name: &str,
    operation: &Operation,
    members: &BTreeMap<String, Member>,
    parameters: &Map<String, Value>,
    bucket_in_host: bool,
) -> Result<Draft, CallError> {
    let (template, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let mut draft = Draft { path: path(name, template, members, parameters, bucket_in_host)?, ..Draft::default() };
    for pair in fixed.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        draft.query.push((key.to_owned(), value.to_owned()));
    }
    let mut body = Map::new();
    for (parameter, value) in parameters {
        let Some(member) = members.get(parameter) else { continue };
        let wire = member.name.clone().unwrap_or_else(|| parameter.clone());
        match member.location.as_deref() {
            Some("uri") => {}
            Some("querystring") => query(&mut draft.query, &wire, value),
            Some("header") => draft.headers.push((wire.to_lowercase(), text(value))),
            Some("headers") => {
                let entries = value.as_object().into_iter().flatten();
                draft.headers.extend(entries.map(|(key, value)| (format!("{wire}{key}").to_lowercase(), text(value))));
            }
            _ => {
                body.insert(parameter.clone(), value.clone());
            }
        }
    }
    let Some(first) = body.keys().next() else { return Ok(draft) };
    if model.protocol == Protocol::RestXml {
        let problem = "read operations with an XML body are not supported";
        return Err(CallError::Unsupported { operation: name.to_owned(), member: first.clone(), problem });
    }
    let payload = operation.input.as_ref().and_then(|input| model.shapes.get(input)?.payload.clone());
    let json = match payload {
        Some(payload) => match (members.get(&payload), body.get(&payload)) {
            (Some(member), Some(value)) => json::wire(model, member, value),
            _ => Value::Object(Map::new()),
        },
        None => json::structure(model, members, &body),
    };
    draft.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    draft.body = Bytes::from(json.to_string());
    Ok(draft)
}

fn query(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match value {
        Value::Array(items) => pairs.extend(items.iter().map(|item| (name.to_owned(), text(item)))),
        Value::Object(entries) => {
            for (key, value) in entries {
                query(pairs, key, value);
            }
        }
        single => pairs.push((name.to_owned(), text(single))),
    }
}

/// Fills `{Name}` and `{Name+}` (which keeps slashes).
fn path(
    operation: &str,
    template: &str,
    members: &BTreeMap<String, Member>,
    parameters: &Map<String, Value>,
    bucket_in_host: bool,
) -> Result<String, CallError> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((label, after)) = after.split_once('}') else { break };
        path.push_str(before);
        rest = after;
        let (label, greedy) = label.strip_suffix('+').map_or((label, false), |label| (label, true));
        if label == "Bucket" && bucket_in_host {
            path.truncate(path.trim_end_matches('/').len());
            continue;
        }
        let wanted = |(name, member): &(&String, &Member)| {
            member.location.as_deref() == Some("uri") && member.name.as_deref().unwrap_or(name) == label
        };
        let value = members.iter().find(wanted).and_then(|(name, _)| parameters.get(name)).map(text);
        match value.filter(|value| !value.is_empty()) {
            Some(value) => path.push_str(&percent(&value, greedy)),
            None => return Err(CallError::Missing { operation: operation.to_owned(), member: label.to_owned() }),
        }
    }
    path.push_str(rest);
    Ok(path)
}
