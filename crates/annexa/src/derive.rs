//! From exchanges to controls: extract, evaluate, map. A pure function of evidence, rules, inputs and time; `scan` and
//! `reperform` both go this way.

use crate::inputs::Inputs;
use crate::rules::{Rules, is_providers_own};
use crate::stages::timed;
use annexa_annex::{ExceptionUse, RollUp, roll_up};
use annexa_checks::{Check, Options, evaluate};
use annexa_model::{
    CONNECT, CheckSummary, ControlRecord, ExchangeHead, Extraction, FailureKind, Finding, Gap, Resource, ResourceSet,
    Selection, Target, TargetRecord, Timestamp, sha256_hex,
};
use annexa_tape::Evidence;
use globset::{Glob, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// With more evidence files, all cores work. With fewer it takes some 0.1 s, and memory that several threads took costs more.
const MANY_FILES: usize = 500;

/// When the first and the last call went out.
type Span = (Timestamp, Timestamp);

/// What is derived.
pub(crate) struct Subject<'a> {
    pub rules: &'a Rules,
    pub inputs: &'a Inputs,
    /// The targets that were selected.
    pub targets: &'a [Target],
    pub selection: &'a Selection,
    pub as_of: Timestamp,
}

/// Everything that a bundle says, derived.
pub(crate) struct Derived {
    pub targets: Vec<TargetRecord>,
    pub resources: Vec<Resource>,
    pub sets: Vec<ResourceSet>,
    pub gaps: Vec<Gap>,
    pub findings: Vec<Finding>,
    pub controls: Vec<ControlRecord>,
    pub checks: Vec<CheckSummary>,
    pub exceptions: Vec<ExceptionUse>,
    /// When the first and the last call went out.
    pub observed: Option<(Timestamp, Timestamp)>,
    /// A digest over all evidence files.
    pub evidence_digest: String,
}

/// Derives everything from evidence.
pub(crate) fn derive(subject: &Subject<'_>, evidence: &Evidence) -> io::Result<Derived> {
    let mut whole = Extraction::default();
    let mut targets = Vec::new();
    let mut observed: Option<(Timestamp, Timestamp)> = None;
    let extract = |target: &Target| one_target(subject.rules, target, evidence);
    let is_large = evidence.paths().count() > MANY_FILES;
    let extracted: Vec<_> = timed("extract", || match is_large {
        true => subject.targets.par_iter().map(extract).collect(),
        false => subject.targets.iter().map(extract).collect(),
    });
    for one in extracted {
        let (record, extraction, asked) = one?;
        targets.push(record);
        whole.resources.extend(extraction.resources);
        whole.sets.extend(extraction.sets);
        whole.gaps.extend(extraction.gaps);
        observed = [observed, asked].into_iter().flatten().reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    }
    whole.resources.par_sort_by(|a, b| (&a.kind, &a.target, &a.id).cmp(&(&b.kind, &b.target, &b.id)));
    whole.sets.sort_by(|a, b| (&a.kind, &a.target, &a.region).cmp(&(&b.kind, &b.target, &b.region)));
    let selected = selected_checks(subject);
    let rules = subject.rules;
    let options = Options {
        as_of: subject.as_of,
        to_2013: &|id: &str| rules.catalogue.to_2013([id]),
        side_by_side: is_large,
        only: Some(&|check: &Check| selected.contains(&check.id)),
    };
    let evaluate = || evaluate(&rules.checks, &rules.schemas, &whole.resources, &whole.sets, &options);
    let evaluation = timed("evaluate", evaluate);
    let mut findings = evaluation.findings;
    let mut gaps = with_checks(whole.gaps, &findings);
    if matches!(subject.selection, Selection::Partial { checks, .. } if !checks.is_empty()) {
        // what no selected check needs leaves nothing open
        gaps.retain(|gap| !gap.checks.is_empty() || gap.operation == CONNECT || gap.kind == FailureKind::Interrupted);
    }
    let exceptions = subject.inputs.exceptions.apply(&mut findings, &mut gaps, subject.as_of);
    let without_target: BTreeSet<String> = evaluation.without_target.into_iter().collect();
    let checks: Vec<CheckSummary> = rules
        .checks
        .iter()
        .filter(|check| selected.contains(&check.id) && !without_target.contains(&check.id))
        .map(Check::summary)
        .collect();
    let roll_up = || {
        roll_up(RollUp {
            catalogue: &subject.rules.catalogue,
            checks: &checks,
            findings: &findings,
            statement: subject.inputs.statement.as_ref(),
            manual: &subject.inputs.manual,
            as_of: subject.as_of,
        })
    };
    let (controls, evidence_digest) = timed("roll up", || rayon::join(roll_up, || evidence_digest(evidence)));
    Ok(Derived {
        targets,
        resources: whole.resources,
        sets: whole.sets,
        gaps,
        findings,
        controls,
        checks,
        exceptions,
        observed,
        evidence_digest: evidence_digest?,
    })
}

