//! Leaves out the facts that nobody looks at: each of them is a call for each resource.

use super::catalog::{CallDef, Catalog, FactDef, Origin, SharedDef, StepSource, TypeDef};
use super::order::needs;
use super::path::Path;
use std::collections::BTreeSet;

impl Catalog {
    /// Keeps the facts that `looked_at` (type, fact) names, and what those and the resources' names need.
    pub(crate) fn prune(&mut self, looked_at: &dyn Fn(&str, &str) -> bool) {
        for def in self.types.values_mut() {
            let kept = kept(def, looked_at);
            let of_region: BTreeSet<&str> = first_steps(&def.region);
            let of_region: BTreeSet<String> = of_region.into_iter().map(str::to_owned).collect();
            def.facts.retain(|fact| kept.contains(&fact.name) || of_region.contains(&fact.name));
            for fact in &mut def.facts {
                fact.for_region = !kept.contains(&fact.name);
            }
        }
        let asked: BTreeSet<String> = self.calls().map(|call| call.full_name(self)).collect();
        let polled = self.calls().filter_map(|call| {
            let full = call.full_name(self);
            let (service, _) = full.split_once(':')?;
            Some(format!("{service}:{}", call.poll.as_ref()?.operation))
        });
        let asked: BTreeSet<String> = asked.iter().cloned().chain(polled).collect();
        self.unasked = self.operations.0.keys().filter(|name| !asked.contains(*name)).cloned().collect();
    }

    /// All calls that are made.
    fn calls(&self) -> impl Iterator<Item = &CallDef> {
        let shared =
            self.services.values().flat_map(|service| service.shared.values()).filter_map(|shared| match shared {
                SharedDef::Call(call) => Some(call.as_ref()),
                SharedDef::Function { .. } => None,
            });
        let lists = self.types.values().filter_map(|def| match &def.origin {
            Origin::List(steps) => Some(steps),
            Origin::OnePer(_) => None,
        });
        let lists = lists.flatten().filter_map(|step| match &step.source {
            StepSource::Call(call) => Some(call.as_ref()),
            StepSource::Shared(_) => None,
        });
        let facts = self.types.values().flat_map(|def| &def.facts).filter_map(|fact| match &fact.def {
            FactDef::Call { call, .. } => Some(call.as_ref()),
            FactDef::Merge { .. } | FactDef::Function { .. } => None,
        });
        shared.chain(lists).chain(facts)
    }
}

/// The names of the facts that are looked at, and of those that they need.
fn kept(def: &TypeDef, looked_at: &dyn Fn(&str, &str) -> bool) -> BTreeSet<String> {
    let named = def.label.iter().chain([&def.id]).flat_map(|name| name.paths());
    let mut kept: BTreeSet<String> = named.filter_map(|path| path.steps.first().cloned()).collect();
    kept.extend(def.facts.iter().map(|fact| &fact.name).filter(|fact| looked_at(&def.name, fact)).cloned());
    // a fact stands behind those that it needs
    for fact in def.facts.iter().rev() {
        if kept.contains(&fact.name) {
            kept.extend(needs(&fact.def, &[]).into_iter().map(str::to_owned));
        }
    }
    kept
}

fn first_steps(paths: &[Path]) -> BTreeSet<&str> {
    paths.iter().filter_map(|path| path.steps.first().map(String::as_str)).collect()
}
