//! Answers that a healthy API server does not give, on a real socket.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod cluster;

use annexa_model::{FailureKind, KubernetesSettings, SetState};
use cluster::{Scan, context, scan};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a request is answered with.
struct Reply {
    status: u16,
    headers: &'static str,
    body: String,
}

fn reply(body: &Value) -> Reply {
    Reply { status: 200, headers: "Content-Type: application/json\r\n", body: body.to_string() }
}

fn status(code: u16, reason: &str) -> Reply {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": format!("{reason}!"), "code": code});
    Reply { status: code, ..reply(&body) }
}

fn list(kind: &str, names: &[&str], next: &str) -> Reply {
    let items: Vec<Value> = names
        .iter()
        .map(|name| json!({"metadata": {"name": name, "namespace": "a", "uid": format!("uid-{name}")}}))
        .collect();
    reply(
        &json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": next}, "items": items}),
    )
}

/// A small API: namespaces, pods, service accounts and network policies, as long as `answer` says nothing else.
fn usual(path: &str) -> Reply {
    let resources = |names: &[&str]| {
        let names: Vec<Value> = names.iter().map(|name| json!({"name": name, "verbs": ["list"]})).collect();
        reply(&json!({"kind": "APIResourceList", "resources": names}))
    };
    match path.split('?').next().unwrap() {
        "/version" => reply(&json!({"major": "1", "minor": "30", "gitVersion": "v1.30.1"})),
        "/apis" => reply(
            &json!({"kind": "APIGroupList", "groups": [{"name": "networking.k8s.io", "versions": [{"groupVersion": "networking.k8s.io/v1"}]}]}),
        ),
        "/api/v1" => resources(&["namespaces", "pods", "serviceaccounts"]),
        "/apis/networking.k8s.io/v1" => resources(&["networkpolicies"]),
        "/api/v1/namespaces" => reply(
            &json!({"kind": "NamespaceList", "metadata": {}, "items": [{"metadata": {"name": "kube-system", "uid": "u-1"}}, {"metadata": {"name": "a", "uid": "u-2"}}]}),
        ),
        "/api/v1/pods" => list("PodList", &["one"], ""),
        "/api/v1/serviceaccounts" => list("ServiceAccountList", &["default"], ""),
        "/apis/networking.k8s.io/v1/networkpolicies" => list("NetworkPolicyList", &[], ""),
        _ => status(404, "NotFound"),
    }
}

struct Fake {
    settings: KubernetesSettings,
    /// First lines and the Authorization headers of all requests.
    asked: Arc<Mutex<Vec<(String, String)>>>,
    folder: tempfile::TempDir,
}

impl Fake {
    fn asked(&self, part: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.clone()).filter(|path| path.contains(part)).collect()
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }
}

/// Serves on a loopback port. `answer` gets the path with its query and how often it was asked before; `None` breaks
/// off.
async fn serve(base_path: &str, answer: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::<(String, String)>::new()));
    let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&answer), Arc::clone(&seen)));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "first").unwrap();
    let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "current-context": "t",
        "clusters": [{"name": "t", "cluster": {"server": format!("http://127.0.0.1:{port}{base_path}")}}],
        "users": [{"name": "t", "user": {"tokenFile": folder.path().join("token")}}],
        "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}]});
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    Fake { settings: context(&path, "t"), asked, folder }
}

async fn connection<A: Fn(&str, usize) -> Option<Reply>>(
    mut stream: TcpStream,
    answer: Arc<A>,
    seen: Arc<Mutex<Vec<(String, String)>>>,
) {
    let mut buffer = Vec::new();
    loop {
        let mut part = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut part).await else { return };
        buffer.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&buffer).into_owned();
        if !text.contains("\r\n\r\n") {
            continue;
        }
        buffer.clear();
        let path = text.split(' ').nth(1).unwrap().to_owned();
        let token = text.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("").to_owned();
        let before = {
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|(other, _)| *other == path).count();
            seen.push((path.clone(), token));
            before
        };
        let Some(reply) = answer(&path, before) else { return };
        let head =
            format!("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n", reply.status, reply.headers, reply.body.len());
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(reply.body.as_bytes()).await;
    }
}

fn pods(scan: &Scan) -> Vec<&str> {
    scan.of("kubernetes.workload").map(|workload| workload.name.as_str()).collect()
}

