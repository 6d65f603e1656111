//! The GitHub action: its own scripts, with the environment that GitHub's runner gives them.

use crate::program::{company, root, texts};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A runner: a work folder with the demo company, a temporary folder, and what steps write to.
pub(crate) struct Runner {
    pub(crate) folder: TempDir,
}

/// What a step left.
pub(crate) struct Step {
    pub(crate) status: Option<i32>,
    pub(crate) log: String,
    outputs: BTreeMap<String, String>,
}

impl Step {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

pub(crate) const GUARD: [(&str, &str); 5] = [
    ("INPUT_UPLOAD", "true"),
    ("INPUT_ENCRYPT_TO", ""),
    ("REPOSITORY_PRIVATE", "true"),
    ("REPOSITORY_VISIBILITY", "private"),
    ("BUNDLE", ""),
];
const INSTALL: [(&str, &str); 8] = [
    ("INPUT_BINARY", ""),
    ("INPUT_DOWNLOADS", ""),
    ("ACTION_REPOSITORY", ""),
    ("GITHUB_SERVER_URL", "https://github.invalid"),
    ("GITHUB_REPOSITORY", "nordwind-demo/isms"),
    ("RUNNER_OS", "Linux"),
    ("RUNNER_ARCH", "X64"),
    ("ANNEXA_SUMS", ""),
];
impl Runner {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "temp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        company(&folder.path().join("work"));
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs one of the action's scripts with its usual environment, some of it changed.
    pub(crate) fn step(&self, script: &str, usual: &[(&str, &str)], changed: &[(&str, &str)]) -> Step {
        let outputs = self.path("outputs");
        std::fs::write(&outputs, "").unwrap();
        let mut command = Command::new("bash");
        command.arg(root().join("action").join(script)).current_dir(self.path("work"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("RUNNER_TEMP", self.path("temp")).env("GITHUB_OUTPUT", &outputs);
        command.env("GITHUB_STEP_SUMMARY", self.path("summary"));
        command.envs(usual.iter().copied()).envs(changed.iter().copied());
        let (status, log) = said(&command.output().unwrap());
        let lines = std::fs::read_to_string(outputs).unwrap();
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Step { status, log, outputs: lines.lines().filter_map(pair).collect() }
    }
}

fn said(output: &Output) -> (Option<i32>, String) {
    let (out, err) = texts(output);
    (output.status.code(), out + &err)
}

#[test]
fn an_unencrypted_bundle_does_not_leave_a_public_repository() {
    let runner = Runner::new();
    let guard = |changed: &[(&str, &str)]| runner.step("guard.sh", &GUARD, changed);
    let visibility = |private, visibility| [("REPOSITORY_PRIVATE", private), ("REPOSITORY_VISIBILITY", visibility)];
    for (private, visible) in [("true", "private"), ("true", "internal"), ("true", "")] {
        let step = guard(&visibility(private, visible));
        assert_eq!((step.status, step.output("public")), (Some(0), "false"), "{private} {visible}: {}", step.log);
    }
    // public; nothing known; two answers that do not fit; a word that nobody knows
    for (private, visible) in [("false", "public"), ("", ""), ("true", "public"), ("false", "private"), ("yes", "")] {
        let step = guard(&visibility(private, visible));
        assert_eq!((step.status, step.output("public")), (Some(2), "true"), "{private} {visible}: {}", step.log);
        assert!(step.log.contains("encrypt-to"), "{}", step.log);
        let [one, two] = visibility(private, visible);
        assert_eq!(guard(&[one, two, ("INPUT_ENCRYPT_TO", " \n ")]).status, Some(2), "blanks are no recipient");
        assert_eq!(guard(&[one, two, ("INPUT_ENCRYPT_TO", "age1example")]).status, Some(0));
        assert_eq!(guard(&[one, two, ("INPUT_UPLOAD", "false")]).status, Some(0));
    }
    assert_eq!(guard(&[("INPUT_UPLOAD", "no")]).status, Some(2));
}

#[test]
fn the_bundle_itself_tells_whether_it_is_encrypted() {
    let runner = Runner::new();
    let look = |name: &str, bytes: &[u8], more: &[(&str, &str)]| {
        let path = runner.path(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.display().to_string();
        // the input says encrypted, whatever the file is
        let mut changed = vec![("BUNDLE", path.as_str()), ("INPUT_ENCRYPT_TO", "age1example")];
        changed.extend(more);
        let step = runner.step("guard.sh", &GUARD, &changed);
        (step.status, step.output("upload").to_owned())
    };
    let public = [("REPOSITORY_PRIVATE", "false"), ("REPOSITORY_VISIBILITY", "public")];
    let zip = b"PK\x03\x04 and what follows in a zip, long enough";
    let age = b"age-encryption.org/v1\n-> X25519 abc\n";
    let armor = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n";
    assert_eq!(look("a.zip", zip, &public), (Some(2), "false".into()));
    assert_eq!(look("a.zip.age", zip, &public), (Some(2), "false".into()), "a name proves nothing");
    assert_eq!(look("b.age", age, &public), (Some(0), "true".into()));
    assert_eq!(look("c.age", armor, &public), (Some(0), "true".into()));
    assert_eq!(look("d.age", b"", &public), (Some(2), "false".into()));
    assert_eq!(look("a.zip", zip, &[]), (Some(0), "true".into()), "private");
    assert_eq!(look("a.zip", zip, &[("INPUT_UPLOAD", "false")]), (Some(0), "false".into()));
}

/// A release on a mirror, packed as the release workflow does it.
fn release(runner: &Runner) -> (PathBuf, String) {
    let program = runner.path("annexa");
    std::fs::write(&program, "#!/bin/sh\necho annexa 0.1.0\n").unwrap();
    let folder = runner.path("mirror/v0.1.0");
    let mut pack = Command::new("python3");
    pack.arg(root().join(".github/release/pack.py")).arg("annexa-0.1.0-x86_64-unknown-linux-musl");
    pack.arg(&folder).arg(&program).arg(root().join("LICENSE")).env("SOURCE_DATE_EPOCH", "1790000000");
    let (status, log) = said(&pack.output().unwrap());
    assert_eq!(status, Some(0), "{log}");
    let archive = folder.join("annexa-0.1.0-x86_64-unknown-linux-musl.tar.gz");
    (archive.clone(), annexa_model::sha256_hex(std::fs::read(archive).unwrap()))
}

#[test]
fn the_same_files_are_packed_to_the_same_bytes() {
    let (one, two) = (Runner::new(), Runner::new());
    let first = release(&one);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let second = release(&two);
    assert_ne!(first.0, second.0);
    assert_eq!(first.1, second.1);
}

/// A checkout with other line ends would compile other rules into the program than the release has.
#[test]
fn git_leaves_line_ends_alone() {
    let rule = "crates/checks/library/aws/s3/bucket-blocks-public-access.yaml";
    assert!(root().join(rule).exists());
    let output = Command::new("git").args(["check-attr", "text", "--", rule]).current_dir(root()).output().unwrap();
    assert_eq!(texts(&output).0.trim(), format!("{rule}: text: unset"));
}

#[test]
fn only_the_pinned_release_is_run() {
    let runner = Runner::new();
    let (archive, sum) = release(&runner);
    let name = archive.file_name().unwrap().to_str().unwrap();
    let mirror = format!("file://{}", runner.path("mirror").display());
    let sums = runner.path("sums.txt").display().to_string();
    let install = |text: &str, changed: &[(&str, &str)]| {
        std::fs::write(&sums, text).unwrap();
        let mut all = vec![("ANNEXA_SUMS", sums.as_str()), ("INPUT_DOWNLOADS", mirror.as_str())];
        all.extend(changed);
        runner.step("install.sh", &INSTALL, &all)
    };
    let pinned = format!("# a comment\n{}  annexa-0.1.0-aarch64-apple-darwin.tar.gz\n{sum}  {name}\n", "0".repeat(64));
    let good = install(&pinned, &[]);
    assert_eq!(good.status, Some(0), "{}", good.log);
    let (status, log) = said(&Command::new(good.output("binary")).output().unwrap());
    assert_eq!((status, log.trim()), (Some(0), "annexa 0.1.0"));

    let refused = |text: &str, changed: &[(&str, &str)], why: &str| {
        let step = install(text, changed);
        assert_eq!((step.status, step.output("binary")), (Some(2), ""), "{}", step.log);
        assert!(step.log.contains(why), "no `{why}` in {}", step.log);
    };
    refused(&pinned.replace(&sum, &"1".repeat(64)), &[], "is pinned: it was not run");
    refused(&pinned.replace(&sum, "not-a-sum"), &[], "this is no sum");
    refused(&format!("{pinned}{sum}  annexa-0.0.9-x86_64-unknown-linux-musl.tar.gz\n"), &[], "pins two releases");
    refused(&format!("{sum}  annexa-../../x-x86_64-unknown-linux-musl.tar.gz\n"), &[], "this is no sum");
    refused(&pinned, &[("RUNNER_ARCH", "ARM64")], "pins no release for aarch64-unknown-linux-musl");
    refused(&pinned, &[("RUNNER_OS", "macOS")], "there is no release for macOS on X64");
    refused(&pinned, &[("INPUT_DOWNLOADS", "http://mirror.invalid")], "neither https");
    refused(&pinned, &[("INPUT_DOWNLOADS", "file:///nowhere")], "could not be downloaded");
    // one byte more
    std::fs::OpenOptions::new()
        .append(true)
        .open(&archive)
        .map(|mut f| std::io::Write::write_all(&mut f, b"x"))
        .unwrap()
        .unwrap();
    refused(&pinned, &[], "is pinned: it was not run");
}

#[test]
fn the_own_sums_and_an_own_build() {
    let runner = Runner::new();
    let own = root().join("action/sums.txt").display().to_string();
    let step = runner.step("install.sh", &INSTALL, &[("ANNEXA_SUMS", &own), ("INPUT_DOWNLOADS", "file:///nowhere")]);
    // before the first release nothing is pinned, and later what is pinned is not on that mirror
    assert_eq!(step.status, Some(2));
    assert!(step.log.contains("as binary") || step.log.contains("could not be downloaded"), "{}", step.log);
    let step = runner.step("install.sh", &INSTALL, &[("INPUT_BINARY", "missing")]);
    assert_eq!((step.status, step.output("binary")), (Some(2), ""), "{}", step.log);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_annexa"), runner.path("work/own")).unwrap();
    let step = runner.step("install.sh", &INSTALL, &[("INPUT_BINARY", "own")]);
    assert_eq!(step.status, Some(0), "{}", step.log);
    assert!(Path::new(step.output("binary")).is_absolute());
}

#[test]
fn the_job_gets_the_status_of_the_scan() {
    let runner = Runner::new();
    let finish = |status: &str| runner.step("finish.sh", &[], &[("STATUS", status)]).status;
    assert_eq!(["0", "1", "2", "3", "", "101"].map(finish), [0, 1, 2, 3, 2, 2].map(Some));
}

#[test]
fn a_message_is_no_command() {
    let runner = Runner::new();
    let step = runner.step("install.sh", &INSTALL, &[("INPUT_BINARY", "x\n::add-mask::y%0A")]);
    assert_eq!(step.status, Some(2));
    assert!(!step.log.contains("\n::add-mask::"), "{}", step.log);
    assert!(step.log.contains("%250A"), "{}", step.log);
}

/// Each step of action.yml runs one script, and gives it every variable that the script reads.
#[test]
fn the_action_hands_over_what_its_scripts_read() {
    let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
    let mut scripts = 0;
    for step in text.split("\n    - name: ").skip(1) {
        assert_eq!(step.matches("run:").count() + step.matches("uses:").count(), 1, "{step}");
        let Some(run) = step.lines().find_map(|line| line.trim().strip_prefix("run: ")) else { continue };
        let script = run.strip_prefix("bash \"$GITHUB_ACTION_PATH/action/").and_then(|rest| rest.strip_suffix('"'));
        let script = script.unwrap_or_else(|| panic!("a step runs more than a script: {run}"));
        let source = std::fs::read_to_string(root().join("action").join(script)).unwrap();
        for name in variables(&source) {
            assert!(
                step.contains(&format!("        {name}: ${{{{ ")),
                "{script} reads {name}, which action.yml does not set"
            );
        }
        scripts += 1;
    }
    assert_eq!(scripts, 5);
}

/// The variables that a script takes from action.yml.
fn variables(source: &str) -> Vec<&str> {
    const OURS: [&str; 6] = ["INPUT_", "REPOSITORY_", "ACTION_", "PUBLIC", "STATUS", "ANNEXA"];
    // set by the user of the action, by tests, or absent on purpose
    const OTHERS: [&str; 2] = ["ANNEXA_AGE_IDENTITY", "ANNEXA_SUMS"];
    let names = source.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    });
    names.filter(|name| OURS.iter().any(|ours| name.starts_with(ours)) && !OTHERS.contains(name)).collect()
}
