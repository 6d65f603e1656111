//! What to look at first.

use crate::plan::Plan;
use crate::row::{Link, place};
use crate::{escape, paths, words};
use annexa_model::{FindingStatus, Strength};
use serde::Serialize;
use std::cmp::Reverse;

/// One of the findings to look at first; a check stands there once.
#[derive(Serialize)]
pub(crate) struct Worst {
    pub(crate) class: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) message: String,
    /// `2 more of 19 asked`.
    pub(crate) more: Option<String>,
    pub(crate) href: String,
    pub(crate) place: String,
    pub(crate) controls: Vec<Link>,
    pub(crate) since: Option<&'static str>,
}

/// The worst open fails, then unknowns, one for each check.
pub(crate) fn worst(plan: &Plan<'_>, n: usize) -> Vec<Worst> {
    let mut firsts: Vec<(usize, usize)> = plan
        .checks
        .iter()
        .enumerate()
        .filter_map(|(check, plan)| plan.findings.first().map(|&finding| (check, finding)))
        .filter(|&(_, at)| crate::plan::attention(&plan.input.findings[at]) < 2)
        .collect();
    firsts.sort_by_key(|&(check, at)| {
        let finding = &plan.input.findings[at];
        let checks = &plan.checks[check];
        let direct = checks.summary.is_some_and(|s| s.controls.values().any(|c| c.strength == Strength::Direct));
        (
            finding.status != FindingStatus::Fail,
            words::badness(finding.severity),
            !direct,
            Reverse(checks.counts.fail),
            checks.id,
        )
    });
    firsts.into_iter().take(n).map(|(check, at)| worst_view(plan, check, at)).collect()
}

fn worst_view(plan: &Plan<'_>, check: usize, at: usize) -> Worst {
    let finding = &plan.input.findings[at];
    let counts = &plan.checks[check].counts;
    let alike = if finding.status == FindingStatus::Fail { counts.fail } else { counts.unknown };
    let edition = plan.input.cover.edition;
    let mut controls: Vec<&String> = finding.controls.get(edition.as_str()).into_iter().flatten().collect();
    let reasons = plan.checks[check].summary.map(|summary| &summary.controls);
    let supports = |id: &String| reasons.and_then(|r| r.get(id)).is_some_and(|r| r.strength == Strength::Supporting);
    controls.sort_by_cached_key(|id| (supports(id), words::control_order(id)));
    Worst {
        class: words::finding_class(finding.status, false),
        sign: words::finding_sign(finding.status),
        severity: if finding.status == FindingStatus::Fail { finding.severity.as_str() } else { "unknown" },
        message: escape::cut(&finding.message, 300).into_owned(),
        more: (alike > 1)
            .then(|| format!("{} more of {} asked", words::number(alike - 1), words::number(words::total(counts)))),
        href: plan.finding_href(at).unwrap_or_default(),
        place: place(finding),
        controls: controls
            .iter()
            .take(4)
            .map(|id| Link::new(paths::control(edition, id), escape::cut(id, 20)))
            .collect(),
        since: since(plan, &finding.id),
    }
}

fn since(plan: &Plan<'_>, finding: &str) -> Option<&'static str> {
    let changes = plan.input.changes?;
    let change = changes.findings.iter().find(|change| change.id == finding && change.now.is_some());
    Some(match change.map(|change| change.before) {
        Some(None) => "first seen in this bundle",
        Some(Some(_)) => "different in the previous bundle",
        None => "as in the previous bundle",
    })
}
