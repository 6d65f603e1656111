//! Facts of roles and bindings.

use super::{Fact, FactFunction, Missing, Subject, World, boolean, items, list, object, selector, string, texts};
use crate::extract::resource_id;
use crate::kinds::Kinds;
use annexa_model::Field;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) static FUNCTIONS: &[FactFunction] = &[
    FactFunction { name: "rules", field: rules_field, needs: &["ClusterRole"], compute: rules },
    FactFunction {
        name: "aggregated",
        field: |_| boolean(),
        needs: &[],
        compute: |subject, _| Fact::Known(json!(aggregation(subject).is_some())),
    },
    FactFunction { name: "bootstrapping", field: |_| boolean(), needs: &[], compute: bootstrapping },
    FactFunction { name: "powers", field: |_| powers_field(), needs: &["ClusterRole"], compute: powers },
    FactFunction { name: "bound", field: |_| boolean(), needs: &["RoleBinding", "ClusterRoleBinding"], compute: bound },
    FactFunction {
        name: "role_ref",
        field: |_| role_ref_field(),
        needs: &[],
        compute: |subject, _| member(subject, "roleRef"),
    },
    FactFunction {
        name: "role_id",
        field: |_| string(),
        needs: &[],
        compute: |subject, world| Fact::Known(json!(role_id(world.cluster, subject.object, subject.namespace))),
    },
    FactFunction { name: "subjects", field: subjects_field, needs: &[], compute: subjects },
    FactFunction { name: "role_exists", field: |_| boolean(), needs: &["Role", "ClusterRole"], compute: role_exists },
    FactFunction { name: "grants_all", field: |_| boolean(), needs: &["Role", "ClusterRole"], compute: grants_all },
];

fn member(subject: &Subject<'_>, name: &str) -> Fact {
    subject.object.get(name).map_or(Fact::Absent, |value| Fact::Known(value.clone()))
}

/// The id of the role that a binding names.
pub(crate) fn role_id(cluster: &str, binding: &Value, namespace: &str) -> String {
    let text = |path: &str| super::at(binding, path).and_then(Value::as_str).unwrap_or("");
    let kind = text("roleRef.kind");
    resource_id(cluster, kind, if kind == "Role" { namespace } else { "" }, text("roleRef.name"))
}

fn aggregation<'a>(subject: &Subject<'a>) -> Option<&'a Value> {
    subject.object.get("aggregationRule")
}

/// All rules of a role: its own, and for an aggregated one those of the roles that its selectors match, which may be
/// aggregated themselves (admin of edit, edit of view). The API server's controller writes these into the role;
/// resolving them here also holds where it does not run.
fn effective_rules(own: &[Value], aggregation: Option<&Value>, world: &World<'_>) -> (Vec<Value>, Option<Missing>) {
    let mut rules = own.to_vec();
    if aggregation.is_none() {
        return (rules, None);
    }
    let (mut waiting, mut seen) = (Vec::from_iter(aggregation), BTreeSet::new());
    while let Some(aggregation) = waiting.pop() {
        for (id, role) in &world.index.roles {
            let selected = role.cluster
                && items(aggregation, "clusterRoleSelectors")
                    .any(|selector| selector::matches(Some(selector), role.labels.as_ref()));
            if selected && seen.insert(id) {
                rules.extend(role.rules.iter().cloned());
                waiting.extend(role.aggregation.as_ref());
            }
        }
    }
    let mut once = Vec::new();
    for rule in rules {
        if !once.contains(&rule) {
            once.push(rule);
        }
    }
    (once, world.missing(&["ClusterRole"]))
}

fn own_rules(subject: &Subject<'_>) -> Vec<Value> {
    items(subject.object, "rules").cloned().collect()
}

fn rules(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let (rules, missing) = effective_rules(&own_rules(subject), aggregation(subject), world);
    match missing {
        None => Fact::Known(Value::Array(rules)),
        Some(missing) => Fact::Partly(Value::Array(rules), vec![(String::new(), missing)]),
    }
}

fn rules_field(kinds: &Kinds) -> Field {
    kinds.kinds.get("ClusterRole").and_then(|kind| kind.keep.at("rules")).map_or(Field::Any, crate::shape::Shape::field)
}

