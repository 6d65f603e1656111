//! A control's status in a sentence with numbers, and what it does not cover.

use crate::rollup::{CheckResult, Speaks, total};
use crate::{Entry, StatementEntry};
use annexa_model::{CheckSummary, ControlRecord, ControlStatus, StatusCounts};

pub(crate) fn excluded(stated: &StatementEntry) -> String {
    format!(
        "Excluded by the Statement of Applicability ({}): {}.",
        stated.stated_in,
        stated.justification.trim_end_matches('.')
    )
}

pub(crate) fn of_status(status: ControlStatus, speaks: &Speaks<'_>, handed_in: usize, current: bool) -> String {
    let direct = speaks.direct_counts();
    match status {
        ControlStatus::Deviation => {
            let rest = if direct.unknown > 0 {
                format!(" {} could not be read.", n_of(direct.unknown, total(direct)))
            } else {
                String::new()
            };
            format!("{}.{rest}{}", worst(&speaks.direct, |c| c.fail, "fails", "fail"), accepted(direct))
        }
        ControlStatus::Incomplete if direct.unknown > 0 => format!(
            "{}. Nothing that could be read fails.{}",
            worst(&speaks.direct, |c| c.unknown, "could not be read", "could not be read"),
            accepted(direct)
        ),
        ControlStatus::Incomplete if speaks.silent() > 0 => {
            format!("{} of {} direct checks gave no result.", speaks.silent(), speaks.direct.len())
        }
        ControlStatus::Incomplete => {
            let unknown = speaks.supporting_counts().unknown;
            format!("No direct check speaks to it, and none of {unknown} supporting findings could be read.")
        }
        ControlStatus::Supported => {
            let idle = match speaks.direct.len() - speaks.passing() {
                0 => String::new(),
                1 => " 1 has nothing to judge here.".to_owned(),
                n => format!(" {n} have nothing to judge here."),
            };
            format!("{}.{idle}{}", passing(speaks), accepted(direct))
        }
        ControlStatus::Partial if direct.pass > 0 => {
            let asking = speaks.direct.iter().filter(|(_, result)| result.counts.manual > 0).count();
            let verb = if asking == 1 { "asks" } else { "ask" };
            format!("{}; {asking} {verb} people to judge.{}", passing(speaks), accepted(direct))
        }
        ControlStatus::Partial => {
            let counts = speaks.supporting_counts();
            format!(
                "No direct evidence. Of the supporting findings {} pass, {} fail, {} could not be read.{}",
                n_of(counts.pass, total(counts) - counts.not_applicable),
                counts.fail,
                counts.unknown,
                accepted(direct)
            )
        }
        ControlStatus::Manual if handed_in > 0 && current => {
            format!("People showed it: {} of manual evidence, at least one of them current.", pieces(handed_in))
        }
        ControlStatus::Manual if handed_in > 0 => {
            format!("People showed it once, but all {} of manual evidence have expired.", pieces(handed_in))
        }
        ControlStatus::Manual => "People must show it; nothing was handed in with this bundle.".to_owned(),
        ControlStatus::None | ControlStatus::Excluded => {
            "A scan could show a part of it, but nothing in this bundle speaks to it.".to_owned()
        }
    }
}

/// `All 3 direct checks pass on everything that was found: 12 findings`.
fn passing(speaks: &Speaks<'_>) -> String {
    let (passing, all) = (speaks.passing(), speaks.direct.len());
    let checks = match (passing, all) {
        (1, 1) => "The one direct check passes".to_owned(),
        (n, m) if n == m => format!("All {n} direct checks pass"),
        (1, m) => format!("1 of {m} direct checks passes"),
        (n, m) => format!("{n} of {m} direct checks pass"),
    };
    let findings = speaks.direct_counts().pass;
    let noun = if findings == 1 { "finding" } else { "findings" };
    format!("{checks} on everything that was found: {findings} {noun}")
}

pub(crate) fn projected(successors: &[&ControlRecord]) -> String {
    let list: Vec<String> = successors.iter().map(|r| format!("{} ({})", r.id, r.status)).collect();
    format!("Projected from the 2022 edition: {}.", list.join(", "))
}

pub(crate) fn not_covered(entry: &Entry, speaks: &Speaks<'_>) -> String {
    let people = entry.people.trim_end_matches('.');
    let lead = if speaks.direct.is_empty() && speaks.supporting.is_empty() {
        "No check speaks to it. "
    } else if speaks.direct.is_empty() {
        "No check speaks to it directly. "
    } else {
        ""
    };
    if people.is_empty() || people == "-" {
        return format!("{lead}People must judge whether what was found fits the organization.");
    }
    format!("{lead}People must show: {people}.")
}

/// `1 of 7 fails “S3 buckets block public access”, and 2 more checks fail`.
fn worst(
    checks: &[(&CheckSummary, CheckResult)],
    count: fn(&StatusCounts) -> u64,
    verb_one: &str,
    verb_many: &str,
) -> String {
    let mut hit: Vec<&(&CheckSummary, CheckResult)> = checks.iter().filter(|(_, r)| count(&r.counts) > 0).collect();
    hit.sort_by_key(|(check, r)| {
        (std::cmp::Reverse(check.severity), std::cmp::Reverse(count(&r.counts)), check.id.clone())
    });
    let Some((check, result)) = hit.first() else { return String::new() };
    let n = count(&result.counts);
    let asked = total(result.counts) - result.counts.not_applicable;
    let verb = if n == 1 { verb_one } else { verb_many };
    let more = match hit.len() - 1 {
        0 => String::new(),
        1 => format!("; 1 more of {} direct checks too", checks.len()),
        n => format!("; {n} more of {} direct checks too", checks.len()),
    };
    format!("{} {verb}: “{}”{more}", n_of(n, asked), check.title)
}

fn accepted(counts: StatusCounts) -> String {
    match counts.accepted {
        0 => String::new(),
        1 => " 1 accepted deviation stands beside it.".to_owned(),
        n => format!(" {n} accepted deviations stand beside it."),
    }
}

fn n_of(n: u64, m: u64) -> String {
    format!("{n} of {m}")
}

fn pieces(n: usize) -> String {
    if n == 1 { "1 piece".to_owned() } else { format!("{n} pieces") }
}
