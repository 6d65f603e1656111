//! A column of a register or a key of front matter: its type, and whether it may name a person.

use crate::yaml_tree::shorten;
use annexa_model::{Field, ScalarKind};
use annexa_tape::Redactor;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnType {
    /// Text as it stands.
    #[default]
    String,
    /// One of some words, without case.
    Word,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// true/false, yes/no.
    Bool,
    /// A day: `2026-03-31`. The fact is its first moment in UTC.
    Date,
    /// Several texts: a YAML list, or text with `;` or `,` between.
    List,
}

/// What stands between the items of a list that is one text.
const BETWEEN: [char; 2] = [';', ','];

/// One column as a kind's file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Column {
    #[serde(rename = "type")]
    pub(crate) kind: ColumnType,
    /// The valid words of type `word`; the first name of each.
    pub(crate) words: Vec<String>,
    /// E-mail, display name of somebody: becomes a pseudonym.
    pub(crate) personal: bool,
    /// A login, or a name in the company's own register: stays, unless privacy is strict.
    pub(crate) login: bool,
    /// One of the ways in which other files and APIs call the thing of this row.
    pub(crate) alias: bool,
    /// Other names of the column.
    pub(crate) also: Vec<String>,
    /// The fact's name, when it is not the column's.
    pub(crate) fact: Option<String>,
    /// What it means, for people.
    pub(crate) about: String,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Known(Value),
    Absent,
    /// Something stands there that the column's type does not allow: nobody knows what is meant.
    Wrong(String),
}

impl Column {
    /// The shape of the fact.
    pub(crate) fn field(&self) -> Field {
        let scalar = |kind| Field::Scalar(kind);
        match self.kind {
            ColumnType::String | ColumnType::Word => scalar(ScalarKind::String),
            ColumnType::Int => scalar(ScalarKind::Int),
            ColumnType::Number => scalar(ScalarKind::Double),
            ColumnType::Bool => scalar(ScalarKind::Bool),
            ColumnType::Date => scalar(ScalarKind::Timestamp),
            ColumnType::List => Field::List(Box::new(scalar(ScalarKind::String))),
        }
    }

    /// Makes pseudonyms of what the column's marks ask for. `true` when something changed.
    pub(crate) fn redact(&self, value: &mut Value, redactor: &Redactor) -> bool {
        match value {
            Value::String(text) => {
                let new = if self.kind == ColumnType::List && text.contains(BETWEEN) {
                    text.split(BETWEEN)
                        .map(|part| self.redact_text(part.trim(), redactor))
                        .collect::<Vec<_>>()
                        .join("; ")
                } else {
                    self.redact_text(text, redactor)
                };
                let changed = new != *text;
                *text = new;
                changed
            }
            Value::Array(items) => self.redact_all(items.iter_mut(), redactor),
            Value::Object(members) => self.redact_all(members.values_mut(), redactor),
            _ => false,
        }
    }

    /// Looks at every value, also when one has changed already.
    fn redact_all<'v>(&self, values: impl Iterator<Item = &'v mut Value>, redactor: &Redactor) -> bool {
        let mut changed = false;
        for value in values {
            changed |= self.redact(value, redactor);
        }
        changed
    }

    fn redact_text(&self, text: &str, redactor: &Redactor) -> String {
        if self.personal || looks_like_email(text) {
            redactor.personal(text)
        } else if self.login {
            redactor.login(text)
        } else {
            crate::secrets::cut(text, redactor).text
        }
    }

    /// Reads a value (text, a list of texts, or nothing) as the column's type.
    pub(crate) fn read(&self, value: &Value) -> Reading {
        if self.kind == ColumnType::List {
            return read_list(value);
        }
        let text = match value {
            Value::Null => return Reading::Absent,
            Value::String(text) => text.trim(),
            Value::Array(items) => match items.as_slice() {
                [] => return Reading::Absent,
                [only] => return self.read(only),
                _ => return Reading::Wrong("one value is expected, not a list".to_owned()),
            },
            _ => return Reading::Wrong("one value is expected".to_owned()),
        };
        if text.is_empty() {
            return Reading::Absent;
        }
        self.read_text(text)
    }

    fn read_text(&self, text: &str) -> Reading {
        let wrong = |what: &str| Reading::Wrong(format!("`{}` is not {what}", shorten(text)));
        match self.kind {
            ColumnType::String | ColumnType::List => Reading::Known(text.into()),
            ColumnType::Word => {
                let folded = text.to_lowercase().replace([' ', '-'], "_");
                match self.words.iter().find(|word| **word == folded) {
                    Some(word) => Reading::Known(word.as_str().into()),
                    None => wrong(&format!("one of {}", self.words.join(", "))),
                }
            }
            ColumnType::Int => {
                text.parse::<i64>().map_or_else(|_| wrong("a whole number"), |n| Reading::Known(n.into()))
            }
            ColumnType::Number => match text.parse::<f64>() {
                Ok(n) if n.is_finite() => Reading::Known(n.into()),
                _ => wrong("a number"),
            },
            ColumnType::Bool => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "x" => Reading::Known(true.into()),
                "false" | "no" | "n" => Reading::Known(false.into()),
                _ => wrong("yes or no"),
            },
            ColumnType::Date => day(text).map_or_else(
                || wrong("a day like 2026-03-31"),
                |date| Reading::Known(format!("{date}T00:00:00Z").into()),
            ),
        }
    }
}

