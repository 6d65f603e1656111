//! Asks one check of one resource, or of one row of a join.

use super::observed::{Place, in_words, show_places, show_value, walk};
use super::world::World;
use crate::check::{Check, Question};
use crate::expr::{Evaluator, FactPath, Node, Root, Roots, Step, Undecided};
use crate::facts::Subject;
use crate::refs::Ref;
use annexa_model::{Finding, FindingStatus, ResourceRef, Timestamp, finding_id};
use serde_json::Map;
use std::collections::BTreeMap;

/// A check's answer, before it is written down.
pub(crate) struct Answer {
    pub(crate) status: FindingStatus,
    pub(crate) message: String,
    pub(crate) gaps: Vec<String>,
}

impl Answer {
    pub(crate) fn new(status: FindingStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), gaps: Vec::new() }
    }

    pub(crate) fn unknown(name: &str, why: &Undecided) -> Self {
        let message = format!("{name}: {}", why.sentence());
        Self { status: FindingStatus::Unknown, message, gaps: why.gaps() }
    }
}

/// One turn: a check, the resource that it asks, and what its rules stand on.
pub(crate) struct Turn<'a> {
    pub(crate) check: &'a Check,
    pub(crate) world: &'a World<'a>,
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) evaluator: Evaluator<'a>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        check: &'a Check,
        world: &'a World<'a>,
        subject: &'a Subject<'a>,
        roots: Roots<'a>,
        as_of: Timestamp,
    ) -> Self {
        let evaluator = Evaluator::new(world, roots, as_of, &check.lets, check.paths.len());
        Self { check, world, subject, evaluator }
    }

    /// Asks each resource's question: does it apply, must a person answer, is it met?
    pub(crate) fn each(&self, pass: &'a Node) -> Answer {
        self.before().unwrap_or_else(|| self.verdict(self.evaluator.truth(pass)))
    }

    /// The answers that come before the rule itself.
    pub(crate) fn before(&self) -> Option<Answer> {
        let name = &self.subject.resource.name;
        if let Some(reason) = &self.subject.resource.excluded {
            return Some(Answer::new(FindingStatus::NotApplicable, format!("{name}: {reason}")));
        }
        match self.check.applies.as_ref().map(|applies| self.evaluator.truth(applies)) {
            Some(Ok(false)) => {
                let message = format!("{name}: {}", self.check.not_applicable);
                return Some(Answer::new(FindingStatus::NotApplicable, message));
            }
            Some(Err(why)) => return Some(Answer::unknown(name, &why)),
            Some(Ok(true)) | None => {}
        }
        match self.check.manual.as_ref().map(|manual| self.evaluator.truth(manual)) {
            Some(Ok(true)) => Some(self.by_hand()),
            Some(Err(why)) => Some(Answer::unknown(name, &why)),
            Some(Ok(false)) | None => None,
        }
    }

    /// What a person must hand in.
    pub(crate) fn by_hand(&self) -> Answer {
        let text = self.check.hand_in.as_deref().unwrap_or("people must show this");
        Answer::new(FindingStatus::Manual, format!("{}: {text}", self.subject.resource.name))
    }

    /// The answer of the rule. A rule that hangs on an absent fact is not met.
    pub(crate) fn verdict(&self, truth: Result<bool, Undecided>) -> Answer {
        match truth {
            Ok(true) => Answer::new(FindingStatus::Pass, &self.check.title),
            Ok(false) => Answer::new(FindingStatus::Fail, self.message()),
            Err(why @ Undecided::Absent { .. }) => {
                Answer::new(FindingStatus::Fail, format!("{} ({})", self.message(), why.sentence()))
            }
            Err(why) => Answer::unknown(&self.subject.resource.name, &why),
        }
    }

    fn message(&self) -> String {
        self.check.fail.render(|fact| in_words(&self.show(fact)))
    }

    fn show(&self, fact: &Ref) -> serde_json::Value {
        match fact {
            Ref::Path(index) => match self.check.paths.get(*index) {
                Some(path) => show_places(path, &walk(self.world, &self.evaluator.roots, path, &mut |_, _| {})),
                None => serde_json::Value::Null,
            },
            Ref::Let(index) => match self.check.lets.get(*index) {
                Some(node) => show_value(&self.evaluator.value(node), 0),
                None => serde_json::Value::Null,
            },
        }
    }

    /// Writes the answer down, with what it rests on; `evidence` are exchanges that the caller knows of.
    pub(crate) fn finding(self, answer: Answer, mut evidence: Vec<&'a str>) -> Finding {
        let subject = self.subject;
        evidence.extend(sources(subject, ""));
        let mut observed = Map::new();
        if subject.resource.excluded.is_none() {
            let in_message = self.check.fail.refs().filter(|_| answer.status == FindingStatus::Fail);
            let shown: Vec<&Ref> = self.check.observe.iter().chain(in_message).collect();
            // named expressions first: showing them looks at facts, too
            for fact in &shown {
                if let Ref::Let(index) = fact {
                    let name = self.check.let_names.get(*index).cloned().unwrap_or_default();
                    observed.insert(name, self.show(fact));
                }
            }
            let wanted = |index: usize| shown.contains(&&Ref::Path(index));
            let mut paths = self.evaluator.touched();
            paths.extend(shown.iter().filter_map(|fact| match fact {
                Ref::Path(index) => Some(*index),
                Ref::Let(_) => None,
            }));
            paths.sort_unstable();
            paths.dedup();
            for index in &paths {
                let Some(path) = self.check.paths.get(*index) else { continue };
                let places = self.rests_on(path, &mut evidence);
                let beyond = |other: &usize| self.check.paths.get(*other).is_some_and(|other| other.goes_beyond(path));
                if wanted(*index) || !paths.iter().any(beyond) {
                    observed.insert(self.check.paths.label(*index).to_owned(), show_places(path, &places));
                }
            }
            observed.sort_keys();
        }
        write_down(self.check, answer, subject.into(), &subject.resource.target, observed, evidence)
    }

    /// Follows a way, and notes the exchanges behind the facts on it.
    fn rests_on(&self, path: &FactPath, evidence: &mut Vec<&'a str>) -> Vec<Place<'a>> {
        let mut keep = |subject: &'a Subject<'a>, key: Option<&str>| {
            evidence.extend(key.into_iter().flat_map(|key| sources(subject, key)));
            evidence.extend(sources(subject, ""));
        };
        let places = walk(self.world, &self.evaluator.roots, path, &mut keep);
        if places.is_empty() || places.iter().any(|place| matches!(place, Place::Missing(Undecided::Absent { .. }))) {
            self.absence(path, evidence);
        }
        places
    }

    /// That a related resource is not there, or no list holds one, the lists show.
    fn absence(&self, path: &FactPath, evidence: &mut Vec<&'a str>) {
        let roots = &self.evaluator.roots;
        let at_root = match path.root {
            Root::Resource => roots.resource,
            Root::Left => roots.left,
            Root::Right => roots.right,
            Root::Matches => roots.matches.first().copied(),
        };
        let mut kind = at_root.unwrap_or(self.subject).resource.kind.as_str();
        for step in &path.steps {
            let Step::Relation(name) = step else { continue };
            let schema = self.world.schemas.get(kind);
            let Some(relation) = schema.and_then(|schema| schema.relations.get(name)) else { return };
            evidence.extend(self.world.lists_of(&relation.to));
            kind = &relation.to;
        }
    }
}

