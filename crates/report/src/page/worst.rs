//! What to look at first.

use crate::plan::Plan;
use crate::row::{Link, place};
use crate::{First, escape, paths, words};
use annexa_model::{FindingStatus, Strength};
use serde::Serialize;

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
    let firsts = crate::look_first(plan.input.findings, plan.input.checks);
    firsts.into_iter().take(n).map(|first| worst_view(plan, first)).collect()
}

fn worst_view(plan: &Plan<'_>, first: First) -> Worst {
    let finding = &plan.input.findings[first.finding];
    let edition = plan.input.cover.edition;
    let mut controls: Vec<&String> = finding.controls.get(edition.as_str()).into_iter().flatten().collect();
    let reasons = plan.check(&finding.check).and_then(|check| check.summary).map(|summary| &summary.controls);
    let supports = |id: &String| reasons.and_then(|r| r.get(id)).is_some_and(|r| r.strength == Strength::Supporting);
    controls.sort_by_cached_key(|id| (supports(id), words::control_order(id)));
    Worst {
        class: words::finding_class(finding.status, false),
        sign: words::finding_sign(finding.status),
        severity: if finding.status == FindingStatus::Fail { finding.severity.as_str() } else { "unknown" },
        message: escape::cut(&finding.message, 300).into_owned(),
        more: (first.alike > 1)
            .then(|| format!("{} more of {} asked", words::number(first.alike - 1), words::number(first.asked))),
        href: plan.finding_href(first.finding).unwrap_or_default(),
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
    Some(match change {
        Some(change) if change.accepted_before.is_some() => "accepted in the previous bundle",
        Some(change) if change.before.is_none() => "first seen in this bundle",
        Some(_) => "different in the previous bundle",
        None => "as in the previous bundle",
    })
}