/// What a target's evidence says, and when the first and the last call went out.
fn one_target(
    rules: &Rules,
    target: &Target,
    evidence: &Evidence,
) -> io::Result<(TargetRecord, Extraction, Option<Span>)> {
    let mut observed: Option<(Timestamp, Timestamp)> = None;
    let mut record = TargetRecord::new(&target.name, target.kind());
    let mut connect = Vec::new();
    for exchange in evidence.heads_of_target(target.kind(), &target.name)? {
        if exchange.operation == CONNECT {
            connect.extend(connect_gap(&exchange));
            continue;
        }
        record.observe(&exchange, is_providers_own(&exchange));
        let at = exchange.asked_at;
        observed = Some(observed.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }
    let mut extraction = match rules.collector(target.kind()) {
        Some(collector) => collector.extract(target, evidence),
        None => Extraction::default(),
    };
    extraction.gaps.extend(connect);
    record.identity = extraction.identity.clone();
    record.count(&extraction.sets, &extraction.resources);
    Ok((record, extraction, observed))
}

/// Why a target could not be asked at all.
fn connect_gap(exchange: &ExchangeHead) -> Option<Gap> {
    let failure = exchange.failure.as_ref()?;
    Some(Gap {
        id: exchange.id.clone(),
        target: exchange.target.clone(),
        operation: exchange.operation.clone(),
        region: None,
        subject: format!("the whole target {}", exchange.target),
        kind: failure.kind,
        message: failure.message.clone(),
        permission: None,
        remedy: failure.code.clone().unwrap_or_else(|| "mend what the message says and scan again".to_owned()),
        checks: Vec::new(),
        exception: None,
    })
}

/// The checks that the command line selects and that a target of the scan can answer.
fn selected_checks(subject: &Subject<'_>) -> BTreeSet<String> {
    let patterns = match subject.selection {
        Selection::Full => None,
        Selection::Partial { checks, .. } if checks.is_empty() => None,
        Selection::Partial { checks, .. } => Some(glob_set(checks)),
    };
    let ids = subject.rules.check_ids();
    ids.filter(|id| patterns.as_ref().is_none_or(|p| p.is_match(id))).map(str::to_owned).collect()
}

/// Writes into each gap the checks that it leaves unknown, sorted; gaps in a fixed order, each once.
fn with_checks(gaps: Vec<Gap>, findings: &[Finding]) -> Vec<Gap> {
    let mut unknown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut of_target: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        for gap in &finding.gaps {
            unknown.entry(gap).or_default().insert(&finding.check);
            of_target.entry(&finding.target).or_default().insert(&finding.check);
        }
    }
    let mut by_id: BTreeMap<(String, String), Gap> = BTreeMap::new();
    for mut gap in gaps {
        // a target that could not be asked at all leaves all its checks open
        let checks =
            if gap.operation == CONNECT { of_target.get(gap.target.as_str()) } else { unknown.get(gap.id.as_str()) };
        gap.checks = checks.into_iter().flatten().map(|c| (*c).to_owned()).collect();
        by_id.entry((gap.target.clone(), gap.id.clone())).or_insert(gap);
    }
    let mut gaps: Vec<Gap> = by_id.into_values().collect();
    // why a target could not be asked stands before what follows from it
    let key = |gap: &Gap| {
        let last = gap.operation != CONNECT;
        (gap.target.clone(), last, gap.operation.clone(), gap.region.clone(), gap.subject.clone(), gap.id.clone())
    };
    gaps.sort_by_cached_key(key);
    gaps
}

/// Patterns that were checked when the command line was read; one that is no pattern matches itself only.
pub(crate) fn glob_set(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = Glob::new(pattern).or_else(|_| Glob::new(&globset::escape(pattern))) {
            builder.add(glob);
        }
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

/// One digest over path and digest of every evidence file.
fn evidence_digest(evidence: &Evidence) -> io::Result<String> {
    let paths: Vec<&str> = evidence.paths().collect();
    let line = |path: &&str| Ok(format!("{}  {path}\n", sha256_hex(evidence.read(path)?)));
    let lines: Vec<String> = paths.par_iter().map(line).collect::<io::Result<_>>()?;
    Ok(sha256_hex(lines.concat()))
}
