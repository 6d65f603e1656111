//! Encrypted bundles, opened by another implementation of age: Debian's, in Go.

use crate::program::{annexa, company, demo, expect, files, run, texts};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs a program of age's.
fn age(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; run `cargo xtask setup`"))
}

/// A key of age-keygen's in a file; gives its recipient.
fn key(folder: &Path, name: &str) -> String {
    assert!(age("age-keygen", &["-o", name], folder).status.success());
    let public = age("age-keygen", &["-y", name], folder);
    texts(&public).0.trim().to_owned()
}

/// The demo company with three keys, and a bundle that is encrypted for the first two of them.
fn scanned() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let (ours, auditor) = (key(folder.path(), "ours.txt"), key(folder.path(), "auditor.txt"));
    key(folder.path(), "stranger.txt");
    std::fs::write(folder.path().join("recipients.txt"), format!("# the auditor\n{auditor}\n")).unwrap();
    let replay = demo().display().to_string();
    let (_, err) = expect(
        folder.path(),
        &[
            "scan",
            "--replay",
            &replay,
            "--allow-incomplete",
            "--out",
            "evidence.zip.age",
            "--encrypt-to",
            &ours,
            "--encrypt-to",
            "recipients.txt",
        ],
        0,
    );
    (folder, err)
}

#[test]
fn recipients_open_it_with_age_and_nobody_else() {
    let (folder, err) = scanned();
    let folder = folder.path();
    assert!(err.contains("Bundle evidence.zip.age") && err.contains("age -d"), "{err}");
    for (number, identity) in ["ours.txt", "auditor.txt"].into_iter().enumerate() {
        let to = format!("evidence-{number}.zip");
        let opened = age("age", &["-d", "-i", identity, "-o", &to, "evidence.zip.age"], folder);
        assert!(opened.status.success(), "{}", texts(&opened).1);
        let (out, _) = expect(folder, &["verify", &to], 0);
        assert!(out.contains("matches"), "{out}");
    }
    let refused = age("age", &["-d", "-i", "stranger.txt", "-o", "evidence-2.zip", "evidence.zip.age"], folder);
    assert!(!refused.status.success());
    let clear = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(clear("evidence-0.zip"), clear("evidence-1.zip"));
}

#[test]
fn nothing_is_there_in_the_clear_and_nothing_is_left() {
    let (folder, _) = scanned();
    let company = tempfile::tempdir().unwrap();
    crate::program::company(company.path());
    let before: Vec<String> = files(company.path()).into_keys().collect();
    let ours = ["ours.txt", "auditor.txt", "stranger.txt", "recipients.txt", "evidence.zip.age"];
    for (name, bytes) in files(folder.path()) {
        assert!(before.contains(&name) || ours.contains(&name.as_str()), "{name} is left");
        if name == "evidence.zip.age" {
            // names of resources and files stand in every form of a bundle that is not encrypted
            for clear in ["nordwind-backups", "findings.jsonl", "manifest.json", "Nordwind"] {
                assert!(!bytes.windows(clear.len()).any(|part| part == clear.as_bytes()), "{clear} is readable");
            }
            assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.path().join("evidence.zip.age").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn every_reader_takes_an_identity() {
    let (folder, _) = scanned();
    let folder = folder.path();
    let temporary = tempfile::tempdir().unwrap();
    let with = |arguments: &[&str], status: i32| {
        let output = annexa()
            .args(arguments)
            .current_dir(folder)
            .env("ANNEXA_AGE_IDENTITY", "auditor.txt")
            .env("TMPDIR", temporary.path())
            .output()
            .unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(status), "{}\n{out}\n{err}", arguments.join(" "));
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "a clear copy is left");
        out
    };
    let (out, _) = expect(folder, &["verify", "evidence.zip.age", "--identity", "auditor.txt", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["good"], &report["encrypted"]), (&true.into(), &true.into()));
    assert_eq!(report["bundle"], "evidence.zip.age");
    assert!(with(&["reperform", "evidence.zip.age"], 0).contains("evidence.zip.age: the same, byte for byte"));
    assert!(with(&["report", "evidence.zip.age", "--format", "markdown"], 0).contains("Nordwind"));
    with(&["diff", "evidence.zip.age", "evidence.zip.age", "--exit-code"], 0);
    let replay = demo().display().to_string();
    with(
        &["scan", "--replay", &replay, "--previous", "evidence.zip.age", "--out", "next.zip", "--allow-incomplete"],
        0,
    );
    let (out, _) = expect(folder, &["verify", "next.zip", "--json"], 0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["manifest"]["sequence"], 2);
}

#[test]
fn without_the_right_key_the_error_says_what_to_do() {
    let (folder, _) = scanned();
    let folder = folder.path();
    let (out, err) = expect(folder, &["verify", "evidence.zip.age"], 2);
    assert!(out.is_empty() && err.contains("--identity") && err.contains("age -d -i"), "{err}");
    let (_, err) = expect(folder, &["verify", "evidence.zip.age", "--identity", "stranger.txt"], 2);
    assert!(err.contains("other keys") && err.contains("evidence.zip.age"), "{err}");
    let (_, err) = expect(folder, &["verify", "evidence.zip.age", "--identity", "annexa.yaml"], 2);
    assert!(err.contains("annexa.yaml") && err.contains("line 2"), "{err}");
    // a byte that was changed is not a wrong key
    let mut bytes = std::fs::read(folder.join("evidence.zip.age")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(folder.join("changed.zip.age"), bytes).unwrap();
    let (_, err) = expect(folder, &["verify", "changed.zip.age", "--identity", "ours.txt"], 1);
    assert!(err.contains("changed.zip.age") && err.contains("changed or cut off"), "{err}");
}

#[test]
fn mistakes_end_before_any_call() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    std::fs::create_dir(folder.path().join("isms")).unwrap();
    let recipient = key(folder.path(), "ours.txt");
    let secret = std::fs::read_to_string(folder.path().join("ours.txt")).unwrap();
    let secret = secret.lines().find(|line| line.starts_with("AGE-")).unwrap();
    let scan = |more: &[&str], words: &[&str]| {
        let before = files(folder.path()).len();
        let mut arguments = vec!["scan"];
        arguments.extend(more);
        let output = run(folder.path(), &arguments);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{out}\n{err}");
        for word in words {
            assert!(err.contains(word), "no {word} in {err}");
        }
        assert!(!err.contains(&secret[20..40]), "a private key is shown: {err}");
        assert_eq!(files(folder.path()).len(), before);
    };
    let mut typo = recipient.clone();
    typo.replace_range(20..21, if &recipient[20..21] == "q" { "p" } else { "q" });
    scan(&["--encrypt-to", &typo, "--out", "e.zip.age"], &["--encrypt-to", "mistyped"]);
    scan(&["--encrypt-to", secret, "--out", "e.zip.age"], &["private key", "public key"]);
    scan(&["--encrypt-to", "nobody", "--out", "e.zip.age"], &["`nobody` is no recipient", "age1"]);
    scan(&["--encrypt-to", "soa.yaml", "--out", "e.zip.age"], &["soa.yaml, line 2"]);
    scan(&["--encrypt-to", &recipient, "--out", "e.zip"], &["must end in .age", "--out e.zip.age"]);
    scan(&["--encrypt-to", &recipient, "--out", "e"], &["must end in .age", "--out e.zip.age"]);
    scan(&["--out", "e.zip.age"], &["nobody was named", "--encrypt-to"]);
    std::fs::write(folder.path().join("e.zip.age"), "something").unwrap();
    scan(&["--encrypt-to", &recipient, "--out", "e.zip.age"], &["left alone"]);
}
