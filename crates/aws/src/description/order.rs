//! Facts in an order in which each comes after those it needs.

use super::catalog::{Binding, FactDef, NamedFact};
use super::path::{Path, Ref};
use std::collections::BTreeSet;

/// Orders facts; the error names those that need each other in a circle.
pub(crate) fn ordered(facts: Vec<NamedFact>, region: &[Path]) -> Result<Vec<NamedFact>, Vec<String>> {
    let mut left = facts;
    let mut done = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let names: BTreeSet<String> = left.iter().map(|fact| fact.name.clone()).collect();
        let ready = |fact: &NamedFact| needs(&fact.def, region).iter().all(|name| !names.contains(*name));
        let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(ready);
        if now.is_empty() {
            return Err(names.into_iter().collect());
        }
        done.extend(now);
        left = later;
    }
    Ok(done)
}

/// The first steps of all paths that a fact is made from.
pub(crate) fn needs<'a>(def: &'a FactDef, region: &'a [Path]) -> BTreeSet<&'a str> {
    let mut paths: Vec<&Path> = Vec::new();
    match def {
        FactDef::Call { call, for_each } => {
            for (_, binding) in &call.bindings {
                if let Binding::Ref(reference) = binding {
                    paths.extend(reference.paths());
                }
            }
            paths.extend(for_each.iter().map(|for_each| &for_each.values));
            if !call.ask_globally {
                paths.extend(region);
            }
        }
        FactDef::Merge { by, .. } => paths.extend(by.iter().flat_map(|(_, reference): &(Path, Ref)| reference.paths())),
        FactDef::Function { of, .. } => paths.extend(of),
    }
    paths.into_iter().filter_map(|path| path.steps.first().map(String::as_str)).collect()
}
