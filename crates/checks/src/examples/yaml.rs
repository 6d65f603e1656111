//! Any YAML with tags and places.

use crate::facts::OWN_MEMBERS;
use annexa_source::{Spanned, Tagged};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value with its tag and its place.
pub(crate) type Item = Spanned<Tagged<Yaml>>;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Yaml {
    Scalar(Value),
    Sequence(Vec<Item>),
    Mapping(Vec<(Spanned<String>, Item)>),
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Yaml, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Yaml::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Yaml::Mapping(pairs))
    }
}

/// What a tag says of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Denied,
    Absent,
    Partial,
}

/// The words that stand for the tags.
pub(crate) const TAGS: [&str; 3] = ["denied", "absent", "partial"];

/// The tag of a value; `Err` for an unknown one.
pub(crate) fn tag(item: &Item) -> Result<Option<Tag>, &str> {
    match item.value.1.as_deref() {
        None => Ok(None),
        Some("!denied") => Ok(Some(Tag::Denied)),
        Some("!absent") => Ok(Some(Tag::Absent)),
        Some("!partial") => Ok(Some(Tag::Partial)),
        Some(other) if other.starts_with("tag:yaml.org") => Ok(None),
        Some(other) => Err(other.trim_start_matches('!')),
    }
}

/// The text of one of a resource's own members: a relation of the same name is a mapping, or has a tag.
pub(crate) fn own_text<'y>(name: &str, item: &'y Item) -> Option<&'y str> {
    match (&item.value.0, tag(item)) {
        (Yaml::Scalar(Value::String(text)), Ok(None)) if OWN_MEMBERS.contains(&name) => Some(text),
        _ => None,
    }
}

/// A value without the parts that are not known; each of these is given to `missing` with its pointer.
pub(crate) fn known(item: &Item, pointer: &str, missing: &mut dyn FnMut(&str, Tag, &Yaml)) -> Option<Value> {
    let yaml = &item.value.0;
    match tag(item) {
        Ok(Some(Tag::Absent)) => return None,
        Ok(Some(Tag::Denied)) => {
            missing(pointer, Tag::Denied, yaml);
            return None;
        }
        Ok(Some(Tag::Partial)) => missing(pointer, Tag::Partial, yaml),
        _ => {}
    }
    Some(match yaml {
        Yaml::Scalar(value) => value.clone(),
        Yaml::Sequence(items) => {
            let item = |(index, item): (usize, &Item)| {
                known(item, &format!("{pointer}/{index}"), missing).unwrap_or(Value::Null)
            };
            Value::Array(items.iter().enumerate().map(item).collect())
        }
        Yaml::Mapping(pairs) => {
            let mut members = Map::new();
            for (key, item) in pairs {
                let escaped = key.value.replace('~', "~0").replace('/', "~1");
                if let Some(value) = known(item, &format!("{pointer}/{escaped}"), missing) {
                    members.insert(key.value.clone(), value);
                }
            }
            Value::Object(members)
        }
    })
}
