use crate::parrot::{Parrot, SECRET, TOKEN, failed, get, live, recorded, session};
use crate::server::{Reply, Server};
use annexa_model::{Exchange, FailureKind, Kind};
use annexa_tape::{Call, Evidence, EvidenceWriter, Progress, Transport};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

#[tokio::test]
async fn an_exchange_says_who_asked_whom_what_and_what_came_back() {
    let body = format!("{{\"name\":\"a\",\"password\":\"{SECRET}\",\"share\":0.12345678901234567}}");
    let server = Server::start(move |_, _| Reply::json(&body).with("link", "<b>; rel=\"next\"")).await;
    let (transport, _, sink) = live();
    transport.identify("111122223333", "arn:aws:iam::111122223333:role/annexa");
    let mut request = get(&server, "/a?page=2");
    let parameters = json!({"Page": 2}).as_object().unwrap().clone();
    let call = Call { operation: "s3:List".to_owned(), region: Some("eu-central-1".to_owned()), page: 2, parameters };
    request.extensions_mut().insert(call);
    let exchange = transport.send(request).await.unwrap();

    assert_eq!((exchange.target.as_str(), exchange.kind), ("demo", Kind::Documents));
    assert_eq!((exchange.operation.as_str(), exchange.region.as_deref()), ("s3:List", Some("eu-central-1")));
    assert_eq!((exchange.page, exchange.attempts), (2, 1));
    assert_eq!(exchange.asked_by, "arn:aws:iam::111122223333:role/annexa");
    assert_eq!((exchange.host.clone(), exchange.tls.as_str()), (server.address.to_string(), "no TLS"));
    assert_eq!(exchange.request_id.as_deref(), Some("r-1"));
    assert_eq!(exchange.server_date.as_deref(), Some("Tue, 03 Mar 2026 10:00:00 GMT"));
    assert_eq!(
        serde_json::to_value(&exchange.request).unwrap(),
        json!({"method": "GET", "path": "/a?page=2", "parameters": {"Page": 2}})
    );
    let answer = exchange.answer.as_ref().unwrap();
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
    assert_eq!(serde_json::to_value(&answer.headers).unwrap(), json!({"link": "<b>; rel=\"next\""}));
    assert_eq!(answer.body["password"], "");
    assert_eq!(exchange.cuts.len(), 1);
    let id = Exchange::id_of("111122223333", "s3:List", Some("eu-central-1"), &exchange.request, 2);
    assert_eq!(exchange.id, id);
    assert!(server.heard()[0].headers["user-agent"].starts_with("annexa/"));
    assert_eq!(server.heard()[0].headers["accept-encoding"], "gzip");

    let files = sink.files().unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["documents/demo/s3.List.eu-central-1.jsonl"]);
    let all = String::from_utf8(files.into_values().flatten().collect()).unwrap();
    assert!(!all.contains(SECRET) && !all.contains(TOKEN), "{all}");
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let server = Server::start(|_, _| Reply::gzip("1f8b0800000000000203ab564a54b232ac0500afac1b5607000000")).await;
    let (transport, _, _) = live();
    let exchange = transport.send(get(&server, "/a")).await.unwrap();
    assert_eq!(exchange.usable_body(), Some(&json!({"a": 1})));
}

#[tokio::test]
async fn the_body_of_a_request_is_part_of_its_id() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (transport, _, _) = live();
    let ask = async |query: &str| {
        let body = bytes::Bytes::from(format!("{{\"query\":\"{query}\"}}"));
        transport.send(http::Request::post(server.url("/graphql")).body(body).unwrap()).await.unwrap()
    };
    let (one, other) = (ask("a").await, ask("b").await);
    assert_ne!(one.id, other.id);
    assert_eq!(one.request.body, Some(json!({"query": "a"})));
    assert_eq!((server.heard()[0].method.as_str(), server.heard()[0].body.as_str()), ("POST", "{\"query\":\"a\"}"));
}

#[tokio::test]
async fn before_identify_the_targets_name_stands_for_it() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (transport, _, _) = live();
    let exchange = transport.send(get(&server, "/a")).await.unwrap();
    assert_eq!(exchange.asked_by, "unknown");
    assert_eq!(exchange.id, Exchange::id_of("target:demo", "GET /a", None, &exchange.request, 1));
}

/// A script with good and bad answers of every form.
fn mixed(path: &str) -> Reply {
    match path {
        "/xml" => Reply::json("<a>\u{e4} <b/></a>").with("content-type", "text/xml"),
        "/denied" => Reply::status(403, "{\"message\":\"no\"}"),
        "/lies" => Reply::json("<html>"),
        "/empty" => Reply::status(204, ""),
        "/raw" => Reply::json("{\"a\": 1}\n").with("content-type", "application/vnd.github.raw+json"),
        "/untyped" => Reply::json("{\"a\": 1}").with("content-type", "text/html; charset=utf-8"),
        "/text" => Reply::json("\"just text\"").with("content-type", "text/plain"),
        "/string" => Reply::json("\"a string\""),
        "/float" => Reply::json(
            "{\"z\":0.30000000000000004,\"a\":1e300,\"n\":12345678901234567890,\"s\":0.1234567890123456789}",
        ),
        _ => Reply::status(500, ""),
    }
}

const PATHS: [&str; 10] =
    ["/xml", "/denied", "/lies", "/empty", "/raw", "/untyped", "/text", "/string", "/float", "/broken"];