/// The exchanges behind a fact of a resource; `""`: behind its being there.
pub(crate) fn sources<'a>(subject: &'a Subject<'a>, fact: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    subject.resource.sources.get(fact).into_iter().flatten().map(String::as_str)
}

impl From<&Subject<'_>> for ResourceRef {
    fn from(subject: &Subject<'_>) -> Self {
        subject.resource.into()
    }
}

/// A finding from its parts. Its controls are filled in where the correspondence is known.
pub(crate) fn write_down(
    check: &Check,
    answer: Answer,
    resource: ResourceRef,
    target: &str,
    observed: Map<String, serde_json::Value>,
    mut evidence: Vec<&str>,
) -> Finding {
    evidence.sort_unstable();
    evidence.dedup();
    Finding {
        id: finding_id(check.first_id(), &resource.kind, &resource.id),
        check: check.id.clone(),
        status: answer.status,
        severity: check.severity,
        target: target.to_owned(),
        message: answer.message,
        observed,
        evidence_kind: check.evidence,
        evidence: evidence.into_iter().map(str::to_owned).collect(),
        gaps: answer.gaps,
        controls: BTreeMap::new(),
        exception: None,
        resource,
    }
}

/// Asks a check that asks every resource. Gives the facts that its rules looked at, too.
pub(crate) fn ask<'a>(
    check: &'a Check,
    world: &'a World<'a>,
    subject: &'a Subject<'a>,
    as_of: Timestamp,
) -> Option<(Finding, Vec<usize>)> {
    let Question::Each { pass, .. } = &check.question else { return None };
    let roots = Roots { resource: Some(subject), ..Roots::default() };
    let turn = Turn::new(check, world, subject, roots, as_of);
    let answer = turn.each(pass);
    let touched = turn.evaluator.touched();
    Some((turn.finding(answer, Vec::new()), touched))
}
