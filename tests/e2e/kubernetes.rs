//! A cluster, scanned by a user that has only what `annexa permissions kubernetes` prints, and by users that have less.
//! The API server's audit log is the witness of what was asked.

use crate::program::{annexa, expect, root, texts};
use crate::servers::{self, Server};
use crate::unknown::{self, Found};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// What each rule of the role is for: the checks whose findings need it. None: nothing but the inventory.
const NEEDS: &[(&str, &[&str])] = &[
    (
        "clusterrolebindings",
        &[
            "kubernetes.role-binding.*",
            "kubernetes.cluster.few-are-administrators",
            "documents.person.leaver-has-no-cluster-role",
        ],
    ),
    (
        "clusterroles",
        &["kubernetes.role.*", "kubernetes.role-binding.grants-not-everything", "kubernetes.role-binding.role-exists"],
    ),
    ("cronjobs", &["kubernetes.workload.*"]),
    ("daemonsets", &["kubernetes.workload.*"]),
    ("deployments", &["kubernetes.workload.*"]),
    ("ingresses", &["kubernetes.ingress.*"]),
    ("jobs", &["kubernetes.workload.*"]),
    ("limitranges", &[]),
    ("mutatingwebhookconfigurations", &["kubernetes.admission-webhook.*"]),
    (
        "namespaces",
        // without them nobody knows which cluster it is
        &["kubernetes.namespace.*", "kubernetes.cluster.few-are-administrators", "documents.scope.cluster-is-in-scope"],
    ),
    (
        "networkpolicies",
        &[
            "kubernetes.network-policy.*",
            "kubernetes.namespace.outgoing-traffic-is-denied-by-default",
            "kubernetes.namespace.traffic-is-denied-by-default",
            "kubernetes.workload.is-covered-by-network-policy",
        ],
    ),
    ("nodes", &["kubernetes.node.*"]),
    ("persistentvolumeclaims", &[]),
    ("poddisruptionbudgets", &["kubernetes.workload.has-disruption-budget"]),
    ("pods", &["kubernetes.workload.*"]),
    ("replicasets", &["kubernetes.workload.*"]),
    ("replicationcontrollers", &["kubernetes.workload.*"]),
    ("resourcequotas", &["kubernetes.namespace.has-a-quota"]),
    ("rolebindings", &["kubernetes.role-binding.*", "documents.person.leaver-has-no-cluster-role"]),
    (
        "roles",
        &["kubernetes.role.*", "kubernetes.role-binding.grants-not-everything", "kubernetes.role-binding.role-exists"],
    ),
    ("serviceaccounts", &["kubernetes.service-account.*", "kubernetes.workload.mounts-no-api-token"]),
    ("services", &["kubernetes.service.*"]),
    ("statefulsets", &["kubernetes.workload.*"]),
    ("validatingwebhookconfigurations", &["kubernetes.admission-webhook.*"]),
];

struct Cluster {
    server: Server,
    _folder: TempDir,
}

/// One cluster for all tests: it takes some seconds to start. It ends with the tests, since its standard input closes.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (role, _) = expect(folder.path(), &["permissions", "kubernetes"], 0);
    let mut users = vec!["annexa".to_owned()];
    let mut access = vec![for_user(&role, "annexa")];
    for (resource, _) in NEEDS {
        let user = format!("without-{resource}");
        let named = format!("\"{resource}\"");
        assert_eq!(role.matches(&named).count(), 1, "{named} in the role");
        access.push(for_user(&role.replace(&named, "\"nothing\""), &user));
        users.push(user);
    }
    let file = folder.path().join("access.yaml");
    std::fs::write(&file, access.join("---\n")).unwrap();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let shop = root().join("tests/servers/kubernetes/shop.yaml");
    let server = servers::kubernetes(&root(), &[shop, file], &users).unwrap();
    Cluster { server, _folder: folder }
});

/// The printed role, under a user's name and bound to it.
fn for_user(role: &str, user: &str) -> String {
    let role = role.replace("\n  name: annexa\n", &format!("\n  name: {user}\n"));
    assert!(role.contains(&format!("name: {user}")), "{role}");
    let group = "rbac.authorization.k8s.io";
    format!(
        "{role}\n---\napiVersion: {group}/v1\nkind: ClusterRoleBinding\nmetadata: {{name: \"{user}-has-it\"}}\n\
         roleRef: {{apiGroup: {group}, kind: ClusterRole, name: \"{user}\"}}\n\
         subjects: [{{apiGroup: {group}, kind: User, name: \"{user}\"}}]\n"
    )
}

