//! What a finding shows and what it rests on: the facts at the paths that a rule looked at.

use super::world::World;
use crate::expr::{FactPath, List, Related, Relations, Root, Roots, Step, Undecided, Val, from_fact, string};
use crate::facts::{Marks, Subject, own_member};
use annexa_model::UnobservedState;
use serde_json::{Map, Value, json};

/// The longest text that a finding shows, in characters.
const MAX_TEXT: usize = 200;
/// The most items of a list, and members of an object, that a finding shows.
const MAX_ITEMS: usize = 20;
/// How deep a finding shows.
const MAX_DEPTH: usize = 5;

/// Where a way ends.
#[derive(Clone, Debug)]
pub(crate) enum Place<'a> {
    Resource(&'a Subject<'a>),
    Fact(&'a Value, Option<&'a Marks>),
    Own(&'a str),
    Missing(Undecided),
}

/// Follows a way from the roots to all places where it ends. `seen` hears of each fact of a resource on the way.
pub(crate) fn walk<'a>(
    world: &World<'a>,
    roots: &Roots<'a>,
    path: &FactPath,
    seen: &mut dyn FnMut(&'a Subject<'a>, Option<&str>),
) -> Vec<Place<'a>> {
    let one = |subject: Option<&'a Subject<'a>>| subject.map(Place::Resource).into_iter().collect::<Vec<_>>();
    let mut places = match path.root {
        Root::Resource => one(roots.resource),
        Root::Left => one(roots.left),
        Root::Right => one(roots.right),
        Root::Matches => roots.matches.iter().map(|subject| Place::Resource(subject)).collect(),
    };
    for step in &path.steps {
        places = places.into_iter().flat_map(|place| follow(world, place, step, seen)).collect();
    }
    places
}

fn follow<'a>(
    world: &World<'a>,
    place: Place<'a>,
    step: &Step,
    seen: &mut dyn FnMut(&'a Subject<'a>, Option<&str>),
) -> Vec<Place<'a>> {
    match (place, step) {
        (Place::Missing(why), _) => vec![Place::Missing(why)],
        (Place::Resource(subject), Step::Own(name)) => {
            seen(subject, None);
            vec![
                own_member(subject.resource, name).map_or_else(|| Place::Missing(Undecided::absent(*name)), Place::Own),
            ]
        }
        (Place::Resource(subject), Step::Fact(key)) => {
            seen(subject, Some(key));
            let marks = subject.marks.as_ref();
            if let Some((UnobservedState::Unobserved, reason)) = marks.and_then(|m| m.state.as_ref()) {
                return vec![Place::Missing(Undecided::unobserved(key, reason, false))];
            }
            vec![fact(subject.resource.facts.get(key), marks.and_then(|m| m.child(key)), key)]
        }
        (Place::Resource(subject), Step::Relation(name)) => {
            let schema = world.schemas.get(&subject.resource.kind);
            let here = schema.and_then(|schema| schema.relations.get(name)).map(|relation| relation.here.as_str());
            seen(subject, here.map(|here| here.split(['.', '[']).next().unwrap_or(here)));
            match world.related(subject, name, name) {
                Related::One(Ok(one)) => vec![Place::Resource(one)],
                Related::One(Err(why)) => vec![Place::Missing(why)],
                Related::Many(many, partial) => {
                    many.into_iter().map(Place::Resource).chain(partial.map(Place::Missing)).collect()
                }
            }
        }
        (Place::Fact(Value::Object(members), marks), Step::Fact(key)) => {
            vec![fact(members.get(key), marks.and_then(|m| m.child(key)), key)]
        }
        (Place::Fact(Value::Array(items), marks), Step::Items) => {
            let each = items
                .iter()
                .enumerate()
                .map(|(index, item)| fact(Some(item), marks.and_then(|m| m.child(&index.to_string())), "an item"));
            let partial =
                marks.and_then(Marks::partial).map(|why| Place::Missing(Undecided::unobserved("items", why, true)));
            each.chain(partial).collect()
        }
        // the way leads through a list of resources, or to no place
        (Place::Resource(subject), Step::Items) => vec![Place::Resource(subject)],
        _ => Vec::new(),
    }
}

fn fact<'a>(value: Option<&'a Value>, marks: Option<&'a Marks>, what: &str) -> Place<'a> {
    match from_fact(value, marks, what) {
        Err(why) => Place::Missing(why),
        Ok(_) => value.map_or_else(|| Place::Missing(Undecided::absent(what)), |value| Place::Fact(value, marks)),
    }
}

