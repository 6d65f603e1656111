//! Measures the program as a user builds it: `bench aws` beside another scanner, `bench reperform` for its speed.

mod aws;
mod measure;
mod reperform;
mod scale;

use crate::root;
use crate::run::program;
use std::path::{Path, PathBuf};

/// Runs a benchmark by its name.
pub(crate) fn run(name: Option<&str>) -> Result<(), String> {
    match name {
        Some("aws") => aws::run(),
        Some("reperform") => reperform::run(),
        _ => Err("cargo xtask bench aws|reperform".to_owned()),
    }
}

/// The program's release build.
fn release() -> Result<PathBuf, String> {
    program(&root(), "cargo", &["build", "--quiet", "--release", "--package", "annexa"])?;
    Ok(root().join("target/release/annexa"))
}

/// An empty folder below target/bench.
fn work(name: &str) -> Result<PathBuf, String> {
    let folder = root().join("target/bench").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn read_json(path: &Path) -> Result<serde_json::Value, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints a line of results; they are data, so they go to stdout.
#[allow(clippy::print_stdout, reason = "the results are what the task is run for")]
fn print(line: &str) {
    println!("{line}");
}
