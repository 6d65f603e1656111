//! The exchange `read document`: a Markdown file in its parts, with its history.

use crate::body;
use crate::columns::Column;
use crate::front_matter::{self, FrontMatter};
use crate::kinds::{self, Kinds};
use crate::plan;
use crate::secrets;
use crate::source::{Source, WorkTree, failure};
use crate::versions;
use crate::yaml_tree::Node;
use annexa_model::{Cut, Failure, FailureKind};
use annexa_tape::{LocalAnswer, Redactor};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How much of a body's text is kept, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Reads a document; redacted when it comes back.
pub(crate) fn read(source: &Source, kinds: &Kinds, path: &str, redactor: &Redactor) -> Result<LocalAnswer, Failure> {
    let bytes = source.bytes(path)?;
    let text = text_of(path, &bytes)?;
    let parts = front_matter::split(text);
    let mut cuts = Vec::new();
    let kind = kind_of(kinds, path, &parts.front_matter);
    let head = match &parts.front_matter {
        FrontMatter::Missing => json!({"state": "missing"}),
        FrontMatter::Broken(error) => {
            cuts.push(cut("/front_matter", "can't be read, so it is not kept"));
            json!({"state": "invalid", "line": error.line, "message": error.message})
        }
        FrontMatter::Present(entries) => {
            let mut head = keys(entries, &kinds.keys_of(kind), "/front_matter", redactor, &mut cuts);
            head["state"] = "present".into();
            head
        }
    };
    let cleaned = secrets::cut(parts.body, redactor);
    count_cuts(&cleaned, "/body/text", &mut cuts);
    let kept = prefix(&cleaned.text, MAX_TEXT);
    let work_tree = source.work_tree(path, &bytes);
    let mut body = json!({
        "path": path,
        "bytes": bytes.len(),
        "kind": kind,
        "work_tree": work_tree.as_str(),
        "front_matter": head,
        "body": {
            "first_line": parts.body_line,
            "digest": body::digest(&cleaned.text),
            "text": kept,
            "whole": kept.len() == cleaned.text.len(),
        },
        "history": versions::history(source, path, true, redactor),
    });
    if cuts.is_empty() && work_tree == WorkTree::Committed {
        // the digest of something that was cut would give it away to whoever guesses it
        body["blob"] = source.blob(path).into();
    }
    Ok(LocalAnswer { content_type: "text/markdown".to_owned(), body, cuts })
}

/// A file's text, without the mark that some editors put in front.
pub(crate) fn text_of<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Failure> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            let message = format!("{path} line {line}: the text is not UTF-8; save it with that encoding");
            Err(failure(FailureKind::Invalid, message))
        }
    }
}

/// The word of the kind: what the file says when a kind has that name, else its folder's, else `other`.
fn kind_of<'a>(kinds: &'a Kinds, path: &str, head: &FrontMatter) -> &'a str {
    let said = head.text("kind").map(|word| word.trim().to_lowercase());
    match said {
        Some(word) => kinds.documents.get_key_value(&word).map_or("other", |(word, _)| word),
        None => plan::kind_by_folder(path, kinds).unwrap_or("other"),
    }
}

/// Front matter or `meta:` as it is recorded: described keys with redacted values, the others by name only.
pub(crate) fn keys(
    entries: &[(String, u64, Node)],
    described: &BTreeMap<&str, &Column>,
    pointer: &str,
    redactor: &Redactor,
    cuts: &mut Vec<Cut>,
) -> Value {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (name, line, node) in entries {
        let Some((key, column)) = kinds::column(described, name) else {
            unknown.push(json!({"key": name, "line": line}));
            continue;
        };
        let mut value = node.to_json();
        if column.redact(&mut value, redactor) {
            cuts.push(cut(&format!("{pointer}/keys/{}/value", known.len()), "personal"));
        }
        known.push(json!({"key": key, "line": line, "value": value}));
    }
    if !unknown.is_empty() {
        cuts.push(cut(&format!("{pointer}/unknown_keys"), "keys that no description names; only their names are kept"));
    }
    json!({"keys": known, "unknown_keys": unknown})
}

/// Notes how much [`secrets::cut`] took out.
pub(crate) fn count_cuts(cleaned: &secrets::Cleaned, pointer: &str, cuts: &mut Vec<Cut>) {
    if cleaned.secrets > 0 {
        cuts.push(cut(pointer, &format!("secret ({} times)", cleaned.secrets)));
    }
    if cleaned.emails > 0 {
        cuts.push(cut(pointer, &format!("personal ({} e-mail addresses)", cleaned.emails)));
    }
}

/// One cut.
pub(crate) fn cut(pointer: &str, reason: &str) -> Cut {
    Cut { pointer: pointer.to_owned(), reason: reason.to_owned(), fact: None }
}

/// The longest head of a text that is not longer than so many bytes.
fn prefix(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
