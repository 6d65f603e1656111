//! Compares two sets: a hash join with keys that the check names.

use super::ask::{Answer, Turn, sources};
use super::observed::walk;
use super::world::World;
use crate::check::{Check, Question, Side};
use crate::expr::{Evaluator, Node, Root, Roots, Undecided, Val, remember, string};
use crate::facts::Subject;
use crate::file::Expect;
use annexa_model::{Finding, FindingStatus, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// Both sets of a check, by key.
pub(crate) struct Table<'a> {
    asked: Keyed<'a>,
    other: Keyed<'a>,
    expect: Expect,
    pass: Option<&'a Node>,
}

/// One set, by key.
struct Keyed<'a> {
    side: &'a Side,
    by_key: HashMap<String, Vec<&'a Subject<'a>>>,
    /// Those that `where` leaves out.
    left_out: HashMap<String, Vec<&'a Subject<'a>>>,
    /// Why there may be more under any key.
    uncertain: Option<Undecided>,
}

/// What is known of a resource's part in a join.
enum Part {
    Keys(Vec<String>),
    Left,
    Undecided(Undecided),
}

impl<'a> Table<'a> {
    /// Both sets of a check; none for a check that compares nothing.
    pub(crate) fn new(check: &'a Check, world: &'a World<'a>, as_of: Timestamp) -> Option<Self> {
        let Question::Given { left, right, expect, pass } = &check.question else { return None };
        let (asked, other) = if expect.asks_right() { (right, left) } else { (left, right) };
        let keyed = |side| keyed(check, world, side, as_of);
        Some(Self { asked: keyed(asked), other: keyed(other), expect: *expect, pass: pass.as_ref() })
    }

    /// Asks one resource of the asked side.
    pub(crate) fn ask(
        &self,
        check: &'a Check,
        world: &'a World<'a>,
        subject: &'a Subject<'a>,
        as_of: Timestamp,
    ) -> (Finding, Vec<usize>) {
        let part = part(check, world, self.asked.side, subject, as_of);
        let keys = match &part.0 {
            Part::Keys(keys) => keys.as_slice(),
            _ => &[],
        };
        let matches = self.other.of(keys, subject);
        let roots = self.roots(subject, matches);
        let turn = Turn::new(check, world, subject, roots, as_of);
        let answer = turn.before().unwrap_or_else(|| self.answer(&turn, &part.0, keys, world));
        let mut evidence = self.joined(&turn, keys);
        if turn.evaluator.roots.matches.is_empty() && matches!(part.0, Part::Keys(_)) {
            // that there is no counterpart, the lists show
            evidence.extend(world.lists_of(&self.other.side.kind));
        }
        let touched = turn.evaluator.touched().into_iter().chain(part.1).collect();
        let join = join_shown(keys, &turn.evaluator.roots.matches);
        let mut finding = turn.finding(answer, evidence);
        finding.observed.extend(join);
        finding.observed.sort_keys();
        (finding, touched)
    }

