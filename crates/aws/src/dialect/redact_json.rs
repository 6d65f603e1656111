//! Redaction of JSON answers.

use super::redact::{Fate, Rules, personal, secret};
use crate::caller::CUT;
use crate::shapes::{Meaning, Member};
use annexa_model::Cut;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn redact(
    rules: &Rules<'_>,
    members: &BTreeMap<String, Member>,
    payload: Option<(&String, &Member)>,
    text: &str,
) -> Result<Option<(String, Vec<Cut>)>, String> {
    let mut body: Value = serde_json::from_str(text).map_err(|_| "not valid JSON".to_owned())?;
    let mut cuts = Vec::new();
    match payload {
        Some((name, member)) => self::member(rules, member, &mut body, &mut vec![name], "", &mut cuts),
        None => structure(rules, members, &mut body, &mut Vec::new(), "", &mut cuts),
    }
    // untouched answers keep their very bytes
    Ok((!cuts.is_empty()).then(|| (body.to_string(), cuts)))
}

fn structure<'a>(
    rules: &Rules<'a>,
    members: &'a BTreeMap<String, Member>,
    value: &mut Value,
    path: &mut Vec<&'a str>,
    pointer: &str,
    cuts: &mut Vec<Cut>,
) {
    let Value::Object(object) = value else { return };
    for (name, shape) in members {
        let wire = shape.name.as_deref().unwrap_or(name);
        let Some(inner) = object.get_mut(wire) else { continue };
        path.push(name);
        let place = format!("{pointer}/{wire}");
        match rules.fate(shape, path) {
            Fate::Keep => member(rules, shape, inner, path, &place, cuts),
            Fate::Secret => cut(inner, place, cuts),
            Fate::Personal => pseudonyms(rules, inner, &place, cuts),
        }
        path.pop();
    }
}

fn member<'a>(
    rules: &Rules<'a>,
    shape: &'a Member,
    value: &mut Value,
    path: &mut Vec<&'a str>,
    pointer: &str,
    cuts: &mut Vec<Cut>,
) {
    let marked = |member: &Member| rules.model.sensitive(member);
    match (rules.model.meaning(&shape.shape), value) {
        (Meaning::Structure(members), value) => structure(rules, members, value, path, pointer, cuts),
        (Meaning::List(item), Value::Array(items)) => {
            for (index, inner) in items.iter_mut().enumerate() {
                let place = format!("{pointer}/{index}");
                if marked(item) { cut(inner, place, cuts) } else { member(rules, item, inner, path, &place, cuts) }
            }
        }
        (Meaning::Map(key, item), whole @ Value::Object(_)) => {
            if marked(key) {
                return cut(whole, pointer.to_owned(), cuts);
            }
            for (key, inner) in whole.as_object_mut().into_iter().flatten() {
                let place = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                if marked(item) { cut(inner, place, cuts) } else { member(rules, item, inner, path, &place, cuts) }
            }
        }
        _ => {}
    }
}

fn cut(value: &mut Value, pointer: String, cuts: &mut Vec<Cut>) {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == CUT,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !empty {
        *value = Value::String(CUT.to_owned());
        cuts.push(secret(pointer));
    }
}

fn pseudonyms(rules: &Rules<'_>, value: &mut Value, pointer: &str, cuts: &mut Vec<Cut>) {
    match value {
        Value::String(text) => {
            let pseudonym = rules.redactor.personal(text);
            if pseudonym != *text {
                *text = pseudonym;
                cuts.push(personal(pointer.to_owned()));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                pseudonyms(rules, item, &format!("{pointer}/{index}"), cuts);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                pseudonyms(rules, item, &format!("{pointer}/{name}"), cuts);
            }
        }
        _ => {}
    }
}
