//! Works through the catalogue: which calls are needed, and what their answers are put together to.
//!
//! Collection and extraction are the same run. Collection asks the transport and forgets the result; extraction
//! asks the recorded exchanges and keeps it. So what is extracted is always what was asked for.

mod ask;
mod codecs;
mod draft;
mod gap;
mod listing;
mod live;
mod page;
mod reply;
mod resource;
mod shared;
mod tape;

pub(crate) use ask::{Ask, Place};
pub(crate) use live::Live;
pub(crate) use tape::{Tape, complete};

use crate::description::{Catalog, Scope, TypeDef};
use annexa_model::{Gap, Resource, ResourceSet};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// How many resources are worked on at once; the transport limits the calls themselves.
const WIDTH: usize = 64;

/// One run over one target.
pub(crate) struct Run<'a> {
    catalog: &'a Catalog,
    asker: &'a dyn Ask,
    place: &'a Place,
    answers: Mutex<BTreeMap<String, Arc<OnceCell<Arc<reply::Reply>>>>>,
    gaps: Mutex<BTreeMap<String, Gap>>,
}

/// What a run gives.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) resources: Vec<Resource>,
    pub(crate) sets: Vec<ResourceSet>,
    pub(crate) gaps: Vec<Gap>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(catalog: &'a Catalog, asker: &'a dyn Ask, place: &'a Place) -> Self {
        Self { catalog, asker, place, answers: Mutex::default(), gaps: Mutex::default() }
    }

    /// Runs all types, or the wanted ones.
    pub(crate) async fn types(self, wanted: Option<&[String]>) -> Outcome {
        let chosen = |def: &&TypeDef| wanted.is_none_or(|wanted| wanted.contains(&def.name));
        let types: Vec<&TypeDef> = self.catalog.types.values().filter(chosen).collect();
        let run = &self;
        // boxed, because the compiler can't see through a closure over borrowed types (rust-lang/rust#100013)
        let work: Vec<BoxFuture<'_, _>> = types.into_iter().map(|def| run.one_type(def).boxed()).collect();
        let results: Vec<_> = futures::stream::iter(work).buffered(WIDTH).collect().await;
        let mut outcome = Outcome::default();
        for (resources, sets) in results {
            outcome.resources.extend(resources);
            outcome.sets.extend(sets);
        }
        outcome.gaps = self.gaps.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect();
        outcome
    }

    async fn one_type(&self, def: &TypeDef) -> (Vec<Resource>, Vec<ResourceSet>) {
        let regions: Vec<Option<String>> = match def.scope {
            Scope::Global => vec![None],
            Scope::Regional => self.place.regions.iter().cloned().map(Some).collect(),
        };
        let listings: Vec<_> =
            futures::stream::iter(regions).map(|region| self.listing(def, region)).buffered(WIDTH).collect().await;
        let mut seen = BTreeSet::new();
        let mut resources = Vec::new();
        let mut sets = Vec::new();
        for listing in listings {
            let mut set = listing.set;
            let region = set.region.clone();
            let drafts = futures::stream::iter(listing.drafts).map(|draft| self.resource(def, draft, region.clone()));
            let made: Vec<_> = drafts.buffered(WIDTH).collect().await;
            for made in made {
                match made {
                    // a trail of all regions is listed in each of them
                    Ok(resource) if seen.insert(resource.id.clone()) => {
                        set.found += 1;
                        if self.asker.extracts() {
                            resources.push(resource);
                        }
                    }
                    Ok(_) => {}
                    Err(reason) => {
                        let reason = self.nameless(def, &set, reason);
                        set.state = listing::lessened(set.state, reason);
                    }
                }
            }
            set.counted = self.counted(def, region.as_deref()).await;
            sets.push(set);
        }
        (resources, sets)
    }
}
