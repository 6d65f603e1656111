//! Mistakes in what people wrote: file, line, column, the nearest valid word, status 2, before any call is made.

use crate::program::{company, expect};
use std::path::Path;

/// Changes a file of the company's, runs a scan that would fail at its first call, and looks at the first line of the error.
fn error(file: &str, from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not hold {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    scan(folder.path(), &[])
}

/// The error of a scan that must end before any call: its output folder is not even begun.
fn scan(folder: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["scan", "--out", "evidence"];
    arguments.extend(more);
    let (_, err) = expect(folder, &arguments, 2);
    assert!(!folder.join("evidence").exists());
    err
}

fn check(error: &str, place: &str, parts: &[&str]) {
    assert!(error.contains(place), "no {place} in:\n{error}");
    for part in parts {
        assert!(error.contains(part), "no {part} in:\n{error}");
    }
}

#[test]
fn annexa_yaml() {
    check(
        &error("annexa.yaml", "organization: Nordwind", "organisation: Nordwind"),
        "annexa.yaml:2:1",
        &["did you mean `organization`?"],
    );
    check(&error("annexa.yaml", "edition: \"2022\"", "edition: [2022]"), "annexa.yaml:3:10", &[]);
    check(&error("annexa.yaml", "name: shop", "name: production"), "annexa.yaml:7:12", &["two targets are named"]);
    check(&error("annexa.yaml", "edition: \"2022\"", "organization: x"), "annexa.yaml:3:1", &["twice"]);
    check(&error("annexa.yaml", "kind: github", "kind: gitub"), "annexa.yaml:8:24", &["did you mean `github`?"]);
    check(&error("annexa.yaml", "soa.yaml", "so.yaml"), "annexa.yaml:10:29", &["does not exist"]);
    check(
        &error("annexa.yaml", "kind: documents", "kind: documents, account: \"1\""),
        "annexa.yaml:9:",
        &["`account` is not for a target of kind `documents`"],
    );
    check(
        &error("annexa.yaml", "eu-central-1", "eu-centrall-1"),
        "annexa.yaml:6:",
        &["`eu-centrall-1` is no AWS region", "did you mean `eu-central-1`?"],
    );
    check(
        &error("annexa.yaml", "path: ./isms", "path: ./elsewhere"),
        "annexa.yaml:9:41: the folder elsewhere does not exist",
        &[],
    );
    check(
        &error("annexa.yaml", "edition: \"2022\"", "signing: {key: ./anexa.pem}"),
        "annexa.yaml:3:16: the key anexa.pem does not exist",
        &["annexa keygen --out anexa.pem"],
    );
    check(&error("annexa.yaml", "targets:", "targets: ["), "annexa.yaml:", &[]);
}

#[test]
fn a_missing_configuration() {
    let folder = tempfile::tempdir().unwrap();
    check(&scan(folder.path(), &[]), "annexa.yaml", &["annexa init"]);
}

#[test]
fn unknown_checks_and_targets_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let err = scan(folder.path(), &["--only", "aws.s3.bucket-blocks-public-acess"]);
    check(&err, "--only", &["did you mean `aws.s3.bucket-blocks-public-access`?"]);
    let err = scan(folder.path(), &["--only", "gcp.bigquery.dataset-rotates"]);
    check(&err, "--only", &["`annexa checks list` shows all"]);
    check(&scan(folder.path(), &["--target", "prodution"]), "--target", &["did you mean `production`?"]);
    check(&scan(folder.path(), &["--fail-on", "hihg"]), "hihg", &["did you mean `high`?"]);
}

#[test]
fn the_companys_inputs() {
    check(&error("soa.yaml", "id: A.5.1,", "id: A.5.111,"), "soa.yaml:6:", &["no control A.5.111", "did you mean"]);
    check(&error("soa.yaml", "id: A.5.2,", "id: A.5.1,"), "soa.yaml:7:", &["A.5.1 stands here twice"]);
    check(&error("exceptions.yaml", "check: aws.s3", "check: aws.s4"), "exceptions.yaml:3:", &["did you mean"]);
    check(
        &error("exceptions.yaml", "    owner: ", "    owner: #"),
        "exceptions.yaml:",
        &["`owner` is empty: write a text"],
    );
    check(&error("exceptions.yaml", "    expires: 2027-01-31\n", ""), "exceptions.yaml:", &["`expires` is missing"]);
    check(
        &error("manual-evidence.yaml", "file: files/provider", "file: files/provder"),
        "manual-evidence.yaml:8:",
        &["can't be read"],
    );
}

#[test]
fn what_never_was_a_bundle_is_told_from_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let (out, err) = expect(folder.path(), &["verify", "annexa.yaml"], 2);
    check(&err, "annexa.yaml is not an evidence bundle", &["neither a zip nor a folder"]);
    assert!(!out.contains("signature"), "{out}");
    std::fs::write(folder.path().join("cut.zip"), b"PK\x03\x04 and no more").unwrap();
    let (out, _) = expect(folder.path(), &["verify", "cut.zip"], 1);
    check(&out, "cut.zip", &["not a whole zip file"]);
}

#[test]
fn controls_go_by_their_number_alone() {
    let (out, _) = expect(Path::new("."), &["controls", "show", "8.15"], 0);
    assert!(out.starts_with("A.8.15 "), "{out}");
    let (out, _) = expect(Path::new("."), &["controls", "show", "8.1"], 0);
    assert!(out.starts_with("8.1 "), "{out}");
}

#[test]
fn a_typo_in_an_own_check() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let own = folder.path().join("own/aws/s3");
    std::fs::create_dir_all(&own).unwrap();
    let library = crate::program::root().join("crates/checks/library/aws/s3/bucket-blocks-public-access.yaml");
    let text = std::fs::read_to_string(library).unwrap();
    let typo = text.replacen("resource.public_access_blocked", "resource.public_acces_blocked", 1);
    assert_ne!(text, typo, "the library's check names another fact now");
    std::fs::write(own.join("ours.yaml"), &typo).unwrap();
    let config = std::fs::read_to_string(folder.path().join("annexa.yaml")).unwrap();
    std::fs::write(folder.path().join("annexa.yaml"), config + "checks: [./own]\n").unwrap();
    let err = scan(folder.path(), &[]);
    let line = typo.lines().position(|l| l.contains("public_acces_blocked")).unwrap() + 1;
    check(&err, &format!("ours.yaml:{line}:"), &["did you mean `public_access_blocked`?"]);
}
