//! Small resource types for tests, written as JSON: `"string"`, `["int"]`, `{"a": "bool"}`, `{"*": "string"}`, `"any"`.

use annexa_model::{Field, Relation, Resource, ScalarKind, TypeSchema};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn field(value: &Value) -> Field {
    match value {
        Value::String(word) => match word.as_str() {
            "string" => Field::Scalar(ScalarKind::String),
            "int" => Field::Scalar(ScalarKind::Int),
            "double" => Field::Scalar(ScalarKind::Double),
            "bool" => Field::Scalar(ScalarKind::Bool),
            "time" => Field::Scalar(ScalarKind::Timestamp),
            _ => Field::Any,
        },
        Value::Array(items) => Field::List(Box::new(field(&items[0]))),
        Value::Object(members) => match members.get("*") {
            Some(values) => Field::Map(Box::new(field(values))),
            None => Field::Object(fields(value)),
        },
        _ => Field::Any,
    }
}

fn fields(value: &Value) -> BTreeMap<String, Field> {
    value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), field(value))).collect()
}

pub(crate) fn schema(name: &str, facts: &Value, relations: &[(&str, &str, &str, &str, bool)]) -> TypeSchema {
    let relation = |(name, to, here, there, many): &(&str, &str, &str, &str, bool)| {
        let relation =
            Relation { to: (*to).to_owned(), here: (*here).to_owned(), there: (*there).to_owned(), many: *many };
        ((*name).to_owned(), relation)
    };
    TypeSchema {
        name: name.to_owned(),
        title: name.rsplit('.').next().unwrap().to_owned(),
        fields: fields(facts),
        relations: relations.iter().map(relation).collect(),
    }
}

/// One type with facts of every kind, and one beside it.
pub(crate) fn zoo() -> Vec<TypeSchema> {
    let facts = json!({
        "a": "bool", "b": "bool", "n": "int", "d": "double", "s": "string", "t": "time", "x": "any",
        "o": {"p": "string", "q": {"r": "int"}},
        "l": ["int"], "k": ["int"], "w": ["string"], "items": [{"name": "string", "on": "bool", "tags": ["string"]}],
        "m": {"*": "string"},
    });
    vec![
        schema(
            "test.thing",
            &facts,
            &[("owner", "test.person", "s", "key", false), ("people", "test.person", "w[]", "key", true)],
        ),
        schema("test.person", &json!({"key": "string", "active": "bool", "login": "string"}), &[]),
    ]
}

pub(crate) fn resource(kind: &str, id: &str, facts: Value) -> Resource {
    let Value::Object(facts) = facts else { panic!("facts are an object") };
    Resource {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: format!("name-of-{id}"),
        target: "prod".to_owned(),
        account: None,
        region: None,
        namespace: None,
        sources: facts
            .keys()
            .map(|key| (key.clone(), vec![format!("ex-{id}-{key}")]))
            .chain([(String::new(), vec![format!("ex-{id}")])])
            .collect(),
        facts,
        unobserved: Vec::new(),
        excluded: None,
    }
}
