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
        "message": result.message,
        "problem": result.problem.as_ref().map(ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Vec<(String, String)> {
        let mut files = rules::library();
        annexa_aws::add_shapes(&mut files).unwrap();
        let rules = Rules::load_with_examples(files).unwrap();
        let results = annexa_checks::test_examples(&rules.checks, &rules.schemas);
        let fails = results.into_iter().filter(|r| r.expected == annexa_model::FindingStatus::Fail);
        fails.filter_map(|r| Some((format!("{} {}", r.check, r.example), r.message?))).collect()
    }

    #[test]
    fn messages_name_the_cause() {
        let messages = messages();
        for (example, expected) in [
            (
                "documents.person.row-is-complete fail 1",
                "example (p.csv line 2): `left_on` is empty, and somebody who has left needs a last day",
            ),
            (
                "documents.policy.text-is-the-approved-one fail 1",
                "the text of example is not shown to be the approved one: it was changed on 2026-02-05 and approved on 2026-01-05",
            ),
            (
                "documents.policy.text-is-the-approved-one fail 4",
                "the text of example is not shown to be the approved one: nothing says when it was approved (`approved_on`)",
            ),
            (
                "documents.policy.approver-is-not-the-author fail 3",
                "example is not approved by somebody besides its author: nobody is named who approved it",
            ),
            ("documents.library.has-scope fail 2", "T: this document is empty"),
            (
                "documents.person.leaver-has-no-github-membership fail 2",
                "example is a member of the organization, but has left the company: ada on 2026-01-31, perhaps more",
            ),
            (
                "aws.ec2.security-group-closes-administration fail 1",
                "example does not keep everyone away from SSH and RDP: tcp ports 0 to 1024 from 0.0.0.0/1",
            ),
            (
                "aws.ec2.security-group-closes-administration fail 4",
                "example does not keep everyone away from SSH and RDP: SSH (tcp port 22) from 0.0.0.0/0",
            ),
            (
                "aws.cloudtrail.trail-bucket-locks-logs fail 1",
                "example writes its log files to logs, which has no Object Lock, so they can be deleted at once",
            ),
            (
                "aws.cloudtrail.trail-bucket-locks-logs fail 3",
                "example writes its log files to logs, which is not in the accounts of this scan, so nobody knows whether it keeps them",
            ),
        ] {
            let said = messages.iter().find(|(name, _)| name == example).map(|(_, message)| message.as_str());
            assert_eq!(said, Some(expected), "{example}");
        }
    }

    /// Facts that a file of a person can lack are told in words.
    #[test]
    fn messages_about_documents_hold_no_empty_places() {
        for (example, message) in messages().iter().filter(|(example, _)| example.starts_with("documents.")) {
            for debris in ["not set", "none", "not known", "[]", "{"] {
                assert!(!message.contains(debris), "{example}: {message}");
            }
        }
    }
}
