//! Facts, relations and items: what a part may be followed by.

use super::{Compiler, Typed};
use crate::expr::node::{Member, Node, Op};
use crate::expr::paths::{FactPath, Step};
use crate::facts::OWN_MEMBERS;
use crate::schemas::Ty;
use annexa_model::TypeSchema;
use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue};

impl<'s> Compiler<'_, 's> {
    pub(super) fn related(&self, to: &str, many: bool) -> Ty<'s> {
        let ty = Ty::Resource(self.schemas.get(to));
        if many { Ty::List(Box::new(ty)) } else { ty }
    }

    pub(super) fn member(&mut self, expr: &IdedExpr, of: Typed<'s>, field: &str) -> Typed<'s> {
        let (member, ty) = match &of.ty {
            Ty::Any | Ty::Never => (Member::Fact(field.to_owned()), Ty::Any),
            Ty::Object(members) => match members.get(field) {
                Some(known) => (Member::Fact(field.to_owned()), Ty::of(known)),
                None => return self.unknown_member(expr, field, members.keys().map(String::as_str), "here"),
            },
            Ty::Map(values) => (Member::Fact(field.to_owned()), (**values).clone()),
            Ty::Resource(None) => (Member::Fact(field.to_owned()), Ty::Any),
            Ty::Resource(Some(schema)) => match self.resource_member(schema, field) {
                Some(found) => found,
                None => {
                    let facts = schema.fields.keys().map(String::as_str);
                    let known = facts.chain(schema.relations.keys().map(String::as_str)).chain(OWN_MEMBERS);
                    return self.unknown_member(expr, field, known, &format!("of {}", schema.name));
                }
            },
            Ty::List(_) => {
                let error = self.error(expr, format!("a list has no member `{field}`"));
                return self
                    .wrong(error.with_help(format!("ask its items: `.all(x, x.{field} …)` or `.exists(x, …)`")));
            }
            ty => {
                let error = format!("{} has no member `{field}`", ty.name());
                let error = self.error(expr, error);
                return self.wrong(error);
            }
        };
        let paths = self.step(
            &of.node.paths,
            &match &member {
                Member::Fact(name) => Step::Fact(name.clone()),
                Member::Own(name) => Step::Own(name),
                Member::Relation(name) => Step::Relation(name.clone()),
            },
        );
        let label = self.label(&paths, field);
        let op = Op::Member { of: Box::new(of.node), member, kind: ty.scalar(), label };
        Typed { node: Node::with_paths(op, paths).at(self.at(expr)), ty }
    }

    /// A fact, a relation or an own member of a resource, in this order.
    pub(super) fn resource_member(&self, schema: &'s TypeSchema, field: &str) -> Option<(Member, Ty<'s>)> {
        if let Some(known) = schema.fields.get(field) {
            return Some((Member::Fact(field.to_owned()), Ty::of(known)));
        }
        if let Some(own) = OWN_MEMBERS.into_iter().find(|own| *own == field) {
            return Some((Member::Own(own), Ty::Text));
        }
        let relation = schema.relations.get(field)?;
        Some((Member::Relation(field.to_owned()), self.related(&relation.to, relation.many)))
    }

    pub(super) fn unknown_member<'a>(
        &mut self,
        expr: &IdedExpr,
        field: &str,
        known: impl IntoIterator<Item = &'a str>,
        place: &str,
    ) -> Typed<'s> {
        let error = self.error(expr, format!("unknown fact `{field}` {place}")).with_nearest(field, known);
        self.wrong(error)
    }

    pub(super) fn step(&mut self, paths: &[usize], step: &Step) -> Vec<usize> {
        let longer: Vec<FactPath> = paths.iter().filter_map(|p| Some(self.paths.get(*p)?.then(step.clone()))).collect();
        longer.into_iter().map(|path| self.paths.index(path)).collect()
    }

    pub(super) fn label(&self, paths: &[usize], field: &str) -> String {
        paths.first().map_or_else(|| field.to_owned(), |p| self.paths.label(*p).to_owned())
    }

    pub(super) fn index(&mut self, expr: &IdedExpr, of: &IdedExpr, index: &IdedExpr) -> Typed<'s> {
        let literal = match &index.expr {
            Expr::Literal(LiteralValue::String(key)) => Some(key.inner().to_owned()),
            _ => None,
        };
        let of = self.part(of);
        if let (Some(key), Ty::Map(_) | Ty::Object(_) | Ty::Any) = (literal, &of.ty) {
            return self.member(expr, of, &key);
        }
        let index_typed = self.part(index);
        let (ty, step) = match (&of.ty, &index_typed.ty) {
            (Ty::List(items), Ty::Int | Ty::Any) => ((**items).clone(), Some(Step::Items)),
            (Ty::Map(values), Ty::Text | Ty::Any) => ((**values).clone(), None),
            (Ty::Any | Ty::Never, _) => (Ty::Any, None),
            (of, by) => {
                let message = format!("{} can't be indexed with {}", of.name(), by.name());
                let error = self.error(index, message);
                return self.wrong(error);
            }
        };
        let paths = match &step {
            Some(step) => self.step(&of.node.paths, step),
            None => of.node.paths.clone(),
        };
        let label = self.label(&paths, "an item");
        let op = Op::Index { of: Box::new(of.node), index: Box::new(index_typed.node), kind: ty.scalar(), label };
        Typed { node: Node::with_paths(op, paths).at(self.at(expr)), ty }
    }
}
