//! Decides a compiled rule for one resource (or one row of a join), with Kleene's three values.

mod arithmetic;
mod comparison;
mod loops;

use super::functions::{self, Function};
use super::node::{Member, Node, Op, Root};
use super::undecided::{Undecided, remember};
use super::value::{Items, List, Object, Val};
use crate::facts::{Subject, own_member};
use annexa_model::{Timestamp, UnobservedState};
use arithmetic::negate;
use comparison::compare;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// Steps that one rule may take for one resource: a step is a part of the rule, or 64 bytes of text. About 20 ms.
const BUDGET: u64 = 500_000;

/// What a relation leads to.
#[derive(Clone, Debug)]
pub(crate) enum Related<'a> {
    One(Result<&'a Subject<'a>, Undecided>),
    Many(Vec<&'a Subject<'a>>, Option<Undecided>),
}

/// Finds related resources.
pub(crate) trait Relations<'a> {
    /// What a relation of a resource leads to. `what` names it in reasons.
    fn related(&self, subject: &'a Subject<'a>, relation: &str, what: &str) -> Related<'a>;
}

/// What the roots of a rule stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots<'a> {
    pub(crate) resource: Option<&'a Subject<'a>>,
    pub(crate) left: Option<&'a Subject<'a>>,
    pub(crate) right: Option<&'a Subject<'a>>,
    pub(crate) matches: Vec<&'a Subject<'a>>,
    /// Why there may be more matches.
    pub(crate) uncertain: Option<Undecided>,
}

type Decided<'a> = Result<Val<'a>, Undecided>;

