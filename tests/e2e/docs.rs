//! The numbers in docs/ are those of the library.

use crate::program::{expect, root};
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
fn every_file_that_the_readme_names_is_there() {
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/scanning.md",
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
