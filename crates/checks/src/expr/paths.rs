//! The facts that a check can look at, each once.

use super::node::Root;

/// A way from a root of a rule to a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FactPath {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A fact of a resource, or a member of an object.
    Fact(String),
    /// One of a resource's own members.
    Own(&'static str),
    /// To the related resource or resources.
    Relation(String),
    /// To each item of a list.
    Items,
}

impl FactPath {
    pub(crate) fn root(root: Root) -> Self {
        Self { root, steps: Vec::new() }
    }

    pub(crate) fn then(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { root: self.root, steps }
    }

    /// As people write it: `spec.containers[].image`; the root is named where it is not the asked resource.
    pub(crate) fn label(&self) -> String {
        let mut label = match self.root {
            Root::Resource => String::new(),
            Root::Left => "left".to_owned(),
            Root::Right => "right".to_owned(),
            Root::Matches => "matches".to_owned(),
        };
        for step in &self.steps {
            let word = match step {
                Step::Items => {
                    label.push_str("[]");
                    continue;
                }
                Step::Fact(word) | Step::Relation(word) => word.as_str(),
                Step::Own(word) => word,
            };
            if !label.is_empty() {
                label.push('.');
            }
            label.push_str(word);
        }
        if label.is_empty() { "resource".to_owned() } else { label }
    }

    /// Whether this way leads through the other's end.
    pub(crate) fn goes_beyond(&self, other: &FactPath) -> bool {
        self.root == other.root && self.steps.len() > other.steps.len() && self.steps.starts_with(&other.steps)
    }
}

/// All ways of a check.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    paths: Vec<(FactPath, String)>,
}

impl Paths {
    /// The number of a way.
    pub(crate) fn index(&mut self, path: FactPath) -> usize {
        if let Some(known) = self.paths.iter().position(|(p, _)| *p == path) {
            return known;
        }
        let label = path.label();
        self.paths.push((path, label));
        self.paths.len() - 1
    }

    pub(crate) fn get(&self, index: usize) -> Option<&FactPath> {
        self.paths.get(index).map(|(path, _)| path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FactPath> {
        self.paths.iter().map(|(path, _)| path)
    }

    pub(crate) fn label(&self, index: usize) -> &str {
        self.paths.get(index).map_or("", |(_, label)| label)
    }

    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }
}
