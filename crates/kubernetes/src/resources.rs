//! One object becomes one resource: its common facts, its parts, its computed facts, and where each comes from.

use crate::extract::resource_id;
use crate::facts::{self, Fact, METADATA_FACTS, Missing, Subject, World};
use crate::kinds::{Kind, Kinds, Scope};
use crate::listing::{Listed, Listing};
use annexa_model::{KubernetesSettings, Reason, Resource, Target, Unobserved, UnobservedState};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What all resources of a target have in common.
pub(crate) struct Maker<'a> {
    pub(crate) kinds: &'a Kinds,
    pub(crate) target: &'a Target,
    pub(crate) settings: &'a KubernetesSettings,
    pub(crate) world: &'a World<'a>,
}

/// A resource that is being put together.
#[derive(Default)]
struct Parts {
    facts: BTreeMap<String, Value>,
    unobserved: Vec<Unobserved>,
    sources: BTreeMap<String, Vec<String>>,
}

impl Parts {
    fn known(&mut self, name: &str, value: Value, source: &[String]) {
        self.facts.insert(name.to_owned(), value);
        self.sources.insert(name.to_owned(), source.to_vec());
    }

    fn add(&mut self, name: &str, fact: Fact, source: &[String]) {
        self.sources.insert(name.to_owned(), source.to_vec());
        match fact {
            Fact::Absent => {}
            Fact::Known(value) => {
                self.facts.insert(name.to_owned(), value);
            }
            Fact::Unobserved(missing) => self.miss(format!("/{name}"), UnobservedState::Unobserved, missing),
            Fact::Partly(value, missing) => {
                for (below, missing) in missing {
                    let is_list = below.is_empty()
                        || facts::at(&value, &below[1..].replace('/', ".")).is_some_and(Value::is_array);
                    let state = if is_list { UnobservedState::Partial } else { UnobservedState::Unobserved };
                    self.miss(format!("/{name}{below}"), state, missing);
                }
                self.facts.insert(name.to_owned(), value);
            }
        }
    }

    fn miss(&mut self, pointer: String, state: UnobservedState, missing: Missing) {
        let reason = Reason { reason: missing.reason, gap: missing.gap };
        self.unobserved.push(Unobserved { pointer, state, reason });
    }
}

impl Maker<'_> {
    /// The resource of an object; none for an object that belongs to another one (a ReplicaSet of a Deployment).
    pub(crate) fn resource(&self, kind: &Kind, functions: &[String], listed: &Listed) -> Option<Resource> {
        let object = &listed.object;
        let text =
            |key: &str| facts::at(object, "metadata").and_then(|metadata| metadata.get(key)?.as_str()).unwrap_or("");
        let (namespace, name) = (text("namespace"), text("name"));
        if self.kinds.folds(kind, object) {
            return None;
        }
        let id = resource_id(self.world.cluster, &kind.name, namespace, name);
        let subject = Subject { kind: Some(kind), object, namespace, name, id: &id };
        let source = std::slice::from_ref(&listed.exchange);
        let mut parts = Parts::default();
        parts.sources.insert(String::new(), source.to_vec());
        self.common(&mut parts, kind, &subject, source);
        for (fact, path) in &kind.facts {
            parts.add(fact, facts::at(object, path).map_or(Fact::Absent, |value| Fact::Known(value.clone())), source);
        }
        self.computed(&mut parts, functions, &subject, source);
        Some(self.finish(parts, kind.feeds.clone(), &subject, self.excluded(kind, &subject)))
    }

    /// The cluster itself, from its version and the UID of kube-system.
    pub(crate) fn cluster(
        &self,
        kind: &str,
        functions: &[String],
        version: &Option<Value>,
        exchange: Option<&str>,
        namespaces: Option<&Listing>,
    ) -> Option<Resource> {
        if self.world.cluster.starts_with("target:") {
            return None;
        }
        let object = version.clone().unwrap_or(Value::Null);
        let subject =
            Subject { kind: None, object: &object, namespace: "", name: &self.target.name, id: self.world.cluster };
        let mut parts = Parts::default();
        parts.sources.insert(String::new(), namespaces.map(|listing| listing.evidence.clone()).unwrap_or_default());
        let source: Vec<String> = exchange.map(str::to_owned).into_iter().collect();
        self.computed(&mut parts, functions, &subject, &source);
        Some(self.finish(parts, kind.to_owned(), &subject, None))
    }

    fn common(&self, parts: &mut Parts, kind: &Kind, subject: &Subject<'_>, source: &[String]) {
        let metadata = subject.object.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        parts.known("kind", json!(kind.name), source);
        parts.known("cluster_id", json!(self.world.cluster), source);
        parts.known("labels", metadata.get("labels").cloned().unwrap_or_else(|| json!({})), source);
        let annotations = metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut keys: Vec<String> = annotations.keys().cloned().collect();
        keys.sort();
        parts.known("annotation_keys", json!(keys), source);
        let kept: Map<String, Value> = annotations.into_iter().filter(|(_, value)| value.is_string()).collect();
        parts.known("annotations", Value::Object(kept), source);
        let kept: Map<String, Value> =
            metadata.into_iter().filter(|(key, _)| METADATA_FACTS.contains(&key.as_str())).collect();
        parts.known("metadata", Value::Object(kept), source);
        if kind.scope == Scope::Namespaced {
            let id = resource_id(self.world.cluster, "Namespace", "", subject.namespace);
            parts.known("namespace_id", json!(id), source);
        }
    }

    fn computed(&self, parts: &mut Parts, functions: &[String], subject: &Subject<'_>, source: &[String]) {
        for function in functions.iter().filter_map(|name| facts::function(name)) {
            let mut sources = source.to_vec();
            let lists = function.needs.iter().filter_map(|kind| self.world.lists.get(*kind));
            sources.extend(lists.flat_map(|list| list.evidence.iter().cloned()));
            sources.sort();
            sources.dedup();
            parts.add(function.name, (function.compute)(subject, self.world), &sources);
        }
    }

    /// Why checks do not ask an object.
    fn excluded(&self, kind: &Kind, subject: &Subject<'_>) -> Option<String> {
        let namespace = if kind.name == "Namespace" { subject.name } else { subject.namespace };
        if self.settings.namespaces.exclude.iter().any(|excluded| excluded == namespace) {
            return Some(format!("the namespace {namespace} is excluded by the configuration"));
        }
        let mirror = subject.object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some();
        (kind.name == "Pod" && mirror)
            .then(|| "the mirror of a static pod: its file on the node decides, not the API".to_owned())
    }

    fn finish(&self, parts: Parts, kind: String, subject: &Subject<'_>, excluded: Option<String>) -> Resource {
        Resource {
            kind,
            id: subject.id.to_owned(),
            name: subject.name.to_owned(),
            target: self.target.name.clone(),
            account: None,
            region: None,
            namespace: Some(subject.namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            facts: parts.facts.into_iter().collect(),
            unobserved: parts.unobserved,
            sources: parts.sources,
            excluded,
        }
    }
}
