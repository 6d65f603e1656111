//! `annexa checks`: the library, and the examples inside check files.

use crate::cli::{ChecksArgs, ChecksVerb};
use crate::console::Console;
use crate::failure::{DONE, Failure, MISMATCH};
use crate::rules::{self, Rules};
use crate::text::counted;
use annexa_checks::{Check, ExampleResult};
use annexa_model::{CheckSummary, Strength};
use annexa_source::Diagnostic;
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) fn run(arguments: &ChecksArgs, console: &Console) -> Result<u8, Failure> {
    match &arguments.verb {
        ChecksVerb::List { json } => list(*json, console),
        ChecksVerb::Show { id, json } => show(id, *json, console),
        ChecksVerb::Test { dirs, services, json } => test(dirs, services, *json, console),
    }
}

fn list(json: bool, console: &Console) -> Result<u8, Failure> {
    let rules = Rules::load(rules::library())?;
    let checks: Vec<CheckSummary> = rules.checks.iter().map(Check::summary).collect();
    if json {
        console.json(&checks)?;
    } else {
        let widest = checks.iter().map(|c| c.id.len()).max().unwrap_or(0);
        let lines: Vec<String> =
            checks.iter().map(|c| format!("{:<widest$}  {:<8}  {}", c.id, c.severity.as_str(), c.title)).collect();
        console.data(&lines.join("\n"))?;
    }
    Ok(DONE)
}

fn show(id: &str, json: bool, console: &Console) -> Result<u8, Failure> {
    let rules = Rules::load(rules::library())?;
    let Some(check) = rules.checks.get(id).map(Check::summary) else {
        let failure = Failure::usage(format!("there is no check {id}"));
        return Err(match annexa_source::nearest(id, rules.check_ids()) {
            Some(near) => failure.help(format!("did you mean {near}?")),
            None => failure.help("`annexa checks list` shows all"),
        });
    };
    if json {
        console.json(&check)?;
    } else {
        console.data(&as_text(&check))?;
    }
    Ok(DONE)
}

fn as_text(check: &CheckSummary) -> String {
    let mut text = format!(
        "{}\n{}\n\nSeverity {}, {} evidence, asks each {}\n\nWhy: {}\n\nRule: {}\n\nControls:\n",
        check.id, check.title, check.severity, check.evidence, check.resource_type, check.why, check.rule
    );
    for (control, reason) in &check.controls {
        let strength = if reason.strength == Strength::Direct { "direct" } else { "supporting" };
        text.push_str(&format!("  {control:<8} {strength:<10} {}\n", reason.reason));
    }
    text.push_str("\nTo mend a fail:\n");
    for (means, how) in &check.fix {
        text.push_str(&format!("  {means}: {how}\n"));
    }
    if !check.see.is_empty() {
        text.push_str(&format!("\nSee: {}\n", check.see.join(", ")));
    }
    text.push_str(&format!("\nRule file: rules/{} (SHA-256 {})\n", check.file, check.digest));
    text
}

fn test(dirs: &[PathBuf], services: &[PathBuf], json: bool, console: &Console) -> Result<u8, Failure> {
    let mut files = rules::library();
    for (folders, below) in [(dirs, rules::OWN_CHECKS), (services, rules::OWN_SERVICES)] {
        for folder in folders {
            rules::add_folder(&mut files, folder, below).map_err(Failure::usage)?;
        }
    }
    annexa_aws::add_shapes(&mut files)?;
    let rules = Rules::load_with_examples(files)?;
    let results = annexa_checks::test_examples(&rules.checks, &rules.schemas);
    let problems: Vec<Diagnostic> = results.iter().filter_map(|result| result.problem.clone()).collect();
    if json {
        console.json(&results.iter().map(as_json).collect::<Vec<Value>>())?;
    }
    console.say(&format!(
        "{}, {}, {}",
        counted(rules.checks.len() as u64, "check", "checks"),
        counted(results.len() as u64, "example", "examples"),
        counted(problems.len() as u64, "failure", "failures")
    ));
    match (problems.is_empty(), json) {
        (true, _) => Ok(DONE),
        (false, true) => Ok(MISMATCH),
        (false, false) => Err(Failure::Examples(problems)),
    }
}

fn as_json(result: &ExampleResult) -> Value {
    json!({
        "check": result.check, "example": result.example, "expected": result.expected, "got": result.got,
        "problem": result.problem.as_ref().map(ToString::to_string),
    })
}
