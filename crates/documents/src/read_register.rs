//! The exchange `read register`: the described columns of a table, row by row.

use crate::columns::Column;
use crate::folder;
use crate::kinds::{self, Kinds, RegisterKind};
use crate::read_document::{cut, keys, text_of};
use crate::source::{Source, failure};
use crate::versions;
use crate::yaml_tree::{self, Node, Tree, shorten};
use annexa_model::{Cut, Failure, FailureKind};
use annexa_tape::{LocalAnswer, Redactor};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows and how many errors of one file are kept.
const MAX_ROWS: usize = 100_000;
const MAX_ERRORS: usize = 50;

/// What to read.
pub(crate) struct RegisterFile<'a> {
    pub(crate) path: &'a str,
    /// The register's word, such as `person`.
    pub(crate) register: &'a str,
    pub(crate) sidecar: Option<&'a str>,
}

/// Rows as they stand in the file, before anything is cut.
#[derive(Default)]
struct Table {
    meta: Vec<(String, u64, Node)>,
    rows: Vec<(u64, Vec<(String, Value)>)>,
    errors: Vec<Value>,
}

impl Table {
    fn error(&mut self, line: u64, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(json!({"line": line, "message": message}));
        }
    }

    fn row(&mut self, line: u64, values: Vec<(String, Value)>) {
        if self.rows.len() < MAX_ROWS {
            self.rows.push((line, values));
        } else if self.rows.len() == MAX_ROWS {
            self.error(line, format!("more than {MAX_ROWS} rows; the rest is not read"));
        }
    }
}

/// Reads a register; redacted when it comes back.
pub(crate) fn read(
    source: &Source,
    kinds: &Kinds,
    file: &RegisterFile<'_>,
    redactor: &Redactor,
) -> Result<LocalAnswer, Failure> {
    let Some(kind) = kinds.registers.get(file.register) else {
        return Err(failure(FailureKind::Invalid, format!("no register of kind `{}` is described", file.register)));
    };
    let bytes = source.bytes(file.path)?;
    let text = text_of(file.path, &bytes)?;
    let csv = folder::ending(file.path) == "csv";
    let mut table = if csv { read_csv(text) } else { read_yaml(text, kind, file)? };
    if let Some(sidecar) = file.sidecar {
        table.meta = read_sidecar(source, sidecar)?;
    }
    let mut cuts = Vec::new();
    let described = kinds.keys_of("register");
    let meta = keys(&table.meta, &described, "/meta", redactor, &mut cuts);
    let (columns, rows) = redact(table.rows, kind, redactor, &mut cuts);
    let body = json!({
        "path": file.path,
        "bytes": bytes.len(),
        "register": file.register,
        "format": if csv { "csv" } else { "yaml" },
        "work_tree": source.work_tree(file.path, &bytes).as_str(),
        "meta": if table.meta.is_empty() { Value::Null } else { meta },
        "columns": columns,
        "rows": rows,
        "errors": table.errors,
        "history": versions::history(source, file.path, false, redactor),
    });
    let content_type = if csv { "text/csv" } else { "application/yaml" };
    Ok(LocalAnswer { content_type: content_type.to_owned(), body, cuts })
}

/// Keeps the described columns, cuts the others, makes pseudonyms.
fn redact(
    rows: Vec<(u64, Vec<(String, Value)>)>,
    kind: &RegisterKind,
    redactor: &Redactor,
    cuts: &mut Vec<Cut>,
) -> (Value, Value) {
    let described: BTreeMap<&str, &Column> =
        kind.columns.iter().map(|(name, column)| (name.as_str(), column)).collect();
    let mut columns: BTreeMap<String, (Option<&str>, bool)> = BTreeMap::new();
    let mut kept = Vec::new();
    for (line, values) in rows {
        let mut row = Map::new();
        for (name, mut value) in values {
            let found = kinds::column(&described, &name);
            let state = columns.entry(name).or_insert((found.map(|(key, _)| key), false));
            let Some((key, column)) = found else { continue };
            state.1 |= column.redact(&mut value, redactor);
            row.entry(key).or_insert(value);
        }
        kept.push(json!({"line": line, "values": row}));
    }
    let mut listed = Vec::new();
    for (name, (key, changed)) in columns {
        let pointer = format!("/columns/{}", listed.len());
        match key {
            None => cuts.push(cut(&pointer, "a column that no description names; its values are not kept")),
            Some(_) if changed => cuts.push(cut(&pointer, "personal")),
            Some(_) => {}
        }
        listed.push(json!({"name": name, "read_as": key}));
    }
    (listed.into(), kept.into())
}

