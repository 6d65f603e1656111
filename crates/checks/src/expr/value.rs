//! Values of the rule language while a rule is decided. They borrow from the resources.

use super::undecided::Undecided;
use crate::facts::{Marks, Subject};
use annexa_model::{ScalarKind, Timestamp, UnobservedState};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Span(SignedDuration),
    List(List<'a>),
    Object(Object<'a>),
    Resource(&'a Subject<'a>),
    /// The size of a list that is not whole: at least so many.
    AtLeast(i64, Box<Undecided>),
}

/// An object of facts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a> {
    pub(crate) members: &'a Map<String, Value>,
    pub(crate) marks: Option<&'a Marks>,
}

/// A list; `partial` says why items may be missing.
#[derive(Clone, Debug)]
pub(crate) struct List<'a> {
    pub(crate) items: Items<'a>,
    pub(crate) partial: Option<Undecided>,
}

/// Where the items of a list are.
#[derive(Clone, Debug)]
pub(crate) enum Items<'a> {
    Facts(&'a [Value], Option<&'a Marks>),
    Resources(Arc<[&'a Subject<'a>]>),
    Made(Arc<Vec<Val<'a>>>),
}

impl<'a> List<'a> {
    pub(crate) fn whole(items: Vec<Val<'a>>) -> Self {
        List { items: Items::Made(Arc::new(items)), partial: None }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.items {
            Items::Facts(items, _) => items.len(),
            Items::Resources(items) => items.len(),
            Items::Made(items) => items.len(),
        }
    }

    /// An item; `what` names it in reasons.
    pub(crate) fn get(&self, index: usize, what: &str) -> Result<Val<'a>, Undecided> {
        match &self.items {
            Items::Facts(items, marks) => {
                let item = items.get(index).unwrap_or(&Value::Null);
                let marks = marks.and_then(|m| m.child(&index.to_string()));
                from_fact(Some(item), marks, what)
            }
            Items::Resources(items) => Ok(items.get(index).map_or(Val::Bool(false), |r| Val::Resource(r))),
            Items::Made(items) => Ok(items.get(index).cloned().unwrap_or(Val::Bool(false))),
        }
    }
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl<'a> Object<'a> {
    /// The object without members.
    pub(crate) fn empty() -> Self {
        Object { members: &EMPTY, marks: None }
    }

    /// Whether it has no members; a part that is not observed might be one.
    pub(crate) fn is_empty(&self) -> Result<bool, Undecided> {
        match (self.members.values().any(|v| !v.is_null()), self.marks.and_then(Marks::first)) {
            (true, _) => Ok(false),
            (false, Some(reason)) => Err(Undecided::unobserved("a part of the map", reason, true)),
            (false, None) => Ok(true),
        }
    }

    /// A member of the object.
    pub(crate) fn get(&self, key: &str, what: &str) -> Result<Val<'a>, Undecided> {
        let marks = self.marks.and_then(|m| m.child(key));
        if marks.is_none()
            && let (None, Some(reason)) = (self.members.get(key), self.marks.and_then(Marks::partial))
        {
            return Err(Undecided::unobserved(what, reason, true));
        }
        from_fact(self.members.get(key), marks, what)
    }
}

/// A fact as a value. JSON's null is an absent fact: the provider answered that there is nothing.
pub(crate) fn from_fact<'a>(
    fact: Option<&'a Value>,
    marks: Option<&'a Marks>,
    what: &str,
) -> Result<Val<'a>, Undecided> {
    if let Some((UnobservedState::Unobserved, reason)) = marks.and_then(|m| m.state.as_ref()) {
        return Err(Undecided::unobserved(what, reason, false));
    }
    match fact {
        None | Some(Value::Null) => match marks.and_then(Marks::first) {
            // something below it is not observed, so it may be there
            Some(reason) => Err(Undecided::unobserved(what, reason, false)),
            None => Err(Undecided::absent(what)),
        },
        Some(Value::Bool(value)) => Ok(Val::Bool(*value)),
        Some(Value::Number(number)) => Ok(match number.as_i64() {
            Some(int) => Val::Int(int),
            None => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Some(Value::String(text)) => Ok(Val::Text(Cow::Borrowed(text))),
        Some(Value::Array(items)) => Ok(Val::List(List {
            items: Items::Facts(items, marks),
            partial: marks.and_then(Marks::partial).map(|reason| Undecided::unobserved(what, reason, true)),
        })),
        Some(Value::Object(members)) => Ok(Val::Object(Object { members, marks })),
    }
}

impl<'a> Val<'a> {
    /// What people call the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Bool(_) => "true or false",
            Val::Int(_) | Val::AtLeast(..) => "a whole number",
            Val::Double(_) => "a number",
            Val::Text(_) => "text",
            Val::Time(_) => "a time",
            Val::Span(_) => "a duration",
            Val::List(_) => "a list",
            Val::Object(_) => "an object",
            Val::Resource(_) => "a resource",
        }
    }

    pub(crate) fn as_bool(&self) -> Result<bool, Undecided> {
        match self {
            Val::Bool(value) => Ok(*value),
            other => Err(Undecided::broken(format!("{} where true or false is needed", other.type_name()))),
        }
    }

    pub(crate) fn text(&self) -> Result<&str, Undecided> {
        match self {
            Val::Text(text) => Ok(text),
            other => Err(Undecided::broken(format!("{} where text is needed", other.type_name()))),
        }
    }

    /// The value as the schema says it is. A value of another kind does not fit the rule.
    pub(crate) fn convert(self, kind: Option<ScalarKind>, what: &str) -> Result<Val<'a>, Undecided> {
        let Some(kind) = kind else { return Ok(self) };
        match (kind, self) {
            (ScalarKind::Timestamp, Val::Text(text)) => time(&text).map(Val::Time),
            (ScalarKind::Double, Val::Int(int)) => Ok(Val::Double(int as f64)),
            (ScalarKind::String, value @ Val::Text(_))
            | (ScalarKind::Int, value @ Val::Int(_))
            | (ScalarKind::Double, value @ Val::Double(_))
            | (ScalarKind::Bool, value @ Val::Bool(_))
            | (ScalarKind::Timestamp, value @ Val::Time(_)) => Ok(value),
            (_, value) => Err(Undecided::broken(format!("{what} is {}", value.type_name()))),
        }
    }
}

/// Reads an RFC 3339 time, or a date as its first moment in UTC.
pub(crate) fn time(text: &str) -> Result<Timestamp, Undecided> {
    let trimmed = text.trim();
    if let Ok(time) = trimmed.parse::<Timestamp>() {
        return Ok(time);
    }
    let date = trimmed.parse::<jiff::civil::Date>().ok();
    date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|zoned| zoned.timestamp()).ok_or_else(|| {
        let start: String = trimmed.chars().take(40).collect();
        Undecided::broken(format!("`{start}` is not a time"))
    })
}
