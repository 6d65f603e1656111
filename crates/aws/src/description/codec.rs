//! Texts in answers that hold a document of their own.

use annexa_model::{Field, ScalarKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Codec {
    /// JSON.
    #[serde(rename = "json")]
    Json,
    /// URL-encoded JSON.
    #[serde(rename = "url+json")]
    UrlJson,
    /// Base64 of a CSV with a header line.
    #[serde(rename = "base64+csv")]
    Base64Csv,
    /// A policy document, URL-encoded or not, in one form: `Statement`, `Action`, `Resource` and principals are lists.
    #[serde(rename = "policy")]
    Policy,
    /// The region of a bucket as GetBucketLocation says it: empty is us-east-1, `EU` is eu-west-1.
    #[serde(rename = "bucket-region")]
    BucketRegion,
}

/// The kind of a CSV column's values. What is not of the kind (`N/A`, `not_supported`) is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnKind {
    String,
    Bool,
    Int,
    Timestamp,
}

impl Codec {
    /// Reads a value; the error says what is wrong, for people.
    pub(crate) fn read(self, value: &Value, columns: &BTreeMap<String, ColumnKind>) -> Result<Value, String> {
        let Some(text) = value.as_str() else {
            // the tape may have kept a JSON text as JSON
            return match self {
                Codec::Policy => policy(value.clone()),
                _ => Ok(value.clone()),
            };
        };
        match self {
            Codec::Json => json(text),
            Codec::UrlJson => json(&url_decoded(text)),
            Codec::Policy if text.trim_start().starts_with('{') => policy(json(text)?),
            Codec::Policy => policy(json(&url_decoded(text))?),
            Codec::Base64Csv => {
                let bytes = STANDARD.decode(text.trim()).map_err(|error| format!("not base64: {error}"))?;
                rows(&bytes, columns)
            }
            Codec::BucketRegion => Ok(Value::String(match text.trim() {
                "" | "US" => "us-east-1".to_owned(),
                "EU" => "eu-west-1".to_owned(),
                other => other.to_owned(),
            })),
        }
    }

    /// What checks see of it.
    pub(crate) fn field(self, columns: &BTreeMap<String, ColumnKind>) -> Field {
        match self {
            Codec::Json | Codec::UrlJson => Field::Any,
            Codec::Policy => policy_field(),
            Codec::BucketRegion => Field::Scalar(ScalarKind::String),
            Codec::Base64Csv => {
                let row = columns.iter().map(|(name, kind)| (name.clone(), Field::Scalar(kind.scalar()))).collect();
                Field::List(Box::new(Field::Object(row)))
            }
        }
    }
}

impl ColumnKind {
    fn scalar(self) -> ScalarKind {
        match self {
            ColumnKind::String => ScalarKind::String,
            ColumnKind::Bool => ScalarKind::Bool,
            ColumnKind::Int => ScalarKind::Int,
            ColumnKind::Timestamp => ScalarKind::Timestamp,
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            ColumnKind::String => (!text.is_empty()).then(|| Value::String(text.to_owned())),
            ColumnKind::Bool => text.to_lowercase().parse::<bool>().ok().map(Value::Bool),
            ColumnKind::Int => text.parse::<i64>().ok().map(Value::from),
            ColumnKind::Timestamp => {
                crate::caller::normalized_timestamp(&Value::String(text.to_owned())).map(Value::String)
            }
        }
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))
}

fn url_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn rows(bytes: &[u8], columns: &BTreeMap<String, ColumnKind>) -> Result<Value, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| format!("not valid CSV: {error}"))?.clone();
    if let Some(missing) = columns.keys().find(|name| !header.iter().any(|column| column == *name)) {
        return Err(format!("the CSV has no column `{missing}`"));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("not valid CSV: {error}"))?;
        let cells = header.iter().zip(record.iter());
        let row: Map<String, Value> =
            cells.filter_map(|(name, cell)| Some((name.to_owned(), columns.get(name)?.read(cell)?))).collect();
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows))
}

/// A policy document in one form, so that checks need not ask whether something is one text or a list of texts.
fn policy(document: Value) -> Result<Value, String> {
    let Value::Object(mut document) = document else { return Err("a policy is a JSON object".to_owned()) };
    let statements = document.remove("Statement").map_or_else(Vec::new, listed);
    let mut normal = Vec::with_capacity(statements.len());
    for statement in statements {
        let Value::Object(statement) = statement else {
            return Err("a policy's statement is a JSON object".to_owned());
        };
        normal.push(Value::Object(statement.into_iter().map(|(key, value)| statement_member(key, value)).collect()));
    }
    document.insert("Statement".to_owned(), Value::Array(normal));
    Ok(Value::Object(document))
}

