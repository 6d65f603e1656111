//! Scans of a real API server: tests/servers/kubernetes/server.py.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic")]

mod cluster;

use annexa_model::{FailureKind, KubernetesSettings, NamespaceFilter, SetState};
use annexa_tape::CollectError;
use cluster::{Scan, context, kubernetes, scan};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running API server; it ends with the test, since its standard input closes.
struct Server {
    child: Child,
    places: Value,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one that has the shop's objects, and for each user a role. `None` when the user of the tests said to skip
    /// them.
    fn start(more: &[&str], roles: &[(&str, String)]) -> Option<Self> {
        if std::env::var("ANNEXA_SKIP_KUBERNETES").is_ok_and(|value| value == "1") {
            eprintln!("ANNEXA_SKIP_KUBERNETES=1: the live Kubernetes tests did not run");
            return None;
        }
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/kubernetes");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("python3");
        command.arg(servers.join("server.py")).args(more).arg("--apply").arg(servers.join("shop.yaml"));
        for (user, role) in roles {
            let file = folder.path().join(format!("{user}.yaml"));
            std::fs::write(&file, role).unwrap();
            command.arg("--apply").arg(file).arg("--user").arg(user);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let output = child.wait_with_output().unwrap();
            panic!(
                "no API server to test against (ANNEXA_SKIP_KUBERNETES=1 skips these tests): {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Some(Self { child, places: serde_json::from_str(&line).unwrap(), _folder: folder })
    }

    fn kubeconfig(&self) -> PathBuf {
        PathBuf::from(self.places["kubeconfig"].as_str().unwrap())
    }

    fn settings(&self, user: &str) -> KubernetesSettings {
        context(&self.kubeconfig(), user)
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new(self.places["kubectl"].as_str().unwrap())
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the API server's audit log says of a user's requests.
    fn audit(&self, user: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.places["audit_log"].as_str().unwrap()).unwrap();
        let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["user"]["username"] == user).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The printed role, under a user's name, bound to it, without some resources.
fn role_for(user: &str, without: &[&str]) -> String {
    let mut role = kubernetes().permissions().replace("name: annexa", &format!("name: {user}"));
    for resource in without {
        assert!(role.contains(&format!("\"{resource}\"")));
        role = role.replace(&format!("\"{resource}\""), "\"none\"");
    }
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": format!("{user}-test")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}]});
    format!("{role}---\n{binding}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_of_a_real_api_server() {
    let roles = [("annexa", role_for("annexa", &[])), ("less", role_for("less", &["networkpolicies", "deployments"]))];
    let Some(server) = Server::start(&["--service-accounts", "600", "--user", "none"], &roles) else { return };

    let whole = scan(server.settings("annexa"), None).await;
    whole.result.as_ref().unwrap();
    nothing_is_missing(&server, &whole);
    workloads_are_as_seeded(&whole);
    rights_are_as_seeded(&whole);
    networks_are_as_seeded(&whole);
    the_audit_log_shows_lists_only(&server, "annexa");
    no_secret_is_in_the_evidence(&server, &whole);
    lists_come_in_pages(&whole);

    let replayed = scan(server.settings("annexa"), Some(whole.evidence.clone())).await;
    replayed.result.as_ref().unwrap();
    assert_eq!(replayed.extraction, whole.extraction);
    assert_eq!(replayed.exchanges(), whole.exchanges());

    let again = scan(server.settings("annexa"), None).await;
    let ids = |scan: &Scan| scan.exchanges().iter().map(|exchange| exchange.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&whole), "the same questions have the same ids in every scan");

    a_missing_rule_leaves_unknown(&server, &whole).await;
    nobody_learns_little(&server).await;
    another_cluster_stops(&server).await;
    an_excluded_namespace_is_counted(&server).await;
    the_server_is_checked_as_kubeconfig_says(&server).await;
}

fn nothing_is_missing(server: &Server, scan: &Scan) {
    assert_eq!(scan.extraction.gaps, vec![]);
    for set in &scan.extraction.sets {
        assert_eq!(set.state, SetState::Complete, "{}", set.kind);
        assert_eq!(set.found, scan.of(&set.kind).count() as u64);
    }
    for resource in &scan.extraction.resources {
        assert_eq!(resource.unobserved, vec![], "{}", resource.id);
    }
    let identity = scan.extraction.identity.as_ref().unwrap();
    assert_eq!(identity.id, server.kubectl(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]));
    assert_eq!(identity.caller, "kubeconfig user annexa");
    assert!(identity.notes[0].starts_with("Kubernetes v1."));
    let known: Vec<_> = kubernetes_types();
    for resource in &scan.extraction.resources {
        let (_, fields) = known.iter().find(|(name, _)| *name == resource.kind).unwrap();
        let unlisted: Vec<_> = resource.facts.keys().filter(|fact| !fields.contains(fact)).collect();
        assert!(unlisted.is_empty(), "{}: {unlisted:?} are in no schema", resource.kind);
    }
}

fn kubernetes_types() -> Vec<(String, Vec<String>)> {
    use annexa_tape::Collector as _;
    kubernetes().schemas().into_iter().map(|schema| (schema.name, schema.fields.into_keys().collect())).collect()
}

fn workloads_are_as_seeded(scan: &Scan) {
    let workload = |namespace: &str, name: &str| scan.one("kubernetes.workload", namespace, name).facts.clone();
    let names: Vec<_> = scan.of("kubernetes.workload").map(|workload| workload.name.as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    let web = workload("shop", "web");
    assert_eq!(web["containers"][0]["effective"]["run_as_non_root"], true);
    assert_eq!(web["containers"][0]["effective"]["seccomp_profile"], "RuntimeDefault");
    assert_eq!(web["mounts_service_account_token"], false);
    assert_eq!(
        web["covered_by_network_policy"],
        json!({"ingress": true, "egress": true, "policies": ["default-deny", "web"]})
    );
    assert_eq!(web["literal_secrets"], json!([]));
    assert_eq!((&web["disruption_budgets"], &wiki_budgets(scan)), (&json!(["web"]), &json!([])));
    assert_eq!(web["annotations"], json!({"owner": "shop-team"}));
    let orders = workload("shop", "orders");
    let as_root: Vec<_> =
        orders["containers"].as_array().unwrap().iter().filter(|c| c["effective"]["run_as_root"] == true).collect();
    assert_eq!(as_root.len(), 1);
    assert_eq!(as_root[0]["container_kind"], "init_container");
    assert_eq!(orders["mounts_service_account_token"], true);
    let wiki = workload("legacy", "wiki");
    assert_eq!(wiki["host_paths"][0]["runtime_socket"], true);
    assert_eq!(wiki["pod_spec"]["hostNetwork"], true);
    assert_eq!(wiki["containers"][0]["image_reference"]["latest"], true);
    let places: Vec<_> =
        wiki["literal_secrets"].as_array().unwrap().iter().map(|secret| secret["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["env DB_PASSWORD", "command[1]", "livenessProbe.httpGet.httpHeaders[0]"]);
    assert_eq!(workload("legacy", "report")["kind"], "CronJob");
    assert_eq!(workload("legacy", "toolbox")["bare_pod"], true);
    assert_eq!(workload("kube-system", "node-network")["system_daemon_set"], true);
}

fn wiki_budgets(scan: &Scan) -> Value {
    scan.one("kubernetes.workload", "legacy", "wiki").facts["disruption_budgets"].clone()
}

fn rights_are_as_seeded(scan: &Scan) {
    let role = |namespace: &str, name: &str| scan.one("kubernetes.role", namespace, name).facts.clone();
    assert_eq!(role("", "platform-bot")["powers"]["everything"], true);
    assert_eq!(role("", "helpdesk")["powers"]["reads_secrets"], false);
    assert_eq!(role("", "cluster-admin")["bootstrapping"], true);
    let debugger = role("shop", "debugger");
    assert_eq!(
        (&debugger["powers"]["executes_in_pods"], &debugger["powers"]["reads_secrets"], &debugger["bound"]),
        (&json!(true), &json!(true), &json!(false))
    );
    // no controller filled it in: the rules are those of the roles that its selectors match
    assert_eq!(role("", "admin")["aggregated"], true);
    assert_eq!(role("", "admin")["powers"]["reads_secrets"], true);
    let binding = |namespace: &str, name: &str| scan.one("kubernetes.role-binding", namespace, name).facts.clone();
    assert_eq!(binding("", "bot")["grants_all"], true);
    assert_eq!(binding("shop", "helpdesk")["grants_all"], false);
    assert_eq!(binding("legacy", "left-over")["role_exists"], false);
    let admins = scan.of("kubernetes.cluster").next().unwrap().facts["cluster_admins"].as_array().unwrap().clone();
    assert_eq!(admins.len(), 3);
    assert!(admins.contains(&json!("Group ops")) && !format!("{admins:?}").contains('@'), "{admins:?}");
}

fn networks_are_as_seeded(scan: &Scan) {
    let namespace = |name: &str| scan.one("kubernetes.namespace", "", name).facts.clone();
    assert_eq!(
        (&namespace("shop")["default_deny_ingress"], &namespace("shop")["default_deny_egress"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(namespace("legacy")["default_deny_ingress"], false);
    assert_eq!(namespace("kube-system")["system_namespace"], true);
    // this server is too old to look at the label
    let admits = scan.of("kubernetes.cluster").next().unwrap().facts["version"]["minor"]
        .as_str()
        .unwrap()
        .trim_end_matches('+')
        .parse::<u32>()
        .unwrap()
        >= 23;
    assert_eq!(namespace("shop")["pod_security"], json!({"enforce": "restricted", "enforced": admits}));
    let policy = |namespace: &str, name: &str| scan.one("kubernetes.network-policy", namespace, name).facts.clone();
    assert_eq!(policy("legacy", "open")["allows_all_ingress"], true);
    assert_eq!(policy("shop", "web")["allows_all_ingress"], false);
    let ingress = |namespace: &str, name: &str| scan.one("kubernetes.ingress", namespace, name).facts.clone();
    assert_eq!(ingress("shop", "web")["hosts_without_tls"], json!([]));
    assert_eq!(ingress("legacy", "wiki")["hosts_without_tls"], json!(["wiki.shop.example"]));
    assert_eq!(ingress("legacy", "wiki")["snippet_annotations"], json!(["nginx.ingress.kubernetes.io/server-snippet"]));
}

/// The API server itself is the witness of what was asked.
fn the_audit_log_shows_lists_only(server: &Server, user: &str) {
    let events = server.audit(user);
    assert!(events.len() > 20);
    for event in &events {
        let (verb, resource) = (event["verb"].as_str().unwrap(), event["objectRef"]["resource"].as_str());
        assert!(matches!((verb, resource), ("list", Some(_)) | ("get", None)), "{event}");
        assert!(!matches!(resource, Some("secrets" | "configmaps")), "{event}");
        assert!(event["userAgent"].as_str().unwrap().starts_with("annexa/"), "{event}");
        assert_eq!(event["responseStatus"]["code"], 200, "{event}");
        assert!(event["objectRef"]["subresource"].is_null(), "{event}");
    }
}

fn no_secret_is_in_the_evidence(server: &Server, scan: &Scan) {
    // the canaries are really there
    assert!(server.kubectl(&["get", "deployments", "-A", "-o", "json"]).contains("CANARY-environment"));
    for path in scan.evidence.paths() {
        let text = String::from_utf8(scan.evidence.read(path).unwrap().into_owned()).unwrap();
        assert!(!text.contains("CANARY") && !text.contains("jo.demo@"), "{path}");
    }
    let deployments =
        scan.exchanges().into_iter().find(|exchange| exchange.operation == "list apps/v1 deployments").unwrap();
    assert!(deployments.cuts.iter().any(|cut| cut.pointer.ends_with("/env/*/value") && cut.reason == "secret"));
    assert!(deployments.cuts.len() < 40, "{}", deployments.cuts.len());
    let text = serde_json::to_string(&scan.extraction).unwrap();
    assert!(!text.contains("CANARY"));
}

fn lists_come_in_pages(scan: &Scan) {
    let pages: Vec<_> =
        scan.exchanges().into_iter().filter(|exchange| exchange.operation == "list v1 serviceaccounts").collect();
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[1].request.path, "/api/v1/serviceaccounts?limit=500&continue=page-2");
    assert!(scan.set("kubernetes.service-account").found >= 600);
    assert_eq!(annexa_kubernetes::reproduce(&pages[1]), "kubectl get --raw '/api/v1/serviceaccounts'");
}

async fn a_missing_rule_leaves_unknown(server: &Server, whole: &Scan) {
    let less = scan(server.settings("less"), None).await;
    less.result.as_ref().unwrap();
    assert!(matches!(less.state("kubernetes.network-policy"), SetState::Unobserved { .. }));
    assert!(matches!(less.state("kubernetes.workload"), SetState::Partial { .. }));
    assert_eq!(less.state("kubernetes.role"), &SetState::Complete);
    let gap =
        less.extraction.gaps.iter().find(|gap| gap.operation == "list networking.k8s.io/v1 networkpolicies").unwrap();
    assert_eq!(
        (gap.kind, gap.permission.as_deref()),
        (FailureKind::Denied, Some("list networkpolicies.networking.k8s.io"))
    );
    assert!(gap.message.contains("cannot list resource") && gap.remedy.contains("annexa permissions kubernetes"));
    assert_eq!(less.extraction.gaps.len(), 2);
    let shop = less.one("kubernetes.namespace", "", "shop");
    assert!(!shop.facts.contains_key("default_deny_ingress"));
    let unobserved = shop.unobserved.iter().find(|unobserved| unobserved.pointer == "/default_deny_ingress").unwrap();
    assert_eq!(unobserved.reason.gap.as_ref(), Some(&gap.id));
    let orders = less.one("kubernetes.workload", "shop", "orders");
    assert!(orders.unobserved.iter().any(|unobserved| unobserved.pointer == "/covered_by_network_policy/ingress"));
    // the rest stays as it was
    assert_eq!(less.one("kubernetes.role", "", "helpdesk").facts, whole.one("kubernetes.role", "", "helpdesk").facts);
}

async fn nobody_learns_little(server: &Server) {
    let none = scan(server.settings("none"), None).await;
    none.result.as_ref().unwrap();
    assert_eq!(none.extraction.identity, None);
    assert_eq!(none.extraction.resources, vec![]);
    for set in &none.extraction.sets {
        assert!(matches!(set.state, SetState::Unobserved { .. }), "{set:?}");
    }
    let pinned = KubernetesSettings { cluster_uid: Some("a-b-c".to_owned()), ..server.settings("none") };
    assert!(matches!(scan(pinned, None).await.result, Err(CollectError::Setup { .. })));
}

async fn another_cluster_stops(server: &Server) {
    let pinned = KubernetesSettings { cluster_uid: Some("a-b-c".to_owned()), ..server.settings("annexa") };
    let wrong = scan(pinned, None).await;
    assert!(matches!(wrong.result, Err(CollectError::WrongIdentity { .. })));
    let lists: Vec<_> = wrong
        .exchanges()
        .into_iter()
        .filter(|exchange| exchange.operation.starts_with("list"))
        .map(|e| e.operation)
        .collect();
    assert_eq!(lists, ["list v1 namespaces"]);
}

async fn an_excluded_namespace_is_counted(server: &Server) {
    let namespaces = NamespaceFilter { exclude: vec!["sandbox".to_owned()] };
    let scan = scan(KubernetesSettings { namespaces, ..server.settings("annexa") }, None).await;
    let experiment = scan.one("kubernetes.workload", "sandbox", "experiment");
    assert_eq!(experiment.excluded.as_deref(), Some("the namespace sandbox is excluded by the configuration"));
    assert_eq!((scan.set("kubernetes.workload").excluded, scan.set("kubernetes.namespace").excluded), (1, 1));
}

async fn the_server_is_checked_as_kubeconfig_says(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut config: Value = serde_json::from_slice(&std::fs::read(server.kubeconfig()).unwrap()).unwrap();
        change(&mut config["clusters"][0]["cluster"]);
        std::fs::write(&path, config.to_string()).unwrap();
    };
    let ask = async |user: &str| {
        let scan = scan(context(&path, user), None).await;
        scan.result.as_ref().unwrap();
        (scan.extraction.identity.is_some(), scan.extraction.gaps.iter().all(|gap| gap.kind == FailureKind::Connection))
    };
    with(&|_| ());
    assert_eq!(ask("annexa-certificate").await, (true, true), "a client certificate says who asks");
    assert!(server.audit("annexa").iter().any(|event| event["verb"] == "list"));
    with(&|cluster| cluster["tls-server-name"] = json!("kubernetes.default.svc"));
    assert_eq!(ask("annexa").await, (true, true), "the server's other name is in its certificate");
    with(&|cluster| cluster["tls-server-name"] = json!("elsewhere.example"));
    assert_eq!(ask("annexa").await, (false, true), "a name that is not in the certificate");
    with(&|cluster| cluster["certificate-authority-data"] = Value::Null);
    assert_eq!(ask("annexa").await, (false, true), "the system does not know this authority");
    with(&|cluster| *cluster = json!({"server": cluster["server"], "insecure-skip-tls-verify": true}));
    assert_eq!(ask("annexa").await, (true, true), "nothing is checked");
}
