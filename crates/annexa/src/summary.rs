//! The end of a scan: what was found, in a few calm lines.

use crate::console::Console;
use crate::scan::Outcome;
use crate::text::{counted, printable};
use crate::upload;
use annexa_bundle::short_id;
use annexa_model::{CheckSummary, Finding, FindingStatus, Gap, TargetRecord, by_cause};
use annexa_report::First;

/// Gaps that have a line of their own.
const GAPS: usize = 5;

/// Says what a scan gave and what to do next.
pub(crate) fn print(outcome: &Outcome, console: &Console) {
    console.say(&text(outcome));
}

fn text(outcome: &Outcome) -> String {
    let derived = &outcome.derived;
    let mut lines: Vec<String> = vec![String::new()];
    let widest = derived.targets.iter().map(|t| t.name.chars().count()).max().unwrap_or(0);
    for target in &derived.targets {
        lines.push(target_line(target, &derived.findings, widest));
    }
    lines.push(String::new());
    lines.extend(worst(&derived.findings, &derived.checks));
    lines.extend(gaps(outcome));
    lines.extend(outcome.notes.iter().cloned());
    let digest = short_id(&outcome.written.manifest.digest);
    lines.push(format!("Bundle {} (manifest digest {digest}{})", place(outcome), signed(outcome)));
    lines.extend(outcome.stored.as_ref().map(|stored| format!("  {}", upload::in_words(stored))));
    lines.extend(
        outcome.written.leftover.iter().map(|p| format!("Please remove {}, which is not needed any more", p.display())),
    );
    lines.push(next(outcome));
    printable(&lines.join("\n"))
}

fn target_line(target: &TargetRecord, findings: &[Finding], widest: usize) -> String {
    let count =
        |status: FindingStatus| findings.iter().filter(|f| f.target == target.name && f.status == status).count();
    let accepted = findings.iter().filter(|f| f.target == target.name && f.exception.is_some()).count();
    let open = count(FindingStatus::Fail) - accepted;
    format!(
        "  {:<widest$}  {:<10}  ✓ {:>4} pass   ✗ {open:>4} open fails, {accepted} accepted   ? {:>4} unknown   – {:>4} not applicable   ✎ {:>3} manual",
        target.name,
        target.kind.as_str(),
        count(FindingStatus::Pass),
        count(FindingStatus::Unknown),
        count(FindingStatus::NotApplicable),
        count(FindingStatus::Manual),
    )
}

/// What to look at first, in the order of the overview; of unknowns the gaps below say more.
fn worst(findings: &[Finding], checks: &[CheckSummary]) -> Vec<String> {
    let count =
        |status: FindingStatus| findings.iter().filter(|f| f.status == status && f.exception.is_none()).count() as u64;
    let open = count(FindingStatus::Fail);
    if open == 0 {
        let judged = match count(FindingStatus::Unknown) {
            0 if count(FindingStatus::Pass) == 0 => "No open fail, but nothing could be judged.".to_owned(),
            0 => "No open fail.".to_owned(),
            n => format!("No open fail, but {} unknown.", counted(n, "finding is", "findings are")),
        };
        return vec![judged, String::new()];
    }
    let is_fail = |first: &First| findings.get(first.finding).is_some_and(|f| f.status == FindingStatus::Fail);
    let firsts = annexa_report::look_first(findings, checks).into_iter().filter(is_fail).take(5);
    let mut lines = vec![format!("Look at these first, of {}:", counted(open, "open fail", "open fails"))];
    for first in firsts {
        let finding = &findings[first.finding];
        let more = match first.alike {
            0 | 1 => String::new(),
            n => format!(" and {} more of {} asked", n - 1, first.asked),
        };
        lines.push(format!("  ✗ {:<8} {} ({}){more}", finding.severity.as_str(), finding.message, finding.target));
    }
    lines.push(String::new());
    lines
}

fn gaps(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    if outcome.interrupted {
        lines.push("The scan was stopped before its end.".to_owned());
    }
    let all = &outcome.derived.gaps;
    let open: Vec<(&Gap, usize)> = by_cause(all)
        .into_iter()
        .map(|(at, following)| (&all[at], following.len()))
        .filter(|(gap, _)| gap.exception.is_none())
        .collect();
    if open.is_empty() {
        return lines;
    }
    let (mut targets, calls): (Vec<_>, Vec<_>) = open.iter().partition(|(gap, _)| gap.is_of_whole_target());
    let causes = [
        (
            targets.len(),
            counted(targets.len() as u64, "target could not be asked at all", "targets could not be asked at all"),
        ),
        (calls.len(), counted(calls.len() as u64, "call could not be read", "calls could not be read")),
    ];
    let causes: Vec<String> = causes.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect();
    lines.push(format!("{}, so the scan is incomplete:", causes.join(" and ")));
    // each target that is missing has its line, however many there are
    let shown = targets.len().max(GAPS);
    targets.extend(calls);
    lines.extend(targets.iter().take(shown).map(|(gap, following)| gap_line(gap, *following)));
    if targets.len() > shown {
        lines.push(format!("  … and {} more, on the page gaps.html", targets.len() - shown));
    }
    lines.push(String::new());
    lines
}

fn gap_line(gap: &Gap, following: usize) -> String {
    let what = match &gap.region {
        _ if gap.is_of_whole_target() => gap.subject.clone(),
        Some(region) => format!("{} {} in {region}", gap.operation, gap.subject),
        None => format!("{} {}", gap.operation, gap.subject),
    };
    let more = match following {
        0 => String::new(),
        n => format!(" (and {})", annexa_report::because(gap, n as u64)),
    };
    format!("  ? {what}: {}; {}{more}", gap.message, gap.remedy)
}

fn signed(outcome: &Outcome) -> String {
    match &outcome.written.manifest.signed_by {
        Some(signer) => format!(", signed with key {}", short_id(&signer.key_id)),
        None => ", not signed".to_owned(),
    }
}

/// Where the bundle is.
fn place(outcome: &Outcome) -> String {
    let here = || outcome.written.path.display().to_string();
    outcome.stored.as_ref().map_or_else(here, |stored| stored.url.clone())
}

fn next(outcome: &Outcome) -> String {
    let path = place(outcome);
    if path.ends_with(".age") {
        format!("Its recipients open it with `age -d`, or run `annexa verify {path} --identity key.txt`")
    } else if outcome.written.path.is_dir() {
        format!("Open {path}/index.html, or run `annexa verify {path}`")
    } else {
        format!("Unpack it and open index.html, or run `annexa verify {path}`")
    }
}