/// The default roles whose names do not begin with `system:`.
const DEFAULT_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// Roles and bindings that the API server makes at its start. Anybody may change them, and anybody who writes a role may
/// give it the label: without one of the names it is not believed.
fn bootstrapping(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let labelled = subject.label("kubernetes.io/bootstrapping") == Some("rbac-defaults");
    let named = subject.name.starts_with("system:") || DEFAULT_ROLES.contains(&subject.name);
    Fact::Known(json!(labelled && named))
}

/// The names of [`all_powers`], in its order.
const POWERS: [&str; 14] = [
    "everything",
    "wildcard_verbs",
    "wildcard_resources",
    "reads_secrets",
    "reads_all_secrets",
    "escalates",
    "impersonates",
    "executes_in_pods",
    "proxies_nodes",
    "creates_pods",
    "creates_tokens",
    "changes_webhooks",
    "approves_certificates",
    "creates_persistent_volumes",
];

fn powers_field() -> Field {
    object(&POWERS.map(|name| (name, boolean())))
}

fn powers(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let (rules, missing) = effective_rules(&own_rules(subject), aggregation(subject), world);
    let held = all_powers(&rules);
    let answers: Vec<(&str, bool)> = POWERS.into_iter().zip(held).collect();
    Fact::yes_or_no(&answers, missing.as_ref())
}

/// What rules let their holder do, beyond what their words say at first sight.
fn all_powers(rules: &[Value]) -> [bool; POWERS.len()] {
    let any = |test: &dyn Fn(&Value) -> bool| rules.iter().any(test);
    let can = |verbs: &[&str], group: &str, resources: &[&str]| any(&|rule| grants(rule, verbs, group, resources));
    // list and watch give the bodies as well as get
    let read = ["get", "list", "watch"];
    let write = ["create", "update", "patch", "delete", "deletecollection"];
    let workloads = |group: &str, resources: &[&str]| can(&["create"], group, resources);
    [
        any(&|rule| has(rule, "verbs", "*") && has(rule, "resources", "*") && has(rule, "apiGroups", "*")),
        any(&|rule| has(rule, "verbs", "*")),
        any(&|rule| has(rule, "resources", "*") || has(rule, "apiGroups", "*")),
        can(&read, "", &["secrets"]),
        // a list has no name, and so the name "" allows it
        any(&|rule| {
            let mut names = texts(rule, "resourceNames").peekable();
            grants(rule, &read, "", &["secrets"]) && (names.peek().is_none() || names.any(str::is_empty))
        }),
        can(&["escalate", "bind"], "rbac.authorization.k8s.io", &["roles", "clusterroles"]),
        // the verb means nothing on other resources than users, groups, service accounts, uids and userextras
        any(&|rule| has(rule, "verbs", "impersonate"))
            || can(&["impersonate"], "", &["users", "groups", "serviceaccounts"]),
        // a websocket is a GET: `get` is enough before 1.35
        can(&["get", "create"], "", &["pods/exec", "pods/attach", "pods/portforward"])
            || can(&["update", "patch"], "", &["pods/ephemeralcontainers"]),
        any(&|rule| {
            has_group(rule, "") && names_resource(rule, "nodes/proxy") && texts(rule, "verbs").next().is_some()
        }),
        workloads("", &["pods", "replicationcontrollers"])
            || workloads("apps", &["deployments", "statefulsets", "daemonsets", "replicasets"])
            || workloads("batch", &["jobs", "cronjobs"]),
        can(&["create"], "", &["serviceaccounts/token"]),
        can(
            &write,
            "admissionregistration.k8s.io",
            &[
                "validatingwebhookconfigurations",
                "mutatingwebhookconfigurations",
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
            ],
        ),
        can(&["update", "patch"], "certificates.k8s.io", &["certificatesigningrequests/approval"])
            && can(&["approve"], "certificates.k8s.io", &["signers"]),
        can(&["create"], "", &["persistentvolumes"]),
    ]
}

fn grants(rule: &Value, verbs: &[&str], group: &str, resources: &[&str]) -> bool {
    let verb = verbs.iter().any(|verb| has(rule, "verbs", verb) || has(rule, "verbs", "*"));
    verb && has_group(rule, group) && resources.iter().any(|resource| names_resource(rule, resource))
}

