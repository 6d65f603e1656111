//! How many resources a second `annexa reperform` derives again, from a bundle of more than 100,000.

use super::measure::{Taken, measure, megabytes};
use super::scale::{Template, copy_of, tape};
use super::{print, read_json, release, work, write};
use crate::run::say;
use crate::{root, servers};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const RESOURCES: u64 = 100_000;
const GOAL: f64 = 10_000.0;
/// Buckets stand in the path of a request to an address of its own, as they did when the answers were recorded.
const NOWHERE: &str = "http://127.0.0.1:9";

pub(super) fn run() -> Result<(), String> {
    let annexa = release()?;
    let folder = work("reperform")?;
    let template = template(&annexa, &folder)?;
    let each = lines(&template.bundle.join("resources.jsonl"))?;
    let copies = usize::try_from(RESOURCES.div_ceil(each)).map_err(|error| error.to_string())?;
    say(&format!("==> {copies} accounts of {each} resources each"));
    tape(&template, copies, &folder.join("tape"))?;
    let mut config = "organization: Nordwind Demo\ntargets:\n".to_owned();
    for (name, account) in (1..=copies).map(copy_of) {
        let _ = writeln!(
            config,
            "  - {{name: {name}, kind: aws, account: {account:?}, regions: [eu-central-1, us-east-1], endpoint_url: {NOWHERE:?}}}"
        );
    }
    write(&folder.join("annexa.yaml"), &config)?;
    say("==> scan --replay");
    let scanned = step(&annexa, &folder, "scan", &["scan", "--replay", "tape", "--out", "bundle"])?;
    say("==> verify");
    let verified = step(&annexa, &folder, "verify", &["verify", "bundle"])?;
    say("==> reperform");
    let reperformed = step(&annexa, &folder, "reperform", &["-v", "reperform", "bundle"])?;
    show(&folder, &scanned, &verified, &reperformed)
}

/// A scan of the large seed's account.
fn template(annexa: &Path, folder: &Path) -> Result<Template, String> {
    say("==> an AWS account of a test server (about a minute)");
    let server = servers::aws(&root(), Some(&root().join("tests/servers/aws/seeds/large/seed.py")))?;
    let seeded = &server.ready["seeded"];
    let account = seeded["accounts"]["large"].as_str().unwrap_or_default().to_owned();
    let url = format!("http://127.0.0.1:{}", server.ready["port"]);
    let config = format!(
        "organization: Nordwind Demo\ntargets:\n  - {{name: large, kind: aws, account: {account:?}, regions: {}, endpoint_url: {url:?}}}\n",
        seeded["regions"]
    );
    write(&folder.join("annexa.yaml"), &config)?;
    let mut scan = Command::new(annexa);
    scan.args(["scan", "--out", "template"]).current_dir(folder);
    scan.envs([
        ("AWS_ACCESS_KEY_ID", "demo"),
        ("AWS_SECRET_ACCESS_KEY", "demo"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    ended_well("template", folder, &measure(folder, "template", &scan)?)?;
    Ok(Template { bundle: folder.join("template"), account, target: "large".to_owned() })
}

fn step(annexa: &Path, folder: &Path, name: &str, arguments: &[&str]) -> Result<Taken, String> {
    let mut command = Command::new(annexa);
    command.args(arguments).current_dir(folder);
    let taken = measure(folder, name, &command)?;
    ended_well(name, folder, &taken)?;
    Ok(taken)
}

/// A bundle that lacks an answer would be measured for something else.
fn ended_well(name: &str, folder: &Path, taken: &Taken) -> Result<(), String> {
    match taken.status {
        0 => Ok(()),
        status => Err(format!("{name} ended with {status}; see {}", folder.join(format!("{name}.stderr")).display())),
    }
}

fn show(folder: &Path, scanned: &Taken, verified: &Taken, reperformed: &Taken) -> Result<(), String> {
    let resources = lines(&folder.join("bundle/resources.jsonl"))?;
    let findings = lines(&folder.join("bundle/findings.jsonl"))?;
    let manifest = read_json(&folder.join("bundle/manifest.json"))?;
    let files = manifest["files"].as_array().map_or(0, Vec::len);
    let bytes: u64 = manifest["files"].as_array().into_iter().flatten().filter_map(|f| f["size"].as_u64()).sum();
    print("");
    print(&format!(
        "{resources} resources, {findings} findings, a bundle of {files} files, {}",
        megabytes(bytes as f64)
    ));
    for (name, taken) in [("scan --replay", scanned), ("verify", verified), ("reperform", reperformed)] {
        print(&format!(
            "{name:<14} {:>7.1} s wall, {:>7.1} s CPU, {:>8} at most",
            taken.wall_seconds,
            taken.cpu_seconds,
            megabytes(taken.peak_rss_bytes)
        ));
    }
    stages(folder)?;
    let rate = resources as f64 / reperformed.wall_seconds;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let met = if rate >= GOAL { "met" } else { "MISSED" };
    print("");
    print(&format!("reperform: {rate:.0} resources a second on {cores} cores (goal: {GOAL:.0}; {met})"));
    Ok(())
}

/// What the program's log says of each stage.
fn stages(folder: &Path) -> Result<(), String> {
    let path = folder.join("reperform.stderr");
    let log = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    for line in log.lines().filter(|line| line.contains("stage=")) {
        print(&format!("  {}", line.split_once("stage=").map_or(line, |(_, stage)| stage)));
    }
    Ok(())
}

fn lines(path: &Path) -> Result<u64, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.iter().filter(|byte| **byte == b'\n').count() as u64)
}
