//! The end of a scan: what was found, in a few calm lines.

use crate::console::Console;
use crate::scan::Outcome;
use crate::text::{counted, printable};
use crate::upload;
use annexa_bundle::short_id;
use annexa_model::{Finding, FindingStatus, TargetRecord};
use std::cmp::Reverse;

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
    lines.extend(worst(&derived.findings));
    lines.extend(gaps(outcome));
    lines.extend(outcome.notes.iter().cloned());
    let digest = short_id(&outcome.written.manifest.digest);
    lines.push(format!("Bundle {} (digest {digest}{})", place(outcome), signed(outcome)));
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
    let accepted = if accepted > 0 { format!(" ({accepted} accepted)") } else { String::new() };
    format!(
        "  {:<widest$}  {:<10}  ✓ {:>4} pass   ✗ {:>4} fail{accepted}   ? {:>4} unknown   ∅ {:>4} not applicable   ✎ {:>3} manual",
        target.name,
        target.kind.as_str(),
        count(FindingStatus::Pass),
        open,
        count(FindingStatus::Unknown),
        count(FindingStatus::NotApplicable),
        count(FindingStatus::Manual),
    )
}

fn worst(findings: &[Finding]) -> Vec<String> {
    let mut open: Vec<&Finding> =
        findings.iter().filter(|f| f.status == FindingStatus::Fail && f.exception.is_none()).collect();
    open.sort_by_key(|f| (Reverse(f.severity), &f.check, &f.target, &f.resource.id));
    if open.is_empty() {
        return vec!["No open fail.".to_owned(), String::new()];
    }
    let mut lines =
        vec![format!("The worst {} of {}:", open.len().min(5), counted(open.len() as u64, "open fail", "open fails"))];
    lines.extend(open.iter().take(5).map(|f| format!("  ✗ {:<8} {} ({})", f.severity.as_str(), f.message, f.target)));
    lines.push(String::new());
    lines
}

fn gaps(outcome: &Outcome) -> Vec<String> {
    let open: Vec<_> = outcome.derived.gaps.iter().filter(|gap| gap.exception.is_none()).collect();
    let mut lines = Vec::new();
    if outcome.interrupted {
        lines.push("The scan was stopped before its end.".to_owned());
    }
    if open.is_empty() {
        return lines;
    }
    lines
        .push(format!("{} could not be read, so the scan is incomplete:", counted(open.len() as u64, "call", "calls")));
    lines.extend(
        open.iter()
            .take(5)
            .map(|gap| format!("  ? {} {}: {}; {}", gap.operation, gap.subject, gap.message, gap.remedy)),
    );
    if open.len() > 5 {
        lines.push(format!("  … and {} more, on the page gaps.html", open.len() - 5));
    }
    lines.push(String::new());
    lines
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
