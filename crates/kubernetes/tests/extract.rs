//! What objects mean: folding, exclusions, joins over kinds. The answers are made up; faults and live servers are
//! elsewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod cluster;

use annexa_model::{Answer, Exchange, Extraction, Kind, KubernetesSettings, Request, Resource, SetState, Timestamp};
use annexa_tape::{Collector as _, Evidence};
use cluster::{kubernetes, target};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A cluster by the objects that it has; kinds that are not named here are not served.
fn extract(version: &Value, lists: &[(&str, &str, &str, Value)]) -> Extraction {
    let mut exchanges = vec![exchange("GET /version", "/version", version.clone())];
    let mut served: BTreeMap<&str, Vec<Value>> = BTreeMap::from([("v1", Vec::new())]);
    let system = json!([{"metadata": {"name": "kube-system", "uid": "u"}}, {"metadata": {"name": "a", "uid": "a"}}]);
    let namespaces = ("v1", "namespaces", "Namespace", system);
    for (api, resource, kind, items) in lists.iter().chain([&namespaces]) {
        served.entry(api).or_default().push(json!({"name": resource, "verbs": ["list"]}));
        let path = if api.contains('/') { format!("/apis/{api}/{resource}") } else { format!("/api/{api}/{resource}") };
        let body = json!({"kind": format!("{kind}List"), "metadata": {}, "items": items});
        exchanges.push(exchange(&format!("list {api} {resource}"), &format!("{path}?limit=500"), body));
    }
    let mut groups = Vec::new();
    for (api, resources) in served {
        let path = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
        exchanges.push(exchange(
            &format!("GET {path}"),
            &path,
            json!({"kind": "APIResourceList", "resources": resources}),
        ));
        groups.push(json!({"name": api.split('/').next(), "versions": [{"groupVersion": api}]}));
    }
    exchanges.push(exchange("GET /apis", "/apis", json!({"kind": "APIGroupList", "groups": groups})));
    kubernetes().extract(&target(KubernetesSettings::default()), &Evidence::from_exchanges(exchanges))
}

fn exchange(operation: &str, path: &str, body: Value) -> Exchange {
    Exchange {
        id: format!("id of {operation}"),
        target: "shop".to_owned(),
        kind: Kind::Kubernetes,
        operation: operation.to_owned(),
        region: None,
        page: 1,
        request: Request { method: "GET".to_owned(), path: path.to_owned(), parameters: Map::new(), body: None },
        asked_by: "kubeconfig user test".to_owned(),
        asked_at: Timestamp::UNIX_EPOCH,
        attempts: 1,
        host: "h".to_owned(),
        tls: "no TLS".to_owned(),
        request_id: None,
        server_date: None,
        answer: Some(Answer { status: 200, headers: Map::new(), content_type: "application/json".to_owned(), body }),
        failure: None,
        cuts: Vec::new(),
    }
}

fn of<'a>(extraction: &'a Extraction, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
    extraction.resources.iter().filter(move |resource| resource.kind == kind)
}

fn one<'a>(extraction: &'a Extraction, kind: &'a str, name: &str) -> &'a Resource {
    of(extraction, kind).find(|resource| resource.name == name).unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn version() -> Value {
    json!({"major": "1", "minor": "30", "gitVersion": "v1.30.1"})
}

fn owned(name: &str, kind: &str, api: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "a", "ownerReferences": [{"kind": kind, "apiVersion": api, "name": "o", "controller": true}]},
        "spec": {"containers": [], "template": {"spec": {"containers": []}}}})
}

