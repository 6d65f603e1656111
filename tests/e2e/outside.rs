//! Nothing of ours checks a bundle: sha256sum, openssl, Python's cryptography, compliance-trestle.

use crate::program::{company, demo, expect, root};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A signed bundle of the demo's tape, with its keys beside it.
fn signed() -> &'static Path {
    static SIGNED: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        company(folder.path());
        expect(folder.path(), &["keygen", "--out", "annexa.pem"], 0);
        let config = std::fs::read_to_string(folder.path().join("annexa.yaml")).unwrap();
        std::fs::write(folder.path().join("annexa.yaml"), config + "signing: {key: ./annexa.pem}\n").unwrap();
        let demo = demo().display().to_string();
        expect(folder.path(), &["scan", "--replay", &demo, "--out", "bundle", "--allow-incomplete"], 0);
        folder
    });
    SIGNED.path()
}

/// Runs a program that is not ours and expects it to be content.
fn content(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask setup`", program.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {}: {text}", program.display(), arguments.join(" "));
    text
}

fn python() -> std::path::PathBuf {
    root().join("target/tools/venv/bin/python")
}

#[test]
fn sums_keys_and_signature() {
    let bundle = signed().join("bundle");
    content(Path::new("sha256sum"), &["--quiet", "-c", "SHA256SUMS"], &bundle);
    content(Path::new("openssl"), &["pkey", "-in", "annexa.pem", "-noout"], signed());
    content(Path::new("openssl"), &["pkey", "-pubin", "-in", "annexa.pub.pem", "-noout"], signed());
    let script = root().join("tests/outside/verify_dsse.py").display().to_string();
    content(&python(), &[&script, "bundle", "annexa.pub.pem"], signed());
}

#[test]
fn our_own_verify_says_whose_signature_it_is() {
    let (out, _) = expect(signed(), &["verify", "bundle", "--key", "annexa.pub.pem"], 0);
    assert!(out.contains("signed the manifest"), "{out}");
    assert!(out.contains("The signature shows who packed these files"), "{out}");
    let (out, _) = expect(signed(), &["verify", "bundle"], 0);
    assert!(out.contains("integrity only, signer not checked"), "{out}");
    expect(signed(), &["keygen", "--out", "other.pem"], 0);
    expect(signed(), &["verify", "bundle", "--key", "other.pub.pem"], 1);
    let unsigned = demo().display().to_string();
    expect(signed(), &["verify", &unsigned, "--key", "annexa.pub.pem"], 1);
}

#[test]
fn the_next_bundle_names_this_one() {
    expect(
        signed(),
        &["scan", "--replay", "bundle", "--previous", "bundle", "--out", "next.zip", "--allow-incomplete"],
        0,
    );
    let (out, _) = expect(signed(), &["verify", "next.zip", "--json", "--key", "annexa.pub.pem"], 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let first = crate::program::json(&signed().join("bundle/manifest.json"));
    assert_eq!(report["manifest"]["sequence"], 2);
    assert_eq!(report["manifest"]["previous"], first["digest"]);
    expect(signed(), &["reperform", "next.zip"], 0);
    let (html, _) = expect(signed(), &["report", "next.zip", "--format", "html", "--out", "next-html"], 0);
    assert!(
        html.is_empty() && signed().join("next-html/changes.html").exists(),
        "the pages say nothing of the bundle before"
    );
    expect(signed(), &["diff", "bundle", "next.zip", "--exit-code"], 0);
}

#[test]
fn oscal_is_valid() {
    let script = root().join("tests/outside/validate_oscal.py").display().to_string();
    let file = demo().join("oscal/assessment-results.json").display().to_string();
    content(&python(), &[&script, &file], &root());
}
