//! The folder as a whole: which expected documents are there.

use super::facts::Facts;
use super::{Found, Hole, Scene};
use crate::folder;
use crate::kinds::Expected;
use annexa_model::Resource;
use serde_json::{Map, Value, json};

/// Adds the target's `document.library`.
pub(crate) fn add(scene: &Scene<'_>, list: &Value, found: &mut Found) {
    let mut facts = Facts::default();
    let id = scene.list_id.as_str();
    let hole = found.holes.first().map(|hole| match hole {
        Hole::Documents { gap, reason } | Hole::Register { gap, reason, .. } | Hole::Anything { gap, reason } => {
            (gap.clone(), reason.clone())
        }
    });
    let mut expected = Map::new();
    let mut missing = Vec::new();
    facts.source("expected", id);
    facts.source("missing", id);
    for (name, rule) in &scene.kinds.library {
        let mut fact = json!({"title": rule.title, "asked_by": rule.asked_by});
        if let Some(resource) = found.resources.iter().find(|resource| is(name, rule, resource)) {
            describe(&mut fact, resource);
            // a text that is kept in part may hold a placeholder further down
            if fact["placeholders"] == json!(0)
                && let Some(hidden) = resource.unobserved.iter().find(|hidden| hidden.pointer == "/body/placeholders")
                && let Some(members) = fact.as_object_mut()
            {
                members.remove("placeholders");
                let gap = hidden.reason.gap.as_deref().unwrap_or(id);
                facts.unknown(&format!("/expected/{name}/placeholders"), &hidden.reason.reason, gap);
            }
            for source in resource.evidence() {
                facts.source("expected", &source);
            }
        } else if let Some((gap, reason)) = &hole {
            for member in ["found", "path", "empty", "placeholders", "status"] {
                facts.unknown(&format!("/expected/{name}/{member}"), reason, gap);
            }
        } else {
            fact["found"] = false.into();
            // clauses have numbers, controls begin with `A.`
            if rule.asked_by.iter().any(|id| !id.starts_with("A.")) {
                missing.push(rule.title.clone());
            }
        }
        expected.insert(name.clone(), fact);
    }
    if let Some((gap, reason)) = &hole {
        facts.partial("/missing", reason, gap);
        facts.partial("/uncommitted", reason, gap);
    }
    facts.set("expected", expected, id);
    facts.set("missing", missing, id);
    let files = list["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read_as = |word: &str| files.iter().filter(|file| file["read_as"] == *word).count() as u64;
    facts.set("documents", read_as("document"), id);
    facts.set("registers", read_as("register"), id);
    let skipped: Vec<Value> = files
        .iter()
        .filter(|file| file["skipped"].is_string())
        .map(|file| json!({"path": file["path"], "why": file["skipped"]}))
        .collect();
    facts.set("skipped", skipped, id);
    let unreadable: Vec<&Value> =
        files.iter().filter(|file| file["unreadable"].is_string()).map(|file| &file["path"]).collect();
    facts.set("unreadable", json!(unreadable), id);
    facts.set("deleted", list["deleted"].clone(), id);
    let uncommitted: Vec<&String> = found
        .answers
        .iter()
        .filter(|(_, body)| matches!(body["work_tree"].as_str(), Some("changed" | "untracked")))
        .map(|(path, _)| path)
        .collect();
    facts.set("uncommitted", json!(uncommitted), id);
    match (&scene.repository, &scene.no_history) {
        (Some(repository), _) => facts.set("repository", repository.clone(), &scene.repository_id),
        (None, Some(reason)) => facts.unknown("/repository", reason, &scene.repository_id),
        (None, None) => facts.source("repository", &scene.repository_id),
    }
    let shown_by = vec![scene.list_id.clone()];
    let resource = facts.resource(
        "document.library".to_owned(),
        format!("{}/", scene.target),
        scene.target.to_owned(),
        scene.target,
        shown_by,
    );
    found.resources.push(resource);
}

/// Whether a resource is an expected document. A retired one is not: another may have taken its place.
fn is(name: &str, rule: &Expected, resource: &Resource) -> bool {
    if !resource.kind.starts_with("document.") {
        return false;
    }
    let text = |fact: &str| resource.facts.get(fact).and_then(Value::as_str);
    if text("status") == Some("retired") {
        return false;
    }
    let fulfils = resource.facts.get("fulfils").and_then(Value::as_array);
    if fulfils.is_some_and(|items| items.iter().any(|item| item.as_str().is_some_and(|item| fold(item) == fold(name))))
    {
        return true;
    }
    if resource.kind == "document.register" {
        return rule.register.is_some() && rule.register.as_deref() == text("register_kind");
    }
    let title = text("title").map(fold);
    let stem = text("path").map(|path| fold(folder::stem(path)));
    rule.names.iter().any(|word| title.as_deref() == Some(word) || stem.as_deref() == Some(word))
}

fn fold(text: &str) -> String {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn describe(fact: &mut Value, resource: &Resource) {
    fact["found"] = true.into();
    if let Some(path) = resource.facts.get("path") {
        fact["path"] = path.clone();
    }
    if let Some(status) = resource.facts.get("status") {
        fact["status"] = status.clone();
    }
    match (resource.facts.get("rows"), resource.facts.get("body")) {
        (Some(rows), _) => {
            fact["empty"] = (*rows == json!(0)).into();
            fact["placeholders"] = 0.into();
            fact["rows"] = rows.clone();
        }
        (None, Some(body)) => {
            fact["empty"] = body["empty"].clone();
            fact["placeholders"] = body["placeholders"].as_array().map_or(0, Vec::len).into();
        }
        (None, None) => {}
    }
}
