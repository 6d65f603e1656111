//! All resources of a scan, and how they relate.

use crate::expr::{FactPath, Related, Relations, Root, Step, Undecided, remember};
use crate::facts::{Subject, own_member};
use crate::schemas::Schemas;
use annexa_model::{Reason, Relation, ResourceSet, SetState};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

use super::observed::{Place, walk};

/// All resources and sets of a scan.
pub(crate) struct World<'a> {
    pub(crate) subjects: &'a [Subject<'a>],
    pub(crate) sets: &'a [ResourceSet],
    pub(crate) schemas: &'a Schemas<'a>,
    by_type: BTreeMap<&'a str, Vec<usize>>,
    joins: BTreeMap<(&'a str, &'a str), Join<'a>>,
    /// Relations that are given, not found: those of examples.
    explicit: Option<&'a BTreeMap<(usize, String), Explicit>>,
}

/// A relation of an example.
#[derive(Clone, Debug)]
pub(crate) enum Explicit {
    One(usize),
    Many(Vec<usize>, Option<Reason>),
    Absent,
    Unobserved(Reason),
}

/// The other side of a relation, by key.
struct Join<'a> {
    relation: &'a Relation,
    here: FactPath,
    by_key: HashMap<String, Vec<usize>>,
    /// Why the other side may have more.
    incomplete: Option<Undecided>,
}

impl<'a> World<'a> {
    /// A world in which only the named relations (type, name) are looked up.
    pub(crate) fn new(
        subjects: &'a [Subject<'a>],
        sets: &'a [ResourceSet],
        schemas: &'a Schemas<'a>,
        relations: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for subject in subjects {
            by_type.entry(subject.resource.kind.as_str()).or_default().push(subject.index);
        }
        let mut world = Self { subjects, sets, schemas, by_type, joins: BTreeMap::new(), explicit: None };
        for (kind, name) in relations {
            let relation = schemas.get(kind).and_then(|schema| schema.relations.get(name));
            if let (Some(relation), false) = (relation, world.joins.contains_key(&(kind, name))) {
                let join = world.join(relation);
                world.joins.insert((kind, name), join);
            }
        }
        world
    }

    /// The same world with the relations of an example.
    pub(crate) fn with_relations(mut self, explicit: &'a BTreeMap<(usize, String), Explicit>) -> Self {
        self.explicit = Some(explicit);
        self
    }

    /// The resources of a type.
    pub(crate) fn of_type(&self, kind: &str) -> &[usize] {
        self.by_type.get(kind).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn subject(&self, index: usize) -> Option<&'a Subject<'a>> {
        self.subjects.get(index)
    }

    /// The sets of a type.
    pub(crate) fn sets_of<'w>(&'w self, kind: &'w str) -> impl Iterator<Item = &'a ResourceSet> + 'w {
        self.sets.iter().filter(move |set| set.kind == kind)
    }

    /// The exchanges that listed a type.
    pub(crate) fn lists_of(&self, kind: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let sets: Vec<&'a ResourceSet> = self.sets_of(kind).collect();
        sets.into_iter().flat_map(|set| set.evidence.iter().map(String::as_str))
    }

    /// Whether any target can give resources of this type.
    pub(crate) fn is_configured(&self, kind: &str) -> bool {
        let found = !self.of_type(kind).is_empty();
        found || self.sets_of(kind).any(|set| !matches!(set.state, SetState::NotApplicable { .. }))
    }

    /// Why there may be more resources of a type than were found.
    pub(crate) fn incomplete(&self, kind: &str) -> Option<Undecided> {
        let mut met = None;
        let what = format!("the list of {kind}");
        for set in self.sets_of(kind) {
            match &set.state {
                SetState::Complete | SetState::NotApplicable { .. } => {}
                SetState::Partial { reason, gap } | SetState::Unobserved { reason, gap } => {
                    let partial = matches!(set.state, SetState::Partial { .. });
                    let reason = Reason { reason: reason.clone(), gap: Some(gap.clone()) };
                    remember(&mut met, Undecided::unobserved(&what, &reason, partial));
                }
            }
        }
        if self.sets_of(kind).next().is_none() && self.explicit.is_none() {
            let reason = Reason { reason: "no target that was scanned gives it".to_owned(), gap: None };
            remember(&mut met, Undecided::unobserved(&what, &reason, false));
        }
        met
    }

    fn join(&self, relation: &'a Relation) -> Join<'a> {
        let there = path_of(&relation.there);
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        let mut incomplete = self.incomplete(&relation.to);
        for index in self.of_type(&relation.to) {
            let Some(subject) = self.subject(*index) else { continue };
            let (keys, unknown) = self.keys(subject, &there);
            for key in keys {
                let bucket = by_key.entry(key).or_default();
                if bucket.last() != Some(index) {
                    bucket.push(*index);
                }
            }
            if let Some(why) = unknown {
                remember(&mut incomplete, why);
            }
        }
        Join { relation, here: path_of(&relation.here), by_key, incomplete }
    }

    /// All values of a resource at a path, and why there may be more.
    fn keys(&self, subject: &'a Subject<'a>, path: &FactPath) -> (Vec<String>, Option<Undecided>) {
        if let [Step::Own(name)] = path.steps.as_slice() {
            return (own_member(subject.resource, name).map(str::to_owned).into_iter().collect(), None);
        }
        let mut keys = Vec::new();
        let mut unknown = None;
        let roots = crate::expr::Roots { resource: Some(subject), ..Default::default() };
        for place in walk(self, &roots, path, &mut |_, _| {}) {
            match place {
                Place::Fact(value, _) => collect(value, &mut keys),
                Place::Missing(why @ Undecided::Unobserved(_)) => remember(&mut unknown, why),
                _ => {}
            }
        }
        (keys, unknown)
    }

    fn found(&self, subject: &'a Subject<'a>, name: &str, what: &str) -> Related<'a> {
        let Some(join) = self.joins.get(&(subject.resource.kind.as_str(), name)) else {
            return Related::One(Err(Undecided::broken(format!("{} has no relation `{name}`", subject.resource.kind))));
        };
        let (keys, unknown) = self.keys(subject, &join.here);
        let mut indexes: Vec<usize> = keys.iter().filter_map(|key| join.by_key.get(key)).flatten().copied().collect();
        indexes.sort_unstable();
        indexes.dedup();
        let related: Vec<&Subject<'a>> = indexes.iter().filter_map(|index| self.subject(*index)).collect();
        let mut uncertain = unknown;
        if !keys.is_empty()
            && let Some(why) = &join.incomplete
        {
            remember(&mut uncertain, why.clone());
        }
        let uncertain = uncertain.map(|why| rename(why, what));
        if join.relation.many {
            return Related::Many(related, uncertain);
        }
        Related::One(match (one_of(&related, subject), uncertain) {
            (Some(Ok(one)), _) => Ok(one),
            (Some(Err(why)), _) | (None, Some(why)) => Err(why),
            (None, None) => Err(Undecided::absent(what)),
        })
    }
}

