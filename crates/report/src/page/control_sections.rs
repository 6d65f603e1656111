//! What stands behind a control's checks, gathered for its page: calls, cuts, lists, gaps, rules, exceptions.

use crate::plan::{CheckPlan, Plan};
use crate::row::Link;
use crate::{escape, paths, words};
use annexa_model::{ControlRecord, EvidenceKind, FailureKind, FindingStatus, SetState, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Groups of calls, lists, gaps and exceptions that one page shows.
pub(super) const CALLS: usize = 40;
pub(super) const SETS: usize = 40;
pub(super) const GAPS: usize = 20;
pub(super) const EXCEPTIONS: usize = 50;

type Checks<'c, 'p, 'a> = &'c [(&'p CheckPlan<'a>, bool)];

/// A list of resources of one type.
#[derive(Serialize)]
pub(super) struct SetRow {
    pub(super) kind: String,
    pub(super) place: String,
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) state: &'static str,
    pub(super) reason: Option<String>,
    pub(super) found: String,
    pub(super) excluded: String,
    pub(super) counted: Option<String>,
    /// Set when the independent count is another one.
    pub(super) differs: bool,
    pub(super) gap: Option<String>,
    pub(super) evidence: Option<String>,
}

/// The rule of a check.
#[derive(Serialize)]
pub(super) struct Rule {
    check: String,
    href: String,
    rule: String,
    file: Link,
    digest: String,
    origin: String,
    changed: bool,
}

/// An exception and the findings that it covers here.
#[derive(Serialize)]
pub(super) struct ExceptionRow {
    href: String,
    id: String,
    reason: String,
    owner: String,
    approver: String,
    until: String,
    expired: bool,
    covers: Vec<Link>,
    covers_more: Option<String>,
}

/// Sentences about the whole of a control's evidence.
#[derive(Serialize)]
pub(super) struct Answers {
    /// `asked on 24 November 2026 from …`.
    asked: String,
    failed_calls: String,
    failed_n: u64,
    denied_calls: String,
    cut_calls: u64,
    all_calls: String,
    incomplete_lists: String,
    as_of: String,
    period: Option<String>,
    in_period: bool,
    previous: Option<String>,
    operation: Vec<Link>,
    release: String,
    engine: String,
    rules: String,
}

/// The types that a control's checks ask.
fn types<'p>(checks: Checks<'_, 'p, '_>) -> BTreeSet<&'p str> {
    checks.iter().filter_map(|(check, _)| check.summary).map(|summary| summary.resource_type.as_str()).collect()
}

