//! annexa beside Prowler: the same account of a test server, the same regions, one after the other.

use super::measure::{Taken, measure, megabytes};
use super::{print, read_json, release, work, write};
use crate::run::{output, program, say};
use crate::{root, servers, setup};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROWLER: &str = "prowler==5.46.0";
const COMPLIANCE: &str = "iso27001_2022_aws";

/// One scanner's run.
struct Run {
    name: String,
    taken: Taken,
    /// By service.
    requests: BTreeMap<String, u64>,
    /// Requests that the test server can't serve.
    not_served: u64,
    checks: BTreeSet<String>,
    findings: usize,
    errors: String,
}

impl Run {
    fn requests(&self) -> f64 {
        self.requests.values().sum::<u64>() as f64
    }

    fn requests_a_check(&self) -> f64 {
        self.requests() / self.checks.len().max(1) as f64
    }
}

pub(super) fn run() -> Result<(), String> {
    let annexa = release()?;
    let prowler = prowler()?;
    let folder = work("aws")?;
    say("==> an AWS account of a test server (about a minute)");
    let server = servers::aws(&root(), Some(&root().join("tests/servers/aws/seeds/large/seed.py")))?;
    say("==> annexa");
    let ours = ours(&annexa, &folder, &server)?;
    say("==> prowler");
    let theirs = theirs(&prowler, &folder, &server)?;
    show(&ours, &theirs);
    Ok(())
}

/// Prowler in an environment of its own, installed when it is first needed.
fn prowler() -> Result<PathBuf, String> {
    let folder = setup::tools().join("prowler");
    let executable = folder.join("bin/prowler");
    if !executable.exists() {
        say("==> prowler from PyPI (some minutes the first time)");
        program(&root(), "python3", &["-m", "venv", &folder.display().to_string()])?;
        let pip = folder.join("bin/pip").display().to_string();
        program(&root(), &pip, &["install", "--quiet", "--disable-pip-version-check", PROWLER])?;
    }
    Ok(executable)
}

/// Nothing of this machine's AWS settings, the server's address for every service, and no way out but loopback.
fn environment(command: &mut Command, folder: &Path, url: &str) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env("HOME", folder).envs([
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "demo"),
        ("AWS_SECRET_ACCESS_KEY", "demo"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
}

fn ours(annexa: &Path, folder: &Path, server: &servers::Server) -> Result<Run, String> {
    let url = format!("http://127.0.0.1:{}", server.ready["port"]);
    let regions = &server.ready["seeded"]["regions"];
    let config = format!(
        "organization: Nordwind Demo\ntargets:\n  - {{name: large, kind: aws, regions: {regions}, endpoint_url: {url:?}}}\n"
    );
    write(&folder.join("annexa.yaml"), &config)?;
    let mut scan = Command::new(annexa);
    environment(&mut scan, folder, &url);
    scan.args(["scan", "--out", "bundle"]);
    let (taken, requests, not_served) = counted(folder, "annexa", &scan, server)?;
    let findings = lines(&folder.join("bundle/findings.jsonl"))?;
    let gaps = lines(&folder.join("bundle/gaps.jsonl"))?.len();
    let asked = |f: &&Value| f["target"] == "large";
    Ok(Run {
        name: output(&annexa.display().to_string(), &["--version"]).unwrap_or_default(),
        errors: format!("exit status {}, {gaps} gaps", taken.status),
        checks: findings.iter().filter(asked).filter_map(|f| f["check"].as_str().map(str::to_owned)).collect(),
        findings: findings.iter().filter(asked).count(),
        taken,
        requests,
        not_served,
    })
}

fn theirs(prowler: &Path, folder: &Path, server: &servers::Server) -> Result<Run, String> {
    let url = format!("http://127.0.0.1:{}", server.ready["port"]);
    let mut scan = Command::new(prowler);
    environment(&mut scan, folder, &url);
    scan.args(["aws", "--compliance", COMPLIANCE, "--ignore-exit-code-3", "--no-banner", "--no-color"]);
    scan.args(["--output-formats", "json-ocsf", "--output-directory", "prowler-out", "--output-filename", "findings"]);
    scan.args(["--aws-retries-max-attempts", "0", "--log-level", "ERROR", "--log-file", "prowler.log", "--region"]);
    for region in server.ready["seeded"]["regions"].as_array().into_iter().flatten() {
        scan.arg(region.as_str().unwrap_or_default());
    }
    let (taken, requests, not_served) = counted(folder, "prowler", &scan, server)?;
    let found = read_json(&folder.join("prowler-out/findings.ocsf.json")).map_err(|error| {
        format!("prowler wrote no findings ({error}); see {}", folder.join("prowler.stderr").display())
    })?;
    let found = found.as_array().cloned().unwrap_or_default();
    let code = |f: &Value| f["metadata"]["event_code"].as_str().map(str::to_owned);
    let errors = std::fs::read_to_string(folder.join("prowler.log")).unwrap_or_default();
    Ok(Run {
        name: output(&prowler.display().to_string(), &["--version"]).unwrap_or_default(),
        errors: format!("exit status {}, {} lines in its error log", taken.status, errors.lines().count()),
        checks: found.iter().filter_map(code).collect(),
        findings: found.len(),
        taken,
        requests,
        not_served,
    })
}

fn lines(path: &Path) -> Result<Vec<Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display())))
        .collect()
}

