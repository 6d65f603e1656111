//! Whether the lists of documents and rows are whole.

use super::{Found, Hole, Scene};
use annexa_model::{Gap, ResourceSet, SetState};
use serde_json::Value;

/// The sets when not even the list of files is known.
pub(crate) fn nothing_known(scene: &Scene<'_>, gap: &Gap) -> Vec<ResourceSet> {
    let state = SetState::Unobserved { reason: gap.message.clone(), gap: gap.id.clone() };
    types(scene).map(|kind| set(scene, kind, state.clone(), &Found::default())).collect()
}

/// The sets of all types.
pub(crate) fn sets(scene: &Scene<'_>, found: &Found) -> Vec<ResourceSet> {
    types(scene)
        .map(|kind| {
            let state = match kind.strip_prefix("register.") {
                Some(word) => register(word, found),
                None if kind == "document.library" => SetState::Complete,
                None => documents(found),
            };
            set(scene, kind, state, found)
        })
        .collect()
}

fn types(scene: &Scene<'_>) -> impl Iterator<Item = String> {
    let documents = scene.kinds.documents.keys().map(|word| format!("document.{word}"));
    let registers = scene.kinds.registers.keys().map(|word| format!("register.{word}"));
    documents.chain(registers).chain(["document.library".to_owned()])
}

fn documents(found: &Found) -> SetState {
    let hole = found.holes.iter().find_map(|hole| match hole {
        Hole::Documents { gap, reason } | Hole::Anything { gap, reason } => Some((gap, reason)),
        Hole::Register { .. } => None,
    });
    hole.map_or(SetState::Complete, |(gap, reason)| SetState::Partial { reason: reason.clone(), gap: gap.clone() })
}

fn register(word: &str, found: &Found) -> SetState {
    let hole = found.holes.iter().find_map(|hole| match hole {
        Hole::Register { register, gap, reason } if register == word => Some((gap, reason)),
        Hole::Anything { gap, reason } => Some((gap, reason)),
        _ => None,
    });
    let read = found.answers.values().any(|body| body["register"] == word && body["rows"].is_array());
    match hole {
        Some((gap, reason)) if read => SetState::Partial { reason: reason.clone(), gap: gap.clone() },
        Some((gap, reason)) => SetState::Unobserved { reason: reason.clone(), gap: gap.clone() },
        None if read => SetState::Complete,
        None => SetState::NotApplicable { reason: format!("the folder has no register of kind `{word}`") },
    }
}

fn set(scene: &Scene<'_>, kind: String, state: SetState, found: &Found) -> ResourceSet {
    let count = found.resources.iter().filter(|resource| resource.kind == kind).count() as u64;
    let word = kind.strip_prefix("register.");
    let mut evidence = vec![scene.list_id.clone()];
    if let Some(word) = word {
        let mut files: Vec<String> = found
            .resources
            .iter()
            .filter(|r| {
                r.kind == "document.register" && r.facts.get("register_kind").and_then(Value::as_str) == Some(word)
            })
            .flat_map(|resource| resource.sources.get("rows").cloned().unwrap_or_default())
            .collect();
        files.sort();
        evidence.extend(files);
    }
    ResourceSet {
        kind,
        target: scene.target.to_owned(),
        region: None,
        state,
        found: count,
        excluded: 0,
        counted: None,
        evidence,
    }
}
