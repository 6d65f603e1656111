//! Arithmetic on numbers, times and durations; joining of texts and lists.

use super::{Decided, Evaluator};
use crate::expr::node::Arithmetic;
use crate::expr::undecided::{Undecided, remember};
use crate::expr::value::{Items, List, Val};
use std::borrow::Cow;
use std::sync::Arc;

impl<'a> Evaluator<'a> {
    pub(super) fn arithmetic(&self, kind: Arithmetic, left: Val<'a>, right: Val<'a>) -> Decided<'a> {
        match (kind, left, right) {
            (Arithmetic::Add, Val::Text(a), Val::Text(b)) => {
                self.spend((a.len() + b.len()) as u64 / 8)?;
                Ok(Val::Text(Cow::Owned(format!("{a}{b}"))))
            }
            (Arithmetic::Add, Val::List(a), Val::List(b)) => self.join(&a, &b),
            (Arithmetic::Subtract, Val::Time(a), Val::Time(b)) => Ok(Val::Span(a.duration_since(b))),
            (Arithmetic::Add, Val::Time(t), Val::Span(s)) | (Arithmetic::Add, Val::Span(s), Val::Time(t)) => {
                t.checked_add(s).map(Val::Time).map_err(|_| Undecided::broken("no such time"))
            }
            (Arithmetic::Subtract, Val::Time(t), Val::Span(s)) => {
                t.checked_sub(s).map(Val::Time).map_err(|_| Undecided::broken("no such time"))
            }
            (Arithmetic::Add, Val::Span(a), Val::Span(b)) => overflow(a.checked_add(b)).map(Val::Span),
            (Arithmetic::Subtract, Val::Span(a), Val::Span(b)) => overflow(a.checked_sub(b)).map(Val::Span),
            (kind, Val::Int(a), Val::Int(b)) => integers(kind, a, b),
            (kind, Val::Double(a), Val::Double(b)) => doubles(kind, a, b),
            (kind, Val::Int(a), Val::Double(b)) => doubles(kind, a as f64, b),
            (kind, Val::Double(a), Val::Int(b)) => doubles(kind, a, b as f64),
            (_, Val::AtLeast(_, why), _) | (_, _, Val::AtLeast(_, why)) => Err(*why),
            (_, a, b) => {
                Err(Undecided::broken(format!("{} and {} can't be calculated so", a.type_name(), b.type_name())))
            }
        }
    }

    pub(super) fn join(&self, a: &List<'a>, b: &List<'a>) -> Decided<'a> {
        self.spend((a.len() + b.len()) as u64)?;
        let mut partial = None;
        let mut items = Vec::with_capacity(a.len() + b.len());
        for list in [a, b] {
            if let Some(why) = &list.partial {
                remember(&mut partial, why.clone());
            }
            for index in 0..list.len() {
                match self.item(list, index, "an item") {
                    Ok(item) => items.push(item),
                    Err(why) if why.is_final() => return Err(why),
                    Err(why) => remember(&mut partial, why),
                }
            }
        }
        Ok(Val::List(List { items: Items::Made(Arc::new(items)), partial }))
    }
}

pub(super) fn negate<'a>(value: &Val<'a>) -> Decided<'a> {
    match value {
        Val::Int(value) => overflow(value.checked_neg()).map(Val::Int),
        Val::Double(value) => Ok(Val::Double(-value)),
        other => Err(Undecided::broken(format!("{} can't be negated with `-`", other.type_name()))),
    }
}

fn overflow<T>(result: Option<T>) -> Result<T, Undecided> {
    result.ok_or_else(|| Undecided::broken("a number is too large, or a division is by zero"))
}

fn integers<'a>(kind: Arithmetic, a: i64, b: i64) -> Decided<'a> {
    overflow(match kind {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Modulo => a.checked_rem(b),
    })
    .map(Val::Int)
}

fn doubles<'a>(kind: Arithmetic, a: f64, b: f64) -> Decided<'a> {
    Ok(Val::Double(match kind {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Modulo => return Err(Undecided::broken("`%` takes whole numbers")),
    }))
}
