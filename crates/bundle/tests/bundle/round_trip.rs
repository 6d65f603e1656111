use crate::sample::{Content, key, other_key, seal, seal_after};
use annexa_bundle::{
    Bundle, BundleError, CLOSING_WORDS, CLOSING_WORDS_UNSIGNED, Library, ProblemKind, Signer, VerifiedBundle,
    VerifyOptions, inclusion_proof, leaf_hash, verify, verify_inclusion,
};
use annexa_model::{Exchange, Finding};
use std::collections::BTreeMap;
use std::path::Path;

fn good(path: &Path) -> VerifiedBundle {
    let public = key().public().unwrap();
    VerifiedBundle::open(path, &VerifyOptions { key: Some(&public), library: None }).unwrap()
}

#[test]
fn a_folder_and_a_zip_are_written_and_verify() {
    let place = tempfile::tempdir().unwrap();
    for name in ["evidence", "evidence.zip"] {
        let path = place.path().join(name);
        let written = Content::new().write(&path, &seal(Some(&key())));
        let bundle = good(&path);
        assert_eq!(*bundle.manifest(), written.manifest);
        assert!(matches!(bundle.report().signer, Signer::Verified { .. }));
        assert_eq!(bundle.read("index.html").unwrap(), b"<!doctype html><title>Evidence</title>\n");
        let findings: Vec<Finding> = bundle.records("findings.jsonl").unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(findings, Content::new().findings);
        assert_eq!(bundle.controls().unwrap(), Content::new().controls);
        assert_eq!(bundle.rules().unwrap().get("own/mine.yaml"), Some(&b"title: mine\n"[..]));
        assert_eq!(bundle.below("evidence/aws/").count(), 2);
        let copies = tempfile::tempdir().unwrap();
        bundle.copy_below("evidence/", copies.path()).unwrap();
        let copy = std::fs::read(copies.path().join("evidence/aws/prod/s3.ListBuckets.jsonl")).unwrap();
        assert_eq!(copy, bundle.read("evidence/aws/prod/s3.ListBuckets.jsonl").unwrap());
        assert!(bundle.copy_below("evidence/", copies.path()).is_err(), "nothing is overwritten");
        let counts = &written.manifest.counts;
        assert_eq!((counts.findings.pass, counts.findings.fail, counts.findings.unknown), (1, 1, 1));
        assert_eq!((counts.resources, counts.exchanges, written.manifest.gaps.open), (2, 8, 1));
        assert_eq!(written.manifest.merkle.leaves, 8 + 3 + 2 + 1 + 2);
    }
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing else is left: {left:?}");
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let zips = ["a.zip", "b.zip"].map(|name| {
        let path = place.path().join(name);
        Content::new().write(&path, &seal(Some(&key())));
        std::fs::read(path).unwrap()
    });
    assert!(zips[0] == zips[1]);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let (folder, zip) = (place.path().join("e"), place.path().join("e.zip"));
    Content::new().write(&folder, &seal(None));
    Content::new().write(&zip, &seal(None));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for file in ["manifest.json", "index.html", "salts.bin", "evidence/aws/prod/s3.ListBuckets.jsonl"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!((mode(&folder), mode(&folder.join("evidence")), mode(&zip)), (0o700, 0o700, 0o600));
}

#[test]
fn evidence_written_beside_the_writer_becomes_part_of_the_bundle() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = annexa_bundle::Writer::create(&place.path().join("e")).unwrap();
    let folder = writer.evidence_folder().join("github/acme");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("hooks.jsonl"), "{}\n{}\n").unwrap();
    writer.add_controls([]).unwrap();
    let manifest = writer.finish(crate::sample::cover(), &seal(None)).unwrap().manifest;
    assert_eq!(manifest.file("evidence/github/acme/hooks.jsonl").unwrap().leaves, Some(2));
    assert!(verify(&place.path().join("e"), &VerifyOptions::default()).unwrap().is_good());
}

#[test]
fn what_was_not_proven_is_said() {
    let place = tempfile::tempdir().unwrap();
    let (signed, unsigned) = (place.path().join("signed"), place.path().join("unsigned"));
    Content::new().write(&signed, &seal(Some(&key())));
    Content::new().write(&unsigned, &seal(None));

    let report = verify(&signed, &VerifyOptions::default()).unwrap();
    assert!(report.is_good() && matches!(report.signer, Signer::NotChecked { .. }));
    assert!(report.to_text().contains("integrity only, signer not checked"));
    assert!(report.to_text().trim_end().ends_with(CLOSING_WORDS));

    let report = verify(&unsigned, &VerifyOptions::default()).unwrap();
    assert!(report.is_good() && report.to_text().contains("not signed"));
    assert!(report.to_text().trim_end().ends_with(CLOSING_WORDS_UNSIGNED));
    assert!(!unsigned.join("manifest.dsse.json").exists());

    let public = key().public().unwrap();
    let with_key = VerifyOptions { key: Some(&public), library: None };
    let report = verify(&unsigned, &with_key).unwrap();
    assert!(report.problems.iter().any(|p| p.kind == ProblemKind::Signature), "a key on an unsigned bundle");

    Content::new().write(&signed, &seal(Some(&other_key())));
    let report = verify(&signed, &with_key).unwrap();
    assert!(report.to_text().contains("signed by another key"), "{}", report.to_text());
    assert!(matches!(report.signer, Signer::Wrong { .. }));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["good"], &json["signer"]["state"]), (&false.into(), &"wrong".into()));
}