/// The lists of the resource types that a control's checks ask; those that are not whole first.
pub(super) fn sets(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> Vec<SetRow> {
    let types = types(checks);
    let mut sets: Vec<&annexa_model::ResourceSet> =
        plan.input.sets.iter().filter(|set| types.contains(set.kind.as_str())).collect();
    sets.sort_by_key(|set| matches!(set.state, SetState::Complete | SetState::NotApplicable { .. }));
    sets.into_iter().map(|set| set_row(plan, set)).collect()
}

pub(super) fn set_row(plan: &Plan<'_>, set: &annexa_model::ResourceSet) -> SetRow {
    let (class, sign, state, reason, gap) = match &set.state {
        SetState::Complete => ("pass", "✓", "whole", None, None),
        SetState::Partial { reason, gap } => ("unknown", "?", "partial", Some(reason), Some(gap)),
        SetState::Unobserved { reason, gap } => ("unknown", "?", "not read", Some(reason), Some(gap)),
        SetState::NotApplicable { reason } => ("none", "–", "not applicable", Some(reason), None),
    };
    let region = set.region.as_deref().map_or_else(String::new, |region| format!(" · {}", escape::cut(region, 60)));
    SetRow {
        kind: escape::cut(&set.kind, 120).into_owned(),
        place: format!("{}{region}", escape::cut(&set.target, 120)),
        class,
        sign,
        state,
        reason: reason.map(|text| escape::cut(text, 300).into_owned()),
        found: words::number(set.found),
        excluded: words::number(set.excluded),
        counted: set.counted.map(words::number),
        differs: set.counted.is_some_and(|counted| counted != set.found),
        gap: gap.and_then(|id| plan.gap_href(id)),
        evidence: set.evidence.iter().find_map(|id| plan.exchange_href(id)),
    }
}

/// The gaps that leave one of these checks unknown.
pub(super) fn gaps(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> Vec<usize> {
    let ids: BTreeSet<&str> = checks.iter().map(|(check, _)| check.id).collect();
    let touches = |gap: &annexa_model::Gap| gap.checks.iter().any(|check| ids.contains(check.as_str()));
    // what follows from a gap stands behind it on the page of gaps
    let stands = |at: &usize| plan.cause_of.get(at).is_none_or(|&cause| !touches(&plan.input.gaps[cause]));
    (0..plan.input.gaps.len()).filter(|&at| touches(&plan.input.gaps[at])).filter(stands).collect()
}

/// The rules of these checks.
pub(super) fn rules(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> Vec<Rule> {
    let changed = |file: &str| plan.input.changes.is_some_and(|changes| changes.rules.iter().any(|rule| rule == file));
    let of = |(check, _): &(&CheckPlan<'_>, bool)| {
        let summary = check.summary?;
        Some(Rule {
            check: escape::cut(check.id, 200).into_owned(),
            href: check.page(),
            rule: escape::cut(&summary.rule, 300).into_owned(),
            file: Link::new(format!("rules/{}", paths::link(&summary.file)), escape::cut(&summary.file, 200)),
            digest: escape::cut(&summary.digest, 80).into_owned(),
            origin: escape::cut(&summary.origin, 40).into_owned(),
            changed: changed(&summary.file),
        })
    };
    checks.iter().filter_map(of).take(100).collect()
}

/// Why a check speaks to a control; 2013 controls take the reason of their 2022 counterpart.
pub(super) fn reason(control: &ControlRecord, check: &CheckPlan<'_>) -> Option<String> {
    let controls = &check.summary?.controls;
    let mut ids = std::iter::once(&control.id).chain(&control.corresponds_to);
    ids.find_map(|id| controls.get(id)).map(|reason| escape::cut(&reason.reason, 400).into_owned())
}

/// The exceptions that cover findings of these checks.
pub(super) fn exceptions(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> Vec<ExceptionRow> {
    let mut covered: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &at in checks.iter().flat_map(|(check, _)| &check.findings) {
        if let Some(id) = &plan.input.findings[at].exception {
            covered.entry(id).or_default().push(at);
        }
    }
    let of = |(id, findings): (&str, Vec<usize>)| {
        let exception = plan.exception(id);
        let text = |f: fn(&annexa_annex::ExceptionUse) -> &str| {
            exception.map_or_else(|| "not stated".to_owned(), |e| escape::cut(f(e), 400).into_owned())
        };
        let cover = |&at: &usize| {
            plan.finding_href(at).map(|href| Link::new(href, escape::name(&plan.input.findings[at].resource.name, 120)))
        };
        ExceptionRow {
            href: super::exceptions::href(plan, id),
            id: escape::cut(id, 120).into_owned(),
            reason: text(|e| &e.reason),
            owner: text(|e| &e.owner),
            approver: text(|e| &e.approver),
            until: exception.map_or_else(|| "not stated".to_owned(), |e| words::date(e.expires)),
            expired: exception.is_some_and(|e| e.expired),
            covers: findings.iter().take(8).filter_map(cover).collect(),
            covers_more: crate::row::more(findings.len(), 8),
        }
    };
    covered.into_iter().map(of).collect()
}

/// How many targets these checks asked.
pub(super) fn targets(plan: &Plan<'_>, checks: Checks<'_, '_, '_>) -> u64 {
    let findings = checks.iter().flat_map(|(check, _)| &check.findings).filter_map(|&at| plan.input.findings.get(at));
    findings.map(|finding| finding.target.as_str()).collect::<BTreeSet<_>>().len() as u64
}

/// The sentences.
pub(super) fn answers(
    plan: &Plan<'_>,
    _control: &ControlRecord,
    checks: Checks<'_, '_, '_>,
    exchanges: &[usize],
) -> Answers {
    let cover = plan.input.cover;
    let metas = || exchanges.iter().map(|&at| &plan.files.metas[at]);
    let failed = metas().filter(|meta| meta.failure.is_some()).count() as u64;
    let denied = metas().filter(|meta| meta.failure == Some(FailureKind::Denied)).count() as u64;
    let times = || metas().map(|meta| meta.asked_at);
    let asked = times().min().zip(times().max());
    let types = types(checks);
    let whole =
        |set: &&annexa_model::ResourceSet| matches!(set.state, SetState::Complete | SetState::NotApplicable { .. });
    let sets: Vec<_> = plan.input.sets.iter().filter(|set| types.contains(set.kind.as_str())).collect();
    let incomplete = sets.iter().filter(|set| !whole(set)).count() as u64;
    let day = |time: Timestamp| time.to_zoned(jiff::tz::TimeZone::UTC).date();
    let operation = checks.iter().filter(|(check, _)| {
        let answered =
            |&at: &usize| !matches!(plan.input.findings[at].status, FindingStatus::Unknown | FindingStatus::Manual);
        check.summary.is_some_and(|s| s.evidence == EvidenceKind::Operation) && check.findings.iter().any(answered)
    });
    Answers {
        asked: asked.map_or_else(String::new, |(from, to)| format!("asked {}", words::span(from, to))),
        failed_calls: words::number(failed),
        failed_n: failed,
        denied_calls: words::number(denied),
        cut_calls: metas().filter(|meta| !meta.cuts.is_empty()).count() as u64,
        all_calls: words::number(exchanges.len() as u64),
        incomplete_lists: format!(
            "{} of {}",
            words::number(incomplete),
            words::count(sets.len() as u64, "list", "lists")
        ),
        as_of: words::time(cover.as_of),
        period: cover.period.map(|(from, to)| format!("{} to {}", words::date(from), words::date(to))),
        in_period: cover.period.is_some_and(|(from, to)| from <= day(cover.as_of) && day(cover.as_of) <= to),
        previous: cover.previous.as_ref().map(|previous| match previous.as_of {
            Some(before) => {
                format!("bundle {}, {} earlier", words::number(previous.sequence), words::duration(before, cover.as_of))
            }
            None => format!("bundle {}", words::number(previous.sequence)),
        }),
        operation: operation
            .take(20)
            .map(|(check, _)| Link::new(check.page(), escape::cut(check.title(), 200)))
            .collect(),
        release: escape::cut(&cover.rules.release, 80).into_owned(),
        engine: escape::cut(&cover.engine_version, 80).into_owned(),
        rules: crate::chrome::rules(plan),
    }
}