impl Cluster {
    /// The exit status and the folder's bundle of a scan as a user.
    fn scan(&self, user: &str, folder: &Path) -> (i32, PathBuf) {
        let kubeconfig = self.server.ready["kubeconfig"].as_str().unwrap();
        let config = format!(
            "organization: Nordwind Demo\ntargets:\n  - {{name: shop, kind: kubernetes, kubeconfig: \"{kubeconfig}\", context: \"{user}\"}}\n"
        );
        std::fs::write(folder.join("annexa.yaml"), config).unwrap();
        let output = annexa().args(["scan", "--out", "bundle"]).current_dir(folder).output().unwrap();
        let (out, err) = texts(&output);
        let status = output.status.code().unwrap();
        assert!(matches!(status, 0 | 3), "as {user}:\n{out}\n{err}");
        (status, folder.join("bundle"))
    }

    /// What the audit log says of a user's requests.
    fn audit(&self, user: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.server.ready["audit_log"].as_str().unwrap()).unwrap();
        // another test's scan may be about to write the last line
        let whole = &log[..log.rfind('\n').unwrap() + 1];
        whole
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["user"]["username"] == user)
            .collect()
    }
}

/// Resources without the cluster's own id, which nobody knows who may not list namespaces.
fn in_cluster(id: &str) -> &str {
    id.split_once('/').map_or("the cluster", |(_, rest)| rest)
}

/// The scan with everything that the role gives, made once.
static WHOLE: LazyLock<(i32, Found)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (status, bundle) = CLUSTER.scan("annexa", folder.path());
    (status, unknown::found(&bundle, in_cluster))
});

#[test]
fn the_printed_role_is_enough_and_only_lists_are_asked() {
    let (status, findings) = &*WHOLE;
    assert_eq!(*status, 0, "something is missing");
    assert!(findings.len() > 100 && findings.values().all(|status| status != "unknown"), "{findings:#?}");
    let events = CLUSTER.audit("annexa");
    let agent = format!("annexa/{}", env!("CARGO_PKG_VERSION"));
    let mut listed = BTreeSet::new();
    for event in &events {
        let (verb, object) = (event["verb"].as_str().unwrap(), &event["objectRef"]);
        assert_eq!(event["responseStatus"]["code"], 200, "{event}");
        assert_eq!(event["annotations"]["authorization.k8s.io/decision"], "allow", "{event}");
        assert_eq!(event["userAgent"], agent.as_str(), "{event}");
        assert!(object["subresource"].is_null() && object["name"].is_null(), "{event}");
        match object["resource"].as_str() {
            Some(resource) => {
                assert_eq!(verb, "list", "{event}");
                assert!(!matches!(resource, "secrets" | "configmaps"), "{event}");
                listed.insert(resource.to_owned());
            }
            None => {
                let path = event["requestURI"].as_str().unwrap();
                let discovery = path == "/version" || path.starts_with("/api/") || path.starts_with("/apis");
                assert!(verb == "get" && discovery, "{event}");
            }
        }
    }
    // each rule of the role is used, and nothing else
    assert_eq!(listed, NEEDS.iter().map(|(resource, _)| (*resource).to_owned()).collect());
    // the log would show secrets: whoever made the cluster's objects touched some
    let made: BTreeSet<String> = CLUSTER
        .audit("admin")
        .iter()
        .filter_map(|event| Some(event["objectRef"]["resource"].as_str()?.to_owned()))
        .collect();
    assert!(made.contains("secrets") && made.contains("configmaps"), "{made:?}");
}

#[test]
fn each_rule_taken_away_leaves_unknown_what_needs_it_and_nothing_else() {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((resource, needing)) = NEEDS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    without(resource, needing);
                }
            });
        }
    });
}

fn without(resource: &str, needing: &[&str]) {
    let user = format!("without-{resource}");
    let folder = tempfile::tempdir().unwrap();
    let (status, bundle) = CLUSTER.scan(&user, folder.path());
    assert_eq!(status, 3, "{user}: the scan must say that it is incomplete");
    let refused: Vec<Value> =
        CLUSTER.audit(&user).into_iter().filter(|event| event["responseStatus"]["code"] == 403).collect();
    assert!(
        !refused.is_empty() && refused.iter().all(|event| event["objectRef"]["resource"] == resource),
        "{refused:?}"
    );
    let after = unknown::found(&bundle, in_cluster);
    unknown::only_unknown(&user, &WHOLE.1, &after, needing);
    // where nothing but this rule leads to a type, nobody says anything else about it
    let alone = ["ingresses", "namespaces", "networkpolicies", "nodes", "services", "serviceaccounts"];
    if alone.contains(&resource) {
        let whole: Vec<&str> = needing.iter().copied().filter(|pattern| pattern.ends_with('*')).collect();
        unknown::all_unknown(&user, &after, &whole);
    }
}
