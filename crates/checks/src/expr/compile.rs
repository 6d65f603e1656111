//! From CEL text to a compiled rule, linted against the schema on the way.
//!
//! The `cel` crate parses; macros are not expanded, so that every part of the tree is a part that the author wrote.

mod calls;
mod members;
mod operations;

use self::calls::loop_kind;
use super::node::{Arithmetic, Loop, Node, Op, Ordering, Root};
use super::paths::{FactPath, Paths, Step};
use super::value::{Object, Val};
use crate::place::Text;
use crate::schemas::{Schemas, Ty};
use annexa_model::TypeSchema;
use annexa_source::Diagnostic;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo, operators};
use std::borrow::Cow;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 2_000;
/// The deepest expression. The evaluator recurses as deep.
const MAX_DEPTH: usize = 64;

/// What is wrong with a `!` at the start, and what to do.
pub(crate) const TAGGED: (&str, &str) =
    ("YAML takes a `!` at the start for a tag", "put the expression in quotes, or below `|`");

/// What a rule may name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope<'s> {
    /// The roots, with the types that they lead to.
    pub(crate) roots: Vec<(&'static str, Root, Ty<'s>)>,
    /// The resource type whose relations are names of their own.
    pub(crate) relations_of: Option<&'s TypeSchema>,
    /// The named expressions so far.
    pub(crate) lets: Vec<(String, Ty<'s>, Vec<usize>)>,
}

/// A compiled part with its type.
pub(crate) struct Typed<'s> {
    pub(crate) node: Node,
    pub(crate) ty: Ty<'s>,
}

struct Variable<'s> {
    name: String,
    ty: Ty<'s>,
    paths: Vec<usize>,
}

pub(crate) struct Compiler<'c, 's> {
    pub(super) schemas: &'c Schemas<'s>,
    pub(super) scope: &'c Scope<'s>,
    pub(super) paths: &'c mut Paths,
    pub(super) text: &'c Text,
    pub(super) errors: &'c mut Vec<Diagnostic>,
    info: &'c SourceInfo,
    variables: Vec<Variable<'s>>,
    depth: usize,
}

/// Compiles an expression. Every error found is added to `errors`; then the result is of no use.
pub(crate) fn compile<'s>(
    text: &Text,
    schemas: &Schemas<'s>,
    scope: &Scope<'s>,
    paths: &mut Paths,
    errors: &mut Vec<Diagnostic>,
) -> Option<Typed<'s>> {
    if text.text.len() > MAX_LENGTH {
        errors.push(
            text.error(0, format!("an expression may have {MAX_LENGTH} characters")).with_help("split it with `let:`"),
        );
        return None;
    }
    if text.tagged {
        errors.push(text.error(0, TAGGED.0).with_help(TAGGED.1));
        return None;
    }
    let env = cel::Env::default().with_optional_support(false);
    let program = match env.compile(&text.text) {
        Ok(program) => program,
        Err(parse) => {
            errors.extend(parse.errors.first().map(|e| syntax_error(text, e.pos, &e.msg)));
            return None;
        }
    };
    let before = errors.len();
    let info = program.source_info();
    let mut compiler = Compiler { schemas, scope, paths, text, errors, info, variables: Vec::new(), depth: 0 };
    let typed = compiler.part(program.expression());
    (errors.len() == before).then_some(typed)
}

fn syntax_error(text: &Text, pos: (isize, isize), message: &str) -> Diagnostic {
    let (line, column) = (pos.0.max(1) as usize, pos.1.max(1) as usize);
    let start: usize = text.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let mut byte = (start + column - 1).min(text.text.len());
    while !text.text.is_char_boundary(byte) {
        byte -= 1;
    }
    let message = message.trim_start_matches("Syntax error: ");
    let error = text.error(byte, format!("not a CEL expression: {message}"));
    if message.contains(".?") {
        error.with_help("say what holds for an absent fact: `or(fact, default)` or `has(fact)`")
    } else {
        error
    }
}

