//! An example as a small world: its resources, its relations, its lists.

use super::yaml::{Item, Tag, Yaml, known, own_text, tag};
use crate::evaluate::Explicit;
use crate::schemas::Schemas;
use annexa_model::{Reason, Resource, ResourceSet, SetState, TypeSchema, Unobserved, UnobservedState};
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

/// The gap of everything that an example says is not known.
const GAP: &str = "example";

/// The resources of an example. The first one is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) resources: Vec<Resource>,
    pub(super) relations: BTreeMap<(usize, String), Explicit>,
    pub(super) sets: Vec<ResourceSet>,
    /// What the example speaks of, for each resource.
    pub(super) said: Vec<BTreeSet<String>>,
}

impl Scene {
    /// The scene of a check that asks each resource.
    pub(super) fn each(item: &Item, schema: &TypeSchema, schemas: &Schemas<'_>) -> Self {
        let mut scene = Scene::default();
        scene.resource(item, schema, schemas);
        scene
    }

    /// The scene of a comparison: the asked resource and those that it is compared with.
    pub(super) fn row(
        item: &Item,
        asked: (&str, &TypeSchema),
        other: (&str, &TypeSchema),
        schemas: &Schemas<'_>,
    ) -> Self {
        let mut scene = Scene::default();
        let Yaml::Mapping(pairs) = &item.value.0 else { return scene };
        let side = |name: &str| pairs.iter().find(|(key, _)| key.value == name).map(|(_, item)| item);
        if let Some(item) = side(asked.0) {
            scene.resource(item, asked.1, schemas);
        }
        scene.set(asked.1, SetState::Complete);
        let Some(item) = side(other.0) else { return scene };
        if let Yaml::Sequence(items) = &item.value.0 {
            for item in items {
                scene.resource(item, other.1, schemas);
            }
        }
        let gap = GAP.to_owned();
        let reason = reason(&item.value.0).reason;
        match tag(item) {
            Ok(Some(Tag::Absent)) => {}
            Ok(Some(Tag::Denied)) => scene.set(other.1, SetState::Unobserved { reason, gap }),
            Ok(Some(Tag::Partial)) => scene.set(other.1, SetState::Partial { reason, gap }),
            _ => scene.set(other.1, SetState::Complete),
        }
        scene
    }

    fn set(&mut self, schema: &TypeSchema, state: SetState) {
        self.sets.push(ResourceSet {
            kind: schema.name.clone(),
            target: "example".to_owned(),
            region: None,
            state,
            found: 0,
            excluded: 0,
            counted: None,
            evidence: Vec::new(),
        });
    }

    fn resource(&mut self, item: &Item, schema: &TypeSchema, schemas: &Schemas<'_>) -> usize {
        let index = self.resources.len();
        self.resources.push(empty(index, schema));
        self.said.push(BTreeSet::new());
        let Yaml::Mapping(pairs) = &item.value.0 else { return index };
        for (key, item) in pairs {
            let name = key.value.as_str();
            if let Some(said) = self.said.get_mut(index) {
                said.insert(name.to_owned());
            }
            let is_fact = schema.fields.contains_key(name);
            let relation = schema.relations.get(name).filter(|_| !is_fact);
            match (own_text(name, item).filter(|_| !is_fact), relation) {
                (None, Some(relation)) => {
                    let explicit = self.relation(item, schemas.get(&relation.to), schemas);
                    self.relations.insert((index, name.to_owned()), explicit);
                }
                (text, _) => {
                    let Some(resource) = self.resources.get_mut(index) else { continue };
                    match text {
                        Some(text) => own(resource, name, text),
                        None => fact(resource, name, item),
                    }
                }
            }
        }
        index
    }

    fn relation(&mut self, item: &Item, schema: Option<&TypeSchema>, schemas: &Schemas<'_>) -> Explicit {
        let Some(schema) = schema else { return Explicit::Absent };
        match (tag(item), &item.value.0) {
            (Ok(Some(Tag::Denied)), yaml) => Explicit::Unobserved(reason(yaml)),
            (Ok(Some(Tag::Absent)), _) => Explicit::Absent,
            (found, Yaml::Sequence(items)) => {
                let partial = (found == Ok(Some(Tag::Partial))).then(|| reason(&item.value.0));
                Explicit::Many(items.iter().map(|item| self.resource(item, schema, schemas)).collect(), partial)
            }
            _ => Explicit::One(self.resource(item, schema, schemas)),
        }
    }
}

fn empty(index: usize, schema: &TypeSchema) -> Resource {
    Resource {
        kind: schema.name.clone(),
        id: format!("example-{index}"),
        name: "example".to_owned(),
        target: "example".to_owned(),
        account: None,
        region: None,
        namespace: None,
        facts: Map::new(),
        unobserved: Vec::new(),
        sources: BTreeMap::new(),
        excluded: None,
    }
}

fn own(resource: &mut Resource, name: &str, text: &str) {
    let text = text.to_owned();
    match name {
        "id" => resource.id = text,
        "name" => resource.name = text,
        "target" => resource.target = text,
        "account" => resource.account = Some(text),
        "region" => resource.region = Some(text),
        _ => resource.namespace = Some(text),
    }
}

fn fact(resource: &mut Resource, name: &str, item: &Item) {
    let unobserved = &mut resource.unobserved;
    let mut missing = |pointer: &str, tag: Tag, yaml: &Yaml| {
        let state = if tag == Tag::Partial { UnobservedState::Partial } else { UnobservedState::Unobserved };
        unobserved.push(Unobserved { pointer: pointer.to_owned(), state, reason: reason(yaml) });
    };
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    if let Some(value) = known(item, &pointer, &mut missing) {
        resource.facts.insert(name.to_owned(), value);
    }
}

/// The reason that an example gives, or one that says that it is an example.
pub(super) fn reason(yaml: &Yaml) -> Reason {
    let text = match yaml {
        Yaml::Scalar(serde_json::Value::String(text)) => text.as_str(),
        _ => "denied in this example",
    };
    Reason { reason: text.to_owned(), gap: Some(GAP.to_owned()) }
}
