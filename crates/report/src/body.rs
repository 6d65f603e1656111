//! A recorded body, laid out for reading: JSON with indents, other text as it is, the values that decided marked.

use crate::escape;
use annexa_model::Finding;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// A body is cut on a page after this many bytes; the whole stands in the evidence file.
pub(crate) const WHOLE: usize = 64 * 1024;

/// Marks in one body; more would not help the eye.
const MARKS: usize = 50;

/// A piece of a body.
#[derive(Serialize)]
pub(crate) struct Segment {
    text: String,
    mark: bool,
}

/// A body laid out for reading.
#[derive(Serialize)]
pub(crate) struct Body {
    /// The text in pieces.
    pub(crate) segments: Vec<Segment>,
    /// Whether something is missing at the end.
    pub(crate) is_cut: bool,
}

#[cfg(test)]
impl Body {
    /// How many bytes it takes on a page.
    pub(crate) fn html_len(&self) -> usize {
        self.segments.iter().map(|s| escape::html_len(&s.text) + if s.mark { 13 } else { 0 }).sum()
    }
}

/// Values that decided findings, each with the names of its members: `"false"` → `blockpublicacls`.
#[derive(Default)]
pub(crate) struct Marks {
    names: HashMap<String, BTreeSet<String>>,
    n: usize,
}

impl Marks {
    /// Adds the values that decided a finding.
    pub(crate) fn add(&mut self, finding: &Finding) {
        for (path, value) in &finding.observed {
            let name = path.rsplit(['.', '/']).next().unwrap_or(path);
            self.leaf(name, value);
        }
    }

    fn leaf(&mut self, name: &str, value: &Value) {
        if self.n > 200 {
            return;
        }
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| self.leaf(name, value)),
            Value::Array(items) => items.iter().for_each(|item| self.leaf(name, item)),
            Value::Null => {}
            scalar => {
                self.n += usize::from(self.names.entry(plain(scalar)).or_default().insert(fold(name)));
            }
        }
    }

    fn has(&self, name: &str, value: &str) -> bool {
        // nearly all values of an answer decided nothing: the name is not looked at then
        value.len() <= 1_000 && self.names.get(value).is_some_and(|names| names.contains(&fold(name)))
    }
}

/// Lays a body out, cut after `limit` bytes.
pub(crate) fn lay_out(body: &Value, marks: &Marks, limit: usize) -> Body {
    let mut page = Writer {
        segments: Vec::new(),
        text: String::new(),
        room: limit,
        html_room: limit * 4,
        marks: 0,
        is_cut: false,
    };
    match body {
        Value::String(text) if text.trim_start().starts_with('<') => xml(&mut page, text, marks),
        Value::String(text) => lines(&mut page, text, marks, 0),
        other => json(&mut page, other, "", marks, 0),
    }
    page.finish()
}

/// About how many bytes the JSON text of a body takes on a page, never much less: told without reading its values.
pub(crate) fn laid_out_len(json: &str, limit: usize) -> usize {
    let (mut depth, mut in_text) = (0_usize, false);
    let (mut text, mut html) = (0, 0);
    let mut at = 0;
    while let Some(&byte) = json.as_bytes().get(at) {
        let mut taken = 1;
        // each member of a list or object, and each line of a long text, stands on a line of its own
        let (bytes, added) = match byte {
            b'\\' => {
                taken = 2;
                match json.as_bytes().get(at + 1) {
                    Some(b'n') => (4 + 2 * depth, 4 + 2 * depth),
                    // may be shown as a code point, of which only this was counted
                    Some(b'u') => (2, 10),
                    Some(b'"') => (2, 7),
                    _ => (2, 2),
                }
            }
            b'"' => {
                in_text = !in_text;
                (1, 6)
            }
            b'{' | b'[' if !in_text => {
                depth += 1;
                (2 + 2 * depth, 2 + 2 * depth)
            }
            b'}' | b']' if !in_text => {
                depth = depth.saturating_sub(1);
                (2 + 2 * depth, 2 + 2 * depth)
            }
            b',' if !in_text => (2 + 2 * depth, 2 + 2 * depth),
            b':' if !in_text => (2, 2),
            b'<' | b'>' => (1, 4),
            b'&' | b'\'' => (1, 5),
            byte if byte.is_ascii() => (1, 1),
            _ => {
                let c = json.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                taken = c;
                (c, json.get(at..at + c).map_or(c, escape::html_len))
            }
        };
        (text, html) = (text + bytes, html + added);
        if text > limit {
            break;
        }
        at += taken;
    }
    html.min(limit * 4)
}

