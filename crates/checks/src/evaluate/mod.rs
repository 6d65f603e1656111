//! From resources to findings.

mod ask;
mod given;
mod observed;
mod sets;
mod world;

pub(crate) use ask::ask;
pub(crate) use given::Table;
pub(crate) use world::{Explicit, World};

use crate::check::{Check, Question};
use crate::expr::Step;
use crate::facts::Subject;
use crate::load::Checks;
use crate::schemas::Schemas;
use annexa_model::{Finding, Resource, ResourceSet, Timestamp, TypeSchema};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What an evaluation depends on besides rules and resources.
pub struct Options<'o> {
    /// The time that the scan speaks of: its start.
    pub as_of: Timestamp,
    /// The 2013 controls that correspond to an id of the 2022 edition.
    pub to_2013: &'o (dyn Fn(&str) -> Vec<String> + Sync),
    /// Whether all cores work; otherwise only the caller's thread does.
    pub side_by_side: bool,
    /// Which checks to ask; none: all.
    pub only: Option<&'o (dyn Fn(&Check) -> bool + Sync)>,
}

/// What checks say of resources.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// The findings, sorted by (check, target, resource id).
    pub findings: Vec<Finding>,
    /// The checks that were asked, sorted by id.
    pub asked: Vec<String>,
    /// Checks whose resources no target of the scan can give, sorted by id: they give no finding.
    pub without_target: Vec<String>,
}

/// Asks all checks.
///
/// Each resource of the type that a check asks gets exactly one finding. A list that could not be read whole gets one
/// `unknown` for `<target>/<region>/*`, an empty one one `not_applicable` for `<target>/*`. The result depends on
/// nothing but the arguments, not on the order of resources or the number of threads.
#[must_use]
pub fn evaluate(
    checks: &Checks,
    schemas: &[TypeSchema],
    resources: &[Resource],
    sets: &[ResourceSet],
    options: &Options<'_>,
) -> Evaluation {
    let chosen: Vec<&Check> = checks.iter().filter(|check| options.only.is_none_or(|only| only(check))).collect();
    let mut sorted: Vec<&Resource> = resources.iter().collect();
    sorted.sort_by(|a, b| (&a.kind, &a.target, &a.id).cmp(&(&b.kind, &b.target, &b.id)));
    sorted.dedup_by(|a, b| (&a.kind, &a.target, &a.id) == (&b.kind, &b.target, &b.id));
    let subjects: Vec<Subject<'_>> = sorted.into_iter().enumerate().map(|(index, r)| Subject::new(index, r)).collect();
    let schemas = Schemas::new(schemas);
    let relations = relations(&chosen, &schemas);
    let world =
        World::new(&subjects, sets, &schemas, relations.iter().map(|(kind, name)| (kind.as_str(), name.as_str())));
    let tables: Vec<Option<Table<'_>>> = chosen.iter().map(|check| Table::new(check, &world, options.as_of)).collect();

    let mut evaluation = Evaluation::default();
    let mut jobs: Vec<(usize, usize)> = Vec::new();
    for (number, check) in chosen.iter().enumerate() {
        evaluation.asked.push(check.id.clone());
        let kind = check.resource_type();
        let lists = sets::of_sets(check, &world);
        let by_hand = sets::not_configured(check, &world);
        if lists.is_empty()
            && by_hand.is_none()
            && world.of_type(kind).is_empty()
            && world.sets_of(kind).next().is_none()
        {
            evaluation.without_target.push(check.id.clone());
        }
        evaluation.findings.extend(lists);
        if let Some(by_hand) = by_hand {
            evaluation.findings.retain(|f| f.check != check.id || f.resource.id != by_hand.resource.id);
            evaluation.findings.push(by_hand);
        }
        jobs.extend(world.of_type(kind).iter().map(|index| (number, *index)));
    }
    let ask_one = |(number, index): &(usize, usize)| -> Option<Finding> {
        let (check, subject) = (*chosen.get(*number)?, world.subject(*index)?);
        match tables.get(*number)? {
            Some(table) => Some(table.ask(check, &world, subject, options.as_of).0),
            None => Some(ask(check, &world, subject, options.as_of)?.0),
        }
    };
    evaluation.findings.extend(run_all(&jobs, options.side_by_side, &ask_one));
    let controls: BTreeMap<&str, BTreeMap<String, Vec<String>>> =
        chosen.iter().map(|check| (check.id.as_str(), controls(check, options))).collect();
    let speak_to = |finding: &mut Finding| {
        finding.controls = controls.get(finding.check.as_str()).cloned().unwrap_or_default();
    };
    if options.side_by_side {
        evaluation.findings.par_iter_mut().for_each(speak_to);
    } else {
        evaluation.findings.iter_mut().for_each(speak_to);
    }
    evaluation
        .findings
        .par_sort_by(|a, b| (&a.check, &a.target, &a.resource.id).cmp(&(&b.check, &b.target, &b.resource.id)));
    evaluation
}

/// The controls that a check speaks to, by edition.
fn controls(check: &Check, options: &Options<'_>) -> BTreeMap<String, Vec<String>> {
    let ids: Vec<String> = check.controls.keys().cloned().collect();
    let older: BTreeSet<String> = ids.iter().flat_map(|id| (options.to_2013)(id)).collect();
    BTreeMap::from([("2022".to_owned(), ids), ("2013".to_owned(), older.into_iter().collect())])
}

/// Runs jobs; the results keep the order of the jobs.
fn run_all(
    jobs: &[(usize, usize)],
    side_by_side: bool,
    run: &(dyn Fn(&(usize, usize)) -> Option<Finding> + Sync),
) -> Vec<Finding> {
    if side_by_side { jobs.par_iter().filter_map(run).collect() } else { jobs.iter().filter_map(run).collect() }
}

/// The relations that the chosen checks use, by type.
fn relations(checks: &[&Check], schemas: &Schemas<'_>) -> BTreeSet<(String, String)> {
    let mut used = BTreeSet::new();
    for check in checks {
        let root_type = |root| match (&check.question, root) {
            (Question::Each { kind, .. }, _) => kind.as_str(),
            (Question::Given { left, .. }, crate::expr::Root::Left) => &left.kind,
            (Question::Given { right, .. }, crate::expr::Root::Right) => &right.kind,
            (Question::Given { left, right, expect, .. }, _) => {
                if expect.asks_right() {
                    &left.kind
                } else {
                    &right.kind
                }
            }
        };
        for path in (0..check.paths.len()).filter_map(|index| check.paths.get(index)) {
            let mut kind = root_type(path.root).to_owned();
            for step in &path.steps {
                let Step::Relation(name) = step else { continue };
                let to = schemas
                    .get(&kind)
                    .and_then(|schema| schema.relations.get(name))
                    .map(|relation| relation.to.clone());
                used.insert((kind.clone(), name.clone()));
                kind = to.unwrap_or_default();
            }
        }
    }
    used
}