/// What a finding shows of a path: the value; a list where the way leads through lists. Absent is null.
pub(crate) fn show_places(path: &FactPath, places: &[Place<'_>]) -> Value {
    let plural = path.root == Root::Matches || path.steps.contains(&Step::Items);
    let mut shown: Vec<Value> = places.iter().take(MAX_ITEMS).map(show_place).collect();
    if places.len() > MAX_ITEMS {
        shown.push(more(places.len() - MAX_ITEMS));
    }
    match (plural || shown.len() > 1, shown.pop()) {
        (false, last) => last.unwrap_or(Value::Null),
        (true, None) => json!([]),
        (true, Some(last)) => {
            shown.push(last);
            Value::Array(shown)
        }
    }
}

fn show_place(place: &Place<'_>) -> Value {
    match place {
        Place::Resource(subject) => cut(&subject.resource.id),
        Place::Own(text) => cut(text),
        Place::Fact(value, _) => bounded(value, 0),
        Place::Missing(why) => show_missing(why),
    }
}

fn show_missing(why: &Undecided) -> Value {
    match why {
        Undecided::Absent { .. } => Value::Null,
        Undecided::Unobserved(missing) => json!({"unobserved": missing.first().map(|m| cut(&m.reason.reason))}),
        other => json!({"unobserved": cut(&other.sentence())}),
    }
}

/// What a finding shows of a value that a rule made.
pub(crate) fn show_value(value: &Result<Val<'_>, Undecided>, depth: usize) -> Value {
    match value {
        Err(why) => show_missing(why),
        Ok(Val::Bool(value)) => Value::Bool(*value),
        Ok(Val::Int(value)) => (*value).into(),
        Ok(Val::Double(value)) => json!(value),
        Ok(Val::AtLeast(least, _)) => cut(&format!("at least {least}")),
        Ok(Val::Resource(subject)) => cut(&subject.resource.id),
        Ok(Val::Object(object)) => {
            let pairs = object.members.iter().take(MAX_ITEMS);
            Value::Object(pairs.map(|(key, value)| (key.clone(), bounded(value, depth + 1))).collect())
        }
        Ok(Val::List(list)) => show_list(list, depth),
        Ok(single) => cut(&string(single).unwrap_or_default()),
    }
}

fn show_list(list: &List<'_>, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return cut("…");
    }
    let mut shown: Vec<Value> =
        (0..list.len().min(MAX_ITEMS)).map(|index| show_value(&list.get(index, "an item"), depth + 1)).collect();
    if list.len() > MAX_ITEMS {
        shown.push(more(list.len() - MAX_ITEMS));
    }
    shown.extend(list.partial.iter().map(show_missing));
    Value::Array(shown)
}

fn more(count: usize) -> Value {
    Value::String(format!("… {count} more"))
}

fn cut(text: &str) -> Value {
    let mut chars = text.chars();
    let mut start: String = chars.by_ref().take(MAX_TEXT).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    Value::String(start)
}

/// A fact, cut to what a person reads.
fn bounded(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => cut(text),
        Value::Array(_) | Value::Object(_) if depth > MAX_DEPTH => cut("…"),
        Value::Array(items) => {
            let mut shown: Vec<Value> = items.iter().take(MAX_ITEMS).map(|item| bounded(item, depth + 1)).collect();
            if items.len() > MAX_ITEMS {
                shown.push(more(items.len() - MAX_ITEMS));
            }
            Value::Array(shown)
        }
        Value::Object(members) => {
            let pairs = members.iter().take(MAX_ITEMS).map(|(key, value)| (key.clone(), bounded(value, depth + 1)));
            let mut shown: Map<String, Value> = pairs.collect();
            if members.len() > MAX_ITEMS {
                shown.insert("…".to_owned(), more(members.len() - MAX_ITEMS));
            }
            Value::Object(shown)
        }
        single => single.clone(),
    }
}

/// What is shown, as words in a sentence.
pub(crate) fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let words = |item: &Value| match item {
                // behind what is known of a list that is not whole
                Value::Object(members) if items.len() > 1 && members.contains_key("unobserved") => {
                    "perhaps more".to_owned()
                }
                item => in_words(item),
            };
            items.iter().map(words).collect::<Vec<_>>().join(", ")
        }
        Value::Object(members) if members.contains_key("unobserved") => "not known".to_owned(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| format!("{key} {}", in_words(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
