//! What a scan that could not read everything may say: what it does not know is unknown, the rest stays as it was.

use crate::program::lines;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// (check, resource type, resource): status.
pub(crate) type Found = BTreeMap<(String, String, String), String>;

/// The findings of a bundle; `resource` names the resource by its id.
pub(crate) fn found(bundle: &Path, resource: impl Fn(&str) -> &str) -> Found {
    let findings = lines(&bundle.join("findings.jsonl"));
    let of = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    let keyed = findings.iter().map(|f| {
        let id = of(&f["resource"]["id"]);
        ((of(&f["check"]), of(&f["resource"]["type"]), resource(&id).to_owned()), of(&f["status"]))
    });
    keyed.collect()
}

/// Whether a check is one of these: `github.branch.*`, `github.webhook.has-a-secret`.
pub(crate) fn is_one_of(check: &str, patterns: &[&str]) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.strip_suffix('*').map_or(check == *pattern, |prefix| check.starts_with(prefix)))
}

/// Of all findings that are another's than before, each is unknown; and the checks that have such findings are those
/// that need what is missing, all of them and no others. Gives the changed findings.
pub(crate) fn only_unknown<'a>(what: &str, before: &Found, after: &'a Found, needing: &[&str]) -> Vec<&'a str> {
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    let mut resources = Vec::new();
    for (key, now) in after {
        if before.get(key) != Some(now) {
            assert_eq!(now, "unknown", "{what}: {key:?} was {:?}", before.get(key));
            changed.insert(&key.0);
            resources.push(key.2.as_str());
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(key)) {
        assert!(is_one_of(&key.0, needing), "{what}: {key:?} is gone");
    }
    let expected: BTreeSet<&str> =
        before.keys().map(|key| key.0.as_str()).filter(|check| is_one_of(check, needing)).collect();
    assert_eq!(changed, expected, "{what}");
    resources
}

/// No finding of these checks says anything but unknown.
pub(crate) fn all_unknown(what: &str, after: &Found, patterns: &[&str]) {
    let mut count = 0;
    for (key, now) in after.iter().filter(|(key, _)| is_one_of(&key.0, patterns)) {
        assert_eq!(now, "unknown", "{what}: {key:?}");
        count += 1;
    }
    assert!(count > 0, "{what}: no finding at all");
}
