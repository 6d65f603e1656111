//! Other people's tools read our keys, sums and signatures.

use crate::sample::{Content, other_key, seal};
use annexa_bundle::{PublicKey, SigningKey, keygen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A key pair and a folder bundle that it signed.
fn signed(place: &Path) -> (PathBuf, SigningKey) {
    keygen(&place.join("annexa.pem")).unwrap();
    let key = SigningKey::load(&place.join("annexa.pem")).unwrap();
    Content::new().write(&place.join("evidence"), &seal(Some(&key)));
    (place.join("evidence"), key)
}

#[test]
fn sha256sum_checks_the_files() {
    let place = tempfile::tempdir().unwrap();
    let (bundle, _) = signed(place.path());
    let output = run("sha256sum", &["--strict", "-c", "SHA256SUMS"], &bundle);
    assert!(output.status.success(), "{}", text(&output));
    let listed = std::fs::read_to_string(bundle.join("SHA256SUMS")).unwrap();
    assert!(listed.contains("  salts.bin\n") && listed.contains("  index.html\n"));
    assert!(!listed.contains("SHA256SUMS") && !listed.contains("manifest."));
    std::fs::write(bundle.join("index.html"), "other").unwrap();
    let output = run("sha256sum", &["--strict", "-c", "SHA256SUMS"], &bundle);
    assert!(!output.status.success() && text(&output).contains("index.html: FAILED"));
}

#[test]
fn openssl_reads_both_keys_and_verifies_the_signature() {
    let place = tempfile::tempdir().unwrap();
    let (bundle, key) = signed(place.path());
    let openssl = |arguments: &[&str]| {
        let output = run("openssl", arguments, place.path());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        output.stdout
    };
    openssl(&["pkey", "-in", "annexa.pem", "-noout"]);
    openssl(&["pkey", "-pubin", "-in", "annexa.pub.pem", "-noout"]);
    let der = openssl(&["pkey", "-in", "annexa.pem", "-pubout", "-outform", "DER"]);
    assert_eq!(
        annexa_model::sha256_hex(der),
        key.public().unwrap().id(),
        "the key id is the digest of what openssl gives"
    );

    let envelope: Value = serde_json::from_slice(&std::fs::read(bundle.join("manifest.dsse.json")).unwrap()).unwrap();
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let kind = envelope["payloadType"].as_str().unwrap();
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend(payload);
    std::fs::write(place.path().join("message"), message).unwrap();
    let signature = STANDARD.decode(envelope["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    std::fs::write(place.path().join("signature"), signature).unwrap();
    let verify = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "annexa.pub.pem",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ];
    openssl(&verify);
    std::fs::write(place.path().join("message"), "other").unwrap();
    assert!(!run("openssl", &verify, place.path()).status.success());
}

#[test]
fn keys_of_openssl_sign_and_verify() {
    let place = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| assert!(run("openssl", arguments, place.path()).status.success());
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "k.pem"]);
    openssl(&["pkey", "-in", "k.pem", "-pubout", "-out", "k.pub.pem"]);
    let (private, public) = (place.path().join("k.pem"), place.path().join("k.pub.pem"));
    assert_eq!(SigningKey::load(&private).unwrap().public(), Some(PublicKey::load(&public).unwrap()));
    openssl(&["genpkey", "-algorithm", "rsa", "-out", "r.pem"]);
    assert!(
        SigningKey::load(&place.path().join("r.pem")).unwrap_err().to_string().contains("not an Ed25519 private key")
    );
}

#[test]
fn unzip_and_python_read_the_zip() {
    let place = tempfile::tempdir().unwrap();
    let zip = place.path().join("e.zip");
    Content::new().write(&zip, &seal(None));
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()), z.infolist()[0].date_time, oct(z.infolist()[0].external_attr >> 16))";
    let output = run("python3", &["-c", script, zip.to_str().unwrap()], place.path());
    assert_eq!(text(&output).trim(), "17 (1980, 1, 1, 0, 0, 0) 0o100600");
}

/// The auditor's recipe: nothing of ours, only Python and its `cryptography` package, which `cargo xtask test` installs.
fn recipe(bundle: &Path, key: &Path) -> Option<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/tools/venv/bin/python");
    if !python.exists() {
        let required = std::env::var_os("ANNEXA_OUTSIDE_TOOLS").is_some();
        assert!(!required, "{} is missing", python.display());
        eprintln!("skipped: {} is missing; `cargo xtask test` makes it", python.display());
        return None;
    }
    let script = root.join("tests/outside/verify_dsse.py");
    Some(Command::new(python).arg(script).arg(bundle).arg(key).output().unwrap())
}

#[test]
fn python_verifies_a_bundle_without_us() {
    let place = tempfile::tempdir().unwrap();
    let (folder, key) = signed(place.path());
    let zip = place.path().join("evidence.zip");
    Content::new().write(&zip, &seal(Some(&key)));
    let public = place.path().join("annexa.pub.pem");
    for bundle in [&folder, &zip] {
        let Some(output) = recipe(bundle, &public) else { return };
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("17 files, 16 lines") && text(&output).contains(&key.public().unwrap().id()));
    }
    let refused = |what: &str| {
        let output = recipe(&folder, &public).unwrap();
        assert!(!output.status.success() && text(&output).contains(what), "{}", text(&output));
    };
    std::fs::write(folder.join("gaps.jsonl"), "").unwrap();
    refused("gaps.jsonl was changed");
    Content::new().write(&folder, &seal(Some(&key)));
    std::fs::write(folder.join("new"), "").unwrap();
    refused("new is not signed");
    std::fs::remove_file(folder.join("new")).unwrap();
    Content::new().write(&folder, &seal(Some(&other_key())));
    refused("not by this key");
    Content::new().write(&folder, &seal(None));
    refused("not signed");
}

/// The commands that docs/verify.md gives, as they stand there.
#[test]
fn the_shell_recipe_of_the_documentation_works() {
    let place = tempfile::tempdir().unwrap();
    let (bundle, key) = signed(place.path());
    if Command::new("jq").arg("--version").output().is_err() {
        let required = std::env::var_os("ANNEXA_OUTSIDE_TOOLS").is_some();
        assert!(!required, "jq is missing");
        eprintln!("skipped: jq is missing");
        return;
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify.md");
    let document = std::fs::read_to_string(document).unwrap();
    let commands = document.lines().filter_map(|line| line.strip_prefix("    "));
    let commands: Vec<&str> =
        commands.filter(|line| !line.contains("annexa verify") && !line.contains("python3")).collect();
    assert_eq!(commands.len(), 8, "{commands:#?}");
    let script = format!("set -e -o pipefail\n{}\n", commands.join("\n"))
        .replace("/tmp/", &format!("{}/", place.path().display()))
        .replace("company.pub.pem", "../annexa.pub.pem");
    let run_it = || run("bash", &["-c", &script], &bundle);
    let output = run_it();
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains(&key.public().unwrap().id()), "the key's id: {}", text(&output));
    std::fs::write(bundle.join("more.html"), "").unwrap();
    assert!(!run_it().status.success(), "a file more");
    Content::new().write(&place.path().join("other"), &seal(Some(&other_key())));
    std::fs::copy(place.path().join("other/manifest.dsse.json"), bundle.join("manifest.dsse.json")).unwrap();
    std::fs::remove_file(bundle.join("more.html")).unwrap();
    assert!(!run_it().status.success(), "another's signature");
}