async fn ask_all(transport: &Transport, server: &Server) -> Vec<String> {
    let mut seen = Vec::new();
    for path in PATHS {
        // as a service, the way kube and octocrab see it
        seen.push(match transport.clone().oneshot(get(server, path)).await {
            Ok(response) => format!("{path} {} {:?} {:?}", response.status(), response.headers(), response.body()),
            Err(error) => format!("{path} {error}"),
        });
        let _ = transport.send(get(server, path)).await;
    }
    seen
}

#[tokio::test]
async fn replay_gives_the_same_answers_and_the_same_bytes() {
    let server = Server::start(|_, heard| mixed(&heard.path)).await;
    let (transport, _, first) = live();
    transport.identify("id", "me");
    let seen = ask_all(&transport, &server).await;
    let sent = server.heard().len();

    let tape = first.evidence().unwrap();
    let (builder, second) = session();
    let parrot = Arc::new(Parrot::default());
    let replay = builder.replay(tape).build().transport(Arc::clone(&parrot) as _);
    replay.identify("id", "somebody else");
    assert_eq!(ask_all(&replay, &server).await, seen);
    assert_eq!(second.files().unwrap(), first.files().unwrap());
    assert_eq!(server.heard().len(), sent, "replay sends nothing");
    assert_eq!(parrot.signed.load(std::sync::atomic::Ordering::SeqCst), 0, "and needs no credentials");
}

#[tokio::test]
async fn bodies_come_back_as_they_were() {
    let server = Server::start(|_, heard| mixed(&heard.path)).await;
    let (transport, _, _) = live();
    let body = async |path: &str| {
        let response = transport.clone().oneshot(get(&server, path)).await.unwrap();
        String::from_utf8(response.body().to_vec()).unwrap()
    };
    assert_eq!(body("/xml").await, "<a>\u{e4} <b/></a>");
    assert_eq!(body("/raw").await, "{\"a\": 1}\n", "a raw file is no JSON of the provider's");
    assert_eq!(body("/untyped").await, "{\"a\":1}", "JSON is JSON, whatever the server calls it");
    assert_eq!(body("/string").await, "\"a string\"");
    assert_eq!(body("/text").await, "\"just text\"");
    assert_eq!(body("/denied").await, "{\"message\":\"no\"}", "an HTTP client sees the provider's own error");
    assert_eq!(body("/empty").await, "");
    let (_, failure) = failed(transport.send(get(&server, "/lies")).await);
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(failure.message.starts_with("the answer says it is application/json"), "{}", failure.message);
    assert!(transport.clone().oneshot(get(&server, "/lies")).await.is_err(), "200 alone does not make it usable");
}

#[tokio::test]
async fn what_the_tape_does_not_hold_is_a_failure_of_its_own() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (builder, sink) = session();
    let transport = builder.replay(Evidence::default()).build().transport(Arc::new(Parrot::default()));
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!(failure.kind, FailureKind::NotOnTape);
    assert_eq!((exchange.attempts, exchange.asked_at.to_string().as_str()), (0, "2026-03-03T10:00:00Z"));
    assert_eq!(recorded(&sink.evidence().unwrap()), [(*exchange).clone()]);
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn answers_go_to_disk_as_they_arrive() {
    let server = Server::start(|n, _| Reply::json(&format!("[{n}]"))).await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    let writer = Arc::new(EvidenceWriter::create(&root).unwrap());
    let redactor = annexa_tape::Redactor::new(annexa_tape::Privacy::Default, [7; 32]);
    let as_of = "2026-03-03T10:00:00Z".parse().unwrap();
    let session = annexa_tape::Session::builder(crate::parrot::target(), as_of, Arc::clone(&writer) as _, redactor)
        .settings(crate::parrot::direct())
        .build();
    let transport = session.transport(Arc::new(Parrot::default()));
    for path in ["/c", "/a", "/b"] {
        let mut request = get(&server, path);
        request.extensions_mut().insert(Call { operation: "list things".to_owned(), page: 1, ..Call::default() });
        let exchange = transport.send(request).await.unwrap();
        let so_far = Evidence::open(&root).unwrap();
        assert_eq!(so_far.get(&exchange.id).unwrap().as_ref(), Some(&*exchange));
    }
    writer.close().unwrap();
    let evidence = Evidence::open(&root).unwrap();
    let paths: Vec<_> = recorded(&evidence).into_iter().map(|exchange| exchange.request.path).collect();
    assert_eq!(paths, ["/a", "/b", "/c"]);
    assert_eq!(evidence.of_operation(Kind::Documents, "demo", "list things").unwrap().len(), 3);
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn call_started(&self, target: &str, operation: &str, region: Option<&str>) {
        self.0.lock().unwrap().push(format!("start {target} {operation} {region:?}"));
    }
    fn call_finished(&self, exchange: &Exchange) {
        self.0.lock().unwrap().push(format!("end {}", exchange.operation));
    }
}

#[tokio::test]
async fn progress_sees_calls_come_and_go() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (builder, _) = session();
    let notes = Arc::new(Notes::default());
    let transport = builder.progress(Arc::clone(&notes) as _).build().transport(Arc::new(Parrot::default()));
    transport.send(get(&server, "/a")).await.unwrap();
    assert_eq!(*notes.0.lock().unwrap(), ["start demo GET /a None", "end GET /a"]);
}