impl<'a> Relations<'a> for World<'a> {
    fn related(&self, subject: &'a Subject<'a>, relation: &str, what: &str) -> Related<'a> {
        let Some(explicit) = self.explicit else { return self.found(subject, relation, what) };
        match explicit.get(&(subject.index, relation.to_owned())) {
            Some(Explicit::One(index)) => Related::One(self.subject(*index).ok_or_else(|| Undecided::absent(what))),
            Some(Explicit::Many(indexes, partial)) => {
                let related = indexes.iter().filter_map(|index| self.subject(*index)).collect();
                Related::Many(related, partial.as_ref().map(|reason| Undecided::unobserved(what, reason, true)))
            }
            Some(Explicit::Unobserved(reason)) => Related::One(Err(Undecided::unobserved(what, reason, false))),
            Some(Explicit::Absent) | None => {
                let schema = self.schemas.get(&subject.resource.kind);
                match schema.and_then(|schema| schema.relations.get(relation)) {
                    Some(known) if known.many => Related::Many(Vec::new(), None),
                    _ => Related::One(Err(Undecided::absent(what))),
                }
            }
        }
    }
}

/// The one related resource. Several are one when they are the same thing seen through two targets.
fn one_of<'a>(related: &[&'a Subject<'a>], of: &Subject<'_>) -> Option<Result<&'a Subject<'a>, Undecided>> {
    let first = *related.first()?;
    if related.iter().all(|other| other.resource.id == first.resource.id) {
        let near = related.iter().find(|other| other.resource.target == of.resource.target);
        return Some(Ok(near.copied().unwrap_or(first)));
    }
    let mut near = related.iter().filter(|other| other.resource.target == of.resource.target);
    match (near.next(), near.next()) {
        (Some(one), None) => Some(Ok(one)),
        _ => Some(Err(Undecided::broken(format!("{} resources answer to it where one is asked", related.len())))),
    }
}

/// The same reasons, told of the relation by the name that the check uses.
fn rename(why: Undecided, what: &str) -> Undecided {
    match why {
        Undecided::Unobserved(mut missing) => {
            missing.iter_mut().for_each(|m| m.what = format!("{what} ({})", m.what));
            Undecided::Unobserved(missing)
        }
        other => other,
    }
}

/// A relation's path: an own word, or a dotted path with `[]`.
fn path_of(path: &str) -> FactPath {
    if let Some(own) = crate::facts::OWN_MEMBERS.into_iter().find(|own| *own == path) {
        return FactPath::root(Root::Resource).then(Step::Own(own));
    }
    let mut steps = Vec::new();
    for word in path.split('.') {
        let name = word.trim_end_matches("[]");
        steps.push(Step::Fact(name.to_owned()));
        steps.extend(std::iter::repeat_n(Step::Items, (word.len() - name.len()) / 2));
    }
    FactPath { root: Root::Resource, steps }
}

/// Single values as keys.
fn collect(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::String(text) => keys.push(text.clone()),
        Value::Number(number) => keys.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}
