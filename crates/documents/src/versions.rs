//! The history of one file, version by version, as it is recorded.

use crate::body;
use crate::front_matter::{self, FrontMatter};
use crate::secrets;
use crate::source::Source;
use annexa_tape::Redactor;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many versions of one file are recorded, from the newest.
const MAX_VERSIONS: usize = 200;

/// What of a version is compared with the version before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    body_digest: String,
    version: Option<String>,
    approved_on: Option<String>,
}

/// The member `history` of an answer: null without git.
///
/// Bodies are compared after redaction, so that a digest tells nothing about what was cut.
pub(crate) fn history(source: &Source, path: &str, document: bool, redactor: &Redactor) -> Value {
    let Some(repository) = source.repository() else { return Value::Null };
    if repository.shallow {
        return json!({"commits": [], "whole": false, "why": "the clone is shallow"});
    }
    let (changes, all) = source.changes(path);
    let mut versions: BTreeMap<String, Option<Version>> = BTreeMap::new();
    let mut at = |blob: &str| -> Option<Version> {
        versions.entry(blob.to_owned()).or_insert_with(|| read(&source.object(blob)?, document, redactor)).clone()
    };
    let mut commits = Vec::new();
    for change in changes.iter().take(MAX_VERSIONS) {
        let after = at(&change.after);
        let before: Vec<Option<Version>> = change.before.iter().map(|blob| at(blob)).collect();
        let mut entry = source.commit(&change.commit).to_json(&change.commit, redactor);
        entry["path"] = change.path.as_str().into();
        if let Some(after) = after {
            let same_body = |b: &Option<Version>| b.as_ref().is_some_and(|b| b.body_digest == after.body_digest);
            let same_version = |b: &Option<Version>| b.as_ref().is_some_and(|b| b.version == after.version);
            entry["body_changed"] = (!before.iter().any(same_body)).into();
            entry["version_changed"] = (!before.iter().any(same_version)).into();
            entry["first"] = before.is_empty().into();
            entry["body_digest"] = after.body_digest.into();
            entry["version"] = after.version.into();
            entry["approved_on"] = after.approved_on.into();
        }
        commits.push(entry);
    }
    let whole = all && changes.len() <= MAX_VERSIONS;
    json!({"commits": commits, "whole": whole})
}

fn read(bytes: &[u8], document: bool, redactor: &Redactor) -> Option<Version> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !document {
        let cleaned = secrets::cut(text, redactor).text;
        return Some(Version { body_digest: body::digest(&cleaned), version: None, approved_on: None });
    }
    let split = front_matter::split(text);
    let text_of = |key: &str| match &split.front_matter {
        FrontMatter::Present(_) => split.front_matter.text(key).map(|text| secrets::cut(text, redactor).text),
        _ => None,
    };
    let cleaned = secrets::cut(split.body, redactor).text;
    Some(Version {
        body_digest: body::digest(&cleaned),
        version: text_of("version"),
        approved_on: text_of("approved_on"),
    })
}
