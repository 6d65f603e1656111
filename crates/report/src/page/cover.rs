//! The cover: what was observed, when, in what, and how much of it answered.

use super::overview::Count;
use crate::plan::Plan;
use crate::{escape, words};
use annexa_model::{FindingStatus, StatusCounts};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct CoverView {
    edition: &'static str,
    observed: Option<String>,
    as_of: String,
    targets: String,
    partial: bool,
    only_targets: Option<String>,
    only_checks: Option<String>,
    period: Option<PeriodView>,
    since_previous: Option<String>,
    asked: String,
    answered: String,
    denied: String,
    failed: String,
    resources: String,
    excluded: String,
    findings: String,
    verdicts: Vec<Count>,
    privacy: String,
}

#[derive(Serialize)]
struct PeriodView {
    from: String,
    to: String,
    inside: bool,
}

pub(super) fn cover_view(plan: &Plan<'_>) -> CoverView {
    let input = &plan.input;
    let cover = input.cover;
    let sum = |f: fn(&crate::TargetReport) -> u64| words::number(input.targets.iter().map(f).sum());
    let only = |list: &[String]| (!list.is_empty()).then(|| escape::cut(&words::and(list), 300).into_owned());
    let as_of = cover.as_of.to_zoned(jiff::tz::TimeZone::UTC).date();
    CoverView {
        edition: words::edition(cover.edition),
        observed: cover.observed.map(|(from, to)| words::span(from, to)),
        as_of: words::time(cover.as_of),
        targets: words::count(input.targets.len() as u64, "target", "targets"),
        partial: !cover.selection.is_full(),
        only_targets: only(&cover.selection.targets),
        only_checks: only(&cover.selection.checks),
        period: cover.period.map(|(from, to)| PeriodView {
            from: words::date(from),
            to: words::date(to),
            inside: from <= as_of && as_of <= to,
        }),
        since_previous: cover
            .previous
            .as_ref()
            .and_then(|p| p.as_of)
            .map(|before| words::duration(before, cover.as_of)),
        asked: sum(|t| t.asked),
        answered: sum(|t| t.answered),
        denied: sum(|t| t.denied),
        failed: sum(|t| t.failed),
        resources: words::number(input.resources.len() as u64),
        excluded: words::number(input.resources.iter().filter(|r| r.excluded.is_some()).count() as u64),
        findings: words::number(input.findings.len() as u64),
        verdicts: verdicts(plan),
        privacy: cover.privacy.clone(),
    }
}

/// The findings by their answers, each with its list.
fn verdicts(plan: &Plan<'_>) -> Vec<Count> {
    let counts = all_counts(plan);
    let checks = || "checks.html".to_owned();
    let all = [
        (FindingStatus::Fail, false, counts.fail, "open.html".to_owned()),
        (FindingStatus::Unknown, false, counts.unknown, super::open::unknowns_href(plan)),
        (FindingStatus::Fail, true, counts.accepted, "exceptions.html".to_owned()),
        (FindingStatus::Pass, false, counts.pass, checks()),
        (FindingStatus::Manual, false, counts.manual, checks()),
        (FindingStatus::NotApplicable, false, counts.not_applicable, checks()),
    ];
    let of = |(status, accepted, n, href): (FindingStatus, bool, u64, String)| Count {
        class: words::finding_class(status, accepted),
        sign: words::finding_sign(status),
        word: words::finding_word(status, accepted),
        meaning: "",
        n: words::number(n),
        href,
    };
    all.into_iter().filter(|(status, _, n, _)| *n > 0 || *status == FindingStatus::Unknown).map(of).collect()
}

/// The counts of all findings.
pub(crate) fn all_counts(plan: &Plan<'_>) -> StatusCounts {
    plan.checks.iter().fold(StatusCounts::default(), |sum, check| StatusCounts {
        pass: sum.pass + check.counts.pass,
        fail: sum.fail + check.counts.fail,
        accepted: sum.accepted + check.counts.accepted,
        unknown: sum.unknown + check.counts.unknown,
        not_applicable: sum.not_applicable + check.counts.not_applicable,
        manual: sum.manual + check.counts.manual,
    })
}
