//! A compiled rule: names resolved, types known where the schema knows them.

use super::functions::Function;
use super::value::Val;
use annexa_model::ScalarKind;

/// A part of a rule.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    /// The facts that the value is taken from, as indexes into [`super::Paths`].
    pub(crate) paths: Vec<usize>,
    /// The byte of the expression where it stands.
    pub(crate) at: usize,
}

/// What a part does.
#[derive(Debug)]
pub(crate) enum Op {
    Literal(Val<'static>),
    AsOf,
    Root(Root),
    /// A relation of the resource that is asked.
    Relation(String),
    /// A loop variable, by its depth.
    Variable {
        slot: usize,
        kind: Option<ScalarKind>,
    },
    /// A named expression of the check.
    Let(usize),
    Member {
        of: Box<Node>,
        member: Member,
        kind: Option<ScalarKind>,
        label: String,
    },
    Index {
        of: Box<Node>,
        index: Box<Node>,
        kind: Option<ScalarKind>,
        label: String,
    },
    Has(Box<Node>),
    /// The first, or the second where the first is absent.
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Equal {
        negated: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    Compare(Ordering, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Loop {
        kind: Loop,
        over: Box<Node>,
        slot: usize,
        body: Box<Node>,
    },
    Call(Function, Vec<Node>),
}

/// What a rule starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Root {
    Resource,
    Left,
    Right,
    Matches,
}

/// A member of an object or a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Fact(String),
    Own(&'static str),
    Relation(String),
}

/// How two values are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ordering {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Arithmetic on numbers, times and durations; `+` also joins texts and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// What a loop asks of the items of a list, or of the keys of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Node {
    pub(crate) fn new(op: Op) -> Self {
        Self { op, paths: Vec::new(), at: 0 }
    }

    pub(crate) fn with_paths(op: Op, paths: Vec<usize>) -> Self {
        Self { op, paths, at: 0 }
    }

    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    /// The parts of this part.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match &self.op {
            Op::Literal(_) | Op::AsOf | Op::Root(_) | Op::Relation(_) | Op::Variable { .. } | Op::Let(_) => Vec::new(),
            Op::Member { of: node, .. } | Op::Has(node) | Op::Not(node) | Op::Negate(node) => vec![node],
            Op::Index { of: a, index: b, .. }
            | Op::Or(a, b)
            | Op::Both(a, b)
            | Op::Either(a, b)
            | Op::Equal { left: a, right: b, .. }
            | Op::Compare(_, a, b)
            | Op::In(a, b)
            | Op::Arithmetic(_, a, b)
            | Op::Loop { over: a, body: b, .. } => vec![a, b],
            Op::If(a, b, c) => vec![a, b, c],
            Op::List(nodes) | Op::Call(_, nodes) => nodes.iter().collect(),
        }
    }
}
