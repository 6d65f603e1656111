//! What redaction keeps of an object, and with that what checks may name.

use annexa_model::{Field, ScalarKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// How deep shapes may nest: Kubernetes' own stay below 16.
const MAX_DEPTH: usize = 32;

/// The part of an object that is kept. What no shape names is cut.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A single value of one kind.
    Scalar(ScalarKind),
    /// Text or number: ports, quantities.
    Value,
    /// An object with known members.
    Object(BTreeMap<String, Shape>),
    /// A list.
    List(Box<Shape>),
    /// An object whose keys are data.
    Map(Box<Shape>),
    /// All keys; values of the allow-list only.
    Annotations,
    /// An environment variable's value: see [`crate::literal`].
    Literal,
    /// A command line.
    Arguments,
    /// HTTP headers.
    Headers,
    /// Who a binding names.
    SubjectName,
    /// Kept as `true`.
    Set,
}

/// A word or structure that is no shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadShape {
    /// The word that is wrong, to find its place in the file.
    pub(crate) word: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

/// Named shapes as written, by name.
pub(crate) type NamedShapes = BTreeMap<String, Value>;

impl Shape {
    /// Reads a shape; words that are no built-in ones are looked up among the named shapes.
    pub(crate) fn parse(written: &Value, named: &NamedShapes) -> Result<Shape, BadShape> {
        Self::parse_at(written, named, 0)
    }

    fn parse_at(written: &Value, named: &NamedShapes, depth: usize) -> Result<Shape, BadShape> {
        let bad = |word: &str, problem: &str| Err(BadShape { word: word.to_owned(), problem: problem.to_owned() });
        if depth > MAX_DEPTH {
            return bad("", "shapes nest too deep; does one name itself?");
        }
        match written {
            Value::String(word) => match Self::built_in(word) {
                Some(shape) => Ok(shape),
                None => match named.get(word) {
                    Some(shape) => Self::parse_at(shape, named, depth + 1),
                    None => bad(word, "unknown shape"),
                },
            },
            Value::Array(items) => match items.as_slice() {
                [item] => Ok(Shape::List(Box::new(Self::parse_at(item, named, depth + 1)?))),
                _ => bad("[", "a list's shape has exactly one item"),
            },
            Value::Object(members) => {
                if let (Some(value), 1) = (members.get("*"), members.len()) {
                    return Ok(Shape::Map(Box::new(Self::parse_at(value, named, depth + 1)?)));
                }
                let parse =
                    |(key, value): (&String, &Value)| Ok((key.clone(), Self::parse_at(value, named, depth + 1)?));
                Ok(Shape::Object(members.iter().map(parse).collect::<Result<_, _>>()?))
            }
            other => bad(&other.to_string(), "a shape is a word, a list with one shape, or an object of shapes"),
        }
    }

    fn built_in(word: &str) -> Option<Shape> {
        Some(match word {
            "string" => Shape::Scalar(ScalarKind::String),
            "int" => Shape::Scalar(ScalarKind::Int),
            "bool" => Shape::Scalar(ScalarKind::Bool),
            "time" => Shape::Scalar(ScalarKind::Timestamp),
            "value" => Shape::Value,
            "annotations" => Shape::Annotations,
            "literal" => Shape::Literal,
            "arguments" => Shape::Arguments,
            "headers" => Shape::Headers,
            "subject-name" => Shape::SubjectName,
            "set" => Shape::Set,
            _ => return None,
        })
    }

    /// The built-in words, for messages.
    pub(crate) const WORDS: [&'static str; 11] = [
        "string",
        "int",
        "bool",
        "time",
        "value",
        "annotations",
        "literal",
        "arguments",
        "headers",
        "subject-name",
        "set",
    ];

    /// The shape below a dotted path; lists can't be stepped into.
    pub(crate) fn at(&self, path: &str) -> Option<&Shape> {
        path.split('.').filter(|step| !step.is_empty()).try_fold(self, |shape, step| match shape {
            Shape::Object(members) => members.get(step),
            _ => None,
        })
    }

    /// What checks see of it.
    pub(crate) fn field(&self) -> Field {
        let string = || Field::Scalar(ScalarKind::String);
        let verdicts = || {
            let place =
                BTreeMap::from([("at".to_owned(), Field::Scalar(ScalarKind::Int)), ("why".to_owned(), string())]);
            Field::List(Box::new(Field::Object(place)))
        };
        let object = |members: Vec<(&str, Field)>| {
            Field::Object(members.into_iter().map(|(name, field)| (name.to_owned(), field)).collect())
        };
        match self {
            Shape::Scalar(kind) => Field::Scalar(*kind),
            Shape::Value => Field::Any,
            Shape::Object(members) => {
                Field::Object(members.iter().map(|(name, shape)| (name.clone(), shape.field())).collect())
            }
            Shape::List(item) => Field::List(Box::new(item.field())),
            Shape::Map(value) => Field::Map(Box::new(value.field())),
            Shape::Annotations => Field::Map(Box::new(string())),
            Shape::SubjectName => string(),
            Shape::Set => Field::Scalar(ScalarKind::Bool),
            Shape::Literal => object(vec![
                ("literal", Field::Scalar(ScalarKind::Bool)),
                ("secret", Field::Scalar(ScalarKind::Bool)),
                ("why", string()),
                ("rule", Field::Scalar(ScalarKind::Int)),
            ]),
            Shape::Arguments => object(vec![
                ("count", Field::Scalar(ScalarKind::Int)),
                ("secrets", verdicts()),
                ("rule", Field::Scalar(ScalarKind::Int)),
            ]),
            Shape::Headers => object(vec![
                ("names", Field::List(Box::new(string()))),
                ("secrets", verdicts()),
                ("rule", Field::Scalar(ScalarKind::Int)),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn named_shapes_resolve_and_cycles_end() {
        let named =
            NamedShapes::from([("port".to_owned(), json!({"port": "int"})), ("loop".to_owned(), json!(["loop"]))]);
        let shape = Shape::parse(&json!({"ports": ["port"], "labels": {"*": "string"}}), &named);
        assert_eq!(
            shape.as_ref().ok().and_then(|s| s.at("ports")).map(Shape::field),
            Some(Field::List(Box::new(Field::Object(BTreeMap::from([(
                "port".to_owned(),
                Field::Scalar(ScalarKind::Int)
            )])))))
        );
        assert!(Shape::parse(&json!("loop"), &named).is_err());
        assert!(Shape::parse(&json!({"a": "strnig"}), &named).is_err_and(|bad| bad.word == "strnig"));
        assert!(Shape::parse(&json!(["int", "int"]), &named).is_err());
    }
}
