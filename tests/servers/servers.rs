// Starts the test servers and ends them by their own process ids. Shared by the end-to-end tests and by
// `cargo xtask demo-tape`; each server is described in its own folder.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server that runs until this is dropped.
pub(crate) struct Server {
    child: Child,
    /// What it said when it was ready.
    pub(crate) ready: serde_json::Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        // closing its stdin asks it to end by itself, with the servers that it started
        drop(self.child.stdin.take());
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An AWS API with a seed (tests/servers/aws/server.py).
pub(crate) fn aws(root: &Path, seed: Option<&Path>) -> Result<Server, String> {
    aws_watching(root, seed, &[])
}

/// The same, which also notes the answers that hold one of these texts.
pub(crate) fn aws_watching(root: &Path, seed: Option<&Path>, watched: &[String]) -> Result<Server, String> {
    let python = tool(root, "venv/bin/python")?;
    let mut command = Command::new(python);
    command.arg(root.join("tests/servers/aws/server.py"));
    if let Some(seed) = seed {
        command.arg("--seed").arg(seed);
    }
    for text in watched {
        command.arg("--watch").arg(text);
    }
    start(command, |line| serde_json::from_str(line).ok())
}

/// A Kubernetes API server with manifests and users (tests/servers/kubernetes/server.py).
pub(crate) fn kubernetes(root: &Path, manifests: &[PathBuf], users: &[&str]) -> Result<Server, String> {
    let mut command = Command::new("python3");
    command.arg(root.join("tests/servers/kubernetes/server.py"));
    for manifest in manifests {
        command.arg("--apply").arg(manifest);
    }
    for user in users {
        command.args(["--user", user]);
    }
    start(command, |line| serde_json::from_str(line).ok())
}

/// A GitHub with a scenario (tests/servers/github/server.js).
pub(crate) fn github(root: &Path, scenario: &Path) -> Result<Server, String> {
    let mut command = Command::new("node");
    command.arg(root.join("tests/servers/github/server.js")).arg("--scenario").arg(scenario);
    command.args(["--lifeline", "stdin"]);
    start(command, |line| line.strip_prefix("listening on ").map(|url| serde_json::json!({ "url": url.trim() })))
}

/// The git repository of documents that the demo's seed makes.
pub(crate) fn documents(root: &Path, folder: &Path) -> Result<(), String> {
    let script = root.join("fixtures/demo/seed/documents.sh");
    let status = Command::new("bash").arg(&script).arg(folder).status().map_err(|error| format!("bash: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", script.display())) }
}

fn tool(root: &Path, path: &str) -> Result<PathBuf, String> {
    let tool = root.join("target/tools").join(path);
    if tool.exists() { Ok(tool) } else { Err(format!("{} is missing: run `cargo xtask setup`", tool.display())) }
}

fn start(mut command: Command, ready: impl Fn(&str) -> Option<serde_json::Value>) -> Result<Server, String> {
    let shown = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
    let stdout = child.stdout.take().ok_or("no stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let found = lines.by_ref().map_while(Result::ok).find_map(|line| ready(&line));
    match found {
        Some(ready) => {
            // the pipe must stay open and empty, or the server would stop at its next line
            std::thread::spawn(move || lines.for_each(drop));
            Ok(Server { child, ready })
        }
        None => Err(format!("{shown} ended before it was ready: {:?}", child.wait())),
    }
}