/// CSV with a line of column names; `,`, `;` or tab between the columns, whichever the first line has most of.
fn read_csv(text: &str) -> Table {
    let mut table = Table::default();
    let head = text.lines().next().unwrap_or("");
    let count = |c: char| head.matches(c).count();
    let delimiter = if count(';') > count(',') {
        b';'
    } else if count('\t') > count(',') {
        b'\t'
    } else {
        b','
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => {
            table.error(1, error.to_string());
            return table;
        }
    };
    let mut seen = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
        table.error(1, format!("the column `{}` stands here twice", shorten(name)));
        return table;
    }
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                table.error(line, error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() == names.len() {
            let values = names.iter().cloned().zip(record.iter().map(Value::from)).collect();
            table.row(line, values);
        } else {
            table.error(
                line,
                format!("the row has {} fields, the first line names {} columns", record.len(), names.len()),
            );
        }
    }
    table
}

/// YAML: a list of rows, or a map with `meta:` and lists of rows.
fn read_yaml(text: &str, kind: &RegisterKind, file: &RegisterFile<'_>) -> Result<Table, Failure> {
    let tree = yaml_tree::parse(text, 0).map_err(|error| invalid(file.path, &error))?;
    let mut table = Table::default();
    let none = BTreeMap::new();
    match &tree.value {
        Tree::List(items) => rows(&mut table, items, &none, kind),
        Tree::Scalar(None) => {}
        Tree::Scalar(Some(_)) => table.error(tree.line, "a list of rows is expected".to_owned()),
        Tree::Map(entries) => {
            for (key, line, node) in entries {
                let constants = match kind.lists.get(key) {
                    Some(constants) => constants,
                    None if key == "rows" || kind.names.contains(key) => &none,
                    None if key == "meta" => {
                        table.meta = node.entries().to_vec();
                        continue;
                    }
                    None => {
                        let known = kind.lists.keys().map(String::as_str).chain(["meta", "rows"]);
                        let near = annexa_source::nearest(key, known).map(|word| format!("; did you mean `{word}`?"));
                        let near = near.unwrap_or_default();
                        table.error(*line, format!("`{}` is no list of this kind of register{near}", shorten(key)));
                        continue;
                    }
                };
                match &node.value {
                    Tree::List(items) => rows(&mut table, items, constants, kind),
                    Tree::Scalar(None) => {}
                    _ => table.error(*line, format!("`{}` must be a list of rows", shorten(key))),
                }
            }
        }
    }
    Ok(table)
}

fn rows(table: &mut Table, items: &[Node], constants: &BTreeMap<String, String>, kind: &RegisterKind) {
    for item in items {
        let mut values: Vec<(String, Value)> = match &item.value {
            Tree::Map(entries) => entries.iter().map(|(name, _, node)| (name.clone(), node.to_json())).collect(),
            Tree::Scalar(Some(text)) => vec![(kind.key.clone(), text.as_str().into())],
            Tree::Scalar(None) => continue,
            Tree::List(_) => {
                table.error(item.line, "a row must be `column: value` lines".to_owned());
                continue;
            }
        };
        for (name, value) in constants {
            // what the row itself says comes first
            values.push((name.clone(), value.as_str().into()));
        }
        table.row(item.line, values);
    }
}

fn read_sidecar(source: &Source, path: &str) -> Result<Vec<(String, u64, Node)>, Failure> {
    let bytes = source.bytes(path)?;
    let tree = yaml_tree::parse(text_of(path, &bytes)?, 0).map_err(|error| invalid(path, &error))?;
    Ok(tree.get("meta").unwrap_or(&tree).entries().to_vec())
}

fn invalid(path: &str, error: &yaml_tree::YamlError) -> Failure {
    failure(FailureKind::Invalid, format!("{path} line {}: {}", error.line, error.message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_line_of_columns_as_long_as_a_file_may_be_is_read_at_once() {
        let names: Vec<String> = (0..500_000).map(|number| format!("c{number}")).collect();
        let start = Instant::now();
        let table = read_csv(&format!("{}\n", names.join(",")));
        assert!(table.errors.is_empty());
        let twice = read_csv(&format!("{},c7\n", names.join(",")));
        assert_eq!(twice.errors[0]["message"], json!("the column `c7` stands here twice"));
        assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    }
}
