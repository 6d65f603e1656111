//! Logic, comparison and arithmetic.

use super::{Compiler, Typed};
use crate::expr::node::{Arithmetic, Node, Op, Ordering};
use crate::schemas::Ty;
use cel::IdedExpr;

impl<'s> Compiler<'_, 's> {
    pub(super) fn logic(&mut self, a: &IdedExpr, b: &IdedExpr, op: fn(Box<Node>, Box<Node>) -> Op) -> Typed<'s> {
        let (a, b) = (self.bool(a), self.bool(b));
        Typed { node: Node::new(op(Box::new(a), Box::new(b))), ty: Ty::Bool }
    }

    /// A part that must be true or false.
    pub(super) fn bool(&mut self, expr: &IdedExpr) -> Node {
        let typed = self.part(expr);
        if !matches!(typed.ty, Ty::Bool | Ty::Any | Ty::Never) {
            let error = self.error(expr, format!("{} where true or false is needed", typed.ty.name()));
            self.errors.push(error);
        }
        typed.node
    }

    pub(super) fn negate(&mut self, expr: &IdedExpr, a: &IdedExpr) -> Typed<'s> {
        let a = self.part(a);
        if !matches!(a.ty, Ty::Int | Ty::Double | Ty::Any | Ty::Never) {
            let error = self.error(expr, format!("{} can't be negated with `-`", a.ty.name()));
            return self.wrong(error);
        }
        Typed { node: Node::new(Op::Negate(Box::new(a.node))), ty: a.ty }
    }

    pub(super) fn conditional(&mut self, cond: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Typed<'s> {
        let cond = self.bool(cond);
        let (yes, no) = (self.part(yes), self.part(no));
        let paths = union(&yes.node.paths, &no.node.paths);
        let op = Op::If(Box::new(cond), Box::new(yes.node), Box::new(no.node));
        Typed { node: Node::with_paths(op, paths), ty: yes.ty.join(no.ty) }
    }

    pub(super) fn equal(&mut self, expr: &IdedExpr, a: &IdedExpr, b: &IdedExpr, negated: bool) -> Typed<'s> {
        let (left, right) = (self.part(a), self.part(b));
        if !left.ty.comparable(&right.ty) {
            let message = format!("{} can't equal {}", left.ty.name(), right.ty.name());
            let error = self.error(expr, message);
            return self.wrong(error);
        }
        let op = Op::Equal { negated, left: Box::new(left.node), right: Box::new(right.node) };
        Typed { node: Node::new(op), ty: Ty::Bool }
    }

    pub(super) fn compare(&mut self, expr: &IdedExpr, a: &IdedExpr, b: &IdedExpr, order: Ordering) -> Typed<'s> {
        let (left, right) = (self.part(a), self.part(b));
        let ordered =
            |ty: &Ty<'_>| !matches!(ty, Ty::Bool | Ty::List(_) | Ty::Map(_) | Ty::Object(_) | Ty::Resource(_));
        if !left.ty.comparable(&right.ty) || !ordered(&left.ty) || !ordered(&right.ty) {
            let message = format!("{} can't be ordered with {}", left.ty.name(), right.ty.name());
            let error = self.error(expr, message);
            return self.wrong(error);
        }
        let op = Op::Compare(order, Box::new(left.node), Box::new(right.node));
        Typed { node: Node::new(op), ty: Ty::Bool }
    }

    pub(super) fn contained(&mut self, expr: &IdedExpr, a: &IdedExpr, b: &IdedExpr) -> Typed<'s> {
        let (left, right) = (self.part(a), self.part(b));
        let fits = match &right.ty {
            Ty::List(items) => left.ty.comparable(items),
            Ty::Map(_) | Ty::Object(_) => left.ty.comparable(&Ty::Text),
            Ty::Any | Ty::Never => true,
            _ => false,
        };
        if !fits {
            let message = format!("{} can't be in {}", left.ty.name(), right.ty.name());
            let error = self.error(expr, message);
            return self.wrong(error);
        }
        let op = Op::In(Box::new(left.node), Box::new(right.node));
        Typed { node: Node::new(op), ty: Ty::Bool }
    }

    pub(super) fn arithmetic(&mut self, expr: &IdedExpr, a: &IdedExpr, b: &IdedExpr, kind: Arithmetic) -> Typed<'s> {
        let (left, right) = (self.part(a), self.part(b));
        use Arithmetic::{Add, Subtract};
        let ty = match (&left.ty, kind, &right.ty) {
            (Ty::Any | Ty::Never, _, _) | (_, _, Ty::Any | Ty::Never) => Some(Ty::Any),
            (Ty::Int, _, Ty::Int) => Some(Ty::Int),
            (Ty::Int | Ty::Double, _, Ty::Int | Ty::Double) => Some(Ty::Double),
            (Ty::Text, Add, Ty::Text) => Some(Ty::Text),
            (Ty::List(_), Add, Ty::List(_)) => Some(left.ty.clone().join(right.ty.clone())),
            (Ty::Time, Subtract, Ty::Time) | (Ty::Span, Add | Subtract, Ty::Span) => Some(Ty::Span),
            (Ty::Time, Add | Subtract, Ty::Span) | (Ty::Span, Add, Ty::Time) => Some(Ty::Time),
            _ => None,
        };
        let Some(ty) = ty else {
            let message = format!("{} and {} can't be calculated so", left.ty.name(), right.ty.name());
            let error = self.error(expr, message);
            return self.wrong(error);
        };
        let paths = if matches!(ty, Ty::List(_)) { union(&left.node.paths, &right.node.paths) } else { Vec::new() };
        let op = Op::Arithmetic(kind, Box::new(left.node), Box::new(right.node));
        Typed { node: Node::with_paths(op, paths), ty }
    }
}

/// All of both, each once.
pub(super) fn union(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut both = a.to_vec();
    both.extend(b.iter().filter(|p| !a.contains(p)));
    both
}
