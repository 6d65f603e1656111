//! A document: what its front matter, body and history say.

use super::facts::Facts;
use super::{Codeowners, FileAnswer, Found, Hole, Scene, gap};
use crate::body;
use crate::schema::fact_name;
use annexa_model::Resource;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Adds the resource of one document.
pub(crate) fn add(scene: &Scene<'_>, answer: &FileAnswer<'_>, found: &mut Found) {
    let kind = answer.body["kind"].as_str().unwrap_or("other");
    let (path, id) = (answer.path, answer.exchange.id.as_str());
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    let head = &answer.body["front_matter"];
    match head["state"].as_str() {
        Some("invalid") => {
            let line = head["line"].as_u64().unwrap_or(0);
            let problem =
                format!("line {line}: {}", head["message"].as_str().unwrap_or("the front matter can't be read"));
            for (name, column) in scene.kinds.keys_of(kind) {
                facts.unknown(&format!("/{}", fact_name(name, column)), &format!("{path} {problem}"), id);
            }
            for name in ["review", "controls", "same_id"] {
                facts.unknown(&format!("/{name}"), &format!("{path} {problem}"), id);
            }
            facts.set(
                "front_matter",
                json!({"state": "invalid", "problems": [problem], "missing": [], "unknown_keys": []}),
                id,
            );
            problems.push(problem);
            if kind == "other" {
                // it may be of any kind
                found.holes.push(Hole::Documents { gap: id.to_owned(), reason: format!("{path} {}", problems[0]) });
            }
        }
        state => {
            problems = header(scene, kind, head, state.unwrap_or("missing"), id, &mut facts);
            derived(scene, kind, id, &mut facts);
        }
    }
    body_facts(scene, &answer.body["body"], path, id, &mut facts, &mut problems);
    common(scene, answer, &mut facts);
    if !problems.is_empty() {
        found.gaps.push(gap::problem(scene, id, &answer.exchange.operation, path, &summary(&problems)));
    }
    let name = facts.get("title").and_then(Value::as_str).unwrap_or(path).to_owned();
    let shown_by = vec![scene.list_id.clone(), id.to_owned()];
    let resource_id = format!("{}/{path}", scene.target);
    found.resources.push(facts.resource(format!("document.{kind}"), resource_id, name, scene.target, shown_by));
}

