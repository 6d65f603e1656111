//! `annexa reperform`: derives everything again from a bundle's recorded answers, offline, and compares.

use crate::again::{Again, Wanted};
use crate::bundles::{self, Opened};
use crate::cli::ReperformArgs;
use crate::console::Console;
use crate::failure::{DONE, Failure, MISMATCH};
use crate::stages::timed;
use crate::text::{counted, printable};
use annexa_bundle::VerifiedBundle;
use annexa_model::{ENGINE_VERSION, Finding};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What deriving again has shown.
#[derive(Debug, Serialize)]
struct Reperformed {
    bundle: String,
    /// Whether every file came out byte for byte.
    same: bool,
    engine_of_bundle: String,
    engine: String,
    files: u64,
    /// Files that came out otherwise, were not derived, or are not in the bundle.
    different: Vec<String>,
    /// For each check, how many findings came out otherwise.
    checks: BTreeMap<String, Vec<Difference>>,
    rules: annexa_bundle::RuleComparison,
}

#[derive(Debug, Serialize)]
struct Difference {
    resource: String,
    target: String,
    recorded: Option<String>,
    derived: Option<String>,
}

pub(crate) fn run(arguments: &ReperformArgs, console: &Console) -> Result<u8, Failure> {
    let bundle = timed("verify", || bundles::open(&arguments.bundle, &arguments.opening))?;
    let wanted = Wanted { current_rules: arguments.with_current_rules, as_of: arguments.as_of };
    let again = Again::derive(&bundle, &wanted)?;
    let report = timed("render and compare", || compare(&bundle, &again))?;
    if arguments.json {
        console.json(&report)?;
    } else {
        console.data(&text(&report, arguments))?;
    }
    let same = report.same;
    // the program ends here: giving back millions of small pieces of memory would take a large bundle a second
    std::mem::forget(again);
    Ok(if same { DONE } else { MISMATCH })
}

fn compare(bundle: &Opened, again: &Again) -> Result<Reperformed, Failure> {
    let mut recorded: BTreeSet<String> = again.derived_paths(bundle).into_iter().collect();
    let derived = again.compare(bundle)?;
    let files = derived.len() as u64;
    let mut different = Vec::new();
    for (path, is_same) in derived {
        if !recorded.remove(&path) {
            different.push(format!("{path}: was derived, but is not in the bundle"));
        } else if !is_same.map_err(|error| Failure::mismatch(format!("{path}: can't be read: {error}")))? {
            different.push(format!("{path}: came out otherwise"));
        }
    }
    different.extend(recorded.into_iter().map(|path| format!("{path}: is in the bundle, but was not derived")));
    // the data first: pages follow from it
    different.sort_by_cached_key(|line| (line.contains(".html:"), line.clone()));
    let checks = if different.is_empty() { BTreeMap::new() } else { by_check(bundle, again)? };
    Ok(Reperformed {
        bundle: bundle.shown().to_owned(),
        same: different.is_empty(),
        engine_of_bundle: bundle.manifest().engine.version.clone(),
        engine: ENGINE_VERSION.to_owned(),
        files,
        different,
        checks,
        rules: bundle.report().rules.clone(),
    })
}

/// The findings that came out otherwise, by check.
fn by_check(bundle: &VerifiedBundle, again: &Again) -> Result<BTreeMap<String, Vec<Difference>>, Failure> {
    let mut recorded: BTreeMap<(String, String), Finding> = BTreeMap::new();
    for finding in bundle.records::<Finding>("findings.jsonl").map_err(bundles::failure)? {
        let finding = finding.map_err(bundles::failure)?;
        recorded.insert((finding.target.clone(), finding.id.clone()), finding);
    }
    let mut checks: BTreeMap<String, Vec<Difference>> = BTreeMap::new();
    let mut note = |finding: &Finding, before: Option<&Finding>, now: Option<&Finding>| {
        checks.entry(finding.check.clone()).or_default().push(Difference {
            resource: finding.resource.id.clone(),
            target: finding.target.clone(),
            recorded: before.map(|f| f.status.to_string()),
            derived: now.map(|f| f.status.to_string()),
        });
    };
    for finding in &again.derived().findings {
        let before = recorded.remove(&(finding.target.clone(), finding.id.clone()));
        if before.as_ref() != Some(finding) {
            note(finding, before.as_ref(), Some(finding));
        }
    }
    for finding in recorded.values() {
        note(finding, Some(finding), None);
    }
    Ok(checks)
}

fn text(report: &Reperformed, arguments: &ReperformArgs) -> String {
    let mut lines = Vec::new();
    if report.same {
        lines.push(format!(
            "{}: the same, byte for byte: {} derived again from the recorded answers, offline",
            report.bundle,
            counted(report.files, "file", "files")
        ));
    } else {
        let asked = arguments.with_current_rules || arguments.as_of.is_some();
        let verdict = if asked { "differs from what the bundle says" } else { "NOT THE SAME" };
        lines.push(format!("{}: {verdict}", report.bundle));
        lines.extend(report.different.iter().take(20).map(|d| format!("  {d}")));
        if report.different.len() > 20 {
            lines.push(format!("  … and {} more files", report.different.len() - 20));
        }
    }
    for (check, differences) in &report.checks {
        lines.push(format!("  {check}: {} otherwise", counted(differences.len() as u64, "finding", "findings")));
        for d in differences.iter().take(5) {
            let word = |status: &Option<String>| status.clone().unwrap_or_else(|| "not there".to_owned());
            lines.push(format!(
                "    {} ({}): recorded {}, derived {}",
                d.resource,
                d.target,
                word(&d.recorded),
                word(&d.derived)
            ));
        }
    }
    if report.engine_of_bundle != report.engine {
        let (theirs, ours) = (&report.engine_of_bundle, &report.engine);
        lines.push(format!(
            "  the bundle was made by annexa {theirs}, this is {ours}: the same bytes are promised for one version only"
        ));
    }
    if arguments.with_current_rules {
        lines.push("  judged by this program's rules, not by the bundle's".to_owned());
    }
    for (what, paths) in
        [("own", &report.rules.own), ("changed", &report.rules.changed), ("left out", &report.rules.left_out)]
    {
        lines.extend(paths.iter().map(|path| format!("  {what} rule: {path}")));
    }
    printable(&lines.join("\n"))
}
