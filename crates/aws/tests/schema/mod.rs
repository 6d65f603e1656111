//! Facts are what their type's schema says.

use annexa_aws::Aws;
use annexa_model::{Extraction, Field, ScalarKind};
use annexa_tape::Collector;
use serde_json::Value;

pub(crate) fn facts_fit(aws: &Aws, extraction: &Extraction) {
    let schemas = aws.schemas();
    for resource in &extraction.resources {
        let schema = schemas.iter().find(|schema| schema.name == resource.kind).unwrap();
        for (name, value) in &resource.facts {
            let field = schema.fields.get(name).unwrap_or_else(|| panic!("{} has no fact {name}", schema.name));
            fits(field, value, &format!("{} {name}", schema.name));
        }
    }
}

fn fits(field: &Field, value: &Value, place: &str) {
    match (field, value) {
        (Field::Any, _) => {}
        (Field::Object(members), Value::Object(object)) => {
            for (name, inner) in object {
                let member = members.get(name).unwrap_or_else(|| panic!("{place} has no member {name}"));
                fits(member, inner, &format!("{place}.{name}"));
            }
        }
        (Field::List(item), Value::Array(items)) => items.iter().for_each(|inner| fits(item, inner, place)),
        (Field::Map(item), Value::Object(object)) => object.values().for_each(|inner| fits(item, inner, place)),
        (Field::Scalar(ScalarKind::Bool), Value::Bool(_)) => {}
        (Field::Scalar(ScalarKind::Int), Value::Number(number)) if number.is_i64() => {}
        (Field::Scalar(ScalarKind::Double), Value::Number(_)) => {}
        (Field::Scalar(ScalarKind::String), Value::String(_)) => {}
        (Field::Scalar(ScalarKind::Timestamp), Value::String(text)) => {
            assert!(text.parse::<annexa_model::Timestamp>().is_ok(), "{place} is {text}");
        }
        (field, value) => panic!("{place}: {value} is not {field:?}"),
    }
}
