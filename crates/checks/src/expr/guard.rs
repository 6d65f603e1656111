//! Which facts a rule uses without saying what holds when they are absent.

use super::node::{Node, Op, Root};
use super::paths::{FactPath, Paths, Step};

/// The first fact that may be absent and is used without `has()` or `or()`, and where it stands.
pub(crate) fn unguarded(node: &Node, paths: &Paths) -> Option<(String, usize)> {
    Guard { paths }.find(node, &[])
}

struct Guard<'p> {
    paths: &'p Paths,
}

impl Guard<'_> {
    fn find(&self, node: &Node, known: &[usize]) -> Option<(String, usize)> {
        match &node.op {
            Op::Has(_) => None,
            Op::Or(_, default) => self.find(default, known),
            Op::Both(a, b) => self.find(a, known).or_else(|| self.find(b, &with(known, present(a, true)))),
            Op::Either(a, b) => self.find(a, known).or_else(|| self.find(b, &with(known, present(a, false)))),
            Op::If(cond, yes, no) => self
                .find(cond, known)
                .or_else(|| self.find(yes, &with(known, present(cond, true))))
                .or_else(|| self.find(no, &with(known, present(cond, false)))),
            Op::Member { .. } | Op::Index { .. } | Op::Relation(_) if !self.is_known(node, known) => {
                Some((node.paths.first().map_or("a fact", |p| self.paths.label(*p)).to_owned(), node.at))
            }
            _ => node.children().into_iter().find_map(|child| self.find(child, known)),
        }
    }

    fn is_known(&self, node: &Node, known: &[usize]) -> bool {
        !node.paths.is_empty()
            && node
                .paths
                .iter()
                .all(|p| self.paths.get(*p).is_some_and(|path| self.always(path) || self.covered(path, known)))
    }

    /// A guard on a fact guards what it is part of, too.
    fn covered(&self, path: &FactPath, known: &[usize]) -> bool {
        known.iter().filter_map(|k| self.paths.get(*k)).any(|guard| guard == path || guard.goes_beyond(path))
    }

    /// Members that every resource has.
    fn always(&self, path: &FactPath) -> bool {
        path.root != Root::Right && matches!(path.steps.as_slice(), [Step::Own("id" | "name" | "target")])
    }
}

/// The facts that are there when the part is `outcome`.
fn present(node: &Node, outcome: bool) -> Vec<usize> {
    match &node.op {
        Op::Has(fact) if outcome => fact.paths.clone(),
        Op::Not(inner) => present(inner, !outcome),
        Op::Both(a, b) if outcome => with(&present(a, true), present(b, true)),
        Op::Either(a, b) if !outcome => with(&present(a, false), present(b, false)),
        _ => Vec::new(),
    }
}

fn with(known: &[usize], more: Vec<usize>) -> Vec<usize> {
    known.iter().copied().chain(more).collect()
}
