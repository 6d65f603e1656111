//! From one check file to a compiled check.

use crate::check::{Check, Origin, Question, Side};
use crate::expr::{Node, Op, Paths, Root, Scope, Typed, compile, unguarded};
use crate::file::{CheckFile, Expect, GivenFile, Pairs, SideFile};
use crate::message::Template;
use crate::place::Text;
use crate::refs::Resolver;
use crate::schemas::{Schemas, Ty};
use annexa_model::{TypeSchema, sha256_hex};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use std::collections::BTreeSet;

/// Compiles one file.
pub(super) struct Loader<'l, 's> {
    pub(super) source: SourceFile,
    pub(super) controls: &'l BTreeSet<String>,
    pub(super) schemas: &'l Schemas<'s>,
    pub(super) errors: &'l mut Vec<Diagnostic>,
    pub(super) paths: Paths,
}

impl<'s> Loader<'_, 's> {
    pub(super) fn check(mut self, id: String, origin: Origin, file: CheckFile, bytes: &[u8]) -> Option<Check> {
        let before = self.errors.len();
        self.words(&file);
        let (question, asked, mut scope) = self.question(&file)?;
        let lets = self.lets(&file.lets, &mut scope);
        let pass = file.pass.as_ref().and_then(|text| self.rule(text, &scope, "pass"));
        let applies = file.applies.as_ref().and_then(|text| self.guarded(text, &scope, &lets, "applies"));
        let manual = file.manual.as_ref().and_then(|text| self.guarded(text, &scope, &lets, "manual"));
        let resolver = Resolver { schemas: self.schemas, scope: &scope, asked };
        let mut observe = Vec::new();
        for path in &file.observe {
            let text = Text::new(&self.source, path);
            match resolver.resolve(path.value.trim(), &text, 0, &mut self.paths) {
                Ok(found) => observe.push(found),
                Err(error) => self.errors.push(error),
            }
        }
        let fail = Template::compile(&Text::new(&self.source, &file.fail), &resolver, &mut self.paths, self.errors);
        self.lint_examples(&file, asked, &scope);
        if self.errors.len() > before {
            return None;
        }
        let rule_text = rule_text(&file);
        Some(Check {
            id,
            aliases: file.aliases.into_iter().map(|alias| alias.value).collect(),
            deprecated: file.deprecated,
            origin,
            digest: sha256_hex(bytes),
            title: one_line(&file.title.value),
            severity: file.severity,
            evidence: file.evidence,
            controls: file.controls.0.iter().map(|(id, reason)| (id.value.clone(), reason.reason())).collect(),
            why: one_line(&file.why.value),
            fix: file.fix.by_means(),
            see: file.see,
            rule_text,
            question: question.with(pass)?,
            applies,
            not_applicable: file
                .not_applicable
                .map_or_else(|| "the check does not apply to it".to_owned(), |t| one_line(&t)),
            manual,
            hand_in: file.hand_in.map(|text| one_line(&text.value)),
            lets,
            let_names: scope.lets.into_iter().map(|(name, _, _)| name).collect(),
            paths: self.paths,
            observe,
            fail,
            examples: file.examples,
            source: self.source,
        })
    }

    /// The parts that are words for people, and the control ids.
    fn words(&mut self, file: &CheckFile) {
        let required = [("title", &file.title), ("fail", &file.fail), ("why", &file.why)];
        for (key, text) in required {
            if text.value.trim().is_empty() {
                self.errors.push(self.source.error_at(text, format!("`{key}` is empty")));
            }
        }
        if file.fix.by_means().is_empty() {
            let help = "say how to mend a fail, by means: cli, terraform, console, text";
            self.errors.push(self.source.error_at(&file.title, "`fix` is empty").with_help(help));
        }
        if file.controls.0.is_empty() {
            self.errors.push(self.source.error_at(&file.title, "the check speaks to no control"));
        }
        for (id, reason) in &file.controls.0 {
            if !self.controls.contains(&id.value) {
                let error =
                    self.source.error_at(id, format!("`{}` is no control of the 2022 edition and no clause", id.value));
                let near = annexa_source::nearest(&id.value, self.controls.iter().map(String::as_str));
                self.errors.push(match near {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error.with_help("such as A.8.24, or 7.5.2"),
                });
            }
            if reason.reason().reason.trim().is_empty() {
                self.errors.push(self.source.error_at(id, format!("the reason for {} is empty", id.value)));
            }
        }
        match (&file.manual, &file.hand_in) {
            (Some(manual), None) => {
                let error = self.source.error_at(manual, "`manual` without `hand_in`");
                self.errors.push(error.with_help("`hand_in:` says what a person must show"));
            }
            (None, Some(text)) if file.given.is_none() => {
                self.errors.push(self.source.error_at(text, "`hand_in` without `manual`"));
            }
            _ => {}
        }
    }

    fn question(&mut self, file: &CheckFile) -> Option<(QuestionFrame, Root, Scope<'s>)> {
        match (&file.each, &file.given) {
            (Some(kind), None) => {
                let schema = self.resource_type(kind)?;
                if file.pass.is_none() {
                    self.errors.push(self.source.error_at(kind, "the key `pass` is missing"));
                }
                let roots = vec![("resource", Root::Resource, Ty::Resource(Some(schema)))];
                let scope = Scope { roots, relations_of: Some(schema), lets: Vec::new() };
                Some((QuestionFrame::Each(kind.value.trim().to_owned()), Root::Resource, scope))
            }
            (None, Some(given)) => self.given(given, file.pass.is_some()),
            (Some(each), Some(_)) => {
                self.errors.push(self.source.error_at(each, "a check has either `each` or `given`"));
                None
            }
            (None, None) => {
                let help = "`each: <resource type>` asks every resource, `given:` compares two sets";
                self.errors
                    .push(self.source.error_at(&file.title, "the key `each` or `given` is missing").with_help(help));
                None
            }
        }
    }

    fn resource_type(&mut self, kind: &Spanned<String>) -> Option<&'s TypeSchema> {
        let schema = self.schemas.get(kind.value.trim());
        if schema.is_none() {
            let error = self.source.error_at(kind, format!("unknown resource type `{}`", kind.value));
            self.errors.push(error.with_nearest(&kind.value, self.schemas.names()));
        }
        schema
    }

    fn given(&mut self, given: &Spanned<GivenFile>, has_pass: bool) -> Option<(QuestionFrame, Root, Scope<'s>)> {
        let expect = given.value.expect;
        if expect == Expect::Pass && !has_pass {
            self.errors.push(self.source.error_at(given, "`expect: pass` without `pass`"));
        }
        let left = self.side(&given.value.left, Root::Left);
        let right = self.side(&given.value.right, Root::Right);
        let ((left, left_type), (right, right_type)) = (left?, right?);
        let asked = if expect.asks_right() { Root::Right } else { Root::Left };
        let other = if expect.asks_right() { left_type } else { right_type };
        let roots = vec![
            ("left", Root::Left, Ty::Resource(Some(left_type))),
            ("right", Root::Right, Ty::Resource(Some(right_type))),
            ("matches", Root::Matches, Ty::List(Box::new(Ty::Resource(Some(other))))),
        ];
        let scope = Scope { roots, relations_of: None, lets: Vec::new() };
        Some((QuestionFrame::Given { left, right, expect }, asked, scope))
    }

    fn side(&mut self, side: &SideFile, root: Root) -> Option<(Box<Side>, &'s TypeSchema)> {
        let schema = self.resource_type(&side.kind)?;
        let roots = vec![("resource", root, Ty::Resource(Some(schema)))];
        let scope = Scope { roots, relations_of: None, lets: Vec::new() };
        let filter = side.filter.as_ref().map(|text| self.guarded(text, &scope, &[], "where"));
        let key = self.expression(&side.key, &scope)?;
        if !matches!(key.ty, Ty::Text | Ty::Int | Ty::Any)
            && !matches!(&key.ty, Ty::List(items) if matches!(**items, Ty::Text | Ty::Int | Ty::Any))
        {
            let message = format!("a key is text, a whole number, or a list of them; this is {}", key.ty.name());
            self.errors.push(self.source.error_at(&side.key, message));
        }
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        Some((Box::new(Side { kind: schema.name.clone(), filter, key: key.node, root }), schema))
    }

    fn lets(&mut self, lets: &Pairs<Spanned<String>>, scope: &mut Scope<'s>) -> Vec<Node> {
        let mut nodes = Vec::new();
        for (name, text) in &lets.0 {
            let taken = scope.roots.iter().any(|(known, _, _)| *known == name.value)
                || scope.relations_of.is_some_and(|schema| schema.relations.contains_key(&name.value))
                || name.value == "as_of";
            if taken {
                self.errors.push(self.source.error_at(name, format!("`{}` has a meaning already", name.value)));
            }
            if let Some(typed) = self.expression(text, scope) {
                scope.lets.push((name.value.clone(), typed.ty, typed.node.paths.clone()));
                nodes.push(typed.node);
            }
        }
        nodes
    }

    fn expression(&mut self, text: &Spanned<String>, scope: &Scope<'s>) -> Option<Typed<'s>> {
        compile(&Text::new(&self.source, text), self.schemas, scope, &mut self.paths, self.errors)
    }

    /// An expression that is true or false.
    fn rule(&mut self, text: &Spanned<String>, scope: &Scope<'s>, key: &str) -> Option<Node> {
        let typed = self.expression(text, scope)?;
        if !matches!(typed.ty, Ty::Bool | Ty::Any) {
            let message = format!("`{key}` must be true or false; this is {}", typed.ty.name());
            self.errors.push(self.source.error_at(text, message));
        }
        Some(typed.node)
    }

    /// A rule that must say what holds when a fact is absent.
    fn guarded(&mut self, text: &Spanned<String>, scope: &Scope<'s>, lets: &[Node], key: &str) -> Option<Node> {
        let node = self.rule(text, scope, key)?;
        let help = "guard it with `has(fact) && …`, or give a default with `or(fact, default)`";
        let message = |fact| format!("`{key}` must say what holds when `{fact}` is absent");
        if let Some((fact, at)) = unguarded(&node, &self.paths) {
            self.errors.push(Text::new(&self.source, text).error(at, message(fact)).with_help(help));
        } else if let Some((fact, _)) = named(&node, lets).into_iter().find_map(|node| unguarded(node, &self.paths)) {
            self.errors.push(self.source.error_at(text, message(fact)).with_help(help));
        }
        Some(node)
    }

    fn lint_examples(&mut self, file: &CheckFile, asked: Root, scope: &Scope<'s>) {
        let types: Vec<(Root, &'s TypeSchema)> = scope
            .roots
            .iter()
            .filter_map(|(_, root, ty)| match ty {
                Ty::Resource(Some(schema)) => Some((*root, *schema)),
                _ => None,
            })
            .collect();
        crate::examples::lint(&file.examples, &self.source, self.schemas, &types, asked, self.errors);
    }
}

/// The named expressions that a rule uses, directly or through others.
fn named<'n>(node: &'n Node, lets: &'n [Node]) -> Vec<&'n Node> {
    let mut used = BTreeSet::new();
    let mut todo = vec![node];
    while let Some(node) = todo.pop() {
        if let Op::Let(index) = node.op
            && used.insert(index)
        {
            todo.extend(lets.get(index));
        }
        todo.extend(node.children());
    }
    used.into_iter().filter_map(|index| lets.get(index)).collect()
}

/// A question whose rule is still to come.
enum QuestionFrame {
    Each(String),
    Given { left: Box<Side>, right: Box<Side>, expect: Expect },
}

impl QuestionFrame {
    fn with(self, pass: Option<Node>) -> Option<Question> {
        Some(match self {
            QuestionFrame::Each(kind) => Question::Each { kind, pass: pass? },
            QuestionFrame::Given { left, right, expect } => Question::Given { left, right, expect, pass },
        })
    }
}

/// The rule as people read it.
fn rule_text(file: &CheckFile) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(applies) = &file.applies {
        lines.push(format!("applies: {}", one_line(&applies.value)));
    }
    if let Some(given) = &file.given {
        let side = |side: &SideFile| {
            let filter = side.filter.as_ref().map_or(String::new(), |f| format!(" where {}", one_line(&f.value)));
            format!("{}{filter} by {}", side.kind.value, one_line(&side.key.value))
        };
        let (left, right) = (side(&given.value.left), side(&given.value.right));
        let (one, other) = if given.value.expect.asks_right() { (right, left) } else { (left, right) };
        lines.push(format!("given: {one}, compared with {other}: {}", given.value.expect.in_words()));
    }
    for (name, text) in &file.lets.0 {
        lines.push(format!("let {}: {}", name.value, one_line(&text.value)));
    }
    if let Some(pass) = &file.pass {
        let pass = one_line(&pass.value);
        lines.push(if lines.is_empty() { pass } else { format!("pass: {pass}") });
    }
    lines.join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
