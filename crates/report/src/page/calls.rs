//! The calls behind some checks: by operation and target, what was cut, and which are shown.

use crate::plan::{CheckPlan, Plan, attention};
use crate::recorded::Values;
use crate::row::Link;
use crate::{escape, words};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

type Checks<'c, 'p, 'a> = &'c [(&'p CheckPlan<'a>, bool)];

/// Calls of one operation on one target.
#[derive(Serialize)]
pub(super) struct CallGroup {
    operation: String,
    target: String,
    kind: &'static str,
    asked_by: String,
    host: String,
    n: String,
    failed: Option<String>,
    from: String,
    to: Option<String>,
    filter: String,
    pages: Vec<Link>,
}

/// How often something was cut for one reason.
#[derive(Serialize)]
pub(super) struct CutCount {
    reason: String,
    cuts: String,
    calls: String,
}

/// The exchanges behind a control's findings, each once, in the order of files.
pub(super) fn exchanges(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> Vec<usize> {
    let findings = checks.iter().flat_map(|(check, _)| &check.findings);
    let mut all: Vec<usize> = findings.flat_map(|&at| plan.files.of_finding(at)).filter_map(|at| *at).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The exchanges that stand on the page itself: those behind what needs attention first.
pub(super) fn shown(plan: &Plan<'_>, checks: Checks<'_, '_, '_>, n: usize) -> Vec<String> {
    let mut firsts: Vec<usize> = checks.iter().flat_map(|(check, _)| check.findings.iter().take(3).copied()).collect();
    firsts.sort_by_key(|&at| (attention(&plan.input.findings[at]), words::badness(plan.input.findings[at].severity)));
    let mut ids: Vec<String> = Vec::new();
    for id in firsts.into_iter().flat_map(|at| &plan.input.findings[at].evidence) {
        if ids.len() == n {
            break;
        }
        if plan.files.meta(id).is_some() && !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// The first calls by target and operation, and how many kinds there are.
pub(super) fn calls(plan: &Plan<'_>, exchanges: &[usize], most: usize) -> (Vec<CallGroup>, usize) {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &at in exchanges {
        groups.entry(plan.files.metas[at].group).or_default().push(at);
    }
    let n = groups.len();
    (groups.into_iter().take(most).filter_map(|(group, metas)| call_group(plan, group, &metas)).collect(), n)
}

pub(super) fn call_group(plan: &Plan<'_>, group: usize, metas: &[usize]) -> Option<CallGroup> {
    let group = plan.files.groups.get(group)?;
    let metas: Vec<_> = metas.iter().filter_map(|&at| plan.files.metas.get(at)).collect();
    let failed = metas.iter().filter(|meta| meta.failure.is_some()).count() as u64;
    let from = metas.iter().map(|meta| meta.asked_at).min()?;
    let to = metas.iter().map(|meta| meta.asked_at).max()?;
    let files: BTreeMap<usize, &str> = metas.iter().rev().map(|meta| (meta.file, meta.id.as_str())).collect();
    let page = |(file, id): (&usize, &&str)| {
        let path = plan.files.files.get(*file).map_or("", |file| file.path.as_str());
        let name = path.rsplit('/').next().unwrap_or(path);
        plan.exchange_href(id).map(|href| Link::new(href, escape::cut(name, 120)))
    };
    let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    Some(CallGroup {
        operation: escape::cut(&group.operation, 160).into_owned(),
        target: escape::cut(&group.target, 120).into_owned(),
        kind: words::kind(group.kind),
        asked_by: escape::cut(&list(&group.asked_by), 300).into_owned(),
        host: escape::cut(&list(&group.hosts), 300).into_owned(),
        n: words::count(metas.len() as u64, "call", "calls"),
        failed: (failed > 0).then(|| words::number(failed)),
        from: words::instant(from),
        to: (from != to).then(|| words::instant(to)),
        filter: filter(&group.filter),
        pages: files.iter().take(4).filter_map(page).collect(),
    })
}

/// The parameters of some calls in words: `bucket = a, b, …; max-keys = 1000`.
fn filter(filter: &BTreeMap<String, Values>) -> String {
    if filter.is_empty() {
        return "none: everything was asked for".to_owned();
    }
    let one = |(name, values): (&String, &Values)| {
        let some = values.some.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("{name} = {some}{}", if values.more { ", …" } else { "" })
    };
    escape::cut(&filter.iter().map(one).collect::<Vec<_>>().join("; "), 400).into_owned()
}

/// What was cut, by reason.
pub(super) fn cuts(plan: &Plan<'_>, exchanges: &[usize]) -> Vec<CutCount> {
    let mut by_reason: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for &(reason, n) in exchanges.iter().flat_map(|&at| &plan.files.metas[at].cuts) {
        let (cuts, calls) = by_reason.entry(reason).or_default();
        *cuts += n;
        *calls += 1;
    }
    let of = |(reason, (cuts, calls)): (usize, (u64, u64))| CutCount {
        reason: plan.files.reasons.get(reason).cloned().unwrap_or_default(),
        cuts: words::count(cuts, "cut", "cuts"),
        calls: words::count(calls, "answer", "answers"),
    };
    by_reason.into_iter().take(40).map(of).collect()
}
