//! What to look at first: one order for the terminal, the overview and the job summary.

use crate::plan::attention;
use crate::words;
use annexa_model::{CheckSummary, Finding, FindingStatus, Strength};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The first finding of a check that something is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The finding, as an index.
    pub finding: usize,
    /// How many findings of the check are as open as this one.
    pub alike: u64,
    /// How many findings the check has.
    pub asked: u64,
}

/// The worst open fail of each check, then an unknown of those that have no open fail; the worst first.
#[must_use]
pub fn look_first(findings: &[Finding], checks: &[CheckSummary]) -> Vec<First> {
    let key = |at: usize| (attention(&findings[at]), words::badness(findings[at].severity), at);
    let mut by_check: BTreeMap<&str, (usize, [u64; 2], u64)> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let (first, open, asked) = by_check.entry(&finding.check).or_insert((at, [0; 2], 0));
        *asked += 1;
        if let Some(n) = open.get_mut(usize::from(attention(finding))) {
            *n += 1;
        }
        if key(at) < key(*first) {
            *first = at;
        }
    }
    let direct: BTreeMap<&str, bool> = checks
        .iter()
        .map(|check| (check.id.as_str(), check.controls.values().any(|c| c.strength == Strength::Direct)))
        .collect();
    let mut firsts: Vec<_> = by_check.into_iter().filter(|(_, (at, ..))| attention(&findings[*at]) < 2).collect();
    firsts.sort_by_key(|(check, (at, open, _))| {
        let finding = &findings[*at];
        let is_direct = direct.get(check).copied().unwrap_or_default();
        let is_fail = finding.status == FindingStatus::Fail;
        (!is_fail, words::badness(finding.severity), !is_direct, Reverse(open[0]), *check)
    });
    let first = |(_, (at, open, asked)): (&str, (usize, [u64; 2], u64))| First {
        finding: at,
        alike: open[usize::from(findings[at].status != FindingStatus::Fail)],
        asked,
    };
    firsts.into_iter().map(first).collect()
}
