//! Equality, order and membership.

use super::Evaluator;
use crate::expr::functions::as_time;
use crate::expr::node::Ordering;
use crate::expr::undecided::{Undecided, remember};
use crate::expr::value::{List, Val, time};

impl<'a> Evaluator<'a> {
    pub(super) fn equal(&self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, Undecided> {
        match (left, right) {
            (Val::List(left), Val::List(right)) => self.equal_lists(left, right),
            (Val::Bool(a), Val::Bool(b)) => Ok(a == b),
            (Val::Text(a), Val::Text(b)) => {
                self.spend(a.len().min(b.len()) as u64 / 64)?;
                Ok(a == b)
            }
            (Val::Span(a), Val::Span(b)) => Ok(a == b),
            (Val::Object(a), Val::Object(b)) => match (a.is_empty(), b.is_empty()) {
                (Ok(true), other) | (other, Ok(true)) => other,
                (Err(why), _) | (_, Err(why)) => Err(why),
                (Ok(false), Ok(false)) => Err(Undecided::broken("two objects compared with each other")),
            },
            // a list that is not whole can be too long already
            _ if at_least_beyond(left, right) => Ok(false),
            _ => order(left, right).map(|order| order == std::cmp::Ordering::Equal),
        }
    }

    pub(super) fn equal_lists(&self, left: &List<'a>, right: &List<'a>) -> Result<bool, Undecided> {
        match (&left.partial, &right.partial) {
            (None, None) if left.len() != right.len() => return Ok(false),
            (Some(_), None) if left.len() > right.len() => return Ok(false),
            (None, Some(_)) if right.len() > left.len() => return Ok(false),
            (Some(why), _) | (_, Some(why)) => return Err(why.clone()),
            _ => {}
        }
        let mut met = None;
        for index in 0..left.len() {
            self.spend(1)?;
            match (self.item(left, index, "an item"), self.item(right, index, "an item")) {
                (Ok(a), Ok(b)) => match self.equal(&a, &b) {
                    Ok(false) => return Ok(false),
                    Ok(true) => {}
                    Err(why) if why.is_final() => return Err(why),
                    Err(why) => remember(&mut met, why),
                },
                (Err(why), _) | (_, Err(why)) => remember(&mut met, why),
            }
        }
        met.map_or(Ok(true), Err)
    }

    pub(super) fn contains(&self, list: &Val<'a>, item: &Val<'a>) -> Result<bool, Undecided> {
        match (list, item) {
            (Val::List(list), item) => {
                let mut met = list.partial.clone();
                for index in 0..list.len() {
                    self.spend(1)?;
                    match self.item(list, index, "an item").and_then(|known| self.equal(&known, item)) {
                        Ok(true) => return Ok(true),
                        Ok(false) => {}
                        Err(why) if why.is_final() => return Err(why),
                        Err(why) => remember(&mut met, why),
                    }
                }
                met.map_or(Ok(false), Err)
            }
            (Val::Object(object), Val::Text(key)) => match object.get(key, "a key") {
                Ok(_) => Ok(true),
                Err(Undecided::Absent { .. }) => Ok(false),
                Err(why) => Err(why),
            },
            (other, _) => Err(Undecided::broken(format!("{} has no items", other.type_name()))),
        }
    }
}

/// How two single values are ordered.
fn order(left: &Val<'_>, right: &Val<'_>) -> Result<std::cmp::Ordering, Undecided> {
    let not_a_number = || Undecided::broken("a number is not a number");
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Ok(a.cmp(b)),
        (Val::Double(a), Val::Double(b)) => a.partial_cmp(b).ok_or_else(not_a_number),
        (Val::Int(a), Val::Double(b)) => (*a as f64).partial_cmp(b).ok_or_else(not_a_number),
        (Val::Double(a), Val::Int(b)) => a.partial_cmp(&(*b as f64)).ok_or_else(not_a_number),
        (Val::Text(a), Val::Text(b)) => Ok(a.cmp(b)),
        (Val::Time(a), Val::Time(b)) => Ok(a.cmp(b)),
        (Val::Time(a), Val::Text(b)) => Ok(a.cmp(&time(b)?)),
        (Val::Text(_), Val::Time(b)) => Ok(as_time(left)?.cmp(b)),
        (Val::Span(a), Val::Span(b)) => Ok(a.cmp(b)),
        (Val::AtLeast(_, why), _) | (_, Val::AtLeast(_, why)) => Err((**why).clone()),
        (a, b) => Err(Undecided::broken(format!("{} compared with {}", a.type_name(), b.type_name()))),
    }
}

/// Whether one side is the size of a list that is too long already to equal the other.
fn at_least_beyond(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left, right) {
        (Val::AtLeast(least, _), Val::Int(n)) | (Val::Int(n), Val::AtLeast(least, _)) => least > n,
        _ => false,
    }
}

pub(super) fn compare(kind: Ordering, left: &Val<'_>, right: &Val<'_>) -> Result<bool, Undecided> {
    // what is known of a list that is not whole can be enough
    let known = match (left, kind, right) {
        (Val::AtLeast(least, _), Ordering::Greater, Val::Int(n)) if least > n => Some(true),
        (Val::AtLeast(least, _), Ordering::GreaterOrEqual, Val::Int(n)) if least >= n => Some(true),
        (Val::AtLeast(least, _), Ordering::Less, Val::Int(n)) if least >= n => Some(false),
        (Val::AtLeast(least, _), Ordering::LessOrEqual, Val::Int(n)) if least > n => Some(false),
        (Val::Int(n), Ordering::Less, Val::AtLeast(least, _)) if n < least => Some(true),
        (Val::Int(n), Ordering::LessOrEqual, Val::AtLeast(least, _)) if n <= least => Some(true),
        (Val::Int(n), Ordering::Greater, Val::AtLeast(least, _)) if n <= least => Some(false),
        (Val::Int(n), Ordering::GreaterOrEqual, Val::AtLeast(least, _)) if n < least => Some(false),
        _ => None,
    };
    if let Some(known) = known {
        return Ok(known);
    }
    let order = order(left, right)?;
    Ok(match kind {
        Ordering::Less => order.is_lt(),
        Ordering::LessOrEqual => order.is_le(),
        Ordering::Greater => order.is_gt(),
        Ordering::GreaterOrEqual => order.is_ge(),
    })
}
