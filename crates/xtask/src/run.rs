//! Running other programs, loudly.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Writes a line to stderr.
pub(crate) fn say(message: &str) {
    // nobody is left to tell when stderr is gone
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Runs a program to its end with our stdout and stderr; an error names it.
pub(crate) fn program(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    command(Command::new(program).args(arguments).current_dir(folder))
}

/// Runs a prepared command to its end; an error names it.
pub(crate) fn command(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() {
        say(&format!("    done in {:.0} s", start.elapsed().as_secs_f64()));
        return Ok(());
    }
    Err(format!("{shown} ended with {status}"))
}

/// What a program prints to stdout, when it ends well.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