#[test]
fn owned_objects_are_part_of_their_owner_when_it_is_listed() {
    let pods = json!([
        owned("of-replica-set", "ReplicaSet", "apps/v1"),
        owned("of-job", "Job", "batch/v1"),
        owned("of-database", "Database", "example.org/v1"),
        owned("of-look-alike", "Job", "example.org/v1"),
        {"metadata": {"name": "bare", "namespace": "a"}, "spec": {"containers": []}},
    ]);
    let sets = json!([
        owned("of-deployment", "Deployment", "apps/v1"),
        owned("of-rollout", "Rollout", "argoproj.io/v1alpha1")
    ]);
    let all = extract(&version(), &[("v1", "pods", "Pod", pods), ("apps/v1", "replicasets", "ReplicaSet", sets)]);
    let names: Vec<&str> = of(&all, "kubernetes.workload").map(|workload| workload.name.as_str()).collect();
    assert_eq!(names, ["of-database", "of-look-alike", "bare", "of-rollout"]);
    assert_eq!(one(&all, "kubernetes.workload", "bare").facts["bare_pod"], true);
    assert_eq!(one(&all, "kubernetes.workload", "of-database").facts["bare_pod"], false);
    assert_eq!(one(&all, "kubernetes.workload", "bare").id, "u/Pod/a/bare");
}

#[test]
fn mirror_pods_are_excluded_with_a_reason() {
    let mirror = json!([{"metadata": {"name": "etcd", "namespace": "kube-system", "annotations": {"kubernetes.io/config.mirror": "x"}}, "spec": {}}]);
    let all = extract(&version(), &[("v1", "pods", "Pod", mirror)]);
    let pod = one(&all, "kubernetes.workload", "etcd");
    assert!(pod.excluded.as_ref().unwrap().contains("static pod"));
    let set = all.sets.iter().find(|set| set.kind == "kubernetes.workload").unwrap();
    assert_eq!((set.found, set.excluded), (1, 1));
}

#[test]
fn kinds_that_are_not_served_are_not_applicable_and_no_gap() {
    let all = extract(&version(), &[]);
    assert_eq!(all.gaps, vec![]);
    let set = all.sets.iter().find(|set| set.kind == "kubernetes.network-policy").unwrap();
    assert!(matches!(set.state, SetState::NotApplicable { .. }));
    assert!(!set.evidence.is_empty());
    // no policies can be there, so nothing is denied by default
    assert_eq!(one(&all, "kubernetes.namespace", "a").facts["default_deny_ingress"], false);
}

fn policy(namespace: &str, spec: &Value) -> (&'static str, &'static str, &'static str, Value) {
    let policies = json!([{"metadata": {"name": "p", "namespace": namespace}, "spec": spec}]);
    ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", policies)
}

#[test]
fn default_deny_is_exactly_an_empty_selector_without_rules() {
    let deny = |namespace: &str, spec: Value| {
        let all = extract(&version(), &[policy(namespace, &spec)]);
        let facts = &one(&all, "kubernetes.namespace", "a").facts;
        (facts["default_deny_ingress"].clone(), facts["default_deny_egress"].clone())
    };
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(deny("a", json!({"podSelector": {}})), (yes.clone(), no.clone()));
    assert_eq!(deny("a", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})), (yes.clone(), yes.clone()));
    assert_eq!(deny("a", json!({"podSelector": {}, "policyTypes": ["Egress"]})), (no.clone(), yes));
    for spec in [
        json!({"podSelector": {}, "ingress": [{}]}),
        json!({"podSelector": {"matchLabels": {"app": "x"}}}),
        json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": []}]}),
    ] {
        assert_eq!(deny("a", spec.clone()), (no.clone(), no.clone()), "{spec}");
    }
    assert_eq!(deny("b", json!({"podSelector": {}})), (no.clone(), no));
}

#[test]
fn policies_that_allow_everybody_are_told_apart() {
    let open = |spec: Value| {
        let all = extract(&version(), &[policy("a", &spec)]);
        let facts = &one(&all, "kubernetes.network-policy", "p").facts;
        (facts["allows_all_ingress"] == true, facts["allows_all_egress"] == true)
    };
    assert_eq!(open(json!({"podSelector": {}, "ingress": [{}]})), (true, false));
    assert_eq!(
        open(json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]})),
        (false, true)
    );
    let except = json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]}]});
    assert_eq!(open(except), (false, false));
    assert_eq!(open(json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]})), (false, false));
    // rules for a direction that the policy does not speak of have no effect
    assert_eq!(open(json!({"podSelector": {}, "policyTypes": ["Egress"], "ingress": [{}]})), (false, false));
}

