//! Everything that CI runs, in the order in which a mistake is cheapest to find.

use crate::run::{command, program, say};
use crate::{lint_ci, root, setup};
use std::process::Command;

/// Runs all steps; the first that fails ends it.
pub(crate) fn run() -> Result<(), String> {
    let root = root();
    say("==> format");
    program(&root, "cargo", &["fmt", "--all", "--check"])?;
    setup::run()?;
    say("==> generated files");
    crate::shapes(None)?;
    program(&root, "git", &["diff", "--exit-code", "--stat", "--", "crates/aws/shapes"])?;
    lint_ci::run()?;
    say("==> lints");
    program(&root, "cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // the program that `cargo xtask fuzz` runs, without libFuzzer's C++
    let fuzz = ["clippy", "--package", "annexa-fuzz", "--features", "libfuzzer", "--", "-D", "warnings"];
    program(&root, "cargo", &fuzz)?;
    say("==> tests");
    let mut tests = Command::new("cargo");
    // what only some machines have (Python, openssl, jq) must be there now
    tests.args(["test", "--workspace", "--no-fail-fast"]).env("ANNEXA_OUTSIDE_TOOLS", "1");
    command(tests.current_dir(&root))?;
    say("==> check examples");
    program(&root, "cargo", &["run", "--quiet", "--package", "annexa", "--", "checks", "test"])?;
    audit()
}

/// Bans, licences and sources always; advisories where their database can be reached.
fn audit() -> Result<(), String> {
    say("==> dependency audit");
    deny(&["check", "bans", "licenses", "sources"])?;
    let fetched = deny(&["fetch", "db"]).is_ok();
    if !fetched {
        say("    ADVISORIES WERE NOT CHECKED: the advisory database could not be reached");
        return Ok(());
    }
    deny(&["--offline", "check", "advisories"])
}

fn deny(arguments: &[&str]) -> Result<(), String> {
    let own = setup::tools().join("bin/cargo-deny");
    let executable = setup::which("cargo-deny").unwrap_or(own);
    let config = root().join(".cargo/deny.toml");
    let mut audit = Command::new(executable);
    audit.current_dir(root()).arg("--config").arg(config).args(arguments);
    command(&mut audit)
}
