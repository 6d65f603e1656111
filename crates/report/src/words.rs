//! Numbers, times and states in words.

use annexa_model::{ControlStatus, Date, Edition, FindingStatus, Kind, Severity, StatusCounts, Timestamp};
use jiff::tz::TimeZone;

/// `1,204`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 bucket`, `1,204 buckets`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `24 November 2026`.
pub(crate) fn date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `24 November 2026, 02:00:04 UTC`.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}

/// `2026-11-24T02:00:04Z`: short, for lists.
pub(crate) fn instant(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `on 24 November 2026 from 02:00:04 to 02:06:51 UTC`, or with both days when there are two.
pub(crate) fn span(from: Timestamp, to: Timestamp) -> String {
    if from.as_second() == to.as_second() {
        return format!("on {}", time(from));
    }
    let (from, to) = (from.to_zoned(TimeZone::UTC), to.to_zoned(TimeZone::UTC));
    if from.date() == to.date() {
        format!("on {} from {} to {} UTC", date(from.date()), from.strftime("%H:%M:%S"), to.strftime("%H:%M:%S"))
    } else {
        format!("from {} to {}", time(from.timestamp()), time(to.timestamp()))
    }
}

/// `26 hours`, `3 days`: a length of time in its largest sensible unit.
pub(crate) fn duration(from: Timestamp, to: Timestamp) -> String {
    let seconds = u64::try_from(to.as_second() - from.as_second()).unwrap_or(0);
    match seconds {
        0..120 => count(seconds, "second", "seconds"),
        120..7_200 => count(seconds / 60, "minute", "minutes"),
        7_200..172_800 => count(seconds / 3_600, "hour", "hours"),
        _ => count(seconds / 86_400, "day", "days"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The sign that stands beside a control status, so that colour is never alone.
pub(crate) fn control_sign(status: ControlStatus) -> &'static str {
    match status {
        ControlStatus::Supported => "✓",
        ControlStatus::Deviation => "✗",
        ControlStatus::Incomplete => "?",
        ControlStatus::Partial => "◐",
        ControlStatus::Manual => "✎",
        ControlStatus::None => "–",
        ControlStatus::Excluded => "∅",
    }
}

/// What a control status means, in a few words.
pub(crate) fn control_meaning(status: ControlStatus) -> &'static str {
    match status {
        ControlStatus::Supported => "all direct checks pass",
        ControlStatus::Deviation => "an open fail",
        ControlStatus::Incomplete => "something is unknown",
        ControlStatus::Partial => "evidence of a part only",
        ControlStatus::Manual => "people must show it",
        ControlStatus::None => "no evidence in this bundle",
        ControlStatus::Excluded => "ruled out by the Statement of Applicability",
    }
}

/// The sign that stands beside a finding's answer.
pub(crate) fn finding_sign(status: FindingStatus) -> &'static str {
    match status {
        FindingStatus::Pass => "✓",
        FindingStatus::Fail => "✗",
        FindingStatus::Unknown => "?",
        FindingStatus::NotApplicable => "–",
        FindingStatus::Manual => "✎",
    }
}

/// The word for a finding's answer: `fail, accepted`, `not applicable`.
pub(crate) fn finding_word(status: FindingStatus, accepted: bool) -> &'static str {
    match status {
        FindingStatus::Fail if accepted => "fail, accepted",
        FindingStatus::NotApplicable => "not applicable",
        other => other.as_str(),
    }
}

/// The style class of a finding's answer.
pub(crate) fn finding_class(status: FindingStatus, accepted: bool) -> &'static str {
    if accepted && status == FindingStatus::Fail { "accepted" } else { status.as_str() }
}

/// `AWS`, `Kubernetes`: a kind of target as people write it.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Aws => "AWS",
        Kind::Kubernetes => "Kubernetes",
        Kind::Github => "GitHub",
        Kind::Documents => "documents",
        Kind::Import => "import",
    }
}

/// `ISO/IEC 27001:2022`.
pub(crate) fn edition(edition: Edition) -> &'static str {
    match edition {
        Edition::E2022 => "ISO/IEC 27001:2022",
        Edition::E2013 => "ISO/IEC 27001:2013",
    }
}

/// `36 of 38 pass, 1 fails, 1 unknown`, out of those that the question applies to; only what occurs, but always the passes.
pub(crate) fn counts(counts: &StatusCounts) -> String {
    let all = total(counts);
    if all == 0 {
        return "no findings".to_owned();
    }
    let applicable = all - counts.not_applicable;
    if applicable == 0 {
        return format!("all {} not applicable", number(all));
    }
    let mut parts = vec![format!("{} of {} pass", number(counts.pass), number(applicable))];
    let mut add = |n: u64, one: &str, many: &str| {
        if n > 0 {
            parts.push(count(n, one, many));
        }
    };
    add(counts.fail, "fails", "fail");
    add(counts.unknown, "unknown", "unknown");
    add(counts.accepted, "fails and is accepted", "fail and are accepted");
    add(counts.manual, "for people to show", "for people to show");
    add(counts.not_applicable, "not applicable", "not applicable");
    parts.join(", ")
}

/// Sorts control ids as people count: `A.8.3` before `A.8.12`, clauses by their numbers.
pub(crate) fn control_order(id: &str) -> Vec<u32> {
    id.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

/// All findings of some counts.
pub(crate) fn total(counts: &StatusCounts) -> u64 {
    counts.pass + counts.fail + counts.accepted + counts.unknown + counts.not_applicable + counts.manual
}

/// Severity from the worst: for sorting.
pub(crate) fn badness(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
        Severity::Info => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(number(1_204_000), "1,204,000");
        assert_eq!(count(1, "day", "days"), "1 day");
        let from: Timestamp = "2026-11-24T02:00:04Z".parse().unwrap();
        let to: Timestamp = "2026-11-24T02:06:51Z".parse().unwrap();
        assert_eq!(span(from, to), "on 24 November 2026 from 02:00:04 to 02:06:51 UTC");
        assert_eq!(duration(from, "2026-11-25T04:00:04Z".parse().unwrap()), "26 hours");
        assert_eq!(and(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }

    #[test]
    fn counts_always_say_of_how_many() {
        let some = StatusCounts { pass: 36, fail: 1, unknown: 1, ..StatusCounts::default() };
        assert_eq!(counts(&some), "36 of 38 pass, 1 fails, 1 unknown");
        let asked = StatusCounts { pass: 2, not_applicable: 67, ..StatusCounts::default() };
        assert_eq!(counts(&asked), "2 of 2 pass, 67 not applicable");
        assert_eq!(counts(&StatusCounts { not_applicable: 3, ..StatusCounts::default() }), "all 3 not applicable");
    }
}
