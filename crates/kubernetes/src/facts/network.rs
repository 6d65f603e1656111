//! Facts of namespaces and network policies.

use super::world::Policy;
use super::{Fact, FactFunction, Subject, World, boolean, items, object, selector, string, texts};
use serde_json::{Map, Value, json};

pub(crate) static FUNCTIONS: &[FactFunction] = &[
    FactFunction { name: "system_namespace", field: |_| boolean(), needs: &[], compute: system_namespace },
    FactFunction {
        name: "default_deny_ingress",
        field: |_| boolean(),
        needs: &["NetworkPolicy"],
        compute: |subject, world| default_deny(subject, world, "Ingress"),
    },
    FactFunction {
        name: "default_deny_egress",
        field: |_| boolean(),
        needs: &["NetworkPolicy"],
        compute: |subject, world| default_deny(subject, world, "Egress"),
    },
    FactFunction { name: "pod_security", field: |_| pod_security_field(), needs: &[], compute: pod_security },
    FactFunction {
        name: "allows_all_ingress",
        field: |_| boolean(),
        needs: &[],
        compute: |subject, _| allows_all(subject, "Ingress"),
    },
    FactFunction {
        name: "allows_all_egress",
        field: |_| boolean(),
        needs: &[],
        compute: |subject, _| allows_all(subject, "Egress"),
    },
];

/// The namespaces that Kubernetes itself makes for itself.
const SYSTEM: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];

fn system_namespace(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    Fact::Known(json!(SYSTEM.contains(&subject.name)))
}

/// Whether a policy of the namespace isolates all its pods in a direction and allows nothing itself. Others may then
/// allow what is needed.
fn default_deny(subject: &Subject<'_>, world: &World<'_>, direction: &str) -> Fact {
    let denies = |policy: &Policy| {
        selector::matches_all(policy.spec.get("podSelector"))
            && policy.isolates(direction)
            && policy.rules(direction).next().is_none()
    };
    Fact::yes(world.policies(subject.name).iter().any(denies), world.policies_missing().as_ref())
}

fn pod_security_field() -> annexa_model::Field {
    object(&[("enforce", string()), ("audit", string()), ("warn", string()), ("enforced", boolean())])
}

/// The labels of Pod Security admission. `enforced`: baseline or restricted, on a server that looks at the label (on by
/// itself since 1.23).
fn pod_security(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let mut facts = Map::new();
    for mode in ["enforce", "audit", "warn"] {
        if let Some(level) = subject.label(&format!("pod-security.kubernetes.io/{mode}")) {
            facts.insert(mode.to_owned(), json!(level));
        }
    }
    let strict = facts.get("enforce").is_some_and(|level| level == "baseline" || level == "restricted");
    match (strict, world.version) {
        (true, None) => {
            return Fact::Partly(Value::Object(facts), vec![("/enforced".to_owned(), world.version_missing.clone())]);
        }
        (true, Some(version)) => facts.insert("enforced".to_owned(), json!(version >= (1, 23))),
        (false, _) => facts.insert("enforced".to_owned(), json!(false)),
    };
    Fact::Known(Value::Object(facts))
}

/// Whether a policy has a rule for everybody: no peers, or all addresses without exception.
fn allows_all(subject: &Subject<'_>, direction: &str) -> Fact {
    let policy = Policy { name: String::new(), spec: subject.object.get("spec").cloned().unwrap_or(Value::Null) };
    let peers = if direction == "Ingress" { "from" } else { "to" };
    let everybody = |peer: &Value| {
        let all = super::at(peer, "ipBlock.cidr")
            .and_then(Value::as_str)
            .is_some_and(|cidr| cidr == "0.0.0.0/0" || cidr == "::/0");
        all && texts(peer, "ipBlock.except").next().is_none()
    };
    let open =
        policy.rules(direction).any(|rule| items(rule, peers).next().is_none() || items(rule, peers).any(everybody));
    Fact::Known(json!(policy.isolates(direction) && open))
}