/// A scalar as text, a list or object as JSON on one line.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn json(page: &mut Writer, value: &Value, name: &str, marks: &Marks, depth: usize) {
    if page.is_cut {
        return;
    }
    match value {
        Value::Object(members) if !members.is_empty() => {
            page.push("{");
            for (i, (name, value)) in members.iter().enumerate() {
                page.push(if i == 0 { "\n" } else { ",\n" });
                page.indent(depth + 1);
                page.push(&Value::from(name.as_str()).to_string());
                page.push(": ");
                json(page, value, name, marks, depth + 1);
                if page.is_cut {
                    return;
                }
            }
            page.push("\n");
            page.indent(depth);
            page.push("}");
        }
        Value::Array(items) if !items.is_empty() => {
            page.push("[");
            for (i, item) in items.iter().enumerate() {
                page.push(if i == 0 { "\n" } else { ",\n" });
                page.indent(depth + 1);
                json(page, item, name, marks, depth + 1);
                if page.is_cut {
                    return;
                }
            }
            page.push("\n");
            page.indent(depth);
            page.push("]");
        }
        Value::Object(_) => page.push("{}"),
        Value::Array(_) => page.push("[]"),
        Value::String(text) if text.len() > 80 && text.contains('\n') => {
            page.push("|\n");
            lines(page, text, marks, depth + 1);
        }
        Value::String(text) if marks.has(name, text) => page.mark(&value.to_string()),
        Value::String(_) => page.push(&value.to_string()),
        scalar => {
            let text = scalar.to_string();
            if marks.has(name, &text) { page.mark(&text) } else { page.push(&text) }
        }
    }
}

/// XML stays as it is; the text of an element that decided is marked.
fn xml(page: &mut Writer, text: &str, marks: &Marks) {
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>').map(|at| open + at + 1) else { break };
        let name = rest[open + 1..close - 1].split([' ', ':']).next_back().unwrap_or("");
        page.push(&rest[..close]);
        rest = &rest[close..];
        let value = &rest[..rest.find('<').unwrap_or(0)];
        if !value.is_empty() && marks.has(name, value) {
            page.mark(value);
            rest = &rest[value.len()..];
        }
        if page.is_cut {
            return;
        }
    }
    page.push(rest);
}

/// Other text stays as it is; the value of a line `name: value` that decided is marked. A long text inside JSON, such as
/// a document or a query, stands below its name as it does in YAML.
fn lines(page: &mut Writer, text: &str, marks: &Marks, depth: usize) {
    for line in text.split_inclusive('\n') {
        page.indent(depth);
        match line.split_once(':') {
            Some((name, value)) if marks.has(name, value.trim().trim_matches('"')) => {
                page.push(name);
                page.push(":");
                page.mark(value.trim_end());
                page.push(&value[value.trim_end().len()..]);
            }
            _ => page.push(line),
        }
        if page.is_cut {
            return;
        }
    }
}

struct Writer {
    segments: Vec<Segment>,
    text: String,
    room: usize,
    html_room: usize,
    marks: usize,
    is_cut: bool,
}

impl Writer {
    fn push(&mut self, text: &str) {
        if self.is_cut {
            return;
        }
        let html = escape::html_len(text);
        if text.len() <= self.room && html <= self.html_room {
            self.text.push_str(text);
            self.room -= text.len();
            self.html_room -= html;
            return;
        }
        self.is_cut = true;
        for c in text.chars() {
            let html = escape::html_len(c.encode_utf8(&mut [0; 4]));
            if c.len_utf8() > self.room || html > self.html_room {
                break;
            }
            self.text.push(c);
            self.room -= c.len_utf8();
            self.html_room -= html;
        }
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.push("  ");
        }
    }

    fn mark(&mut self, text: &str) {
        if self.is_cut || self.marks == MARKS {
            return self.push(text);
        }
        self.marks += 1;
        self.flush(false);
        self.push(text);
        self.flush(true);
    }

    fn flush(&mut self, mark: bool) {
        if !self.text.is_empty() {
            self.segments.push(Segment { text: std::mem::take(&mut self.text), mark });
        }
    }

    fn finish(mut self) -> Body {
        self.flush(false);
        Body { segments: self.segments, is_cut: self.is_cut }
    }
}

