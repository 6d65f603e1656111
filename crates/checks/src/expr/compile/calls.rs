//! `has`, `or`, loops, and the functions.

use super::operations::union;
use super::{Compiler, Typed, Variable};
use crate::expr::functions::{Function, signatures};
use crate::expr::node::{Loop, Node, Op, Root};
use crate::expr::paths::Step;
use crate::expr::value::Val;
use crate::schemas::Ty;
use annexa_source::Diagnostic;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr};

/// Loops inside loops.
const MAX_LOOPS: usize = 2;

impl<'s> Compiler<'_, 's> {
    pub(super) fn has(&mut self, expr: &IdedExpr, fact: &IdedExpr) -> Typed<'s> {
        let typed = self.part(fact);
        if !may_be_absent(&typed.node) {
            let error = self.error(expr, "`has` asks for a fact or a relation: `has(resource.name)`");
            return self.wrong(error);
        }
        Typed { node: Node::new(Op::Has(Box::new(typed.node))), ty: Ty::Bool }
    }

    pub(super) fn or_default(&mut self, expr: &IdedExpr, fact: &IdedExpr, default: &IdedExpr) -> Typed<'s> {
        let (fact, default) = (self.part(fact), self.part(default));
        if !may_be_absent(&fact.node) {
            let error = self.error(expr, "`or` gives a default for a fact: `or(resource.name, 'none')`");
            return self.wrong(error);
        }
        if !fact.ty.comparable(&default.ty) {
            let message = format!("the fact is {}, its default {}", fact.ty.name(), default.ty.name());
            let error = self.error(expr, message);
            return self.wrong(error);
        }
        let paths = union(&fact.node.paths, &default.node.paths);
        let op = Op::Or(Box::new(fact.node), Box::new(default.node));
        Typed { node: Node::with_paths(op, paths), ty: fact.ty.join(default.ty) }
    }

    pub(super) fn looped(
        &mut self,
        expr: &IdedExpr,
        kind: Loop,
        over: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
    ) -> Typed<'s> {
        let over = self.part(over);
        let Expr::Ident(name) = &variable.expr else {
            let error = self.error(variable, "the first argument names the item: `.all(x, …)`");
            return self.wrong(error);
        };
        if self.names().iter().any(|known| known == name) {
            let error = self.error(variable, format!("`{name}` has a meaning already"));
            return self.wrong(error.with_help("name the item otherwise"));
        }
        if self.variables.len() >= MAX_LOOPS {
            let error = self.error(expr, format!("at most {MAX_LOOPS} loops may stand in each other"));
            return self.wrong(error.with_help("name a part with `let:`, or look for an item with `item in list`"));
        }
        let (item, paths) = match &over.ty {
            Ty::List(items) => ((**items).clone(), self.step(&over.node.paths, &Step::Items)),
            Ty::Map(_) => (Ty::Text, Vec::new()),
            Ty::Any | Ty::Never => (Ty::Any, self.step(&over.node.paths, &Step::Items)),
            ty => {
                let message = format!("{} has no items", ty.name());
                let error = self.error(expr, message);
                return self.wrong(error);
            }
        };
        let slot = self.variables.len();
        self.variables.push(Variable { name: name.clone(), ty: item, paths });
        let body_typed = match kind {
            Loop::Map => self.part(body),
            _ => Typed { node: self.bool(body), ty: Ty::Bool },
        };
        self.variables.truncate(slot);
        let (ty, paths) = match kind {
            Loop::All | Loop::Exists | Loop::ExistsOne => (Ty::Bool, Vec::new()),
            Loop::Filter if matches!(over.ty, Ty::Map(_)) => (Ty::List(Box::new(Ty::Text)), Vec::new()),
            Loop::Filter => (over.ty.clone(), over.node.paths.clone()),
            Loop::Map => (Ty::List(Box::new(body_typed.ty)), Vec::new()),
        };
        let op = Op::Loop { kind, over: Box::new(over.node), slot, body: Box::new(body_typed.node) };
        Typed { node: Node::with_paths(op, paths), ty }
    }

    pub(super) fn function(&mut self, expr: &IdedExpr, name: &str, call: &CallExpr) -> Typed<'s> {
        let signatures = signatures();
        let Some(signature) = signatures.iter().find(|s| s.name == name) else {
            let loops = ["all", "exists", "exists_one", "filter", "map", "has", "or"];
            let known = signatures.iter().map(|s| s.name).chain(loops);
            let message = match loops.contains(&name) {
                true => format!("`{name}` is not called so"),
                false => format!("unknown function `{name}`"),
            };
            let error = self.error(expr, message).with_nearest(name, known);
            return self.wrong(error);
        };
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        if arguments.len() != signature.takes.len() {
            let message = format!("`{name}` takes {} arguments, not {}", signature.takes.len(), arguments.len());
            let error = self.error(expr, message);
            return self.wrong(error);
        }
        let mut nodes = Vec::new();
        for (argument, takes) in arguments.iter().zip(signature.takes) {
            let typed = self.part(argument);
            if !takes.accepts(&typed.ty) {
                let message = format!("`{name}` takes {}, not {}", takes.name(), typed.ty.name());
                let error = self.error(argument, message);
                return self.wrong(error);
            }
            nodes.push(typed.node);
        }
        let function = match &signature.function {
            Some(function) => function.clone(),
            None => match self.pattern(&arguments, &nodes) {
                Ok(function) => function,
                Err(error) => return self.wrong(error),
            },
        };
        Typed { node: Node::new(Op::Call(function, nodes)), ty: signature.gives.clone() }
    }

    /// The pattern of `matches`, compiled once and bounded.
    pub(super) fn pattern(&mut self, arguments: &[&IdedExpr], nodes: &[Node]) -> Result<Function, Diagnostic> {
        let place = arguments.last().copied();
        let mut error = |message: String| match place {
            Some(expr) => self.error(expr, message),
            None => self.text.error(0, message),
        };
        let Some(Node { op: Op::Literal(Val::Text(pattern)), .. }) = nodes.last() else {
            return Err(error("the pattern of `matches` is a text in quotes".to_owned()));
        };
        // for each byte of a text as much work can come as the compiled pattern is large, so the limits are tried in turn
        let within = |limit| regex::RegexBuilder::new(pattern).size_limit(limit << 12).nest_limit(32).build().ok();
        let limits = [1_usize, 4, 16, 64].into_iter();
        limits
            .filter_map(|limit| Some(Function::Matches(within(limit)?, limit as u64)))
            .next()
            .ok_or_else(|| error("not a regular expression (RE2 syntax), or too large a one".to_owned()))
    }
}

/// What a method with two arguments loops for.
pub(super) fn loop_kind(name: &str) -> Option<Loop> {
    Some(match name {
        "all" => Loop::All,
        "exists" => Loop::Exists,
        "exists_one" => Loop::ExistsOne,
        "filter" => Loop::Filter,
        "map" => Loop::Map,
        _ => return None,
    })
}

/// What `has` and `or` may be asked of.
fn may_be_absent(node: &Node) -> bool {
    matches!(node.op, Op::Member { .. } | Op::Index { .. } | Op::Relation(_) | Op::Root(Root::Right))
}
