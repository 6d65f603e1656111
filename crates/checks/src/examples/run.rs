//! Runs the examples.

use super::flip::{Flip, Trace};
use super::scene::Scene;
use super::yaml::Item;
use crate::check::{Check, Question};
use crate::evaluate::{Table, World, ask};
use crate::expr::Root;
use crate::facts::Subject;
use crate::load::Checks;
use crate::schemas::Schemas;
use annexa_model::{Finding, FindingStatus, Timestamp, TypeSchema};
use annexa_source::Diagnostic;

/// The time that examples speak of when they don't say.
const AS_OF: &str = "2026-07-01T00:00:00Z";

/// What came of one example.
#[derive(Debug)]
pub struct ExampleResult {
    /// The check.
    pub check: String,
    /// The answer that is expected, and the number of the example among these: `fail 2`.
    pub example: String,
    /// The expected answer.
    pub expected: FindingStatus,
    /// The answer; none when an example is missing.
    pub got: Option<FindingStatus>,
    /// What the finding says; none when there is none.
    pub message: Option<String>,
    /// What is wrong, with its place in the file; none when all is well.
    pub problem: Option<Diagnostic>,
}

/// Runs the examples of all checks, and of each example also those with a fact less: taking knowledge away may make an
/// answer unknown, never another one.
#[must_use]
pub fn test_examples(checks: &Checks, schemas: &[TypeSchema]) -> Vec<ExampleResult> {
    let schemas = Schemas::new(schemas);
    checks.iter().flat_map(|check| Runner { check, schemas: &schemas }.results()).collect()
}

/// A time of an example: RFC 3339, or a date.
pub(super) fn time_of(text: &str) -> Option<Timestamp> {
    crate::expr::time(text).ok()
}

struct Runner<'r> {
    check: &'r Check,
    schemas: &'r Schemas<'r>,
}

/// What a scene leads to: the finding, what can be taken away, what was not said.
struct Outcome {
    finding: Finding,
    flips: Vec<Flip>,
    unsaid: Vec<String>,
}

impl Runner<'_> {
    fn results(&self) -> Vec<ExampleResult> {
        let mut results = self.demanded();
        for (expected, index, item) in self.check.examples.all() {
            let outcome = self.scene(item).and_then(|scene| Some((self.outcome(&scene)?, scene)));
            let (found, problem) = match outcome {
                None => (None, Some("the example can't be asked: the asked resource is missing".to_owned())),
                Some((outcome, scene)) => {
                    let problem = self.problem(expected, &outcome, &scene);
                    (Some(outcome.finding), problem)
                }
            };
            let problem = problem.map(|message| self.check.source.error_at(item, message));
            results.push(self.result(expected, index + 1, found, problem));
        }
        results
    }

    fn result(
        &self,
        expected: FindingStatus,
        number: usize,
        found: Option<Finding>,
        problem: Option<Diagnostic>,
    ) -> ExampleResult {
        let example = format!("{expected} {number}");
        let problem = problem.map(|mut problem| {
            problem.message = format!("{} {example}: {}", self.check.id, problem.message);
            problem
        });
        let (got, message) = found.map(|finding| (finding.status, finding.message)).unzip();
        ExampleResult { check: self.check.id.clone(), example, expected, got, message, problem }
    }

    /// Answers that need an example and have none.
    fn demanded(&self) -> Vec<ExampleResult> {
        let given = matches!(self.check.question, Question::Given { .. });
        let needs = |status| match status {
            FindingStatus::Pass | FindingStatus::Fail | FindingStatus::Unknown => true,
            FindingStatus::NotApplicable => self.check.applies.is_some(),
            FindingStatus::Manual => self.check.manual.is_some() || given && self.check.hand_in.is_some(),
        };
        let examples = &self.check.examples;
        let missing = |status: &FindingStatus| {
            examples.of(*status).is_empty() && needs(*status) && !examples.without.contains_key(status)
        };
        FindingStatus::ALL
            .into_iter()
            .filter(missing)
            .map(|status| {
                let message = format!("no example that is {status}");
                let help = format!(
                    "add one under `examples: {status}:`, or say why there can be none: `without: {{{status}: …}}`"
                );
                self.result(status, 0, None, Some(self.check.source.error(0, 0, message).with_help(help)))
            })
            .collect()
    }

    fn scene(&self, item: &Item) -> Option<Scene> {
        let scene = match &self.check.question {
            Question::Each { kind, .. } => Scene::each(item, self.schemas.get(kind)?, self.schemas),
            Question::Given { left, right, expect, .. } => {
                let (left, right) =
                    (("left", self.schemas.get(&left.kind)?), ("right", self.schemas.get(&right.kind)?));
                let (asked, other) = if expect.asks_right() { (right, left) } else { (left, right) };
                Scene::row(item, asked, other, self.schemas)
            }
        };
        (!scene.resources.is_empty()).then_some(scene)
    }

    fn outcome(&self, scene: &Scene) -> Option<Outcome> {
        let as_of = self.check.examples.as_of.as_deref().and_then(time_of).or_else(|| time_of(AS_OF))?;
        let subjects: Vec<Subject<'_>> =
            scene.resources.iter().enumerate().map(|(index, r)| Subject::new(index, r)).collect();
        let world =
            World::new(&subjects, &scene.sets, self.schemas, std::iter::empty()).with_relations(&scene.relations);
        let subject = world.subject(0)?;
        let (finding, touched) = match Table::new(self.check, &world, as_of) {
            Some(table) => table.ask(self.check, &world, subject, as_of),
            None => ask(self.check, &world, subject, as_of)?,
        };
        let mut trace = Trace::new(scene);
        for path in touched.iter().filter_map(|index| self.check.paths.get(*index)) {
            trace.follow(path, self.check.asked());
        }
        let mut flips: Vec<Flip> = trace.flips.iter().cloned().collect();
        if self.check.asked() != Root::Resource {
            flips.extend([Flip::List { whole: true }, Flip::List { whole: false }]);
        }
        Some(Outcome { finding, flips, unsaid: trace.unsaid.iter().cloned().collect() })
    }

    fn problem(&self, expected: FindingStatus, outcome: &Outcome, scene: &Scene) -> Option<String> {
        if let Some(fact) = outcome.unsaid.first() {
            return Some(format!("the example does not say what `{fact}` is: a value, `!absent` or `!denied`"));
        }
        let got = outcome.finding.status;
        if got != expected {
            return Some(format!("expected {expected}, got {got}: {}", outcome.finding.message));
        }
        outcome.flips.iter().find_map(|flip| {
            let flipped = self.outcome(&flip.apply(scene))?.finding;
            let stays = flipped.status == expected || flipped.status == FindingStatus::Unknown;
            (!stays).then(|| {
                format!("{expected} becomes {} when {}: it may become unknown only", flipped.status, flip.name())
            })
        })
    }
}