impl<'s> Compiler<'_, 's> {
    /// The byte where a part stands; for a member and a call the byte of its name.
    fn at(&self, expr: &IdedExpr) -> usize {
        let start = self.info.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        let text = &self.text.text;
        match &expr.expr {
            Expr::Select(select) => {
                text.get(start..).and_then(|rest| rest.find(&select.field)).map_or(start, |skip| start + skip)
            }
            Expr::Call(call) => {
                let before = text.get(..start).unwrap_or("");
                before.rfind(&call.func_name).filter(|at| is_blank(before, at + call.func_name.len())).unwrap_or(start)
            }
            _ => start,
        }
    }

    pub(super) fn error(&mut self, expr: &IdedExpr, message: impl Into<String>) -> Diagnostic {
        self.text.error(self.at(expr), message)
    }

    /// Keeps an error and gives a part that stands for the wrong one.
    pub(super) fn wrong(&mut self, error: Diagnostic) -> Typed<'s> {
        self.errors.push(error);
        Typed { node: Node::new(Op::Literal(Val::Bool(false))), ty: Ty::Any }
    }

    pub(super) fn part(&mut self, expr: &IdedExpr) -> Typed<'s> {
        self.depth += 1;
        let typed = if self.depth > MAX_DEPTH {
            let error = self
                .error(expr, format!("an expression may be nested {MAX_DEPTH} deep"))
                .with_help("split it with `let:`");
            self.wrong(error)
        } else {
            match &expr.expr {
                Expr::Literal(literal) => self.literal(expr, literal),
                Expr::Ident(name) => self.name(expr, name),
                Expr::Select(select) => {
                    let of = self.part(&select.operand);
                    self.member(expr, of, &select.field)
                }
                Expr::Call(call) => self.call(expr, call),
                Expr::List(list) => self.list(&list.elements),
                Expr::Map(map) if map.entries.is_empty() => {
                    let node = Node::new(Op::Literal(Val::Object(Object::empty())));
                    Typed { node, ty: Ty::Map(Box::new(Ty::Never)) }
                }
                Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
                    let error = self.error(expr, "objects can't be made in a rule");
                    self.wrong(error.with_help("the empty one, `{}`, can"))
                }
            }
        };
        self.depth -= 1;
        typed
    }

    pub(super) fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Typed<'s> {
        let (value, ty) = match literal {
            LiteralValue::Boolean(value) => (Val::Bool(*value.inner()), Ty::Bool),
            LiteralValue::Int(value) => (Val::Int(*value.inner()), Ty::Int),
            LiteralValue::Double(value) => (Val::Double(*value.inner()), Ty::Double),
            LiteralValue::String(value) => (Val::Text(Cow::Owned(value.inner().to_owned())), Ty::Text),
            LiteralValue::UInt(value) => match i64::try_from(*value.inner()) {
                Ok(value) => (Val::Int(value), Ty::Int),
                Err(_) => {
                    let error = self.error(expr, "the number is too large");
                    return self.wrong(error);
                }
            },
            LiteralValue::Null => {
                let error = self.error(expr, "no fact is null: a null that a provider answers is an absent fact");
                return self.wrong(error.with_help("ask with `has(fact)`"));
            }
            LiteralValue::Bytes(_) => {
                let error = self.error(expr, "no fact has bytes");
                return self.wrong(error);
            }
        };
        Typed { node: Node::new(Op::Literal(value)), ty }
    }

    pub(super) fn name(&mut self, expr: &IdedExpr, name: &str) -> Typed<'s> {
        if let Some(slot) = self.variables.iter().rposition(|v| v.name == name) {
            let variable = &self.variables[slot];
            let op = Op::Variable { slot, kind: variable.ty.scalar() };
            return Typed { node: Node::with_paths(op, variable.paths.clone()), ty: variable.ty.clone() };
        }
        if let Some(index) = self.scope.lets.iter().position(|(known, _, _)| known == name) {
            let (_, ty, paths) = &self.scope.lets[index];
            return Typed { node: Node::with_paths(Op::Let(index), paths.clone()), ty: ty.clone() };
        }
        if name == "as_of" {
            return Typed { node: Node::new(Op::AsOf), ty: Ty::Time };
        }
        if let Some((_, root, ty)) = self.scope.roots.iter().find(|(known, _, _)| *known == name) {
            let path = self.paths.index(FactPath::root(*root));
            return Typed { node: Node::with_paths(Op::Root(*root), vec![path]), ty: ty.clone() };
        }
        if let Some(relation) = self.scope.relations_of.and_then(|schema| schema.relations.get(name)) {
            let path = FactPath::root(Root::Resource).then(Step::Relation(name.to_owned()));
            let path = self.paths.index(path);
            let ty = self.related(&relation.to, relation.many);
            let node = Node::with_paths(Op::Relation(name.to_owned()), vec![path]).at(self.at(expr));
            return Typed { node, ty };
        }
        let names = self.names();
        let error =
            self.error(expr, format!("unknown name `{name}`")).with_nearest(name, names.iter().map(String::as_str));
        self.wrong(error)
    }

    /// All names that a rule may start with here.
    pub(super) fn names(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|v| v.name.clone());
        let lets = self.scope.lets.iter().map(|(name, _, _)| name.clone());
        let roots = self.scope.roots.iter().map(|(name, _, _)| (*name).to_owned());
        let relations = self.scope.relations_of.iter().flat_map(|schema| schema.relations.keys().cloned());
        variables.chain(lets).chain(roots).chain(relations).chain(["as_of".to_owned()]).collect()
    }

    pub(super) fn list(&mut self, elements: &[IdedExpr]) -> Typed<'s> {
        let mut nodes = Vec::new();
        let mut ty = Ty::Never;
        for element in elements {
            let typed = self.part(element);
            ty = if nodes.is_empty() { typed.ty } else { ty.join(typed.ty) };
            nodes.push(typed.node);
        }
        Typed { node: Node::new(Op::List(nodes)), ty: Ty::List(Box::new(ty)) }
    }

    pub(super) fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Typed<'s> {
        let target = call.target.as_deref();
        match (call.func_name.as_str(), target, call.args.as_slice()) {
            (operators::LOGICAL_AND, None, [a, b]) => self.logic(a, b, Op::Both),
            (operators::LOGICAL_OR, None, [a, b]) => self.logic(a, b, Op::Either),
            (operators::LOGICAL_NOT, None, [a]) => {
                let node = self.bool(a);
                Typed { node: Node::new(Op::Not(Box::new(node))), ty: Ty::Bool }
            }
            (operators::NEGATE, None, [a]) => self.negate(expr, a),
            (operators::CONDITIONAL, None, [cond, yes, no]) => self.conditional(cond, yes, no),
            (operators::EQUALS, None, [a, b]) => self.equal(expr, a, b, false),
            (operators::NOT_EQUALS, None, [a, b]) => self.equal(expr, a, b, true),
            (operators::LESS, None, [a, b]) => self.compare(expr, a, b, Ordering::Less),
            (operators::LESS_EQUALS, None, [a, b]) => self.compare(expr, a, b, Ordering::LessOrEqual),
            (operators::GREATER, None, [a, b]) => self.compare(expr, a, b, Ordering::Greater),
            (operators::GREATER_EQUALS, None, [a, b]) => self.compare(expr, a, b, Ordering::GreaterOrEqual),
            (operators::IN, None, [a, b]) => self.contained(expr, a, b),
            (operators::ADD, None, [a, b]) => self.arithmetic(expr, a, b, Arithmetic::Add),
            (operators::SUBSTRACT, None, [a, b]) => self.arithmetic(expr, a, b, Arithmetic::Subtract),
            (operators::MULTIPLY, None, [a, b]) => self.arithmetic(expr, a, b, Arithmetic::Multiply),
            (operators::DIVIDE, None, [a, b]) => self.arithmetic(expr, a, b, Arithmetic::Divide),
            (operators::MODULO, None, [a, b]) => self.arithmetic(expr, a, b, Arithmetic::Modulo),
            (operators::INDEX, None, [of, index]) => self.index(expr, of, index),
            ("has", None, [fact]) => self.has(expr, fact),
            ("or", None, [fact, default]) => self.or_default(expr, fact, default),
            (name, Some(over), [variable, body]) if loop_kind(name).is_some() => {
                self.looped(expr, loop_kind(name).unwrap_or(Loop::All), over, variable, body)
            }
            (name, _, _) => self.function(expr, name, call),
        }
    }
}

fn is_blank(text: &str, from: usize) -> bool {
    text.get(from..).is_some_and(|rest| rest.trim().is_empty())
}