/// One resource's turn. All rules of a check share it: named expressions are decided once, touched facts are noted.
pub(crate) struct Evaluator<'a> {
    pub(crate) relations: &'a dyn Relations<'a>,
    pub(crate) roots: Roots<'a>,
    pub(crate) as_of: Timestamp,
    lets: &'a [Node],
    memo: RefCell<Vec<Option<Decided<'a>>>>,
    slots: RefCell<Vec<Val<'a>>>,
    touched: RefCell<Vec<bool>>,
    steps: Cell<u64>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        relations: &'a dyn Relations<'a>,
        roots: Roots<'a>,
        as_of: Timestamp,
        lets: &'a [Node],
        paths: usize,
    ) -> Self {
        Self {
            relations,
            roots,
            as_of,
            lets,
            memo: RefCell::new(vec![None; lets.len()]),
            slots: RefCell::new(Vec::new()),
            touched: RefCell::new(vec![false; paths]),
            steps: Cell::new(0),
        }
    }

    /// The facts that were looked at so far, by their numbers.
    pub(crate) fn touched(&self) -> Vec<usize> {
        self.touched.borrow().iter().enumerate().filter(|(_, touched)| **touched).map(|(index, _)| index).collect()
    }

    /// Decides a rule that is true or false.
    pub(crate) fn truth(&self, node: &'a Node) -> Result<bool, Undecided> {
        self.value(node)?.as_bool()
    }

    /// The value of a part.
    pub(crate) fn value(&self, node: &'a Node) -> Decided<'a> {
        self.spend(1)?;
        match &node.op {
            Op::Literal(value) => Ok(value.clone()),
            Op::AsOf => Ok(Val::Time(self.as_of)),
            Op::Root(root) => self.root(*root),
            Op::Relation(name) => {
                self.touch(node);
                let subject = self.roots.resource.ok_or_else(|| Undecided::broken("no resource is asked"))?;
                self.relation(subject, name, name)
            }
            Op::Variable { slot, kind } => {
                let value = self.slots.borrow().get(*slot).cloned();
                let value = self.copied(value.ok_or_else(|| Undecided::broken("no item is asked")));
                value?.convert(*kind, "an item")
            }
            Op::Let(index) => self.named(*index),
            Op::Member { of, member, kind, label } => {
                self.touch(node);
                self.member(of, member, label)?.convert(*kind, label)
            }
            Op::Index { of, index, kind, label } => {
                self.touch(node);
                self.index(of, index, label)?.convert(*kind, label)
            }
            Op::Has(fact) => match self.value(fact) {
                Ok(_) => Ok(Val::Bool(true)),
                Err(Undecided::Absent { .. }) => Ok(Val::Bool(false)),
                Err(why) => Err(why),
            },
            Op::Or(fact, default) => match self.value(fact) {
                Err(Undecided::Absent { .. }) => self.value(default),
                known => known,
            },
            Op::Not(inner) => Ok(Val::Bool(!self.truth(inner)?)),
            Op::Negate(inner) => negate(&self.value(inner)?),
            Op::Both(a, b) => self.connect(a, b, false),
            Op::Either(a, b) => self.connect(a, b, true),
            Op::If(cond, yes, no) => self.value(if self.truth(cond)? { yes } else { no }),
            Op::Equal { negated, left, right } => {
                let (left, right) = self.pair(left, right)?;
                Ok(Val::Bool(self.equal(&left, &right)? != *negated))
            }
            Op::Compare(order, left, right) => {
                let (left, right) = self.pair(left, right)?;
                compare(*order, &left, &right).map(Val::Bool)
            }
            Op::In(item, list) => {
                let (item, list) = self.pair(item, list)?;
                self.contains(&list, &item).map(Val::Bool)
            }
            Op::Arithmetic(kind, left, right) => {
                let (left, right) = self.pair(left, right)?;
                self.arithmetic(*kind, left, right)
            }
            Op::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.value(item)).collect();
                Ok(Val::List(List::whole(items?)))
            }
            Op::Loop { kind, over, slot, body } => self.looped(*kind, over, *slot, body),
            Op::Call(function, arguments) => {
                let arguments: Result<Vec<_>, _> = arguments.iter().map(|a| self.value(a)).collect();
                self.call(function, &arguments?)
            }
        }
    }

    fn spend(&self, steps: u64) -> Result<(), Undecided> {
        let spent = self.steps.get().saturating_add(steps);
        self.steps.set(spent);
        if spent > BUDGET { Err(Undecided::TooCostly) } else { Ok(()) }
    }

    /// A copy of a text that the rule made costs what making it did: a name for a long text, in a list of a thousand,
    /// is a thousand long texts.
    fn copied(&self, value: Decided<'a>) -> Decided<'a> {
        if let Ok(Val::Text(Cow::Owned(text))) = &value {
            self.spend(text.len() as u64 / 8)?;
        }
        value
    }

    /// An item of a list.
    fn item(&self, list: &List<'a>, index: usize, what: &str) -> Decided<'a> {
        self.copied(list.get(index, what))
    }

    fn touch(&self, node: &Node) {
        let mut touched = self.touched.borrow_mut();
        for path in &node.paths {
            if let Some(flag) = touched.get_mut(*path) {
                *flag = true;
            }
        }
    }

    fn root(&self, root: Root) -> Decided<'a> {
        let subject = match root {
            Root::Resource => self.roots.resource,
            Root::Left => self.roots.left,
            Root::Right => match (self.roots.right, &self.roots.uncertain) {
                (None, Some(why)) => return Err(why.clone()),
                (right, _) => right,
            },
            Root::Matches => {
                self.spend(self.roots.matches.len() as u64 / 8)?;
                let items = Items::Resources(self.roots.matches.clone().into());
                return Ok(Val::List(List { items, partial: self.roots.uncertain.clone() }));
            }
        };
        subject.map(Val::Resource).ok_or_else(|| Undecided::absent("right"))
    }

    fn relation(&self, subject: &'a Subject<'a>, name: &str, what: &str) -> Decided<'a> {
        match self.relations.related(subject, name, what) {
            Related::One(one) => one.map(Val::Resource),
            Related::Many(many, partial) => self
                .spend(many.len() as u64 / 8)
                .map(|()| Val::List(List { items: Items::Resources(many.into()), partial })),
        }
    }

    fn named(&self, index: usize) -> Decided<'a> {
        if let Some(Some(known)) = self.memo.borrow().get(index) {
            return self.copied(known.clone());
        }
        let node = self.lets.get(index).ok_or_else(|| Undecided::broken("a name without a meaning"))?;
        // loop variables of the place that asks are not visible inside
        let slots = self.slots.take();
        let value = self.value(node);
        self.slots.replace(slots);
        if let Some(place) = self.memo.borrow_mut().get_mut(index) {
            *place = Some(value.clone());
        }
        value
    }

    fn member(&self, of: &'a Node, member: &'a Member, label: &str) -> Decided<'a> {
        match (self.value(of)?, member) {
            (Val::Resource(subject), Member::Own(name)) => match own_member(subject.resource, name) {
                Some(text) => Ok(Val::Text(Cow::Borrowed(text))),
                None => Err(Undecided::absent(label)),
            },
            (Val::Resource(subject), Member::Relation(name)) => self.relation(subject, name, label),
            (Val::Resource(subject), Member::Fact(key)) => fact(subject, key, label),
            (Val::Object(object), Member::Fact(key)) => object.get(key, label),
            (other, _) => Err(Undecided::broken(format!("{} has no member: {label}", other.type_name()))),
        }
    }

    fn index(&self, of: &'a Node, index: &'a Node, label: &str) -> Decided<'a> {
        match (self.value(of)?, self.value(index)?) {
            (Val::List(list), Val::Int(at)) => match usize::try_from(at) {
                Ok(at) if at < list.len() => self.item(&list, at, label),
                _ => Err(list.partial.unwrap_or_else(|| Undecided::absent(label))),
            },
            (Val::Object(object), Val::Text(key)) => object.get(&key, label),
            (of, by) => Err(Undecided::broken(format!("{} indexed with {}", of.type_name(), by.type_name()))),
        }
    }

    /// `&&` and `||` by Kleene: one side can decide whatever the other is.
    fn connect(&self, a: &'a Node, b: &'a Node, decisive: bool) -> Decided<'a> {
        let mut met = None;
        for side in [a, b] {
            match self.truth(side) {
                Ok(value) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(_) => {}
                Err(why) if why.is_final() => return Err(why),
                Err(why) => remember(&mut met, why),
            }
        }
        met.map_or(Ok(Val::Bool(!decisive)), Err)
    }

    /// Both values; when one is missing, the weightier reason.
    fn pair(&self, left: &'a Node, right: &'a Node) -> Result<(Val<'a>, Val<'a>), Undecided> {
        match (self.value(left), self.value(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(left), Err(right)) => Err(left.and(right)),
            (Err(why), Ok(_)) | (Ok(_), Err(why)) => Err(why),
        }
    }

    fn call(&self, function: &Function, arguments: &[Val<'a>]) -> Decided<'a> {
        let text = |value: Option<&Val<'a>>| match value {
            Some(Val::Text(text)) => text.len() as u64,
            _ => 0,
        };
        let (first, second) = (text(arguments.first()), text(arguments.get(1)));
        match function {
            Function::Glob => self.spend(first.saturating_mul(second.max(1)) / 64)?,
            Function::Matches(_, weight) => self.spend(first.saturating_mul(*weight) / 8)?,
            _ => self.spend((first + second) / 64)?,
        }
        functions::call(function, arguments, self.as_of)
    }
}

/// A top-level fact of a resource.
fn fact<'a>(subject: &'a Subject<'a>, key: &str, label: &str) -> Decided<'a> {
    let marks = subject.marks.as_ref();
    if let Some((UnobservedState::Unobserved, reason)) = marks.and_then(|m| m.state.as_ref()) {
        return Err(Undecided::unobserved(label, reason, false));
    }
    Object { members: &subject.resource.facts, marks }.get(key, label)
}
