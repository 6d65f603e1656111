//! The kinds that are asked, from `kinds/*.yaml`; what their types are made of, from `types/*.yaml`.

use crate::facts;
use crate::shape::Shape;
use annexa_model::{Field, Relation, ScalarKind, TypeSchema};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Resources that are never asked, whatever a file says: their contents are secrets or may hold them.
pub(crate) const NEVER: [&str; 3] = ["secrets", "configmaps", "exposedsecretreports"];

/// Whether a kind lives in namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// In a namespace.
    #[default]
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// A kind that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// `Deployment`
    pub(crate) name: String,
    /// `deployments`
    pub(crate) resource: String,
    /// `apps/v1`, the best first.
    pub(crate) served_as: Vec<String>,
    pub(crate) scope: Scope,
    /// The resource type that its objects become.
    pub(crate) feeds: String,
    /// What is lost when it may not be listed.
    pub(crate) without: String,
    /// What is kept of an object.
    pub(crate) keep: Shape,
    /// The dotted path of the pod template; `""` is the object itself.
    pub(crate) pod: Option<String>,
    /// Annotations whose values are kept, besides those of every kind.
    pub(crate) annotations: BTreeSet<String>,
    /// Facts that are parts of the object, by their dotted paths.
    pub(crate) facts: BTreeMap<String, String>,
}

impl Kind {
    /// The API group, `""` for the core.
    pub(crate) fn group(&self) -> &str {
        self.served_as.first().map_or("", |api| group_of(api))
    }

    /// `networkpolicies.networking.k8s.io`, as RBAC's messages write it.
    pub(crate) fn qualified_resource(&self) -> String {
        match self.group() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }
}

/// The group in `apps/v1`; the core (`v1`) has none.
pub(crate) fn group_of(api: &str) -> &str {
    api.rsplit_once('/').map_or("", |(group, _)| group)
}

/// A resource type: what its resources have besides the kinds' own facts.
#[derive(Clone, Debug)]
pub(crate) struct TypeRules {
    pub(crate) title: String,
    /// Names of fact functions.
    pub(crate) functions: Vec<String>,
    pub(crate) relations: BTreeMap<String, Relation>,
}

/// All kinds and types of a set of rule files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    /// By name (`Deployment`).
    pub(crate) kinds: BTreeMap<String, Kind>,
    /// By name (`kubernetes.workload`).
    pub(crate) types: BTreeMap<String, TypeRules>,
    /// Annotations whose values are kept on every kind.
    pub(crate) annotations: BTreeSet<String>,
    /// The same by their beginnings.
    pub(crate) annotation_prefixes: BTreeSet<String>,
}

impl Kinds {
    /// The kinds that feed a type.
    pub(crate) fn feeding<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Kind> {
        self.kinds.values().filter(move |k| k.feeds == kind)
    }

    /// Whether an object is part of another one: a workload that another listed kind of workload controls. An owner
    /// that is not listed (a custom resource) has no finding of its own, so its objects stand for themselves.
    pub(crate) fn folds(&self, kind: &Kind, object: &Value) -> bool {
        let Some(owner) = kind.pod.as_ref().and_then(|_| facts::controller(object)) else { return false };
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or("");
        let group = group_of(text("apiVersion"));
        self.kinds.get(text("kind")).is_some_and(|owner| owner.feeds == kind.feeds && owner.group() == group)
    }

    /// The kinds that some types need: those that feed them, and those that their fact functions look at. The
    /// namespaces are always among them, since they say which cluster it is.
    pub(crate) fn needed(&self, wanted: Option<&[String]>) -> BTreeSet<String> {
        let Some(wanted) = wanted else { return self.kinds.keys().cloned().collect() };
        let mut needed = BTreeSet::from(["Namespace".to_owned()]);
        for (name, rules) in self.types.iter().filter(|(name, _)| wanted.contains(name)) {
            needed.extend(self.feeding(name).map(|kind| kind.name.clone()));
            let functions = rules.functions.iter().filter_map(|function| facts::function(function));
            needed.extend(functions.flat_map(|function| function.needs).map(|kind| (*kind).to_owned()));
        }
        needed.retain(|kind| self.kinds.contains_key(kind));
        needed
    }

    /// The shapes of the types, for the lint of checks.
    pub(crate) fn schemas(&self) -> Vec<TypeSchema> {
        let schema = |(name, rules): (&String, &TypeRules)| {
            let mut fields = self.common_fields(name);
            for kind in self.feeding(name) {
                let parts =
                    kind.facts.iter().filter_map(|(fact, path)| Some((fact.clone(), kind.keep.at(path)?.field())));
                fields.extend(parts);
            }
            let functions = rules.functions.iter().filter_map(|function| facts::function(function));
            fields.extend(functions.map(|function| (function.name.to_owned(), (function.field)(self))));
            TypeSchema { name: name.clone(), title: rules.title.clone(), fields, relations: rules.relations.clone() }
        };
        self.types.iter().map(schema).collect()
    }

    /// The facts that every object gives.
    fn common_fields(&self, kind: &str) -> BTreeMap<String, Field> {
        let string = || Field::Scalar(ScalarKind::String);
        let mut fields = BTreeMap::new();
        let Some(first) = self.feeding(kind).next() else { return fields };
        fields.insert("kind".to_owned(), string());
        fields.insert("cluster_id".to_owned(), string());
        fields.insert("labels".to_owned(), Field::Map(Box::new(string())));
        fields.insert("annotations".to_owned(), Field::Map(Box::new(string())));
        fields.insert("annotation_keys".to_owned(), Field::List(Box::new(string())));
        if let Some(Field::Object(mut members)) = first.keep.at("metadata").map(Shape::field) {
            members.retain(|name, _| facts::METADATA_FACTS.contains(&name.as_str()));
            fields.insert("metadata".to_owned(), Field::Object(members));
        }
        if self.feeding(kind).any(|kind| kind.scope == Scope::Namespaced) {
            fields.insert("namespace_id".to_owned(), string());
        }
        fields
    }
}