#[tokio::test]
async fn forgotten_pages_start_the_list_again_and_tokens_stay_off_the_tape() {
    let fake = serve("/k8s/clusters/c-1", |path, before| {
        let path = path.strip_prefix("/k8s/clusters/c-1").unwrap();
        Some(match (path, before) {
            ("/api/v1/pods?limit=500", 0) => list("PodList", &["old"], "t/1=="),
            ("/api/v1/pods?limit=500&continue=t%2F1%3D%3D", _) => status(410, "Expired"),
            ("/api/v1/pods?limit=500", _) => list("PodList", &["one"], "t/2=="),
            ("/api/v1/pods?limit=500&continue=t%2F2%3D%3D", _) => list("PodList", &["two"], ""),
            (path, _) => usual(path),
        })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    live.result.as_ref().unwrap();
    assert_eq!(pods(&live), ["one", "two"]);
    assert_eq!((live.state("kubernetes.workload"), live.extraction.gaps.len()), (&SetState::Complete, 0));
    let pages: Vec<_> = live.exchanges().into_iter().filter(|exchange| exchange.operation == "list v1 pods").collect();
    let mut paths: Vec<_> = pages.iter().map(|page| (page.page, page.request.path.as_str())).collect();
    paths.sort_unstable();
    let first = "/api/v1/pods?limit=500";
    assert_eq!(
        paths,
        [(1, first), (2, &format!("{first}&continue=page-2")), (3, first), (4, &format!("{first}&continue=page-4"))]
    );
    assert!(!serde_json::to_string(&live.exchanges()).unwrap().contains("t/2=="));
    let replayed = scan(fake.settings.clone(), Some(live.evidence.clone())).await;
    assert_eq!(replayed.extraction, live.extraction);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_is_left_and_partial() {
    let fake = serve("", |path, _| {
        Some(if path.starts_with("/api/v1/pods") { list("PodList", &["one"], "again") } else { usual(path) })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    live.result.as_ref().unwrap();
    assert_eq!(fake.asked("/pods").len(), 2);
    assert!(matches!(live.state("kubernetes.workload"), SetState::Partial { .. }));
    assert_eq!(live.extraction.gaps[0].kind, FailureKind::NotAsked);
}

#[tokio::test]
async fn an_expired_token_is_read_again_once() {
    let token_file = Arc::new(Mutex::new(PathBuf::new()));
    let rotated = Arc::clone(&token_file);
    let fake = serve("", move |path, before| {
        Some(match (path, before) {
            ("/api/v1/pods?limit=500", 0) => {
                std::fs::write(&*rotated.lock().unwrap(), "second").unwrap();
                status(401, "Unauthorized")
            }
            (path, _) => usual(path),
        })
    })
    .await;
    *token_file.lock().unwrap() = fake.token_file();
    let live = scan(fake.settings.clone(), None).await;
    assert_eq!(pods(&live), ["one"]);
    let tokens: Vec<_> = fake
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter(|(path, _)| path.contains("/pods"))
        .map(|(_, token)| token.clone())
        .collect();
    assert_eq!(tokens, ["Bearer first", "Bearer second"]);
    let text = serde_json::to_string(&live.exchanges()).unwrap();
    assert!(!text.contains("second") && !text.contains("Bearer"));
}

#[tokio::test]
async fn credentials_that_are_refused_leave_everything_unknown() {
    let fake = serve("", |_, _| Some(status(401, "Unauthorized"))).await;
    let live = scan(fake.settings.clone(), None).await;
    live.result.as_ref().unwrap();
    assert!(live.extraction.sets.iter().all(|set| matches!(set.state, SetState::Unobserved { .. })));
    assert!(live.extraction.gaps.iter().all(|gap| gap.kind == FailureKind::Unauthenticated));
    assert!(!live.extraction.gaps.is_empty());
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let fake = serve("", |path, before| {
        Some(match (path, before) {
            ("/api/v1/pods?limit=500", 0) => Reply {
                headers: "Retry-After: 0\r\nContent-Type: application/json\r\n",
                ..status(429, "TooManyRequests")
            },
            ("/api/v1/pods?limit=500", 1) => status(500, "InternalError"),
            (path, _) => usual(path),
        })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    assert_eq!(pods(&live), ["one"]);
    let pods = live.exchanges().into_iter().find(|exchange| exchange.operation == "list v1 pods").unwrap();
    assert_eq!(pods.attempts, 3);
}

/// Makes one wrong answer.
type Wrong = fn() -> Reply;

#[tokio::test]
async fn answers_that_are_none_are_never_an_empty_list() {
    let html =
        || Reply { status: 200, headers: "Content-Type: text/html\r\n", body: "<html>CANARY log in</html>".to_owned() };
    let wrong: [(&str, Wrong); 7] = [
        ("a Status", || Reply { status: 200, ..status(200, "Failure") }),
        ("another kind", || list("SecretList", &["CANARY"], "")),
        ("no items", || reply(&json!({"kind": "PodList", "metadata": {}}))),
        ("items of the wrong kind", || reply(&json!({"kind": "PodList", "items": "none"}))),
        ("broken JSON", || Reply { body: "{\"kind\": \"PodList\", \"items\": [".to_owned(), ..reply(&json!({})) }),
        ("a number", || reply(&json!(7))),
        ("not found", || status(404, "NotFound")),
    ];
    for (what, answer) in wrong.into_iter().chain([("a login page", html as Wrong)]) {
        let fake =
            serve("", move |path, _| Some(if path.starts_with("/api/v1/pods") { answer() } else { usual(path) })).await;
        let live = scan(fake.settings.clone(), None).await;
        live.result.as_ref().unwrap();
        assert!(
            matches!(live.state("kubernetes.workload"), SetState::Unobserved { .. }),
            "{what}: {:?}",
            live.state("kubernetes.workload")
        );
        assert_eq!(live.extraction.gaps.len(), 1, "{what}");
        assert!(!serde_json::to_string(&live.exchanges()).unwrap().contains("CANARY"), "{what}");
        assert_eq!(live.state("kubernetes.service-account"), &SetState::Complete, "{what}");
    }
}

#[tokio::test]
async fn a_group_whose_server_is_gone_is_one_gap_and_asked_once() {
    let fake = serve("", |path, _| {
        Some(if path.starts_with("/apis/networking.k8s.io/v1") {
            Reply { status: 503, headers: "Content-Type: text/plain\r\n", body: "service unavailable\n".to_owned() }
        } else {
            usual(path)
        })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    live.result.as_ref().unwrap();
    assert_eq!(fake.asked("/apis/networking.k8s.io/v1").iter().filter(|path| !path.contains("limit")).count(), 1);
    assert!(matches!(live.state("kubernetes.network-policy"), SetState::Unobserved { .. }));
    assert_eq!(pods(&live), ["one"]);
    let gap = live.extraction.gaps.iter().find(|gap| gap.operation == "GET /apis/networking.k8s.io/v1").unwrap();
    assert!(gap.message.contains("service unavailable"));
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_a_gap() {
    let fake = serve("", |path, _| if path.starts_with("/api/v1/pods") { None } else { Some(usual(path)) }).await;
    let live = scan(fake.settings.clone(), None).await;
    live.result.as_ref().unwrap();
    assert_eq!(live.extraction.gaps.len(), 1);
    assert_eq!(live.extraction.gaps[0].kind, FailureKind::Connection);
    assert_eq!(live.state("kubernetes.service-account"), &SetState::Complete);
}

#[tokio::test]
async fn policies_of_another_api_leave_no_policy_unknown() {
    let fake = serve("", |path, _| {
        Some(if path == "/apis" {
            let groups = ["networking.k8s.io", "cilium.io"]
                .map(|name| json!({"name": name, "versions": [{"groupVersion": format!("{name}/v1")}]}));
            reply(&json!({"kind": "APIGroupList", "groups": groups}))
        } else {
            usual(path)
        })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    let namespace = live.one("kubernetes.namespace", "", "a");
    assert!(!namespace.facts.contains_key("default_deny_ingress"));
    assert!(namespace.unobserved[0].reason.reason.contains("cilium.io"));
    assert_eq!(live.extraction.gaps.len(), 1);
    assert_eq!(Some(&live.extraction.gaps[0].id), namespace.unobserved[0].reason.gap.as_ref());
}

/// Loses each exchange in turn: nothing that was unknown becomes known, no list is whole that was not.
#[tokio::test]
async fn lost_exchanges_never_make_anything_known() {
    let fake = serve("", |path, _| {
        Some(match path {
            "/api/v1/pods?limit=500" => list("PodList", &["one"], "x"),
            "/api/v1/pods?limit=500&continue=x" => list("PodList", &["two"], ""),
            path => usual(path),
        })
    })
    .await;
    let live = scan(fake.settings.clone(), None).await;
    let exchanges = live.exchanges();
    for lost in 0..exchanges.len() {
        let mut rest = exchanges.clone();
        let gone = rest.remove(lost);
        let operation = gone.operation;
        let evidence = annexa_tape::Evidence::from_exchanges(rest);
        let extraction =
            annexa_tape::Collector::extract(&cluster::kubernetes(), &cluster::target(fake.settings.clone()), &evidence);
        let whole = extraction.sets.iter().all(|set| live.state(&set.kind) == &set.state);
        let same = extraction.resources == live.extraction.resources;
        assert!(!extraction.gaps.is_empty() || (whole && same), "{operation} was lost, and nothing says so");
        for set in extraction.sets.iter().filter(|set| set.state == SetState::Complete) {
            let here = extraction.resources.iter().filter(|resource| resource.kind == set.kind).count();
            assert_eq!(here, live.of(&set.kind).count(), "{operation}: {} says that it is whole", set.kind);
        }
    }
}
