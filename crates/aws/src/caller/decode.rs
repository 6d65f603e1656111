//! Reads an answer's body into JSON with the member names of AWS's documentation.

use super::{decode_json, decode_xml, timestamp};
use crate::shapes::{Meaning, Member, Protocol, Scalar, ServiceModel};
use annexa_model::Answer;
use serde_json::{Map, Value};

/// What stands in an answer in place of a value that redaction took out.
pub(crate) const CUT: &str = "(cut)";

/// How deep shapes are followed: recursive shapes and hostile answers end here.
pub(crate) const DEPTH: usize = 64;

/// A place in a decoded answer whose value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// RFC 6901 pointer into the value.
    pub(crate) pointer: String,
    /// Why, for people.
    pub(crate) reason: String,
}

/// A decoded answer. What a hole points to is not in the value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    pub(crate) holes: Vec<Hole>,
}

/// Reads the answer of an operation. The error says what is wrong with the body, for people.
pub(crate) fn decode(model: &ServiceModel, operation: &str, answer: &Answer) -> Result<Decoded, String> {
    let shape = model.operations.get(operation).ok_or("the operation is not known")?;
    let Some(members) = model.members(shape.output.as_ref()) else {
        return Ok(Decoded { value: Value::Object(Map::new()), holes: Vec::new() });
    };
    let mut holes = Vec::new();
    let bodiless =
        shape.method == "HEAD" || answer.status == 204 || members.values().all(|member| member.location.is_some());
    if !bodiless && matches!(&answer.body, Value::Null)
        || answer.body.as_str().is_some_and(|body| !bodiless && body.trim().is_empty())
    {
        // nothing would read as "all facts are absent"
        return Err("the answer is empty".to_owned());
    }
    let rest = matches!(model.protocol, Protocol::RestJson | Protocol::RestXml);
    let payload = shape.output.as_ref().filter(|_| rest).and_then(|output| {
        let name = model.shapes.get(output)?.payload.as_ref()?;
        Some((name, members.get(name)?))
    });
    let mut value = match payload {
        Some((name, member)) => {
            let found = match (model.meaning(&member.shape), model.protocol) {
                (Meaning::Scalar(_), _) => raw(&answer.body),
                (_, Protocol::RestXml) => decode_xml::payload(model, member, text(&answer.body)?, name, &mut holes)?,
                _ => {
                    let body = json(&answer.body)?;
                    decode_json::member(model, member, &body, &format!("/{name}"), 0, &mut holes)
                }
            };
            Value::Object(found.map(|found| (name.clone(), found)).into_iter().collect())
        }
        None => match model.protocol {
            Protocol::Json | Protocol::RestJson => {
                decode_json::structure(model, members, &json(&answer.body)?, "", 0, &mut holes)
            }
            Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
                decode_xml::document(model, shape, members, text(&answer.body)?, &mut holes)?
            }
        },
    };
    if rest {
        headers(members, answer, &mut value);
    }
    Ok(Decoded { value, holes })
}

/// A body that is one text (a bucket policy); it may have been kept as JSON.
fn raw(body: &Value) -> Option<Value> {
    match body {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(_) => Some(body.clone()),
        other => Some(Value::String(other.to_string())),
    }
}

fn json(body: &Value) -> Result<Value, String> {
    match body {
        Value::String(text) if text.trim().is_empty() => Ok(Value::Object(Map::new())),
        Value::String(text) if text == CUT => Err("the body was cut".to_owned()),
        Value::String(text) => serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}")),
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(_) => Ok(body.clone()),
        _ => Err("not a JSON object".to_owned()),
    }
}

fn text(body: &Value) -> Result<&str, String> {
    match body {
        Value::String(text) if text == CUT => Err("the body was cut".to_owned()),
        Value::String(text) => Ok(text),
        Value::Null => Ok(""),
        _ => Err("not XML".to_owned()),
    }
}

fn headers(members: &std::collections::BTreeMap<String, Member>, answer: &Answer, value: &mut Value) {
    for (name, member) in members.iter().filter(|(_, member)| member.location.as_deref() == Some("header")) {
        let wire = member.name.as_deref().unwrap_or(name).to_lowercase();
        if let (Some(found), Value::Object(object)) = (answer.headers.get(&wire), &mut *value) {
            object.insert(name.clone(), found.clone());
        }
    }
}

/// A scalar as the fact that it is; a hole when the text is not of its kind.
pub(crate) fn scalar(kind: Scalar, value: &Value, pointer: &str, holes: &mut Vec<Hole>) -> Option<Value> {
    if value.as_str() == Some(CUT) {
        holes.push(Hole { pointer: pointer.to_owned(), reason: "cut before it was recorded".to_owned() });
        return None;
    }
    let text = value.as_str().map(str::trim);
    let found = match kind {
        Scalar::String | Scalar::Blob => match value {
            Value::String(_) => Some(value.clone()),
            Value::Number(_) | Value::Bool(_) => Some(Value::String(value.to_string())),
            _ => None,
        },
        Scalar::Integer => match text {
            Some(text) => text.parse::<i64>().ok().map(Value::from),
            None => value.is_number().then(|| value.clone()),
        },
        Scalar::Double => match text {
            Some(text) => text.parse::<f64>().ok().map(Value::from),
            None => value.is_number().then(|| value.clone()),
        },
        Scalar::Boolean => match text {
            Some("true" | "True" | "1") => Some(Value::Bool(true)),
            Some("false" | "False" | "0") => Some(Value::Bool(false)),
            Some(_) => None,
            None => value.is_boolean().then(|| value.clone()),
        },
        Scalar::Timestamp => timestamp::normalized(value).map(Value::String),
        Scalar::Document => Some(value.clone()),
    };
    if found.is_none() && !text.is_some_and(str::is_empty) {
        let reason = format!("the answer has no {} there", name_of(kind));
        holes.push(Hole { pointer: pointer.to_owned(), reason });
    }
    found
}

fn name_of(kind: Scalar) -> &'static str {
    match kind {
        Scalar::String | Scalar::Blob => "text",
        Scalar::Integer => "whole number",
        Scalar::Double => "number",
        Scalar::Boolean => "true or false",
        Scalar::Timestamp => "time",
        Scalar::Document => "value",
    }
}

/// One more step of an RFC 6901 pointer.
pub(crate) fn step(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
