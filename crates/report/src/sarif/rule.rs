//! A check as a rule.

use super::{message, security_severity};
use crate::escape;
use annexa_model::{CheckSummary, ControlReason, Severity, Strength};
use serde_json::{Value, json};

/// GitHub takes 20 tags of a rule.
const TAGS: usize = 20;
/// GitHub's limit for descriptions.
const TEXT: usize = 1_000;

pub(super) fn rule(check: &CheckSummary) -> Value {
    let (text, markdown) = help(check);
    let controls: Vec<String> = controls(check).map(|(id, _)| escape::line(id, 40)).collect();
    let mut tags = vec!["security".to_owned(), check.evidence.as_str().to_owned()];
    tags.extend(controls.iter().map(|id| format!("iso27001-2022/{id}")));
    tags.truncate(TAGS);
    json!({
        "id": escape::line(&check.id, 200),
        "name": name(&check.id),
        // the title says what is true when the check passes; an alert stands where it is not
        "shortDescription": {"text": message(&format!("Expected: {}", check.title), TEXT)},
        "fullDescription": {"text": message(&check.why, TEXT)},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level(check.severity)},
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "security-severity": security_severity(check),
            "severity": check.severity.as_str(),
            "evidence": check.evidence.as_str(),
            "controls": controls,
            "ruleFile": escape::line(&check.file, 200),
            "ruleDigest": escape::line(&check.digest, 80),
            "origin": escape::line(&check.origin, 40),
        },
    })
}

pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// `AwsS3BucketBlocksPublicAccess`: SARIF wants a name in Pascal case.
fn name(id: &str) -> String {
    let words = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    name.chars().take(200).collect()
}

/// The controls that it speaks to, directly first.
fn controls(check: &CheckSummary) -> impl Iterator<Item = (&String, &ControlReason)> {
    let with = |strength| check.controls.iter().filter(move |(_, control)| control.strength == strength);
    with(Strength::Direct).chain(with(Strength::Supporting))
}

/// Why it matters, how to mend it and what it has to do with the controls; as text and as Markdown.
fn help(check: &CheckSummary) -> (String, String) {
    let why = escape::cut(&check.why, TEXT);
    let mut text = escape::line(&why, TEXT);
    let mut markdown = format!("{}\n\n## How to mend it\n", escape::markdown(&why));
    for (means, how) in &check.fix {
        let how = crate::fix::of_check(how);
        let how = escape::cut(&how, 3_000);
        text.push_str(&format!(" To mend it ({}): {}", escape::line(means, 40), escape::line(&how, 3_000)));
        match means.as_str() {
            "text" | "console" => markdown.push_str(&format!("\n{}\n", escape::markdown(&how))),
            means => markdown.push_str(&format!("\n{}:\n\n{}\n", escape::markdown(means), code(&how))),
        }
    }
    if check.fix.is_empty() {
        markdown.push_str("\nThe check does not say.\n");
    }
    markdown.push_str("\n## What is asked\n\n");
    markdown.push_str(&code(&escape::cut(&check.rule, 2_000)));
    markdown.push_str("\n\n## Controls of ISO/IEC 27001:2022\n\n");
    for (id, control) in controls(check) {
        let strength = if control.strength == Strength::Direct { "directly" } else { "supporting" };
        let reason = escape::cut(&control.reason, 500);
        markdown.push_str(&format!("- {} ({strength}): {}\n", escape::markdown(id), escape::markdown(&reason)));
    }
    for (at, see) in check.see.iter().take(20).enumerate() {
        let lead = if at == 0 { "\nSource: " } else { ", " };
        markdown.push_str(&format!("{lead}{}", escape::markdown(&escape::cut(see, 200))));
    }
    markdown.push('\n');
    (text, markdown)
}

/// A block of code, whatever stands in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let lines: Vec<String> = text.trim_end().lines().map(|line| escape::line(line, 3_000)).collect();
    format!("{fence}\n{}\n{fence}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_in_its_block() {
        assert_eq!(code("a\n```\nb"), "````\na\n```\nb\n````");
    }

    #[test]
    fn names_are_in_pascal_case() {
        assert_eq!(name("aws.s3.bucket-blocks-public-access"), "AwsS3BucketBlocksPublicAccess");
    }
}
