//! Whether examples fit the schema: an example with a misspelt fact would prove nothing.

use super::ExamplesFile;
use super::yaml::{Item, TAGS, Tag, Yaml, own_text, tag};
use crate::expr::Root;
use crate::facts::OWN_MEMBERS;
use crate::schemas::Schemas;
use annexa_model::{Field, ScalarKind, TypeSchema};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use serde_json::Value;

struct Lint<'l, 's> {
    file: &'l SourceFile,
    schemas: &'l Schemas<'s>,
    errors: &'l mut Vec<Diagnostic>,
}

/// Compares all examples with the types of the roots that the check has.
pub(crate) fn lint<'s>(
    examples: &ExamplesFile,
    file: &SourceFile,
    schemas: &Schemas<'s>,
    types: &[(Root, &'s TypeSchema)],
    asked: Root,
    errors: &mut Vec<Diagnostic>,
) {
    let mut lint = Lint { file, schemas, errors };
    let of = |root| types.iter().find(|(known, _)| *known == root).map(|(_, schema)| *schema);
    for (_, _, example) in examples.all() {
        match (of(Root::Resource), of(Root::Left), of(Root::Right)) {
            (Some(schema), _, _) => lint.resource(example, schema),
            (None, Some(left), Some(right)) => lint.row(example, left, right, asked),
            _ => {}
        }
    }
    if let Some(as_of) = &examples.as_of
        && super::run::time_of(as_of).is_none()
    {
        lint.errors.push(file.error(0, 0, format!("`as_of: {as_of}` of the examples is not a time")));
    }
}

impl<'s> Lint<'_, 's> {
    fn wrong<T>(&mut self, place: &Spanned<T>, message: impl Into<String>) {
        self.errors.push(self.file.error_at(place, message));
    }

    /// Whether a tag says all there is to say.
    fn tagged(&mut self, item: &Item) -> bool {
        match tag(item) {
            Ok(tag) => matches!(tag, Some(Tag::Denied | Tag::Absent)),
            Err(unknown) => {
                let error = self.file.error_at(item, format!("unknown tag `!{unknown}`"));
                self.errors.push(error.with_nearest(unknown, TAGS));
                true
            }
        }
    }

    /// One resource with its facts, and its relations beside them.
    fn resource(&mut self, item: &Item, schema: &'s TypeSchema) {
        let Yaml::Mapping(pairs) = &item.value.0 else {
            self.wrong(item, format!("an example of {} is a mapping of facts", schema.name));
            return;
        };
        for (key, value) in pairs {
            let name = key.value.as_str();
            if let Some(field) = schema.fields.get(name) {
                self.fact(value, field, name);
            } else if own_text(name, value).is_some() {
                // it says its own text; a relation of the same name would be a mapping
            } else if let Some(relation) = schema.relations.get(name) {
                self.relation(value, &relation.to, relation.many, name);
            } else if !OWN_MEMBERS.contains(&name) {
                let known = schema.fields.keys().chain(schema.relations.keys()).map(String::as_str).chain(OWN_MEMBERS);
                let error = self.file.error_at(key, format!("unknown fact `{name}` of {}", schema.name));
                self.errors.push(error.with_nearest(name, known));
            } else {
                self.wrong(value, format!("`{name}` is text").as_str());
            }
        }
    }

    fn relation(&mut self, item: &Item, to: &str, many: bool, name: &str) {
        let Some(schema) = self.schemas.get(to) else { return };
        if self.tagged(item) {
            return;
        }
        match (&item.value.0, many) {
            (Yaml::Sequence(items), true) => items.iter().for_each(|item| self.resource(item, schema)),
            (Yaml::Mapping(_), false) => self.resource(item, schema),
            (_, true) => self.wrong(item, format!("`{name}` is a list of {to}")),
            (_, false) => self.wrong(item, format!("`{name}` is one {to}")),
        }
    }

    /// A row of a join: the asked one and the list of those that it is compared with.
    fn row(&mut self, item: &Item, left: &'s TypeSchema, right: &'s TypeSchema, asked: Root) {
        let Yaml::Mapping(pairs) = &item.value.0 else {
            self.wrong(item, "an example of `given` has `left` and `right`");
            return;
        };
        for (key, value) in pairs {
            let (schema, is_asked) = match key.value.as_str() {
                "left" => (left, asked == Root::Left),
                "right" => (right, asked == Root::Right),
                name => {
                    let error = self.file.error_at(key, format!("unknown key `{name}`"));
                    self.errors.push(error.with_nearest(name, ["left", "right"]));
                    continue;
                }
            };
            match &value.value.0 {
                _ if !is_asked && self.tagged(value) => {}
                Yaml::Mapping(_) if is_asked => self.resource(value, schema),
                Yaml::Sequence(items) if !is_asked => items.iter().for_each(|item| self.resource(item, schema)),
                _ if is_asked => {
                    self.wrong(value, format!("`{}` is one {}: the one that is asked", key.value, schema.name))
                }
                _ => self.wrong(value, format!("`{}` is a list of {}", key.value, schema.name)),
            }
        }
    }

    fn fact(&mut self, item: &Item, field: &Field, name: &str) {
        if self.tagged(item) {
            return;
        }
        match (&item.value.0, field) {
            (_, Field::Any) => self.tags_only(item),
            (Yaml::Sequence(items), Field::List(inner)) => {
                items.iter().for_each(|item| self.fact(item, inner, "an item"))
            }
            (Yaml::Mapping(pairs), Field::Map(inner)) => {
                pairs.iter().for_each(|(key, item)| self.fact(item, inner, &key.value))
            }
            (Yaml::Mapping(pairs), Field::Object(members)) => {
                for (key, item) in pairs {
                    match members.get(&key.value) {
                        Some(inner) => self.fact(item, inner, &key.value),
                        None => {
                            let error = self.file.error_at(key, format!("unknown fact `{}` in {name}", key.value));
                            self.errors.push(error.with_nearest(&key.value, members.keys().map(String::as_str)));
                        }
                    }
                }
            }
            (Yaml::Scalar(value), Field::Scalar(kind)) if fits(value, *kind) => {}
            (Yaml::Scalar(Value::Null), _) => {
                self.wrong(item, format!("`{name}` is empty: write `!absent` or `!denied`"))
            }
            (Yaml::Scalar(_), Field::Scalar(ScalarKind::String | ScalarKind::Timestamp)) => {
                self.wrong(item, format!("`{name}` is text: put it in quotes"));
            }
            _ => self.wrong(item, format!("`{name}` is {}", crate::schemas::Ty::of(field).name())),
        }
    }

    fn tags_only(&mut self, item: &Item) {
        self.tagged(item);
        match &item.value.0 {
            Yaml::Sequence(items) => items.iter().for_each(|item| self.tags_only(item)),
            Yaml::Mapping(pairs) => pairs.iter().for_each(|(_, item)| self.tags_only(item)),
            Yaml::Scalar(_) => {}
        }
    }
}

fn fits(value: &Value, kind: ScalarKind) -> bool {
    match kind {
        ScalarKind::String => value.is_string(),
        ScalarKind::Int => value.is_i64(),
        ScalarKind::Double => value.is_number(),
        ScalarKind::Bool => value.is_boolean(),
        ScalarKind::Timestamp => value.as_str().is_some_and(|text| super::run::time_of(text).is_some()),
    }
}
