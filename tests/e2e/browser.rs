//! The pages in a real browser: headless Chromium opens them from files, with axe in it.

use crate::program::{company, demo, expect, files, outside_node};
use serde_json::Value;
use std::path::Path;

/// Opens pages in light and dark and as on a phone: no request but for the bundle's own files, no console message, no
/// dialog, nothing active, nothing that axe calls serious.
pub(crate) fn browse(bundle: &Path, pages: &[String]) {
    let chromium = std::env::var("ANNEXA_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    assert!(Path::new(&chromium).exists(), "{chromium} is not there; run `cargo xtask setup`");
    let bundle = bundle.display().to_string();
    let mut arguments = vec![bundle.as_str()];
    arguments.extend(pages.iter().map(String::as_str));
    let report: Value = serde_json::from_str(&outside_node("browse.mjs", &arguments)).unwrap();
    assert_eq!(report["looks"], pages.len() * 3, "{report}");
    assert_eq!(report["others"], 0, "{report}");
    // each look loads the page and its style sheet: otherwise nothing was looked at
    assert_eq!(report["files"], pages.len() * 6, "{report}");
}

/// Pages of each kind: the first and the largest of each folder.
fn of_each_kind(bundle: &Path) -> Vec<String> {
    let all = files(bundle);
    let pages: Vec<(&str, usize)> = all
        .iter()
        .filter(|(name, _)| name.ends_with(".html"))
        .map(|(name, bytes)| (name.as_str(), bytes.len()))
        .collect();
    let mut chosen: Vec<&str> = pages.iter().map(|(name, _)| *name).filter(|name| !name.contains('/')).collect();
    for folder in [
        "controls/A.",
        "controls/2013/",
        "checks/",
        "exchanges/aws/",
        "exchanges/kubernetes/",
        "exchanges/github/",
        "exchanges/documents/",
    ] {
        let of: Vec<&(&str, usize)> = pages.iter().filter(|(name, _)| name.starts_with(folder)).collect();
        assert!(!of.is_empty(), "no page below {folder}");
        let largest = of.iter().max_by_key(|(_, size)| *size).unwrap();
        chosen.extend([of[0].0, largest.0]);
    }
    let clause = pages
        .iter()
        .map(|(name, _)| *name)
        .find(|name| name.starts_with("controls/") && !name.contains("/A.") && !name.contains("2013"));
    chosen.extend(clause);
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(str::to_owned).collect()
}

#[test]
fn pages_of_every_kind_are_quiet_and_accessible() {
    let pages = of_each_kind(demo());
    assert!(pages.len() >= 22, "{pages:?}");
    browse(demo(), &pages);
}

#[test]
fn what_changed_is_quiet_and_accessible() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path());
    let demo = demo().display().to_string();
    let arguments = ["scan", "--replay", &demo, "--previous", &demo, "--out", "next", "--allow-incomplete"];
    expect(folder.path(), &arguments, 0);
    browse(&folder.path().join("next"), &["changes.html".to_owned(), "index.html".to_owned()]);
}