/// `block_public_acls` and `BlockPublicAcls` are one name.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn marks(name: &str, value: Value) -> Marks {
        let mut marks = Marks::default();
        marks.leaf(name, &value);
        marks
    }

    fn text_of(body: &Body) -> String {
        body.segments.iter().map(|s| if s.mark { format!("«{}»", s.text) } else { s.text.clone() }).collect()
    }

    #[test]
    fn deciding_values_are_marked() {
        let body = json!({"BlockPublicAcls": true, "Rules": [{"Status": "off"}], "n": {}});
        let both = marks("x", json!({"block_public_acls": true, "status": ["off"]}));
        assert_eq!(
            text_of(&lay_out(&body, &both, WHOLE)),
            "{\n  \"BlockPublicAcls\": «true»,\n  \"Rules\": [\n    {\n      \"Status\": «\"off\"»\n    }\n  ],\n  \"n\": {}\n}"
        );
        let body = json!("<A><ns:Status>Enabled</ns:Status><Id>Enabled</Id></A>");
        assert_eq!(
            text_of(&lay_out(&body, &marks("status", json!("Enabled")), WHOLE)),
            "<A><ns:Status>«Enabled»</ns:Status><Id>Enabled</Id></A>"
        );
        let body = json!("owner: Ada\napproved: 2026-01-02\n");
        assert_eq!(
            text_of(&lay_out(&body, &marks("approved", json!("2026-01-02")), WHOLE)),
            "owner: Ada\napproved:« 2026-01-02»\n"
        );
    }

    #[test]
    fn the_length_of_a_body_is_never_told_much_too_small() {
        for body in [
            json!({"BlockPublicAcls": true, "Rules": [{"Status": "off", "n": [1, 2, {}]}], "n": {}, "é": "日本\u{202e}\u{1b}"}),
            json!({"text": "# Who may read what\n".repeat(40), "list": [[["a, b: {c}\\"]]]}),
            json!("<A><ns:Status>Enabled</ns:Status>\n<Id>\"Enabled\"</Id></A>".repeat(9)),
            json!([]),
            json!("x".repeat(WHOLE * 2)),
            json!(vec!["<>"; WHOLE]),
        ] {
            let told = laid_out_len(&body.to_string(), WHOLE);
            let shown = lay_out(&body, &Marks::default(), WHOLE).html_len();
            assert!(told + 64 >= shown && told <= shown * 2 + 64, "{told} for {shown}");
        }
    }

    #[test]
    fn a_document_inside_json_is_readable() {
        let text = format!("---\nowner: Ada\n---\n\n{}", "# Who may read what\n".repeat(4));
        let body = lay_out(&json!({"text": text, "n": 1}), &marks("owner", json!("Ada")), WHOLE);
        let shown = text_of(&body);
        assert!(shown.starts_with("{\n  \"text\": |\n    ---\n    owner:« Ada»\n    ---\n"), "{}", shown);
    }

    #[test]
    fn long_and_hostile_bodies_are_cut() {
        let cut = lay_out(&json!("é".repeat(100)), &Marks::default(), 11);
        assert_eq!((text_of(&cut).as_str(), cut.is_cut), ("ééééé", true));
        let controls = lay_out(&json!("\u{1}".repeat(100_000)), &Marks::default(), WHOLE);
        assert!(controls.is_cut && controls.html_len() <= WHOLE * 4);
        let broken = lay_out(&json!("<a <<< >é"), &Marks::default(), WHOLE);
        assert_eq!(text_of(&broken), "<a <<< >é");
    }
}
