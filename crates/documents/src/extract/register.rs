//! A register: the file as a document, each row as a resource.

use super::facts::Facts;
use super::{FileAnswer, Found, Hole, Scene, document, gap};
use crate::kinds::RegisterKind;
use crate::schema::fact_name;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many other lines with its key a row names: all of them in all rows would be the square of the rows.
const MAX_SAME: usize = 20;

/// Adds the register and its rows.
pub(crate) fn add(scene: &Scene<'_>, word: &str, answer: &FileAnswer<'_>, found: &mut Found) {
    let Some(kind) = scene.kinds.registers.get(word) else { return };
    let (path, id) = (answer.path, answer.exchange.id.as_str());
    let mut problems = errors(answer.body);
    if !problems.is_empty() {
        let reason = format!("{path} {}", document::summary(&problems));
        found.holes.push(Hole::Register { register: word.to_owned(), gap: id.to_owned(), reason });
    }
    let rows = answer.body["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in rows {
        lines.entry(key_of(kind, row)).or_default().push(row["line"].as_u64().unwrap_or(0));
    }
    for row in rows {
        problems.extend(one_row(scene, word, kind, row, &lines, answer, found));
    }
    problems.extend(file(scene, word, rows.len(), answer, found));
    if !problems.is_empty() {
        found.gaps.push(gap::problem(scene, id, &answer.exchange.operation, path, &document::summary(&problems)));
    }
}

fn errors(body: &Value) -> Vec<String> {
    let errors = body["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| {
            let line = error["line"].as_u64().unwrap_or(0);
            format!("line {line}: {}", error["message"].as_str().unwrap_or("can't be read"))
        })
        .collect()
}

fn key_of(kind: &RegisterKind, row: &Value) -> String {
    row["values"][&kind.key].as_str().unwrap_or("").trim().to_owned()
}

/// Adds one row's resource; gives back the values that can't be read.
fn one_row(
    scene: &Scene<'_>,
    word: &str,
    kind: &RegisterKind,
    row: &Value,
    lines: &BTreeMap<String, Vec<u64>>,
    answer: &FileAnswer<'_>,
    found: &mut Found,
) -> Vec<String> {
    let id = answer.exchange.id.as_str();
    let line = row["line"].as_u64().unwrap_or(0);
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    let mut aliases: Vec<Value> = Vec::new();
    for (name, column) in &kind.columns {
        let fact = fact_name(name, column);
        if let Some(problem) = facts.column(fact, column, &row["values"][name], id, id) {
            problems.push(format!("line {line}, {name}: {problem}"));
        } else if column.alias
            && let Some(value) = facts.get(fact).and_then(Value::as_str)
        {
            // GitHub and others do not look at case
            for form in [Value::from(value), value.to_lowercase().into()] {
                if !aliases.contains(&form) {
                    aliases.push(form);
                }
            }
        }
    }
    let missing: Vec<&String> = kind
        .required
        .iter()
        .filter(|name| {
            let fact = kind.columns.get(*name).map_or(name.as_str(), |column| fact_name(name, column));
            facts.get(fact).is_none() && !facts.is_unknown(fact)
        })
        .collect();
    let key = key_of(kind, row);
    if !key.is_empty() {
        facts.set("key", key.as_str(), id);
    }
    let same = lines.get(&key).map(Vec::as_slice).unwrap_or_default();
    let others: Vec<&u64> = same.iter().filter(|other| **other != line).take(MAX_SAME).collect();
    let work_tree = answer.body["work_tree"].clone();
    facts.set("missing", json!(missing), id);
    facts.set("problems", json!(problems), id);
    facts.set("aliases", aliases, id);
    facts.set("same_key", json!(others), id);
    facts.set("register", json!({"path": answer.path, "line": line, "work_tree": work_tree}), id);

    let first = same.first().copied() == Some(line);
    let shown = if key.is_empty() { format!("line {line}") } else { key.clone() };
    let suffix = if first && !key.is_empty() { String::new() } else { format!("@{line}") };
    let resource_id = format!("{}/{}#{key}{suffix}", scene.target, answer.path);
    let shown_by = vec![scene.list_id.clone(), id.to_owned()];
    found.resources.push(facts.resource(format!("register.{word}"), resource_id, shown, scene.target, shown_by));
    problems
}

/// Adds the resource of the file; gives back what of its `meta:` can't be read.
fn file(scene: &Scene<'_>, word: &str, rows: usize, answer: &FileAnswer<'_>, found: &mut Found) -> Vec<String> {
    let id = answer.exchange.id.as_str();
    let mut facts = Facts::default();
    let meta = &answer.body["meta"];
    let state = if meta.is_null() { "missing" } else { "present" };
    let problems = document::header(scene, "register", meta, state, id, &mut facts);
    document::derived(scene, "register", id, &mut facts);
    facts.set("register_kind", word, id);
    facts.set("rows", rows as u64, id);
    document::common(scene, answer, &mut facts);
    let name = facts.get("title").and_then(Value::as_str).unwrap_or(answer.path).to_owned();
    let resource_id = format!("{}/{}", scene.target, answer.path);
    let shown_by = vec![scene.list_id.clone(), id.to_owned()];
    found.resources.push(facts.resource("document.register".to_owned(), resource_id, name, scene.target, shown_by));
    problems
}
