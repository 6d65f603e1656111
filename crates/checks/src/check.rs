//! A check, compiled: what a file says, ready to be asked.

use crate::examples::ExamplesFile;
use crate::expr::{Node, Paths, Root, Step};
use crate::file::Expect;
use crate::message::Template;
use crate::refs::Ref;
use annexa_model::{CheckSummary, ControlReason, EvidenceKind, Severity, TypeSchema};
use annexa_source::SourceFile;
use std::collections::{BTreeMap, BTreeSet};

/// Where a check comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The built-in library.
    Library,
    /// The user's own.
    Own,
}

impl Origin {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Library => "library",
            Origin::Own => "own",
        }
    }
}

/// One compiled check.
#[derive(Debug)]
pub struct Check {
    /// The id, from the file's path.
    pub id: String,
    /// Older ids, the oldest first.
    pub aliases: Vec<String>,
    /// Why it should not be used any more, and what in its place.
    pub deprecated: Option<String>,
    /// The library, or the user's own.
    pub origin: Origin,
    pub(crate) source: SourceFile,
    pub(crate) digest: String,
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) evidence: EvidenceKind,
    pub(crate) controls: BTreeMap<String, ControlReason>,
    pub(crate) why: String,
    pub(crate) fix: BTreeMap<String, String>,
    pub(crate) see: Vec<String>,
    pub(crate) rule_text: String,
    pub(crate) question: Question,
    pub(crate) applies: Option<Node>,
    pub(crate) not_applicable: String,
    pub(crate) manual: Option<Node>,
    pub(crate) hand_in: Option<String>,
    pub(crate) lets: Vec<Node>,
    pub(crate) let_names: Vec<String>,
    pub(crate) paths: Paths,
    pub(crate) observe: Vec<Ref>,
    pub(crate) fail: Template,
    pub(crate) examples: ExamplesFile,
}

/// What a check asks.
#[derive(Debug)]
pub(crate) enum Question {
    /// Each resource of a type.
    Each { kind: String, pass: Node },
    /// Two sets, compared.
    Given { left: Box<Side>, right: Box<Side>, expect: Expect, pass: Option<Node> },
}

/// One of two sets that are compared.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) kind: String,
    pub(crate) filter: Option<Node>,
    pub(crate) key: Node,
    pub(crate) root: Root,
}

impl Check {
    /// The type of the resources that its findings name.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        match &self.question {
            Question::Each { kind, .. } => kind,
            Question::Given { left, right, expect, .. } => {
                if expect.asks_right() {
                    &right.kind
                } else {
                    &left.kind
                }
            }
        }
    }

    /// All that its rules can look at: resource types, each with its facts. What leads from one resource to another is among
    /// them.
    #[must_use]
    pub fn looks_at(&self, schemas: &[TypeSchema]) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut see = |kind: &str, fact: Option<&str>| {
            let facts = all.entry(kind.to_owned()).or_default();
            // `spec` of `spec.rules[].host`; what is no fact of the type stays without effect
            facts.extend(fact.map(|path| path.split(['.', '[']).next().unwrap_or(path).to_owned()));
        };
        self.kinds().into_iter().for_each(|(_, kind)| see(kind, None));
        for path in self.paths.iter() {
            for (_, mut kind) in self.kinds().into_iter().filter(|(root, _)| *root == path.root) {
                let mut at_resource = true;
                for step in &path.steps {
                    match step {
                        Step::Fact(name) if at_resource => {
                            see(kind, Some(name));
                            at_resource = false;
                        }
                        Step::Relation(name) => {
                            let schema = schemas.iter().find(|schema| schema.name == kind);
                            let Some(relation) = schema.and_then(|schema| schema.relations.get(name)) else { break };
                            see(kind, Some(&relation.here));
                            see(&relation.to, Some(&relation.there));
                            kind = &relation.to;
                        }
                        Step::Fact(_) | Step::Own(_) | Step::Items => {}
                    }
                }
            }
        }
        all
    }

    /// The types that its ways begin at.
    fn kinds(&self) -> Vec<(Root, &str)> {
        match &self.question {
            Question::Each { kind, .. } => vec![(Root::Resource, kind)],
            Question::Given { left, right, expect, .. } => {
                let other = if expect.asks_right() { &left.kind } else { &right.kind };
                vec![(Root::Left, &left.kind), (Root::Right, &right.kind), (Root::Matches, other)]
            }
        }
    }

    /// What roll-up and reports need to know.
    #[must_use]
    pub fn summary(&self) -> CheckSummary {
        CheckSummary {
            id: self.id.clone(),
            title: self.title.clone(),
            severity: self.severity,
            evidence: self.evidence,
            resource_type: self.resource_type().to_owned(),
            controls: self.controls.clone(),
            why: self.why.clone(),
            fix: self.fix.clone(),
            see: self.see.clone(),
            rule: self.rule_text.clone(),
            file: self.source.path.to_string(),
            digest: self.digest.clone(),
            origin: self.origin.as_str().to_owned(),
        }
    }

    /// The id that finding ids are made of, so that a renamed check keeps them.
    pub(crate) fn first_id(&self) -> &str {
        self.aliases.first().unwrap_or(&self.id)
    }

    /// The root whose facts need no prefix.
    pub(crate) fn asked(&self) -> Root {
        match &self.question {
            Question::Each { .. } => Root::Resource,
            Question::Given { expect, .. } => {
                if expect.asks_right() {
                    Root::Right
                } else {
                    Root::Left
                }
            }
        }
    }
}