/// A day, alone or at the head of a time.
fn day(text: &str) -> Option<Date> {
    let head = text.get(..10)?;
    let rest = &text[10..];
    if !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
        return None;
    }
    // jiff reads more spellings than people should use
    let shape = head.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if shape { head.parse().ok() } else { None }
}

fn read_list(value: &Value) -> Reading {
    let items: Vec<Value> = match value {
        Value::Null => return Reading::Absent,
        Value::String(text) => {
            text.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        Value::Array(items) => {
            if items.iter().any(|item| !matches!(item, Value::String(_) | Value::Null)) {
                return Reading::Wrong("a list of single values is expected".to_owned());
            }
            items.iter().filter(|item| item.is_string()).cloned().collect()
        }
        _ => return Reading::Wrong("a list is expected".to_owned()),
    };
    if items.is_empty() { Reading::Absent } else { Reading::Known(items.into()) }
}

/// Whether a whole value is one e-mail address.
pub(crate) fn looks_like_email(text: &str) -> bool {
    let text = text.trim();
    match text.split_once('@') {
        Some((name, host)) => {
            !name.is_empty() && !host.contains('@') && host.contains('.') && !text.contains(char::is_whitespace)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(kind: ColumnType) -> Column {
        Column { kind, words: vec!["active".into(), "leaver".into()], ..Column::default() }
    }

    #[test]
    fn values_are_read_by_type_and_wrong_ones_are_no_facts() {
        let date = column(ColumnType::Date);
        assert_eq!(date.read(&json!("2026-03-31")), Reading::Known(json!("2026-03-31T00:00:00Z")));
        assert!(matches!(date.read(&json!("2026-02-30")), Reading::Wrong(_)));
        assert!(matches!(date.read(&json!("31.3.2026")), Reading::Wrong(_)));
        assert!(matches!(date.read(&json!("20260331")), Reading::Wrong(_)));
        assert_eq!(date.read(&json!(" ")), Reading::Absent);
        let word = column(ColumnType::Word);
        assert_eq!(word.read(&json!("Leaver")), Reading::Known(json!("leaver")));
        assert!(matches!(word.read(&json!("leavr")), Reading::Wrong(_)));
        assert_eq!(column(ColumnType::List).read(&json!("a; b,")), Reading::Known(json!(["a", "b"])));
        assert_eq!(column(ColumnType::Bool).read(&json!("Yes")), Reading::Known(json!(true)));
        assert!(matches!(column(ColumnType::Int).read(&json!("1.5")), Reading::Wrong(_)));
        assert!(matches!(column(ColumnType::String).read(&json!({"a": "b"})), Reading::Wrong(_)));
    }

    #[test]
    fn personal_values_become_pseudonyms_in_lists_too() {
        let redactor = Redactor::new(annexa_tape::Privacy::Default, [7; 32]);
        let mut value = json!(["ada@example.org", "ada"]);
        assert!(column(ColumnType::List).redact(&mut value, &redactor));
        assert_eq!(value, json!([redactor.personal("ada@example.org"), "ada"]));
    }
}
