//! What a program takes: time, memory.

use super::read_json;
use crate::{root, setup};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run took, children included.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub status: i64,
    pub wall_seconds: f64,
    /// User and system time.
    pub cpu_seconds: f64,
    /// Of the largest process.
    pub peak_rss_bytes: f64,
}

/// Runs a prepared command under tests/servers/measure.py; what it prints goes to two files in the folder.
pub(super) fn measure(folder: &Path, name: &str, command: &Command) -> Result<Taken, String> {
    let result = folder.join(format!("{name}.json"));
    let file = |ending: &str| {
        let path = folder.join(format!("{name}.{ending}"));
        std::fs::File::create(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut run = Command::new(setup::tools().join("venv/bin/python"));
    run.arg(root().join("tests/servers/measure.py")).arg(&result).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => run.env(key, value),
            None => run.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        run.current_dir(folder);
    }
    run.stdin(Stdio::null()).stdout(file("stdout")?).stderr(file("stderr")?);
    run.status().map_err(|error| format!("{run:?}: {error}; run `cargo xtask setup` first"))?;
    let taken = read_json(&result)?;
    let number = |key: &str| taken[key].as_f64().ok_or_else(|| format!("{}: no {key}", result.display()));
    Ok(Taken {
        status: taken["status"].as_i64().unwrap_or(-1),
        wall_seconds: number("wall_seconds")?,
        cpu_seconds: number("cpu_seconds")?,
        peak_rss_bytes: number("peak_rss_bytes")?,
    })
}

/// Bytes as a person reads them.
pub(super) fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / 1e6)
}
