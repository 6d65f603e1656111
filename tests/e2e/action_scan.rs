//! The GitHub action's scan, on the demo's tape: it has open findings and gaps.

use crate::action::{GUARD, Runner};
use crate::program::{demo, expect, files};

const SCAN: [(&str, &str); 11] = [
    ("ANNEXA", env!("CARGO_BIN_EXE_annexa")),
    ("PUBLIC", "false"),
    ("INPUT_CONFIG", "annexa.yaml"),
    ("INPUT_FAIL_ON", ""),
    ("INPUT_PREVIOUS", ""),
    ("INPUT_ENCRYPT_TO", ""),
    ("INPUT_ALLOW_INCOMPLETE", "false"),
    ("INPUT_ARGS", ""),
    ("INPUT_OUT", ""),
    ("INPUT_SUMMARY", "auto"),
    ("ANNEXA_AGE_IDENTITY", ""),
];

fn summary(runner: &Runner) -> String {
    std::fs::read_to_string(runner.path("summary")).unwrap_or_default()
}

fn replayed() -> String {
    format!("--replay\n{}\n", demo().display())
}

#[test]
fn an_incomplete_scan_keeps_its_bundle() {
    let runner = Runner::new();
    let replay = replayed();
    let step = runner.step("scan.sh", &SCAN, &[("INPUT_ARGS", &replay), ("INPUT_FAIL_ON", "high")]);
    assert_eq!((step.status, step.output("status")), (Some(0), "3"), "{}", step.log);
    expect(runner.folder.path(), &["verify", step.output("bundle")], 0);
    let sarif: serde_json::Value = serde_json::from_slice(&std::fs::read(step.output("sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(summary(&runner).contains("Nordwind Demo"), "{}", summary(&runner));
    assert!(step.log.contains("production"), "{}", step.log);
    assert_eq!(runner.step("finish.sh", &[], &[("STATUS", step.output("status"))]).status, Some(3));
}

#[test]
fn where_everybody_reads_nothing_is_told() {
    let runner = Runner::new();
    let replay = replayed();
    let changed = [("INPUT_ARGS", replay.as_str()), ("INPUT_ALLOW_INCOMPLETE", "true"), ("PUBLIC", "true")];
    let step = runner.step("scan.sh", &SCAN, &[changed[0], changed[1], changed[2], ("INPUT_FAIL_ON", "high")]);
    assert_eq!((step.status, step.output("status")), (Some(0), "1"), "{}", step.log);
    for word in ["production", "arn:", "Nordwind"] {
        assert!(!step.log.contains(word), "{word} in the log: {}", step.log);
        assert!(!summary(&runner).contains(word), "{word} in the summary: {}", summary(&runner));
    }
    assert!(summary(&runner).contains("exit status 1"), "{}", summary(&runner));
    // unless somebody wants it
    let step = runner.step("scan.sh", &SCAN, &[changed[0], changed[1], changed[2], ("INPUT_SUMMARY", "always")]);
    assert_eq!((step.status, step.output("status")), (Some(0), "0"), "{}", step.log);
    assert!(summary(&runner).contains("Nordwind Demo"));
}

#[test]
fn an_encrypted_bundle_is_not_in_the_clear_anywhere() {
    let runner = Runner::new();
    // the example in age's own documentation
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let replay = replayed();
    let step = runner.step("scan.sh", &SCAN, &[("INPUT_ARGS", &replay), ("INPUT_ENCRYPT_TO", recipient)]);
    assert_eq!((step.status, step.output("status")), (Some(0), "3"), "{}", step.log);
    let bundle = step.output("bundle");
    assert!(std::fs::read(bundle).unwrap().starts_with(b"age-encryption.org/v1\n"));
    let public = [("REPOSITORY_PRIVATE", "false"), ("REPOSITORY_VISIBILITY", "public"), ("BUNDLE", bundle)];
    assert_eq!(runner.step("guard.sh", &GUARD, &public).output("upload"), "true");
    // without the private key nothing can be derived from it, and nothing is left of it
    assert_eq!(step.output("sarif"), "");
    let left = files(&runner.path("temp"));
    assert_eq!(left.keys().filter(|name| !name.ends_with(".age")).count(), 0, "{:?}", left.keys());
}

#[test]
fn inputs_are_words_and_never_commands() {
    let runner = Runner::new();
    let step = runner.step("scan.sh", &SCAN, &[("INPUT_CONFIG", "$(touch pwned)`touch pwned`; touch pwned")]);
    assert_eq!((step.status, step.output("status")), (Some(2), "2"), "{}", step.log);
    assert_eq!(step.output("bundle"), "");
    let step = runner.step("scan.sh", &SCAN, &[("INPUT_OUT", "a\nbundle=/etc/passwd"), ("INPUT_ARGS", &replayed())]);
    assert_eq!((step.status, step.output("bundle")), (Some(2), ""), "{}", step.log);
    assert!(!runner.path("work/pwned").exists());
}

#[test]
fn the_program_can_say_nothing_to_the_runner() {
    let runner = Runner::new();
    let step = runner.step("scan.sh", &SCAN, &[("INPUT_ARGS", &replayed())]);
    let stop = step.log.lines().find_map(|line| line.strip_prefix("::stop-commands::")).unwrap().to_owned();
    assert!(stop.len() >= 32, "{stop}");
    let (before, after) =
        (step.log.find("::stop-commands::").unwrap(), step.log.rfind(&format!("::{stop}::")).unwrap());
    assert!(before < step.log.find("production").unwrap() && step.log.rfind("production").unwrap() < after);
}
