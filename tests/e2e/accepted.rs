//! What an exception changes, and what a target changes that nobody could ask, is said everywhere.

use crate::program::{company, demo, expect, files, json};
use std::path::Path;

/// The main text of a page, without tags.
fn text(bundle: &Path, page: &str) -> String {
    let page = std::fs::read_to_string(bundle.join(page)).unwrap();
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join("")
}

#[test]
fn exceptions_that_come_and_go_are_changes() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let exceptions = folder.path().join("exceptions.yaml");
    let first = std::fs::read_to_string(&exceptions).unwrap();
    let row = |id: &str, what: &str, until: &str| {
        format!("  - {{id: {id}, {what}, reason: known, owner: tomasz, approver: ines, expires: {until}}}\n")
    };
    let added = [
        row("EX-91", "gap: \"*\"", "2099-01-01"),
        row("EX-92", "check: aws.iam.root-has-mfa", "2099-01-01"),
        row("EX-93", "check: github.*", "2020-01-01"),
        row("EX-94", "check: aws.iam.root-has-mfa, resource: nothing", "2099-01-01"),
    ];
    let demo = demo().display().to_string();
    let scan = ["scan", "--replay", &demo, "--fail-on", "critical", "--out"];
    let (_, err) = expect(folder.path(), &[&scan[..], &["first"]].concat(), 3);
    assert!(
        err.trim_end().ends_with("at or above critical; the exit status is 3 because the scan is incomplete"),
        "{err}"
    );

    std::fs::write(&exceptions, first.clone() + &added.concat()).unwrap();
    let (_, err) = expect(folder.path(), &[&scan[..], &["second", "--previous", "first"]].concat(), 1);
    assert!(err.contains("Exception EX-94 covered nothing."), "{err}");
    assert!(err.contains("Exception EX-93 expired on 2020-01-01; "), "{err}");
    assert!(!err.contains("the exit status is 3"), "{err}");
    expect(folder.path(), &["reperform", "second"], 0);
    let (out, _) = expect(folder.path(), &["diff", "first", "second"], 0);
    for words in ["findings newly accepted: 1", "(exception EX-92 covers it now)", "gaps newly accepted: 4"] {
        assert!(out.contains(words), "{out}");
    }
    let second = folder.path().join("second");
    assert!(text(&second, "index.html").contains("1 fail newly accepted"));
    assert!(text(&second, "index.html").contains("4 gaps newly accepted"));
    assert!(text(&second, "changes.html").contains("fail, accepted"));
    let (out, _) = expect(folder.path(), &["report", "second", "--format", "markdown"], 0);
    for words in ["1 fail newly accepted", "- EX-92: until 1 January 2099, covers 1 fail", "Open fails: "] {
        assert!(out.contains(words), "no `{words}` in {out}");
    }

    std::fs::write(&exceptions, first).unwrap();
    expect(folder.path(), &[&scan[..], &["third", "--previous", "second"]].concat(), 3);
    let (out, _) = expect(folder.path(), &["diff", "second", "third"], 0);
    assert!(out.contains("findings no longer accepted: 1") && out.contains("gaps no longer accepted: 4"), "{out}");
    let third = text(&folder.path().join("third"), "changes.html");
    assert!(third.contains("Fails that are no longer accepted") && third.contains("4 gaps no longer accepted"));
}

#[test]
fn a_target_without_credentials_has_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = "organization: T\ntargets:\n  - {name: code, kind: github, organization: example}\nstatement_of_applicability: soa.yaml\n";
    std::fs::write(folder.path().join("annexa.yaml"), config).unwrap();
    std::fs::write(folder.path().join("soa.yaml"), "controls:\n  - {id: A.5.1, applicable: true}\n").unwrap();
    let (_, err) = expect(folder.path(), &["scan", "--out", "out"], 3);
    assert!(err.contains("No open fail, but ") && err.contains(" findings are unknown."), "{err}");
    assert!(err.contains("1 target could not be asked at all, so the scan is incomplete:"), "{err}");
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with("  ? ")).collect();
    assert_eq!(lines.len(), 1, "{err}");
    assert!(lines[0].starts_with("  ? the whole target code: there are no credentials"), "{err}");
    assert!(lines[0].contains("not made or not answered because of this)"), "{err}");
    assert!(
        err.contains("does not mention 92 of 93 controls: A.5.2, A.5.3, A.5.4, A.5.5, A.5.6 and 87 more."),
        "{err}"
    );
    assert!(std::fs::read_to_string(folder.path().join("out/gaps.html")).unwrap().contains("<details><summary>"));
    expect(folder.path(), &["reperform", "out"], 0);
}

#[test]
fn the_terminal_and_the_pages_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (_, err) = expect(folder.path(), &["demo", "--out", "out"], 0);
    let bundle = folder.path().join("out");
    let first = text(&bundle, "index.html");
    let (_, first) = first.split_once("Look at these first").unwrap();
    let first = first.replace("&#39;", "'");
    let mut rest = first.as_str();
    let lines: Vec<&str> = err.lines().filter_map(|line| line.strip_prefix("  ✗ ")).collect();
    assert_eq!(lines.len(), 5, "{err}");
    for line in lines {
        let message = line[9..].rsplit_once(" (").unwrap().0;
        rest = rest.split_once(message).unwrap_or_else(|| panic!("`{message}` is not next in {rest}")).1;
    }
    let (out, _) = expect(folder.path(), &["verify", "out", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let evidence = report["manifest"]["evidence_digest"].as_str().unwrap();
    assert!(text(&bundle, "index.html").contains(&format!("Digest of the evidence: {evidence}")));
    let (out, _) = expect(folder.path(), &["verify", "out"], 0);
    let manifest = json(&bundle.join("manifest.json"));
    let manifest = manifest["digest"].as_str().unwrap();
    assert!(
        out.contains(&format!("manifest digest {manifest}")) && out.contains(&format!("evidence digest {evidence}"))
    );
    for (name, bytes) in files(&bundle).into_iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = String::from_utf8(bytes).unwrap();
        assert!(page.contains("answers were replayed from a recording: the demo that comes with annexa"), "{name}");
        let remedies = page.split("How to mend").skip(1).filter_map(|part| part.split("</details>").next());
        assert!(remedies.into_iter().all(|remedy| !remedy.contains("{{")), "{name} has an unfilled place");
    }
}
