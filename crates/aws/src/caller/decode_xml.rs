//! XML answers, by shape.

use super::decode::{CUT, DEPTH, Hole, scalar, step};
use crate::shapes::{Meaning, Member, Operation, ServiceModel};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most elements and texts that one answer may have.
const NODES: u32 = 4_000_000;

/// Parses an answer; no document type, a bounded number of nodes.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| format!("not valid XML: {error}"))
}

/// The element that holds the output structure: the result wrapper, or the root.
pub(crate) fn output_element<'a, 'input>(document: &'a Document<'input>, operation: &Operation) -> Node<'a, 'input> {
    let root = document.root_element();
    let wrapped = operation.result_wrapper.as_ref().and_then(|name| child(root, name));
    wrapped.unwrap_or(root)
}

/// A whole document as an operation's output.
pub(crate) fn document(
    model: &ServiceModel,
    operation: &Operation,
    members: &BTreeMap<String, Member>,
    text: &str,
    holes: &mut Vec<Hole>,
) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let document = parse(text)?;
    let element = output_element(&document, operation);
    // GetBucketLocation answers with the member itself as the root
    let itself = members.iter().find(|(name, member)| {
        !element.children().any(|node| node.is_element())
            && member.name.as_deref().unwrap_or(name) == element.tag_name().name()
    });
    if let Some((name, member)) = itself {
        let value = self::member(model, member, element, &step("", name), 0, holes);
        return Ok(Value::Object(value.map(|value| (name.clone(), value)).into_iter().collect()));
    }
    Ok(structure(model, members, element, "", 0, holes))
}

/// A document that is one member of the output.
pub(crate) fn payload(
    model: &ServiceModel,
    shape: &Member,
    text: &str,
    name: &str,
    holes: &mut Vec<Hole>,
) -> Result<Option<Value>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let document = parse(text)?;
    Ok(member(model, shape, document.root_element(), &step("", name), 0, holes))
}

fn structure(
    model: &ServiceModel,
    members: &BTreeMap<String, Member>,
    element: Node<'_, '_>,
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Value {
    let mut object = Map::new();
    // a shape has many more members than an answer, and the tree is slow to walk
    let children: Vec<Node<'_, '_>> = element.children().filter(Node::is_element).collect();
    for (name, shape) in members.iter().filter(|(_, member)| member.location.is_none()) {
        let value = if shape.attribute {
            let wire = shape.name.as_deref().unwrap_or(name);
            let local = wire.rsplit(':').next().unwrap_or(wire);
            let found = element.attributes().find(|attribute| attribute.name() == local);
            found.map(|attribute| Value::String(attribute.value().to_owned()))
        } else if children.is_empty() {
            None
        } else if model.flattened(shape) {
            flattened(model, shape, name, &children, pointer, depth, holes)
        } else {
            let wire = shape.name.as_deref().unwrap_or(name);
            let found = children.iter().find(|node| node.tag_name().name() == wire);
            found.and_then(|found| member(model, shape, *found, &step(pointer, name), depth + 1, holes))
        };
        if let Some(value) = value {
            object.insert(name.clone(), value);
        }
    }
    Value::Object(object)
}

/// Items or entries that stand directly in an element with these children.
fn flattened(
    model: &ServiceModel,
    shape: &Member,
    name: &str,
    children: &[Node<'_, '_>],
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Option<Value> {
    let wire = flattened_name(model, shape, name);
    let found: Vec<Node<'_, '_>> = children.iter().filter(|node| node.tag_name().name() == wire).copied().collect();
    if found.is_empty() {
        return None;
    }
    let place = step(pointer, name);
    match model.meaning(&shape.shape) {
        Meaning::List(item) => Some(list(model, item, &found, &place, depth, holes)),
        Meaning::Map(key, item) => Some(map(model, key, item, &found, &place, depth, holes)),
        _ => None,
    }
}

/// The element name of a flattened list's items or a flattened map's entries.
pub(crate) fn flattened_name<'a>(model: &'a ServiceModel, shape: &'a Member, name: &'a str) -> &'a str {
    let item = match model.meaning(&shape.shape) {
        Meaning::List(item) => item.name.as_deref(),
        _ => None,
    };
    item.or(shape.name.as_deref()).unwrap_or(name)
}

fn member(
    model: &ServiceModel,
    shape: &Member,
    element: Node<'_, '_>,
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Option<Value> {
    let text = text(element);
    if depth > DEPTH || text == CUT {
        let reason = if depth > DEPTH { "nested too deep" } else { "cut before it was recorded" };
        holes.push(Hole { pointer: pointer.to_owned(), reason: reason.to_owned() });
        return None;
    }
    match model.meaning(&shape.shape) {
        Meaning::Scalar(kind) => scalar(kind, &Value::String(text), pointer, holes),
        Meaning::Structure(members) => Some(structure(model, members, element, pointer, depth, holes)),
        Meaning::List(item) => {
            let items: Vec<Node<'_, '_>> = element.children().filter(Node::is_element).collect();
            Some(list(model, item, &items, pointer, depth, holes))
        }
        Meaning::Map(key, item) => {
            let entries: Vec<Node<'_, '_>> = element.children().filter(Node::is_element).collect();
            Some(map(model, key, item, &entries, pointer, depth, holes))
        }
    }
}

fn list(
    model: &ServiceModel,
    item: &Member,
    elements: &[Node<'_, '_>],
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Value {
    let mut items = Vec::with_capacity(elements.len());
    for element in elements {
        let place = step(pointer, &items.len().to_string());
        items.push(member(model, item, *element, &place, depth + 1, holes).unwrap_or(Value::Null));
    }
    Value::Array(items)
}

fn map(
    model: &ServiceModel,
    key: &Member,
    item: &Member,
    entries: &[Node<'_, '_>],
    pointer: &str,
    depth: usize,
    holes: &mut Vec<Hole>,
) -> Value {
    let mut object = Map::new();
    for entry in entries {
        let name = child(*entry, key.name.as_deref().unwrap_or("key")).map(text).unwrap_or_default();
        let value = child(*entry, item.name.as_deref().unwrap_or("value"));
        let value = value.and_then(|value| member(model, item, value, &step(pointer, &name), depth + 1, holes));
        if let Some(value) = value {
            object.insert(name, value);
        }
    }
    Value::Object(object)
}

pub(crate) fn child<'a, 'input>(element: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    element.children().find(|node| node.is_element() && node.tag_name().name() == name)
}

/// All text directly in an element: comments and CDATA sections can split it.
fn text(element: Node<'_, '_>) -> String {
    element.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
}
