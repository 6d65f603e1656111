//! Facts of the cluster as a whole, and of its nodes.

use super::{Fact, FactFunction, Missing, Subject, World, list, object, string};
use crate::extract::resource_id;
use annexa_model::Field;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(crate) static FUNCTIONS: &[FactFunction] = &[
    FactFunction { name: "version", field: |_| version_field(), needs: &[], compute: version },
    FactFunction { name: "managed_by", field: |_| string(), needs: &["Node"], compute: managed_by },
    FactFunction {
        name: "cluster_admins",
        field: |_| list(string()),
        needs: &["ClusterRoleBinding"],
        compute: cluster_admins,
    },
    FactFunction { name: "zone", field: |_| string(), needs: &[], compute: zone },
];

fn version_field() -> Field {
    object(&[
        ("major", string()),
        ("minor", string()),
        ("gitVersion", string()),
        ("platform", string()),
        ("buildDate", string()),
    ])
}

fn version(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let Some(answer) = subject.object.as_object() else { return Fact::Unobserved(world.version_missing.clone()) };
    let kept = ["major", "minor", "gitVersion", "platform", "buildDate"];
    let members: Map<String, Value> =
        kept.iter().filter_map(|key| Some(((*key).to_owned(), answer.get(*key)?.clone()))).collect();
    Fact::Known(Value::Object(members))
}

/// `1` and `20+` as numbers.
pub(crate) fn version_numbers(answer: &Value) -> Option<(u32, u32)> {
    let number = |key: &str| answer.get(key)?.as_str()?.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    Some((number("major")?, number("minor")?))
}

/// The provider that runs the control plane (`eks`, `gke`, `aks`); absent when the company runs it itself.
fn managed_by(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let git = subject.object.get("gitVersion").and_then(Value::as_str);
    let by_version =
        git.and_then(|git| [("-eks-", "eks"), ("-gke.", "gke")].into_iter().find(|(mark, _)| git.contains(mark)));
    let marks = [
        ("kubernetes.azure.com/cluster", "aks"),
        ("eks.amazonaws.com/nodegroup", "eks"),
        ("cloud.google.com/gke-nodepool", "gke"),
    ];
    let by_nodes = || marks.into_iter().find(|(mark, _)| world.index.node_marks.contains(*mark));
    match (by_version.or_else(by_nodes), git, world.missing(&["Node"])) {
        (Some((_, provider)), _, _) => Fact::Known(json!(provider)),
        (None, None, _) => Fact::Unobserved(world.version_missing.clone()),
        (None, Some(_), Some(missing)) => Fact::Unobserved(missing),
        (None, Some(_), None) => Fact::Absent,
    }
}

/// Everybody whom a ClusterRoleBinding gives cluster-admin: `User ada`, `Group system:masters`, `ServiceAccount
/// ns/name`. A group counts as one: its members are not known here.
fn cluster_admins(_: &Subject<'_>, world: &World<'_>) -> Fact {
    let admin = resource_id(world.cluster, "ClusterRole", "", "cluster-admin");
    let bindings = world.index.bindings.iter().filter(|binding| binding.cluster && binding.role == admin);
    let text = |subject: &Value, key: &str| subject.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let name = |subject: &Value| match text(subject, "namespace") {
        namespace if namespace.is_empty() => format!("{} {}", text(subject, "kind"), text(subject, "name")),
        namespace => format!("{} {namespace}/{}", text(subject, "kind"), text(subject, "name")),
    };
    let names: BTreeSet<String> = bindings.flat_map(|binding| &binding.subjects).map(name).collect();
    let partial = |missing: Missing| vec![(String::new(), missing)];
    match world.missing(&["ClusterRoleBinding"]) {
        None => Fact::Known(json!(names)),
        Some(missing) if names.is_empty() => Fact::Unobserved(missing),
        Some(missing) => Fact::Partly(json!(names), partial(missing)),
    }
}

fn zone(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let keys = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
    keys.iter().find_map(|key| subject.label(key)).map_or(Fact::Absent, |zone| Fact::Known(json!(zone)))
}