/// The facts of front matter or of a register's `meta:`; gives back the values that can't be read.
pub(crate) fn header(
    scene: &Scene<'_>,
    kind: &str,
    head: &Value,
    state: &str,
    id: &str,
    facts: &mut Facts,
) -> Vec<String> {
    let columns = scene.kinds.keys_of(kind);
    let keys = head["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut problems = Vec::new();
    for (name, column) in &columns {
        let fact = fact_name(name, column);
        let entry = keys.iter().find(|entry| entry["key"] == *name);
        let value = entry.map_or(&Value::Null, |entry| &entry["value"]);
        if let Some(problem) = facts.column(fact, column, value, id, id) {
            let line = entry.and_then(|entry| entry["line"].as_u64()).unwrap_or(0);
            problems.push(format!("line {line}, {name}: {problem}"));
        }
    }
    let required = scene.kinds.documents.get(kind).map(|kind| kind.required.as_slice()).unwrap_or_default();
    let missing: Vec<&String> = required
        .iter()
        .filter(|name| {
            let fact = columns.get(name.as_str()).map_or(name.as_str(), |column| fact_name(name, column));
            facts.get(fact).is_none() && !facts.is_unknown(fact)
        })
        .collect();
    let unknown: Vec<&Value> =
        head["unknown_keys"].as_array().into_iter().flatten().map(|entry| &entry["key"]).collect();
    let fact = json!({"state": state, "missing": missing, "unknown_keys": unknown, "problems": problems});
    facts.set("front_matter", fact, id);
    problems
}

/// Facts that follow from several keys.
pub(crate) fn derived(scene: &Scene<'_>, kind: &str, id: &str, facts: &mut Facts) {
    let mut review = Map::new();
    if let Some(days) = scene.kinds.documents.get(kind).and_then(|kind| kind.review_days) {
        review.insert("max_days".to_owned(), days.into());
    }
    let time = |name: &str| facts.get(name)?.as_str()?.parse::<annexa_model::Timestamp>().ok();
    if let (Some(from), Some(to)) = (time("approved_on"), time("next_review")) {
        review.insert("interval_days".to_owned(), to.duration_since(from).as_hours().div_euclid(24).into());
    }
    let unknown: Vec<&str> = ["approved_on", "next_review"].into_iter().filter(|name| facts.is_unknown(name)).collect();
    for name in unknown {
        facts.unknown("/review/interval_days", &format!("{name} can't be read"), id);
    }
    facts.set("review", review, id);
    controls(scene, id, facts);
}

/// Which of `applies_to` are controls or clauses of an edition; words of another shape are scope selectors.
fn controls(scene: &Scene<'_>, id: &str, facts: &mut Facts) {
    if scene.kinds.controls.is_empty() {
        // the rules hold no catalogue to compare with; nothing is missing from the target
        facts.unknown_by_rules("/controls", "the rules hold no catalogue of controls");
        return;
    }
    if facts.is_unknown("applies_to") {
        facts.unknown("/controls", "applies_to can't be read", id);
        return;
    }
    let items = facts.get("applies_to").and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for item in items.iter().filter_map(Value::as_str) {
        let number = item.strip_prefix("A.").unwrap_or(item);
        let shaped = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        if scene.kinds.controls.contains(item) {
            known.push(item);
        } else if shaped || item.starts_with("A.") {
            unknown.push(item);
        }
    }
    let fact = json!({"known": known, "unknown": unknown});
    facts.set("controls", fact, id);
}

fn body_facts(
    scene: &Scene<'_>,
    recorded: &Value,
    path: &str,
    id: &str,
    facts: &mut Facts,
    problems: &mut Vec<String>,
) {
    let text = recorded["text"].as_str().unwrap_or("");
    let line = recorded["first_line"].as_u64().unwrap_or(1);
    let mut fact = body::describe(text, line, &scene.kinds.header.placeholders);
    fact["digest"] = recorded["digest"].clone();
    if recorded["whole"] != json!(true) {
        let reason = format!("{path}: only the first 64 KiB of the text are kept");
        for list in ["headings", "links", "placeholders"] {
            facts.partial(&format!("/body/{list}"), &reason, id);
        }
        if let Some(members) = fact.as_object_mut() {
            members.remove("words");
        }
        facts.unknown("/body/words", &reason, id);
        problems.push("only the first 64 KiB of the text are kept; divide the document".to_owned());
    }
    facts.set("body", fact, id);
}

/// What documents and register files have in common.
pub(crate) fn common(scene: &Scene<'_>, answer: &FileAnswer<'_>, facts: &mut Facts) {
    let id = answer.exchange.id.as_str();
    facts.set("path", answer.path, id);
    facts.set("work_tree", answer.body["work_tree"].clone(), id);
    if let Some(repository) = &scene.repository {
        facts.set("repository", repository.clone(), &scene.repository_id);
    } else if scene.no_history.is_some() {
        facts.unknown("/repository", "the repository could not be read", &scene.repository_id);
    }
    match &scene.codeowners {
        Codeowners::NoGit => {}
        Codeowners::Unknown { reason, gap } => facts.unknown("/codeowners", reason, gap),
        Codeowners::Known { rules, exchange } => {
            let folder = scene.git["folder"].as_str().unwrap_or("");
            facts.set("codeowners", json!(rules.owners(&format!("{folder}{}", answer.path))), exchange);
        }
    }
    history(scene, &answer.body["history"], id, facts);
}

/// The history as checks see it. Without git, or for a file that no commit holds, there is none.
fn history(scene: &Scene<'_>, recorded: &Value, id: &str, facts: &mut Facts) {
    if let Some(reason) = &scene.no_history {
        facts.unknown("/history", reason, &scene.repository_id);
        return;
    }
    facts.source("history", id);
    let commits = recorded["commits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(newest) = commits.first() else { return };
    let whole = recorded["whole"] == json!(true);
    let body_change = commits.iter().find(|commit| commit["body_changed"] != json!(false));
    let silent: Vec<&Value> = commits
        .iter()
        .filter(|c| {
            c["body_changed"] == json!(true) && c["first"] == json!(false) && c["version_changed"] == json!(false)
        })
        .map(|commit| &commit["commit"])
        .collect();
    let mut fact = Map::new();
    // times and names in commits are set by whoever makes them; only the server's record of a review is proof
    fact.insert("grade".to_owned(), "claimed".into());
    fact.insert("commits".to_owned(), commits.iter().map(known_members).collect());
    fact.insert("last_commit".to_owned(), known_members(newest));
    fact.insert("body_changes_without_new_version".to_owned(), json!(silent));
    match body_change {
        Some(commit) if commit["body_changed"] == json!(true) => {
            fact.insert("last_body_change".to_owned(), known_members(commit));
        }
        _ => facts.unknown("/history/last_body_change", "a version of the file could not be read", id),
    }
    if commits.iter().any(|commit| commit["body_changed"].is_null()) || !whole {
        let reason = "not all versions of the file are kept or could be read";
        facts.partial("/history/body_changes_without_new_version", reason, id);
        facts.partial("/history/commits", reason, id);
    }
    facts.set("history", fact, id);
}

/// An object without its nulls: an absent fact is a missing key.
fn known_members(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), known_members(v)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Problems in one sentence, the first few of them.
pub(crate) fn summary(problems: &[String]) -> String {
    let shown = problems.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
    if problems.len() > 5 { format!("{shown}; and {} more", problems.len() - 5) } else { shown }
}

/// Tells each document which others carry the same id.
pub(crate) fn same_ids(found: &mut Found) {
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let id_of = |resource: &Resource| Some(resource.facts.get("document_id")?.as_str()?.to_owned());
    let path_of = |resource: &Resource| Some(resource.facts.get("path")?.as_str()?.to_owned());
    for resource in &found.resources {
        if let (Some(id), Some(path)) = (id_of(resource), path_of(resource)) {
            paths.entry(id).or_default().push(path);
        }
    }
    let hole = found.holes.iter().find_map(|hole| match hole {
        Hole::Documents { gap, reason } | Hole::Anything { gap, reason } => Some((gap.clone(), reason.clone())),
        Hole::Register { .. } => None,
    });
    for resource in found.resources.iter_mut().filter(|resource| resource.kind.starts_with("document.")) {
        let (Some(id), Some(path)) = (id_of(resource), path_of(resource)) else { continue };
        let others: Vec<&String> = paths[&id].iter().filter(|other| **other != path).collect();
        resource.facts.insert("same_id".to_owned(), json!(others));
        let sources = resource.sources.get("document_id").cloned().unwrap_or_default();
        resource.sources.insert("same_id".to_owned(), sources);
        if let Some((gap, reason)) = &hole {
            resource.unobserved.push(annexa_model::Unobserved {
                pointer: "/same_id".to_owned(),
                state: annexa_model::UnobservedState::Partial,
                reason: annexa_model::Reason { reason: reason.clone(), gap: Some(gap.clone()) },
            });
        }
    }
}
