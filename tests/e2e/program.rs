//! Running the program, and reading what it wrote.

use annexa_bundle::{Cover, ENVELOPE, MANIFEST, Manifest, SALTS, SUMS, SaltSeed, Seal, Writer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The program, with nothing of this machine's environment that could change what it does.
pub(crate) fn annexa() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annexa"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if ["AWS_", "GITHUB_", "GH_", "KUBE", "ANNEXA_", "CI"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    annexa().args(arguments).current_dir(folder).output().unwrap()
}

/// Runs the program and expects an exit status.
pub(crate) fn expect(folder: &Path, arguments: &[&str], status: i32) -> (String, String) {
    let output = run(folder, arguments);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(status), "annexa {}\n{out}\n{err}", arguments.join(" "));
    (out, err)
}

pub(crate) fn texts(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The demo's bundle, made once for all tests that only read it.
pub(crate) fn demo() -> &'static Path {
    static DEMO: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        expect(folder.path(), &["demo", "--out", "evidence"], 0);
        folder
    });
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| DEMO.path().join("evidence"));
    &PATH
}

/// A JSON Lines file.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The findings of a bundle by (check, target, resource id): their status.
pub(crate) fn statuses(bundle: &Path) -> BTreeMap<(String, String, String), String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = |f: &Value| (text(&f["check"]), text(&f["target"]), text(&f["resource"]["id"]));
    lines(&bundle.join("findings.jsonl")).iter().map(|f| (key(f), text(&f["status"]))).collect()
}

/// All files below a folder, by relative path. Links are not followed.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(current) = waiting.pop() {
        for entry in std::fs::read_dir(&current).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The demo company's configuration in a folder of its own.
pub(crate) fn company(folder: &Path) {
    copy(&root().join("fixtures/demo/company"), folder);
}

/// A script of tests/outside with Python, which must be content.
pub(crate) fn outside_python(script: &str, arguments: &[&str]) -> String {
    content(&root().join("target/tools/venv/bin/python"), script, arguments)
}

/// A script of tests/outside with Node, which must be content.
pub(crate) fn outside_node(script: &str, arguments: &[&str]) -> String {
    let packages = root().join("tests/outside/node_modules");
    assert!(packages.is_dir(), "{} is not there; run `cargo xtask setup`", packages.display());
    content(Path::new("node"), script, arguments)
}

fn content(program: &Path, script: &str, arguments: &[&str]) -> String {
    let script = root().join("tests/outside").join(script);
    let output = Command::new(program).arg(&script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask setup`", program.display()));
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{} {}\n{out}\n{err}", script.display(), arguments.join(" "));
    out
}

/// Seals a bundle anew, without a key, after its files were changed: sums, salts and Merkle tree all fit again.
pub(crate) fn reseal(bundle: &Path, to: &Path, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
    let manifest: Manifest = serde_json::from_value(json(&bundle.join(MANIFEST))).unwrap();
    let mut content = files(bundle);
    for sealed in [MANIFEST, ENVELOPE, SUMS, SALTS] {
        content.remove(sealed);
    }
    change(&mut content);
    let mut writer = Writer::create(to).unwrap();
    for (path, bytes) in &content {
        match path.strip_prefix("evidence/") {
            None => writer.add(path, bytes).unwrap(),
            Some(inside) => {
                let path = writer.evidence_folder().join(inside);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
    }
    let cover = Cover {
        organization: manifest.organization,
        edition: manifest.edition,
        selection: manifest.selection,
        period: manifest.period,
        as_of: manifest.as_of,
        privacy: manifest.privacy,
        targets: manifest.targets,
    };
    writer.finish(cover, &Seal { key: None, previous: None, salts: SaltSeed::fixed([0; 32]) }).unwrap();
}