#[test]
fn the_token_is_mounted_unless_pod_or_account_says_no() {
    let accounts = json!([{"metadata": {"name": "default", "namespace": "a"}, "automountServiceAccountToken": false}, {"metadata": {"name": "on", "namespace": "a"}}]);
    let pod = |name: &str, spec: Value| json!({"metadata": {"name": name, "namespace": "a"}, "spec": spec});
    let pods = json!([
        pod("silent", json!({})),
        pod("on", json!({"serviceAccountName": "on"})),
        pod("pod-wins", json!({"automountServiceAccountToken": true})),
        pod("pod-wins-too", json!({"serviceAccountName": "on", "automountServiceAccountToken": false})),
        pod("unknown-account", json!({"serviceAccountName": "gone"})),
    ]);
    let all =
        extract(&version(), &[("v1", "pods", "Pod", pods), ("v1", "serviceaccounts", "ServiceAccount", accounts)]);
    let mounts: Vec<bool> =
        of(&all, "kubernetes.workload").map(|w| w.facts["mounts_service_account_token"] == true).collect();
    assert_eq!(mounts, [false, true, true, false, true]);
}

#[test]
fn an_empty_budget_selector_depends_on_the_version() {
    let budgets = json!([{"metadata": {"name": "b", "namespace": "a"}, "spec": {"selector": {}}}, {"metadata": {"name": "none", "namespace": "a"}, "spec": {}}]);
    let pods = json!([{"metadata": {"name": "p", "namespace": "a", "labels": {"app": "x"}}, "spec": {}}]);
    for (api, expected) in [("policy/v1", json!(["b"])), ("policy/v1beta1", json!([]))] {
        let lists = [
            ("v1", "pods", "Pod", pods.clone()),
            (api, "poddisruptionbudgets", "PodDisruptionBudget", budgets.clone()),
        ];
        assert_eq!(
            one(&extract(&version(), &lists), "kubernetes.workload", "p").facts["disruption_budgets"],
            expected,
            "{api}"
        );
    }
}

#[test]
fn providers_that_run_the_cluster_are_recognised() {
    let managed = |git: &str, nodes: Value| {
        let version = json!({"major": "1", "minor": "30", "gitVersion": git});
        extract(&version, &[("v1", "nodes", "Node", nodes)])
            .resources
            .iter()
            .find(|r| r.kind == "kubernetes.cluster")
            .unwrap()
            .facts
            .get("managed_by")
            .cloned()
    };
    assert_eq!(managed("v1.30.4-eks-a737599", json!([])), Some(json!("eks")));
    assert_eq!(managed("v1.30.5-gke.1014001", json!([])), Some(json!("gke")));
    let azure = json!([{"metadata": {"name": "n", "labels": {"kubernetes.azure.com/cluster": "x"}}, "spec": {"providerID": "azure:///x"}}]);
    assert_eq!(managed("v1.30.1", azure), Some(json!("aks")));
    assert_eq!(managed("v1.30.1+k3s1", json!([])), None);
}

#[test]
fn pod_security_counts_from_the_version_that_looks_at_the_label() {
    let namespace = json!([{"metadata": {"name": "kube-system", "uid": "u"}}, {"metadata": {"name": "b", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}]);
    for (minor, enforced) in [("22", false), ("23+", true)] {
        let version = json!({"major": "1", "minor": minor, "gitVersion": "v"});
        let all = extract(&version, &[("v1", "namespaces", "Namespace", namespace.clone())]);
        let facts = of(&all, "kubernetes.namespace").find(|n| n.name == "b").unwrap();
        assert_eq!(facts.facts["pod_security"]["enforced"], enforced, "{minor}");
    }
}

#[test]
fn names_that_are_code_stay_text() {
    let roles = json!([{"metadata": {"name": "<img src=x onerror=alert(1)>"}, "rules": null}, {"metadata": {"name": "=cmd|' /C calc'!A0"}}]);
    let all = extract(&version(), &[("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", roles)]);
    assert_eq!(of(&all, "kubernetes.role").count(), 2);
    assert_eq!(one(&all, "kubernetes.role", "<img src=x onerror=alert(1)>").facts["rules"], json!([]));
}
