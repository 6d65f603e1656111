//! Runs the targets of crates/fuzz on libFuzzer, each for a given time.

use crate::root;
use crate::run::{command, output, say};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How long each target runs when nobody says.
const SECONDS: u64 = 60;
/// The most memory, in MB, and the longest time for one input, in seconds.
const LIMITS: [&str; 3] = ["-rss_limit_mb=2048", "-malloc_limit_mb=1024", "-timeout=25"];
/// LLVM's coverage counters; flags of the stable compiler. Fewer units than a debug build has: each brings its own tables.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=16";

/// What the command line asks for.
struct Asked {
    seconds: u64,
    targets: Vec<String>,
    /// Inputs to run once instead.
    files: Vec<PathBuf>,
}

/// `cargo xtask fuzz [--seconds N] [TARGET…]`, or `cargo xtask fuzz TARGET FILE…`.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let asked = read(arguments)?;
    let folder = root().join("target/fuzz");
    let program = build(&folder)?;
    let known = targets(&program)?;
    if let Some(unknown) = asked.targets.iter().find(|name| known.iter().all(|(known, _)| known != *name)) {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("there is no fuzz target `{unknown}`; there are {}", names.join(", ")));
    }
    let scratch = Scratch::new()?;
    let chosen = known.iter().filter(|(name, _)| asked.targets.is_empty() || asked.targets.contains(name));
    if !asked.files.is_empty() {
        return chosen.into_iter().try_for_each(|(name, _)| again(&program, name, &asked.files, &scratch));
    }
    let mut failed = Vec::new();
    let mut lines =
        vec![format!("{:<20}{:>8}{:>14}{:>10}{:>10}", "target", "seconds", "executions", "coverage", "peak MB")];
    for (name, longest) in chosen {
        let outcome = fuzz(&program, &folder, name, longest, asked.seconds, &scratch)?;
        lines.push(outcome.line(name));
        if !outcome.good {
            failed.push(name.as_str());
        }
    }
    say(&lines.join("\n"));
    if failed.is_empty() { Ok(()) } else { Err(format!("these targets found something: {}", failed.join(", "))) }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { seconds: SECONDS, targets: Vec::new(), files: Vec::new() };
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let seconds = arguments.next().and_then(|value| value.parse().ok()).filter(|seconds| *seconds > 0);
            asked.seconds = seconds.ok_or("--seconds takes a whole number above 0")?;
        } else if argument.starts_with('-') {
            return Err(format!("unknown option {argument}"));
        } else if Path::new(&argument).is_file() {
            asked.files.push(PathBuf::from(argument));
        } else {
            asked.targets.push(argument);
        }
    }
    if !asked.files.is_empty() && asked.targets.len() != 1 {
        return Err("say which target the file is for: cargo xtask fuzz TARGET FILE".to_owned());
    }
    Ok(asked)
}

/// Compiles the targets with coverage counters, in a folder of their own; gives the program.
fn build(folder: &Path) -> Result<PathBuf, String> {
    say("==> build with coverage counters (some minutes the first time)");
    let version = output("rustc", &["-vV"]).ok_or("rustc can't be started")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not name its host")?;
    let mut build = Command::new("cargo");
    build
        .args([
            "build",
            "--package",
            "annexa-fuzz",
            "--features",
            "linked",
            "--bin",
            "annexa-fuzz",
            "--profile",
            "fuzz",
        ])
        // with --target the flags are not for build scripts and macros
        .args(["--target", host, "--target-dir"])
        .arg(folder)
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(root());
    // what cargo tells this program about itself; ring is compiled again whenever it differs
    let of_xtask = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_xtask(&name.to_string_lossy())) {
        build.env_remove(name);
    }
    command(&mut build)?;
    Ok(folder.join(host).join("fuzz/annexa-fuzz"))
}

/// The names of all targets with the longest inputs that they take.
fn targets(program: &Path) -> Result<Vec<(String, String)>, String> {
    let listed = output(&program.to_string_lossy(), &[]).ok_or("the fuzz targets can't be listed")?;
    let pair = |line: &str| line.split_once(' ').map(|(name, longest)| (name.to_owned(), longest.to_owned()));
    Ok(listed.lines().filter_map(pair).collect())
}

/// A folder for the files that targets write, in memory where the system has a place for that.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = parent.join(format!("annexa-fuzz-{}", std::process::id()));
        make(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn make(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn start(program: &Path, target: &str, scratch: &Scratch) -> Command {
    let mut start = Command::new(program);
    start.env("ANNEXA_FUZZ_TARGET", target).env("TMPDIR", &scratch.0).stdin(Stdio::null());
    start
}

/// Runs some inputs once.
fn again(program: &Path, target: &str, files: &[PathBuf], scratch: &Scratch) -> Result<(), String> {
    command(start(program, target, scratch).args(LIMITS).args(files))
}

/// How a run ended.
struct Outcome {
    good: bool,
    seconds: u64,
    executions: String,
    coverage: String,
    peak: String,
}

impl Outcome {
    fn line(&self, name: &str) -> String {
        let Self { good, seconds, executions, coverage, peak } = self;
        let end = if *good { "" } else { "   FOUND SOMETHING" };
        format!("{name:<20}{seconds:>8}{executions:>14}{coverage:>10}{peak:>10}{end}")
    }
}

fn fuzz(
    program: &Path,
    folder: &Path,
    target: &str,
    longest: &str,
    seconds: u64,
    scratch: &Scratch,
) -> Result<Outcome, String> {
    let (work, corpus, found) =
        (folder.join("work").join(target), folder.join("corpus").join(target), folder.join("found").join(target));
    if work.exists() {
        std::fs::remove_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    }
    for needed in [&work, &corpus, &found] {
        make(needed)?;
    }
    command(start(program, target, scratch).env("ANNEXA_FUZZ_SEEDS", &work))?;
    say(&format!("==> {target} for {seconds} s"));
    let log = work.join("log");
    let written = std::fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let begin = Instant::now();
    let status = start(program, target, scratch)
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-dict={}", work.join("words.dict").display()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg("-print_final_stats=1")
        .args([&corpus, &work.join("seeds")])
        .stdout(Stdio::null())
        .stderr(written)
        .status()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = std::fs::read(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    if !status.success() {
        let tail: Vec<&str> = text.lines().rev().take(40).collect();
        say(&tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        let input = text.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        say(&format!("run it again: cargo xtask fuzz {target} {}", input.unwrap_or("FILE")));
    }
    let number = |key: &str| {
        let line = text.lines().rev().find(|line| line.contains(key))?;
        line.rsplit(' ').find(|word| !word.is_empty()).map(str::to_owned)
    };
    let coverage = text.lines().rev().find_map(|line| line.split_once(" cov: ")?.1.split(' ').next());
    let unknown = || "?".to_owned();
    Ok(Outcome {
        good: status.success(),
        seconds: begin.elapsed().as_secs(),
        executions: number("stat::number_of_executed_units").unwrap_or_else(unknown),
        coverage: coverage.map_or_else(unknown, str::to_owned),
        peak: number("stat::peak_rss_mb").unwrap_or_else(unknown),
    })
}
