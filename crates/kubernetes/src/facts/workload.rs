//! Facts of workloads.

use super::{Fact, FactFunction, Missing, Subject, World, boolean, list, object, pod, string};
use crate::kinds::Kinds;
use annexa_model::Field;
use serde_json::{Map, Value, json};

pub(crate) static FUNCTIONS: &[FactFunction] = &[
    FactFunction { name: "pod_spec", field: pod_spec_field, needs: &[], compute: pod_spec },
    FactFunction { name: "pod_labels", field: |_| Field::Map(Box::new(string())), needs: &[], compute: pod_labels },
    FactFunction {
        name: "containers",
        field: pod::containers_field,
        needs: &[],
        compute: |subject, _| of_pod(subject, pod::containers),
    },
    FactFunction {
        name: "literal_secrets",
        field: pod::literal_secrets_field,
        needs: &[],
        compute: |subject, _| of_pod(subject, pod::literal_secrets),
    },
    FactFunction {
        name: "host_paths",
        field: pod::host_paths_field,
        needs: &[],
        compute: |subject, _| of_pod(subject, pod::host_paths),
    },
    FactFunction { name: "windows", field: |_| boolean(), needs: &[], compute: windows },
    FactFunction { name: "bare_pod", field: |_| boolean(), needs: &[], compute: bare_pod },
    FactFunction { name: "system_daemon_set", field: |_| boolean(), needs: &[], compute: system_daemon_set },
    FactFunction {
        name: "service_account",
        field: |_| string(),
        needs: &[],
        compute: |subject, _| Fact::Known(json!(service_account(subject))),
    },
    FactFunction {
        name: "mounts_service_account_token",
        field: |_| boolean(),
        needs: &["ServiceAccount"],
        compute: mounts_token,
    },
    FactFunction {
        name: "covered_by_network_policy",
        field: covered_field,
        needs: &["NetworkPolicy"],
        compute: covered,
    },
    FactFunction {
        name: "disruption_budgets",
        field: |_| list(string()),
        needs: &["PodDisruptionBudget"],
        compute: disruption_budgets,
    },
];

fn of_pod(subject: &Subject<'_>, facts: fn(&Value) -> Vec<Value>) -> Fact {
    subject.pod().map_or(Fact::Absent, |pod| Fact::Known(Value::Array(facts(pod))))
}

/// The pod spec without its containers, which are a fact of their own.
fn pod_spec(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let spec = subject.pod_spec().and_then(Value::as_object);
    let kept = |spec: &Map<String, Value>| -> Map<String, Value> {
        let is_containers = |key: &str| pod::CONTAINERS.iter().any(|(list, _)| *list == key);
        spec.iter().filter(|(key, _)| !is_containers(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    spec.map_or(Fact::Absent, |spec| Fact::Known(Value::Object(kept(spec))))
}

fn pod_spec_field(kinds: &Kinds) -> Field {
    let shape = kinds.kinds.get("Pod").and_then(|pod| pod.keep.at("spec")).map(crate::shape::Shape::field);
    match shape {
        Some(Field::Object(mut members)) => {
            members.retain(|name, _| !pod::CONTAINERS.iter().any(|(list, _)| list == name));
            Field::Object(members)
        }
        _ => Field::Any,
    }
}

fn labels<'a>(subject: &Subject<'a>) -> Option<&'a Value> {
    subject.pod()?.get("metadata")?.get("labels")
}

fn pod_labels(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    Fact::Known(labels(subject).cloned().unwrap_or_else(|| json!({})))
}

/// Windows nodes know no Linux capabilities, no seccomp and no privilege escalation.
fn windows(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let spec = subject.pod_spec().unwrap_or(&Value::Null);
    let os = super::at(spec, "os.name").and_then(Value::as_str);
    let selector = spec.get("nodeSelector");
    let selected = ["kubernetes.io/os", "beta.kubernetes.io/os"].iter().find_map(|key| selector?.get(*key)?.as_str());
    Fact::Known(json!(os.or(selected) == Some("windows")))
}

/// A Pod that nothing controls: nobody starts it again.
fn bare_pod(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    Fact::Known(json!(subject.kind_name() == "Pod" && controller(subject.object).is_none()))
}

/// The owner that controls an object.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    super::items(object, "metadata.ownerReferences").find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

/// DaemonSets of kube-system run networks, storage and proxies; what they need would be wrong elsewhere.
fn system_daemon_set(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    Fact::Known(json!(subject.kind_name() == "DaemonSet" && subject.namespace == "kube-system"))
}

fn service_account<'a>(subject: &Subject<'a>) -> &'a str {
    let name = subject.pod_spec().and_then(|spec| spec.get("serviceAccountName")?.as_str());
    name.filter(|name| !name.is_empty()).unwrap_or("default")
}

/// The pod's own word wins, then the service account's; silence of both mounts the token.
fn mounts_token(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let own = subject.pod_spec().and_then(|spec| spec.get("automountServiceAccountToken")?.as_bool());
    if let Some(own) = own {
        return Fact::Known(json!(own));
    }
    let account = (subject.namespace.to_owned(), service_account(subject).to_owned());
    match (world.index.service_accounts.get(&account), world.missing(&["ServiceAccount"])) {
        (Some(automount), _) => Fact::Known(json!(automount.unwrap_or(true))),
        (None, None) => Fact::Known(json!(true)),
        (None, Some(missing)) => Fact::Unobserved(missing),
    }
}

/// Which NetworkPolicies of its namespace select its pods, and in which directions they isolate them.
fn covered(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let labels = labels(subject);
    let policies: Vec<_> = world.policies(subject.namespace).iter().filter(|policy| policy.selects(labels)).collect();
    let isolated = |direction: &str| policies.iter().any(|policy| policy.isolates(direction));
    let missing = world.policies_missing();
    let fact = Fact::yes_or_no(&[("ingress", isolated("Ingress")), ("egress", isolated("Egress"))], missing.as_ref());
    let mut names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    names.sort_unstable();
    with_names(fact, &names, missing)
}

fn with_names(fact: Fact, names: &[&str], missing: Option<Missing>) -> Fact {
    let (mut value, mut unknown) = match fact {
        Fact::Known(value) => (value, Vec::new()),
        Fact::Partly(value, unknown) => (value, unknown),
        other => return other,
    };
    value["policies"] = json!(names);
    unknown.extend(missing.map(|missing| ("/policies".to_owned(), missing)));
    if unknown.is_empty() { Fact::Known(value) } else { Fact::Partly(value, unknown) }
}

fn covered_field(_: &Kinds) -> Field {
    object(&[("ingress", boolean()), ("egress", boolean()), ("policies", list(string()))])
}

/// The names of the PodDisruptionBudgets of its namespace that select its pods.
fn disruption_budgets(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let budgets = world.index.budgets.get(subject.namespace).into_iter().flatten();
    let mut names: Vec<&str> =
        budgets.filter(|budget| budget.selects(labels(subject))).map(|b| b.name.as_str()).collect();
    names.sort_unstable();
    match world.missing(&["PodDisruptionBudget"]) {
        None => Fact::Known(json!(names)),
        Some(missing) => Fact::Partly(json!(names), vec![(String::new(), missing)]),
    }
}
