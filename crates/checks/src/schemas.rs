//! The resource types that rules may speak of.

use annexa_model::{Field, ScalarKind, TypeSchema};
use std::collections::BTreeMap;

/// Resource types by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schemas<'s> {
    types: BTreeMap<&'s str, &'s TypeSchema>,
}

impl<'s> Schemas<'s> {
    pub(crate) fn new(types: &'s [TypeSchema]) -> Self {
        Self { types: types.iter().map(|t| (t.name.as_str(), t)).collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'s TypeSchema> {
        self.types.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'s str> + '_ {
        self.types.keys().copied()
    }
}

/// The type of a part of a rule, as far as the schema knows it.
#[derive(Clone, Debug)]
pub(crate) enum Ty<'s> {
    Any,
    /// The items of an empty list.
    Never,
    Bool,
    Int,
    Double,
    Text,
    Time,
    Span,
    List(Box<Ty<'s>>),
    Map(Box<Ty<'s>>),
    Object(&'s BTreeMap<String, Field>),
    Resource(Option<&'s TypeSchema>),
}

impl<'s> Ty<'s> {
    pub(crate) fn of(field: &'s Field) -> Self {
        match field {
            Field::Scalar(ScalarKind::String) => Ty::Text,
            Field::Scalar(ScalarKind::Int) => Ty::Int,
            Field::Scalar(ScalarKind::Double) => Ty::Double,
            Field::Scalar(ScalarKind::Bool) => Ty::Bool,
            Field::Scalar(ScalarKind::Timestamp) => Ty::Time,
            Field::Object(members) => Ty::Object(members),
            Field::List(items) => Ty::List(Box::new(Ty::of(items))),
            Field::Map(values) => Ty::Map(Box::new(Ty::of(values))),
            Field::Any => Ty::Any,
        }
    }

    /// The kind that facts of this type must have.
    pub(crate) fn scalar(&self) -> Option<ScalarKind> {
        match self {
            Ty::Text => Some(ScalarKind::String),
            Ty::Int => Some(ScalarKind::Int),
            Ty::Double => Some(ScalarKind::Double),
            Ty::Bool => Some(ScalarKind::Bool),
            Ty::Time => Some(ScalarKind::Timestamp),
            _ => None,
        }
    }

    /// In words.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Ty::Any | Ty::Never => "anything",
            Ty::Bool => "true or false",
            Ty::Int => "a whole number",
            Ty::Double => "a number",
            Ty::Text => "text",
            Ty::Time => "a time",
            Ty::Span => "a duration",
            Ty::List(_) => "a list",
            Ty::Map(_) => "a map",
            Ty::Object(_) => "an object",
            Ty::Resource(_) => "a resource",
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Ty::Int | Ty::Double)
    }

    /// Whether two values of these types can be equal.
    pub(crate) fn comparable(&self, other: &Ty<'_>) -> bool {
        match (self, other) {
            (Ty::Any | Ty::Never, _) | (_, Ty::Any | Ty::Never) => true,
            (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => a.comparable(b),
            (Ty::Object(_), Ty::Map(of)) | (Ty::Map(of), Ty::Object(_)) => matches!(**of, Ty::Never),
            (Ty::Time, Ty::Text) | (Ty::Text, Ty::Time) => true,
            (a, b) if a.is_number() && b.is_number() => true,
            (a, b) => {
                std::mem::discriminant(a) == std::mem::discriminant(b)
                    && !matches!(a, Ty::Object(_) | Ty::Map(_) | Ty::Resource(_))
            }
        }
    }

    /// The type of either of two.
    pub(crate) fn join(self, other: Ty<'s>) -> Ty<'s> {
        match (self, other) {
            (Ty::Never, known) | (known, Ty::Never) => known,
            (Ty::List(a), Ty::List(b)) => Ty::List(Box::new(a.join(*b))),
            (Ty::Int, Ty::Double) | (Ty::Double, Ty::Int) => Ty::Double,
            (Ty::Object(a), Ty::Object(b)) if std::ptr::eq(a, b) => Ty::Object(a),
            (Ty::Object(a), Ty::Object(b)) if a == b => Ty::Object(a),
            (Ty::Resource(Some(a)), Ty::Resource(Some(b))) if a.name == b.name => Ty::Resource(Some(a)),
            (Ty::Bool, Ty::Bool) => Ty::Bool,
            (Ty::Int, Ty::Int) => Ty::Int,
            (Ty::Double, Ty::Double) => Ty::Double,
            (Ty::Text, Ty::Text) => Ty::Text,
            (Ty::Time, Ty::Time) => Ty::Time,
            (Ty::Span, Ty::Span) => Ty::Span,
            _ => Ty::Any,
        }
    }
}