fn has_group(rule: &Value, group: &str) -> bool {
    has(rule, "apiGroups", group) || has(rule, "apiGroups", "*")
}

/// Whether a rule names a resource: itself, all of them, or a subresource of any (`*/exec`).
fn names_resource(rule: &Value, resource: &str) -> bool {
    let of_any = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
    texts(rule, "resources").any(|named| named == resource || named == "*" || Some(named) == of_any.as_deref())
}

fn has(rule: &Value, list: &str, word: &str) -> bool {
    texts(rule, list).any(|text| text == word)
}

fn bound(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let missing = world.missing(&["RoleBinding", "ClusterRoleBinding"]);
    Fact::yes(world.index.bound.contains(subject.id), missing.as_ref())
}

fn role_ref_field() -> Field {
    object(&[("apiGroup", string()), ("kind", string()), ("name", string())])
}

fn subjects_field(kinds: &Kinds) -> Field {
    kinds
        .kinds
        .get("RoleBinding")
        .and_then(|kind| kind.keep.at("subjects"))
        .map_or(list(Field::Any), crate::shape::Shape::field)
}

/// Who is named; nobody is an empty list.
fn subjects(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    Fact::Known(Value::Array(items(subject.object, "subjects").cloned().collect()))
}

fn role_exists(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let id = role_id(world.cluster, subject.object, subject.namespace);
    Fact::yes(world.index.roles.contains_key(&id), world.missing(&[ref_kind(subject)]).as_ref())
}

fn ref_kind(subject: &Subject<'_>) -> &'static str {
    match super::at(subject.object, "roleRef.kind").and_then(Value::as_str) {
        Some("Role") => "Role",
        _ => "ClusterRole",
    }
}

/// Whether the role lets its holder do everything: cluster-admin by name, or a rule with all verbs on all resources of
/// all groups.
fn grants_all(subject: &Subject<'_>, world: &World<'_>) -> Fact {
    let named = super::at(subject.object, "roleRef.name").and_then(Value::as_str) == Some("cluster-admin")
        && ref_kind(subject) == "ClusterRole";
    let id = role_id(world.cluster, subject.object, subject.namespace);
    match world.index.roles.get(&id) {
        _ if named => Fact::Known(json!(true)),
        Some(role) => {
            let (rules, missing) = effective_rules(&role.rules, role.aggregation.as_ref(), world);
            Fact::yes(all_powers(&rules)[0], missing.as_ref())
        }
        // a role that is not there grants nothing
        None => Fact::yes(false, world.missing(&[ref_kind(subject)]).as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(rule: Value) -> Vec<&'static str> {
        POWERS.into_iter().zip(all_powers(&[rule])).filter(|(_, held)| *held).map(|(name, _)| name).collect()
    }

    #[test]
    fn rules_give_the_powers_that_they_hide() {
        let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        assert_eq!(held(rule(&["*"], &["*"], &["*"])), POWERS);
        assert_eq!(held(rule(&[""], &["secrets"], &["list"])), ["reads_secrets", "reads_all_secrets"]);
        assert_eq!(
            held(json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["a"]})),
            ["reads_secrets"]
        );
        assert_eq!(
            held(json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"], "resourceNames": ["a", ""]})),
            ["reads_secrets", "reads_all_secrets"]
        );
        assert_eq!(held(rule(&[""], &["pods/exec"], &["get"])), ["executes_in_pods"]);
        assert_eq!(held(rule(&[""], &["*/exec"], &["create"])), ["executes_in_pods"]);
        assert_eq!(held(rule(&[""], &["nodes/proxy"], &["get"])), ["proxies_nodes"]);
        assert_eq!(held(rule(&["rbac.authorization.k8s.io"], &["clusterroles"], &["bind"])), ["escalates"]);
        assert_eq!(held(rule(&["batch"], &["cronjobs"], &["create"])), ["creates_pods"]);
        assert_eq!(held(rule(&["apps"], &["secrets"], &["get"])), Vec::<&str>::new());
        assert_eq!(held(rule(&[""], &["pods", "pods/log"], &["get", "list"])), Vec::<&str>::new());
    }
}