/// Runs a scanner and counts the requests that reach the server meanwhile: by service, and those it could not serve.
fn counted(
    folder: &Path,
    name: &str,
    scan: &Command,
    server: &servers::Server,
) -> Result<(Taken, BTreeMap<String, u64>, u64), String> {
    let before = requests(server)?;
    let taken = measure(folder, name, scan)?;
    let after = requests(server)?;
    let since = |list: &str| -> BTreeMap<String, u64> {
        let count = |counts: &Value, service: &str| counts[list][service].as_u64().unwrap_or(0);
        let services = after[list].as_object().into_iter().flatten().map(|(service, _)| service.clone());
        services.map(|s| (s.clone(), count(&after, &s) - count(&before, &s))).filter(|(_, count)| *count > 0).collect()
    };
    Ok((taken, since("requests"), since("server_errors").values().sum()))
}

/// The server's own count.
fn requests(server: &servers::Server) -> Result<Value, String> {
    let address = format!("127.0.0.1:{}", server.ready["port"]);
    let problem = |error: std::io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect(&address).map_err(problem)?;
    stream.write_all(b"GET /gate/requests HTTP/1.0\r\nHost: localhost\r\n\r\n").map_err(problem)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(problem)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).map_err(|error| format!("{address}: {error}: {answer}"))
}

fn show(ours: &Run, theirs: &Run) {
    let row = |what: &str, ours: String, theirs: String| print(&format!("{what:<22}{ours:>18}{theirs:>18}"));
    print("");
    row("", "annexa".to_owned(), "prowler".to_owned());
    row("CPU (user + system)", seconds(ours.taken.cpu_seconds), seconds(theirs.taken.cpu_seconds));
    row("peak memory", megabytes(ours.taken.peak_rss_bytes), megabytes(theirs.taken.peak_rss_bytes));
    row("wall", seconds(ours.taken.wall_seconds), seconds(theirs.taken.wall_seconds));
    row("requests", ours.requests().to_string(), theirs.requests().to_string());
    row("checks with results", ours.checks.len().to_string(), theirs.checks.len().to_string());
    row("findings", ours.findings.to_string(), theirs.findings.to_string());
    row("requests a check", format!("{:.1}", ours.requests_a_check()), format!("{:.1}", theirs.requests_a_check()));
    print("");
    for run in [ours, theirs] {
        let name = run.name.replace('\n', " ");
        print(&format!("{name}: {}, {} requests that the test server can't serve", run.errors, run.not_served));
        let services: Vec<String> = run.requests.iter().map(|(service, count)| format!("{service} {count}")).collect();
        print(&format!("  requests by service: {}", services.join(", ")));
    }
    print("");
    ratio("CPU", ours.taken.cpu_seconds / theirs.taken.cpu_seconds, 0.1);
    ratio("memory", ours.taken.peak_rss_bytes / theirs.taken.peak_rss_bytes, 0.1);
    ratio("requests a check", ours.requests_a_check() / theirs.requests_a_check(), 1.0);
}

fn ratio(what: &str, ratio: f64, goal: f64) {
    let met = if ratio <= goal { "met" } else { "MISSED" };
    print(&format!("{what}: {ratio:.3} of prowler's (goal: at most {goal}; {met})"));
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}
