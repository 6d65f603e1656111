//! Loops over lists and over the keys of maps.

use super::{Decided, Evaluator};
use crate::expr::node::{Loop, Node, Op};
use crate::expr::undecided::{Undecided, remember};
use crate::expr::value::{Items, List, Object, Val};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

impl<'a> Evaluator<'a> {
    pub(super) fn looped(&self, kind: Loop, over: &'a Node, slot: usize, body: &'a Node) -> Decided<'a> {
        let list = match self.value(over)? {
            Val::List(list) => list,
            Val::Object(object) => keys(object),
            other => return Err(Undecided::broken(format!("{} has no items", other.type_name()))),
        };
        let items = (0..list.len()).map(|index| self.item(&list, index, label_of(over)));
        match kind {
            Loop::All => self.quantify(items, list.partial.clone(), slot, body, false),
            Loop::Exists => self.quantify(items, list.partial.clone(), slot, body, true),
            Loop::ExistsOne => self.exactly_one(items, list.partial.clone(), slot, body),
            Loop::Filter => self.filter(items, list.partial.clone(), slot, body),
            Loop::Map => {
                let mut made = Vec::new();
                for item in items {
                    made.push(self.with_item(item?, slot, body)?);
                }
                Ok(Val::List(List { items: Items::Made(Arc::new(made)), partial: list.partial.clone() }))
            }
        }
    }

    pub(super) fn with_item(&self, item: Val<'a>, slot: usize, body: &'a Node) -> Decided<'a> {
        let mut slots = self.slots.borrow_mut();
        slots.truncate(slot);
        while slots.len() < slot {
            slots.push(Val::Bool(false));
        }
        slots.push(item);
        drop(slots);
        self.value(body)
    }

    /// `all` (decisive: false) and `exists` (decisive: true): one item can decide, whatever is not known of the others.
    pub(super) fn quantify(
        &self,
        items: impl Iterator<Item = Decided<'a>>,
        mut met: Option<Undecided>,
        slot: usize,
        body: &'a Node,
        decisive: bool,
    ) -> Decided<'a> {
        for item in items {
            match item.and_then(|item| self.with_item(item, slot, body)).and_then(|v| v.as_bool()) {
                Ok(value) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(_) => {}
                Err(why) if why.is_final() => return Err(why),
                Err(why) => remember(&mut met, why),
            }
        }
        met.map_or(Ok(Val::Bool(!decisive)), Err)
    }

    pub(super) fn exactly_one(
        &self,
        items: impl Iterator<Item = Decided<'a>>,
        mut met: Option<Undecided>,
        slot: usize,
        body: &'a Node,
    ) -> Decided<'a> {
        let mut found = 0;
        for item in items {
            match item.and_then(|item| self.with_item(item, slot, body)).and_then(|v| v.as_bool()) {
                Ok(true) => found += 1,
                Ok(false) => {}
                Err(why) if why.is_final() => return Err(why),
                Err(why) => remember(&mut met, why),
            }
        }
        match met {
            _ if found > 1 => Ok(Val::Bool(false)),
            Some(why) => Err(why),
            None => Ok(Val::Bool(found == 1)),
        }
    }

    /// The items for which the rule holds. An item of which nobody knows makes the result a list that is not whole.
    pub(super) fn filter(
        &self,
        items: impl Iterator<Item = Decided<'a>>,
        mut partial: Option<Undecided>,
        slot: usize,
        body: &'a Node,
    ) -> Decided<'a> {
        let mut kept = Vec::new();
        for item in items {
            let decided = item.and_then(|item| {
                let holds = self.with_item(item.clone(), slot, body)?.as_bool()?;
                Ok(holds.then_some(item))
            });
            match decided {
                Ok(item) => kept.extend(item),
                Err(why @ (Undecided::TooCostly | Undecided::Broken(_))) => return Err(why),
                Err(why) => remember(&mut partial, why),
            }
        }
        Ok(Val::List(List { items: Items::Made(Arc::new(kept)), partial }))
    }
}

/// The keys of a map, sorted, so that the order of an answer can't change a result.
fn keys<'a>(object: Object<'a>) -> List<'a> {
    let mut keys: Vec<&'a str> =
        object.members.iter().filter(|(_, v)| !matches!(v, Value::Null)).map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    let items = keys.into_iter().map(|key| Val::Text(Cow::Borrowed(key))).collect();
    let partial =
        object.marks.and_then(|m| m.first()).map(|reason| Undecided::unobserved("a part of the map", reason, true));
    List { items: Items::Made(Arc::new(items)), partial }
}

fn label_of(node: &Node) -> &str {
    match &node.op {
        Op::Member { label, .. } | Op::Index { label, .. } => label,
        Op::Relation(name) => name,
        _ => "an item",
    }
}
