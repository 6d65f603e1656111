//! Redaction of XML answers: texts are replaced in place, every other byte stays.

use super::redact::{Fate, Rules, personal, secret};
use crate::caller::{CUT, flattened_name, output_element, parse_xml};
use crate::shapes::{Meaning, Member, Operation};
use annexa_model::Cut;
use roxmltree::Node;
use std::collections::BTreeMap;
use std::ops::Range;

/// Elements that lie deeper than this are cut: nothing real does.
const DEPTH: usize = 64;

pub(crate) fn redact(
    rules: &Rules<'_>,
    operation: &Operation,
    members: &BTreeMap<String, Member>,
    payload: Option<(&String, &Member)>,
    text: &str,
) -> Result<Option<(String, Vec<Cut>)>, String> {
    let document = parse_xml(text).map_err(|_| "not valid XML".to_owned())?;
    let mut scissors = Scissors { rules, replaced: Vec::new(), cuts: Vec::new() };
    match payload {
        Some((name, member)) => scissors.member(member, document.root_element(), &mut vec![name], 0),
        None => {
            let element = output_element(&document, operation);
            scissors.structure(members, element, &mut Vec::new(), 0);
        }
    }
    let Scissors { mut replaced, cuts, .. } = scissors;
    if replaced.is_empty() {
        return Ok(None);
    }
    replaced.sort_by_key(|(range, _)| range.start);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for (range, with) in replaced {
        if range.start < at {
            continue;
        }
        result.push_str(text.get(at..range.start).unwrap_or_default());
        result.push_str(&with);
        at = range.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    Ok(Some((result, cuts)))
}

struct Scissors<'r, 'm> {
    rules: &'r Rules<'m>,
    replaced: Vec<(Range<usize>, String)>,
    cuts: Vec<Cut>,
}

impl<'m> Scissors<'_, 'm> {
    fn structure(
        &mut self,
        members: &'m BTreeMap<String, Member>,
        element: Node<'_, '_>,
        path: &mut Vec<&'m str>,
        depth: usize,
    ) {
        for (name, shape) in members {
            let flattened = self.rules.model.flattened(shape);
            let wire = if flattened {
                flattened_name(self.rules.model, shape, name)
            } else {
                shape.name.as_deref().unwrap_or(name)
            };
            path.push(name);
            for inner in element.children().filter(|node| node.is_element() && node.tag_name().name() == wire) {
                match self.rules.fate(shape, path) {
                    Fate::Secret => self.cut(inner),
                    Fate::Personal => self.pseudonyms(inner, depth),
                    Fate::Keep if flattened => self.item(shape, inner, path, depth),
                    Fate::Keep => self.member(shape, inner, path, depth + 1),
                }
            }
            path.pop();
        }
    }

    /// One item or entry of a flattened list or map.
    fn item(&mut self, shape: &'m Member, element: Node<'_, '_>, path: &mut Vec<&'m str>, depth: usize) {
        match self.rules.model.meaning(&shape.shape) {
            Meaning::List(item) => self.inner(item, element, path, depth),
            Meaning::Map(key, item) => self.entry(key, item, element, path, depth),
            _ => {}
        }
    }

    fn member(&mut self, shape: &'m Member, element: Node<'_, '_>, path: &mut Vec<&'m str>, depth: usize) {
        if depth > DEPTH {
            return self.cut(element);
        }
        match self.rules.model.meaning(&shape.shape) {
            Meaning::Scalar(_) => {}
            Meaning::Structure(members) => self.structure(members, element, path, depth),
            Meaning::List(item) => {
                for inner in element.children().filter(Node::is_element) {
                    self.inner(item, inner, path, depth);
                }
            }
            Meaning::Map(key, item) => {
                for entry in element.children().filter(Node::is_element) {
                    self.entry(key, item, entry, path, depth);
                }
            }
        }
    }

    fn inner(&mut self, item: &'m Member, element: Node<'_, '_>, path: &mut Vec<&'m str>, depth: usize) {
        if self.rules.model.sensitive(item) {
            self.cut(element);
        } else {
            self.member(item, element, path, depth + 1);
        }
    }

    fn entry(&mut self, key: &'m Member, item: &'m Member, entry: Node<'_, '_>, path: &mut Vec<&'m str>, depth: usize) {
        if self.rules.model.sensitive(key) {
            return self.cut(entry);
        }
        let wire = item.name.as_deref().unwrap_or("value");
        for value in entry.children().filter(|node| node.is_element() && node.tag_name().name() == wire) {
            self.inner(item, value, path, depth);
        }
    }

    fn cut(&mut self, element: Node<'_, '_>) {
        let Some(range) = content(element) else { return };
        self.replaced.push((range, CUT.to_owned()));
        self.cuts.push(secret(place(element)));
    }

    fn pseudonyms(&mut self, element: Node<'_, '_>, depth: usize) {
        if depth > DEPTH {
            return self.cut(element);
        }
        if element.children().any(|node| node.is_element()) {
            element.children().filter(Node::is_element).for_each(|inner| self.pseudonyms(inner, depth + 1));
            return;
        }
        let Some(range) = content(element) else { return };
        let text: String = element.children().filter_map(|node| node.text()).collect();
        let pseudonym = self.rules.redactor.personal(&text);
        if pseudonym != text {
            self.replaced.push((range, pseudonym));
            self.cuts.push(personal(place(element)));
        }
    }
}

/// The bytes between an element's tags; none when there are none.
fn content(element: Node<'_, '_>) -> Option<Range<usize>> {
    let start = element.first_child()?.range().start;
    let end = element.last_child()?.range().end;
    (start < end).then_some(start..end)
}

/// The element's path: `/ListUsersResponse/ListUsersResult/Users/member[2]/UserName`.
fn place(element: Node<'_, '_>) -> String {
    let mut steps: Vec<String> = Vec::new();
    let mut node = Some(element);
    while let Some(current) = node.filter(Node::is_element) {
        let name = current.tag_name().name();
        let same = |sibling: &Node<'_, '_>| sibling.is_element() && sibling.tag_name().name() == name;
        let before = current.prev_siblings().skip(1).filter(same).count();
        let alone = before == 0 && !current.next_siblings().skip(1).any(|sibling| same(&sibling));
        steps.push(if alone { name.to_owned() } else { format!("{name}[{}]", before + 1) });
        node = current.parent();
    }
    steps.reverse();
    format!("/{}", steps.join("/"))
}
