//! The numbers in docs/ are those of the library.

use crate::program::{demo, expect, root, statuses};
use serde_json::Value;
use std::path::Path;

#[test]
fn the_table_of_controls_is_current() {
    let text = std::fs::read_to_string(root().join("docs/what-annexa-says.md")).unwrap();
    let (out, _) = expect(Path::new("."), &["controls", "list", "--json"], 0);
    let controls: Vec<Value> = serde_json::from_str(&out).unwrap();
    let number = |n: usize| if n == 0 { "–".to_owned() } else { n.to_string() };
    for control in controls.iter().filter(|c| c["id"].as_str().unwrap().starts_with("A.")) {
        let checks = control["checks"].as_array().unwrap();
        let direct = checks.iter().filter(|check| check["strength"] == "direct").count();
        let (id, title) = (control["id"].as_str().unwrap(), control["title"].as_str().unwrap());
        let row = format!("| {id} | {title} | {} | {} |", number(direct), number(checks.len() - direct));
        assert!(text.contains(&row), "docs/what-annexa-says.md should hold: {row}");
    }
    let (out, _) = expect(Path::new("."), &["checks", "list", "--json"], 0);
    let checks: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert!(text.contains(&format!("has {} checks", checks.len())), "docs/what-annexa-says.md counts other checks");
}

#[test]
fn the_examples_of_documents_leave_nothing_to_fill_in() {
    let text = std::fs::read_to_string(root().join("docs/documents.md")).unwrap();
    let block = |language: &str, holds: &str| {
        let fence = format!("```{language}\n");
        let blocks = text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
        blocks.into_iter().find(|block| block.contains(holds)).unwrap().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let isms = folder.path().join("isms");
    std::fs::create_dir_all(isms.join("policies")).unwrap();
    std::fs::write(isms.join("policies/backup.md"), block("markdown", "Backup policy")).unwrap();
    std::fs::write(isms.join("people.csv"), block("csv", "person,")).unwrap();
    std::fs::write(isms.join("people.meta.yaml"), block("yaml", "REG-1")).unwrap();
    let config = format!("organization: Example\ntargets:\n{}", block("yaml", "kind: documents"));
    std::fs::write(folder.path().join("annexa.yaml"), config).unwrap();
    expect(folder.path(), &["scan", "--out", "evidence", "--only", "documents.*", "--allow-incomplete"], 0);
    let statuses = statuses(&folder.path().join("evidence"));
    for (check, found) in [
        ("documents.policy.header-is-complete", 1),
        ("documents.policy.is-approved", 1),
        ("documents.policy.approver-is-active", 1),
        ("documents.policy.names-known-controls", 1),
        ("documents.person.row-is-complete", 3),
    ] {
        let of_check: Vec<_> = statuses.iter().filter(|((id, _, _), _)| id == check).collect();
        assert_eq!(of_check.iter().filter(|(_, status)| *status == "pass").count(), found, "{of_check:?}");
    }
}

#[test]
fn every_file_that_the_readme_names_is_there() {
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/scanning.md",
        "docs/documents.md",
        "docs/own-checks.md",
        "docs/verify.md",
        "docs/ci.md",
    ] {
        let path = root().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if link.is_empty() || link.starts_with("http") {
                continue;
            }
            let target = path.parent().unwrap().join(link);
            assert!(target.exists(), "{page} links {link}, which is not there");
        }
    }
}

/// What the page on own checks shows is what a reader gets.
#[test]
fn the_own_check_of_the_docs_answers_as_they_say() {
    let text = std::fs::read_to_string(root().join("docs/own-checks.md")).unwrap();
    let block = |after: &str| text.split(after).nth(1).unwrap().split("\n```").next().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let checks = folder.path().join("our-checks/nordwind/s3");
    std::fs::create_dir_all(&checks).unwrap();
    std::fs::write(checks.join("bucket-has-a-kms-key.yaml"), block("```yaml\n")).unwrap();
    let config = block("$ cat annexa.yaml\n");
    std::fs::write(folder.path().join("annexa.yaml"), config.split("\n$ ").next().unwrap()).unwrap();
    let (_, tested) = expect(folder.path(), &["checks", "test", "our-checks"], 0);
    assert!(text.contains(tested.trim()), "docs/own-checks.md should hold: {tested}");
    let bundle = demo().display().to_string();
    let scan = ["scan", "--replay", &bundle, "--only", "nordwind.*", "--out", "own"];
    let (_, said) = expect(folder.path(), &scan, 3);
    for line in said.lines().filter(|line| line.contains(" pass ") || line.contains("✗ low")) {
        assert!(text.contains(line.trim_end()), "docs/own-checks.md should hold: {line}");
    }
}

#[test]
fn the_own_template_of_the_docs_stands_on_every_page() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    let foot = text.split("```jinja\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir_all(own.join("partials")).unwrap();
    std::fs::write(own.join("partials/foot.html.j2"), foot).unwrap();
    let bundle = demo().display().to_string();
    let report = ["report", &bundle, "--format", "html", "--out", "pages", "--template", "own"];
    expect(folder.path(), &report, 0);
    for page in ["index.html", "controls/A.8.24.html", "open.html"] {
        let page = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        assert!(page.contains(", internal. annexa") && page.contains("Digest of the evidence"), "{page}");
    }
    // a name that is none is told with its place, and what holds no template is no folder of templates
    std::fs::write(own.join("partials/foot.html.j2"), "\n{{ page.organisation }}").unwrap();
    let (_, error) = expect(folder.path(), &report, 2);
    assert!(error.contains("partials/foot.html:2"), "{error}");
    std::fs::rename(own.join("partials/foot.html.j2"), own.join("fot.html.j2")).unwrap();
    let (_, error) = expect(folder.path(), &report, 2);
    assert!(error.contains("`fot.html.j2`") && error.contains("overview.html.j2"), "{error}");
    std::fs::remove_file(own.join("fot.html.j2")).unwrap();
    let (_, error) = expect(folder.path(), &report, 2);
    assert!(error.contains("there is no template in this folder"), "{error}");
}
