//! Comparing the rules in a bundle with the library of a release.

use crate::Manifest;
use serde::Serialize;
use std::collections::BTreeMap;

/// The rules that a release of annexa carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The release.
    pub version: String,
    /// Path below `rules/` and SHA-256 of each file (see [`annexa_model::RuleFiles::digests`]).
    pub digests: BTreeMap<String, String>,
}

/// How a bundle's rules differ from the library of the release that its manifest names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleComparison {
    /// The release that the manifest names.
    pub release: String,
    /// Whether that release's library was at hand; if not, nothing is known and the lists are empty.
    pub compared: bool,
    /// How many rules are those of the release.
    pub same: u64,
    /// Rules that the release does not have.
    pub own: Vec<String>,
    /// Rules that are not those of the release.
    pub changed: Vec<String>,
    /// Rules of the release that the bundle does not have.
    pub left_out: Vec<String>,
}

impl Library {
    /// How the rules of a bundle that this `release` decided (path below `rules/` and SHA-256) differ from this library;
    /// of another release nothing is known.
    #[must_use]
    pub fn compare(&self, release: &str, rules: &BTreeMap<String, String>) -> RuleComparison {
        let mut comparison = RuleComparison { release: release.to_owned(), ..RuleComparison::default() };
        if self.version != release {
            return comparison;
        }
        comparison.compared = true;
        for (path, digest) in rules {
            match self.digests.get(path) {
                None => comparison.own.push(path.clone()),
                Some(released) if released != digest => comparison.changed.push(path.clone()),
                Some(_) => comparison.same += 1,
            }
        }
        comparison.left_out = self.digests.keys().filter(|path| !rules.contains_key(*path)).cloned().collect();
        comparison
    }
}

impl RuleComparison {
    pub(crate) fn of(manifest: &Manifest, library: Option<&Library>) -> Self {
        let release = &manifest.engine.version;
        match library {
            Some(library) => library.compare(release, &manifest.rule_digests()),
            None => Self { release: release.clone(), ..Self::default() },
        }
    }

    /// Whether every rule is known to be the release's, and none is left out.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.compared && self.own.is_empty() && self.changed.is_empty() && self.left_out.is_empty()
    }
}