#[test]
fn rules_are_compared_with_the_release() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    let written = Content::new().write(&path, &seal(None));
    let mut digests: BTreeMap<String, String> = written.manifest.rule_digests();
    digests.remove("own/mine.yaml");
    digests.insert("checks/aws/s3/two.yaml".into(), "another".into());
    digests.insert("checks/aws/s3/three.yaml".into(), "third".into());
    let mut library = Library { version: annexa_model::ENGINE_VERSION.into(), digests };
    let rules = verify(&path, &VerifyOptions { key: None, library: Some(&library) }).unwrap().rules;
    assert_eq!(
        (rules.own, rules.changed),
        (vec!["own/mine.yaml".to_owned()], vec!["checks/aws/s3/two.yaml".to_owned()])
    );
    assert_eq!((rules.left_out, rules.same), (vec!["checks/aws/s3/three.yaml".to_owned()], 1));
    library.version = "99.0.0".into();
    let report = verify(&path, &VerifyOptions { key: None, library: Some(&library) }).unwrap();
    assert!(!report.rules.compared && report.to_text().contains("not at hand"));
}

#[test]
fn bundles_are_chained() {
    let place = tempfile::tempdir().unwrap();
    let (one, two) = (place.path().join("one"), place.path().join("two.zip"));
    let first = Content::new().write(&one, &seal(Some(&key()))).manifest;
    Content::new().write(&two, &seal_after(&key(), good(&one).as_previous()));
    let bundle = good(&two);
    assert_eq!((bundle.manifest().sequence, bundle.manifest().previous.as_deref()), (2, Some(first.digest.as_str())));
    assert_eq!(first.sequence, 1);
}

#[test]
fn each_line_has_a_proof() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    Content::new().write(&path, &seal(Some(&key())));
    let bundle = good(&path);
    let (leaves, merkle) = (bundle.leaf_hashes().unwrap(), &bundle.manifest().merkle);
    assert_eq!(leaves.len() as u64, merkle.leaves);
    // the second finding, as an auditor who sees only this line would check it
    let line = bundle.read("findings.jsonl").unwrap();
    let line = line.split(|byte| *byte == b'\n').nth(1).unwrap();
    let number = bundle.manifest().first_leaf("findings.jsonl").unwrap() + 1;
    let leaf = leaf_hash(&bundle.salt(number).unwrap().unwrap(), line);
    let root = hex::decode(&merkle.root).unwrap().try_into().unwrap();
    let proof = inclusion_proof(&leaves, number).unwrap();
    assert!(verify_inclusion(&leaf, number, merkle.leaves, &proof, &root));
    assert!(!verify_inclusion(&leaf, number + 1, merkle.leaves, &proof, &root));
}

#[test]
fn what_is_not_a_bundle_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let refused = |path: &Path| match annexa_bundle::Writer::create(path) {
        Err(BundleError::WouldOverwrite { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    let folder = place.path().join("photos");
    std::fs::create_dir(&folder).unwrap();
    assert!(annexa_bundle::Writer::create(&folder).is_ok(), "an empty folder is replaced");
    std::fs::write(folder.join("a.jpg"), "x").unwrap();
    assert!(refused(&folder).contains("not a bundle"));
    assert!(refused(&place.path().join("photos/a.jpg")).contains("it is a file"));
    std::fs::write(place.path().join("x.zip"), "PK").unwrap();
    assert!(refused(&place.path().join("x.zip")).contains("not a bundle"));

    let bundle = place.path().join("e");
    Content::new().write(&bundle, &seal(None));
    Content::new().write(&bundle, &seal(Some(&key())));
    assert!(bundle.join("manifest.dsse.json").exists(), "a bundle is replaced");
    std::fs::write(bundle.join("my notes.txt"), "x").unwrap();
    assert!(refused(&bundle).contains("`my notes.txt`"));
    assert!(matches!(annexa_bundle::Writer::create(&place.path().join("no/e")), Err(BundleError::Io { .. })));
}

#[test]
fn names_that_can_not_stand_in_a_bundle_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = annexa_bundle::Writer::create(&place.path().join("e")).unwrap();
    writer.add("a/B", b"").unwrap();
    for name in ["manifest.json", "salts.bin", "../x", "/x", "a\\b", "a/b", "a/B", "a"] {
        assert!(matches!(writer.add(name, b""), Err(BundleError::BadEntry { .. })), "{name}");
    }
    drop(writer);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "a dropped writer leaves nothing");
}

#[test]
fn a_finding_that_is_none_is_not_written() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = annexa_bundle::Writer::create(&place.path().join("e")).unwrap();
    writer.add("findings.jsonl", b"{\"status\":\"fine\"}\n").unwrap();
    let error = writer.finish(crate::sample::cover(), &seal(None)).unwrap_err().to_string();
    assert!(error.contains("findings.jsonl") && error.contains("line 1"), "{error}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_changes_after_verifying_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    Content::new().write(&path, &seal(Some(&key())));
    let bundle = good(&path);
    let findings = path.join("findings.jsonl");
    let text = std::fs::read_to_string(&findings).unwrap().replace("\"fail\"", "\"pass\"");
    std::fs::write(&findings, text).unwrap();
    assert!(bundle.read("findings.jsonl").unwrap_err().to_string().contains("changed after it was verified"));
    let last = bundle.records::<Finding>("findings.jsonl").unwrap().last().unwrap();
    assert!(last.unwrap_err().is_mismatch());
    assert!(bundle.records::<Exchange>("none.jsonl").is_err());
    assert!(Bundle::open(&place.path().join("none")).is_err());
}