fn statement_member(key: String, value: Value) -> (String, Value) {
    let value = match key.as_str() {
        "Action" | "NotAction" | "Resource" | "NotResource" => Value::Array(listed(value)),
        "Principal" | "NotPrincipal" => match value {
            Value::Object(kinds) => {
                kinds.into_iter().map(|(kind, names)| (kind, Value::Array(listed(names)))).collect()
            }
            // "*" alone means everybody, as {"AWS": "*"} does
            everybody => Value::Object([("AWS".to_owned(), Value::Array(listed(everybody)))].into_iter().collect()),
        },
        "Condition" => match value {
            Value::Object(operators) => {
                operators.into_iter().map(|(operator, keys)| (operator, condition_keys(keys))).collect()
            }
            other => other,
        },
        _ => value,
    };
    (key, value)
}

fn condition_keys(keys: Value) -> Value {
    match keys {
        Value::Object(keys) => {
            keys.into_iter().map(|(key, values)| (key, Value::Array(texts(listed(values))))).collect()
        }
        other => other,
    }
}

/// `true` and `"true"` mean the same in a condition.
fn texts(values: Vec<Value>) -> Vec<Value> {
    let text = |value: Value| if value.is_string() { value } else { Value::String(value.to_string()) };
    values.into_iter().map(text).collect()
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The form of a decoded policy document.
pub(crate) fn policy_field() -> Field {
    let text = || Field::Scalar(ScalarKind::String);
    let texts = || Field::List(Box::new(text()));
    let object = |members: Vec<(&str, Field)>| {
        Field::Object(members.into_iter().map(|(name, field)| (name.to_owned(), field)).collect())
    };
    let principal =
        || object(vec![("AWS", texts()), ("Service", texts()), ("Federated", texts()), ("CanonicalUser", texts())]);
    let statement = object(vec![
        ("Sid", text()),
        ("Effect", text()),
        ("Principal", principal()),
        ("NotPrincipal", principal()),
        ("Action", texts()),
        ("NotAction", texts()),
        ("Resource", texts()),
        ("NotResource", texts()),
        ("Condition", Field::Map(Box::new(Field::Map(Box::new(texts()))))),
    ]);
    object(vec![("Version", text()), ("Id", text()), ("Statement", Field::List(Box::new(statement)))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(codec: Codec, value: Value) -> Result<Value, String> {
        codec.read(&value, &BTreeMap::new())
    }

    #[test]
    fn a_policy_gets_one_form() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["a"],
            "Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
        let expected = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]},
            "Action": ["s3:*"], "Resource": ["a"], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]});
        assert_eq!(read(Codec::Policy, text.into()).unwrap(), expected);
        assert_eq!(read(Codec::Policy, serde_json::from_str(text).unwrap()).unwrap(), expected);
        let encoded = crate::caller::percent(text, false);
        assert_eq!(read(Codec::Policy, encoded.into()).unwrap(), expected);
    }

    #[test]
    fn broken_documents_say_what_is_wrong() {
        assert!(read(Codec::Policy, "%7Bnot".into()).unwrap_err().contains("not valid JSON"));
        assert!(read(Codec::Policy, "[]".into()).unwrap_err().contains("object"));
        assert!(read(Codec::Base64Csv, "***".into()).unwrap_err().contains("base64"));
    }

    #[test]
    fn csv_columns_have_kinds() {
        let csv = "arn,mfa,rotated,secret\na,true,2024-01-01T00:00:00+00:00,x\nb,N/A,not_supported,y\n";
        let columns = BTreeMap::from([
            ("arn".to_owned(), ColumnKind::String),
            ("mfa".to_owned(), ColumnKind::Bool),
            ("rotated".to_owned(), ColumnKind::Timestamp),
        ]);
        let rows = Codec::Base64Csv.read(&STANDARD.encode(csv).into(), &columns).unwrap();
        assert_eq!(rows, json!([{"arn": "a", "mfa": true, "rotated": "2024-01-01T00:00:00Z"}, {"arn": "b"}]));
        let error = Codec::Base64Csv.read(&STANDARD.encode("x\n1\n").into(), &columns).unwrap_err();
        assert!(error.contains("no column `arn`"));
    }

    #[test]
    fn bucket_regions_have_their_old_names_resolved() {
        assert_eq!(read(Codec::BucketRegion, "".into()).unwrap(), "us-east-1");
        assert_eq!(read(Codec::BucketRegion, "EU".into()).unwrap(), "eu-west-1");
        assert_eq!(read(Codec::BucketRegion, "eu-central-1".into()).unwrap(), "eu-central-1");
    }
}