    fn roots(&self, subject: &'a Subject<'a>, matches: Vec<&'a Subject<'a>>) -> Roots<'a> {
        let only = match matches.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let (left, right) =
            if self.asked.side.root == Root::Right { (only, Some(subject)) } else { (Some(subject), only) };
        Roots { resource: None, left, right, matches, uncertain: self.other.uncertain.clone() }
    }

    fn answer(&self, turn: &Turn<'a>, part: &Part, keys: &[String], world: &World<'a>) -> Answer {
        let name = &turn.subject.resource.name;
        match part {
            Part::Left => {
                return Answer::new(FindingStatus::NotApplicable, format!("{name}: {}", turn.check.not_applicable));
            }
            Part::Undecided(why) => return Answer::unknown(name, why),
            Part::Keys(_) => {}
        }
        if !world.is_configured(&self.other.side.kind) {
            return turn.by_hand();
        }
        let expected = self.expected(&turn.evaluator.roots, keys);
        let Some(pass) = self.pass else { return turn.verdict(expected) };
        turn.verdict(match (expected, turn.evaluator.truth(pass)) {
            (Ok(false), _) | (_, Ok(false)) => Ok(false),
            (Ok(true), Ok(true)) => Ok(true),
            (Err(a), Err(b)) => Err(a.and(b)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        })
    }

    fn expected(&self, roots: &Roots<'a>, keys: &[String]) -> Result<bool, Undecided> {
        let found = roots.matches.len();
        let certain = |verdict: bool| match &self.other.uncertain {
            Some(why) => Err(why.clone()),
            None => Ok(verdict),
        };
        match self.expect {
            Expect::Pass => Ok(true),
            Expect::EachLeftInRight | Expect::EachRightInLeft if found > 0 => Ok(true),
            Expect::EachLeftInRight | Expect::EachRightInLeft => certain(false),
            Expect::NoLeftInRight if found > 0 => Ok(false),
            Expect::NoLeftInRight => certain(true),
            Expect::OneToOne => {
                let sharing: BTreeSet<usize> =
                    keys.iter().filter_map(|key| self.asked.by_key.get(key)).flatten().map(|s| s.index).collect();
                if found > 1 || sharing.len() > 1 {
                    return Ok(false);
                }
                if let Some(why) = &self.asked.uncertain {
                    return Err(why.clone());
                }
                certain(found == 1)
            }
        }
    }

    /// The exchanges behind the facts that decide who stands in which set and who belongs to whom: of the asked resource, of
    /// its counterparts, and, when it has none, of those that are left out by the other side's `where`.
    fn joined(&self, turn: &Turn<'a>, keys: &[String]) -> Vec<&'a str> {
        let matches = turn.evaluator.roots.matches.as_slice();
        let left_out = if matches.is_empty() { self.other.left_out(keys, turn.subject) } else { Vec::new() };
        let mut evidence = deciding(turn, self.asked.side, &[turn.subject]);
        evidence.extend(deciding(turn, self.other.side, matches));
        evidence.extend(deciding(turn, self.other.side, &left_out));
        evidence
    }
}

/// The exchanges behind the facts that a side's key and `where` can look at.
fn deciding<'a>(turn: &Turn<'a>, side: &'a Side, subjects: &[&'a Subject<'a>]) -> Vec<&'a str> {
    let mut evidence: Vec<&'a str> = subjects.iter().flat_map(|subject| sources(subject, "")).collect();
    let paths = side.filter.iter().chain([&side.key]).flat_map(paths_of).filter_map(|path| turn.check.paths.get(path));
    for path in paths.filter(|path| path.root == side.root) {
        for subject in subjects {
            let mut keep = |subject: &'a Subject<'a>, fact: Option<&str>| {
                evidence.extend(sources(subject, "").chain(fact.into_iter().flat_map(|fact| sources(subject, fact))));
            };
            walk(turn.world, &side.roots(subject), path, &mut keep);
        }
    }
    evidence
}

impl Side {
    /// The roots for a resource of this side alone.
    fn roots<'a>(&self, subject: &'a Subject<'a>) -> Roots<'a> {
        match self.root {
            Root::Right => Roots { right: Some(subject), ..Roots::default() },
            _ => Roots { left: Some(subject), ..Roots::default() },
        }
    }
}

impl<'a> Keyed<'a> {
    fn of(&self, keys: &[String], not: &Subject<'_>) -> Vec<&'a Subject<'a>> {
        among(&self.by_key, keys, not)
    }

    fn left_out(&self, keys: &[String], not: &Subject<'_>) -> Vec<&'a Subject<'a>> {
        among(&self.left_out, keys, not)
    }
}

fn among<'a>(
    by_key: &HashMap<String, Vec<&'a Subject<'a>>>,
    keys: &[String],
    not: &Subject<'_>,
) -> Vec<&'a Subject<'a>> {
    let mut found: Vec<&'a Subject<'a>> = keys.iter().filter_map(|key| by_key.get(key)).flatten().copied().collect();
    // in a set that is compared with itself nobody is their own counterpart
    found.retain(|subject| subject.index != not.index);
    found.sort_by_key(|subject| subject.index);
    found.dedup_by_key(|subject| subject.index);
    found
}

