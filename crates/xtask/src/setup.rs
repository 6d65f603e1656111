//! Installs what the tests need, once, below target/tools.

use crate::root;
use crate::run::{command, output, program, say};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of everything that is installed for tests.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// Installs all; what is there already stays.
pub(crate) fn run() -> Result<(), String> {
    std::fs::create_dir_all(tools()).map_err(|error| format!("target/tools: {error}"))?;
    python()?;
    node()?;
    system_packages()?;
    kubernetes()?;
    cargo_deny()
}

/// moto, boto3 and the outside validators, in a virtual environment.
fn python() -> Result<(), String> {
    let requirements = root().join("tests/requirements.txt");
    let stamp = tools().join("venv/.requirements");
    let wanted = std::fs::read(&requirements).map_err(|error| format!("tests/requirements.txt: {error}"))?;
    if std::fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    say("==> Python packages");
    let folder = tools().join("venv");
    program(&root(), "python3", &["-m", "venv", &text(&folder)])?;
    let pip = folder.join("bin/pip");
    program(&root(), &text(&pip), &["install", "--quiet", "--disable-pip-version-check", "-r", &text(&requirements)])?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// The npm packages of each test server and outside validator.
fn node() -> Result<(), String> {
    for folder in ["tests/servers/github", "tests/outside", "tests/lint"] {
        let source = root().join(folder);
        let target = source.join("node_modules/.package-lock.json");
        let lock = source.join("package-lock.json");
        let newer = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
        if newer(&target).zip(newer(&lock)).is_some_and(|(have, want)| have >= want) {
            continue;
        }
        say(&format!("==> npm packages of {folder}"));
        program(&source, "npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
    }
    Ok(())
}

/// Programs that only the system's package manager has. Without root they must be there already.
fn system_packages() -> Result<(), String> {
    // each package has the name of its program
    let wanted = ["openssl", "jq", "faketime", "chromium", "age", "curl"];
    let missing: Vec<&str> = wanted.into_iter().filter(|program| which(program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if output("id", &["-u"]).as_deref() != Some("0") {
        say(&format!("    not root: the tests that need {} will fail; install them yourself", missing.join(", ")));
        return Ok(());
    }
    say(&format!("==> system packages {}", missing.join(" ")));
    program(&root(), "apt-get", &["-q", "update"])?;
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y", "--no-install-recommends", "install"]).args(&missing);
    command(apt.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A real Kubernetes API server: the user's own (`KUBEBUILDER_ASSETS`), or built once from Debian's source package.
fn kubernetes() -> Result<(), String> {
    if std::env::var_os("KUBEBUILDER_ASSETS").is_some() {
        return Ok(());
    }
    say("==> Kubernetes API server (a few minutes the first time)");
    program(&root(), "bash", &["tests/servers/kubernetes/build.sh"])
}

/// The dependency audit.
fn cargo_deny() -> Result<(), String> {
    if which("cargo-deny").is_some() || tools().join("bin/cargo-deny").exists() {
        return Ok(());
    }
    say("==> cargo-deny (a few minutes the first time)");
    program(&root(), "cargo", &["install", "--quiet", "--locked", "--root", &text(&tools()), "cargo-deny@0.20.2"])
}

/// Where a program is, if it is on the PATH.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