/// The ways to facts in an expression.
fn paths_of(node: &Node) -> Vec<usize> {
    let mut paths = Vec::new();
    let mut todo = vec![node];
    while let Some(node) = todo.pop() {
        paths.extend(&node.paths);
        todo.extend(node.children());
    }
    paths
}

fn join_shown(keys: &[String], matches: &[&Subject<'_>]) -> [(String, serde_json::Value); 2] {
    let shown = |texts: Vec<&str>| {
        serde_json::Value::Array(
            texts.into_iter().take(20).map(|t| t.chars().take(200).collect::<String>().into()).collect(),
        )
    };
    let ids = matches.iter().map(|subject| subject.resource.id.as_str()).collect();
    [("key".to_owned(), shown(keys.iter().map(String::as_str).collect())), ("matches".to_owned(), shown(ids))]
}

fn keyed<'a>(check: &'a Check, world: &'a World<'a>, side: &'a Side, as_of: Timestamp) -> Keyed<'a> {
    let uncertain = world.incomplete(&side.kind);
    let mut keyed = Keyed { side, by_key: HashMap::new(), left_out: HashMap::new(), uncertain };
    for index in world.of_type(&side.kind) {
        let Some(subject) = world.subject(*index) else { continue };
        match part(check, world, side, subject, as_of).0 {
            Part::Keys(keys) => keys.into_iter().for_each(|key| keyed.by_key.entry(key).or_default().push(subject)),
            Part::Left => {
                let keys = keys_of(check, world, side, subject, as_of).unwrap_or_default();
                keys.into_iter().for_each(|key| keyed.left_out.entry(key).or_default().push(subject));
            }
            // without a key it can be nobody's counterpart
            Part::Undecided(Undecided::Absent { .. }) => {}
            Part::Undecided(why) => remember(&mut keyed.uncertain, why),
        }
    }
    keyed
}

/// A resource's part in a join, and the facts that decided it.
fn part<'a>(
    check: &'a Check,
    world: &'a World<'a>,
    side: &'a Side,
    subject: &'a Subject<'a>,
    as_of: Timestamp,
) -> (Part, Vec<usize>) {
    let evaluator = Evaluator::new(world, side.roots(subject), as_of, &[], check.paths.len());
    let part = match side.filter.as_ref().map(|filter| evaluator.truth(filter)) {
        Some(Ok(false)) => Part::Left,
        Some(Err(why)) => Part::Undecided(why),
        Some(Ok(true)) | None => match evaluator.value(&side.key).and_then(|value| key_texts(&value)) {
            Ok(keys) => Part::Keys(keys),
            Err(why) => Part::Undecided(why),
        },
    };
    (part, evaluator.touched())
}

/// The keys of a resource, whether it stands in the set or not.
fn keys_of<'a>(
    check: &'a Check,
    world: &'a World<'a>,
    side: &'a Side,
    subject: &'a Subject<'a>,
    as_of: Timestamp,
) -> Result<Vec<String>, Undecided> {
    let evaluator = Evaluator::new(world, side.roots(subject), as_of, &[], check.paths.len());
    evaluator.value(&side.key).and_then(|value| key_texts(&value))
}

/// The keys that a value gives. An empty text is no key: it would match every other resource that lacks one.
fn key_texts(value: &Val<'_>) -> Result<Vec<String>, Undecided> {
    let mut keys = match value {
        Val::List(list) => {
            if let Some(why) = &list.partial {
                return Err(why.clone());
            }
            let items: Result<Vec<String>, _> = (0..list.len()).map(|i| string(&list.get(i, "the key")?)).collect();
            items?
        }
        single => vec![string(single)?],
    };
    keys.retain(|key| !key.trim().is_empty());
    if keys.is_empty() { Err(Undecided::absent("the key")) } else { Ok(keys) }
}
