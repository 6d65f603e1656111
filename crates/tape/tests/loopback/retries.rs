use crate::parrot::{Parrot, failed, get, live, quick, session};
use crate::server::{Reply, Server};
use annexa_model::FailureKind;
use annexa_tape::Limits;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[tokio::test]
async fn throttled_twice_then_answered() {
    let server = Server::start(|n, _| if n < 2 { Reply::status(429, "{}") } else { Reply::json("[1]") }).await;
    let (transport, parrot, _) = live();
    let exchange = transport.send(get(&server, "/a")).await.unwrap();
    assert_eq!(exchange.attempts, 3);
    assert_eq!(exchange.usable_body(), Some(&serde_json::json!([1])));
    assert_eq!(parrot.signed.load(Ordering::SeqCst), 3, "each try is signed anew");
}

#[tokio::test]
async fn throttled_for_ever_gives_up() {
    let server = Server::start(|_, _| Reply::status(429, "{}")).await;
    let (transport, _, _) = live();
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!(failure.kind, FailureKind::Throttled);
    assert_eq!(failure.message, "the provider asked to slow down (HTTP 429); given up after 3 tries");
    assert_eq!((exchange.attempts, server.heard().len()), (3, 3));
    assert_eq!(exchange.answer.as_ref().unwrap().status, 429, "the last answer is kept");
}

#[tokio::test]
async fn retry_after_in_seconds_is_waited_for() {
    let server =
        Server::start(|n, _| if n == 0 { Reply::status(503, "").with("retry-after", "1") } else { Reply::json("{}") })
            .await;
    let (transport, _, _) = live();
    let start = Instant::now();
    assert_eq!(transport.send(get(&server, "/a")).await.unwrap().attempts, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn retry_after_as_a_date_counts_from_the_servers_clock() {
    // the server's clock is wrong by months: what counts is that it asks for one second
    let server = Server::start(|n, _| {
        let late = Reply::status(429, "").with("retry-after", "Tue, 03 Mar 2026 10:00:01 GMT");
        if n == 0 { late } else { Reply::json("{}") }
    })
    .await;
    let (transport, _, _) = live();
    let start = Instant::now();
    assert_eq!(transport.send(get(&server, "/a")).await.unwrap().attempts, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_wait_beyond_our_patience_is_not_begun() {
    let server = Server::start(|_, _| Reply::status(429, "").with("retry-after", "3600")).await;
    let (transport, _, _) = live();
    let start = Instant::now();
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Throttled, 1));
    assert!(failure.message.contains("3600 s"), "{}", failure.message);
}

#[tokio::test]
async fn server_errors_and_resets_are_tried_again() {
    let server = Server::start(|n, _| match n {
        0 => Reply::status(503, "oops"),
        1 => Reply::Reset,
        _ => Reply::json("{}"),
    })
    .await;
    let (transport, _, _) = live();
    assert_eq!(transport.send(get(&server, "/a")).await.unwrap().attempts, 3);
}

#[tokio::test]
async fn a_server_error_for_ever_is_a_failure() {
    let server = Server::start(|_, _| Reply::status(503, "oops").with("content-type", "text/plain")).await;
    let (transport, _, _) = live();
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Server, 3));
}

#[tokio::test]
async fn a_reset_for_ever_is_a_failure() {
    let server = Server::start(|_, _| Reply::Reset).await;
    let (transport, _, _) = live();
    let (exchange, failure) = failed(transport.send(get(&server, "/a?token=geheim")).await);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Connection, 3));
    assert_eq!(exchange.tls, "no answer");
    assert!(!failure.message.contains("geheim"), "{}", failure.message);
}

#[tokio::test]
async fn nobody_there_is_a_failure() {
    let server = Server::start(|_, _| Reply::Hang).await;
    let (transport, _, _) = live();
    // a port that was just freed
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://user:geheim@{free}/a?token=geheim");
    let request = http::Request::get(url).body(bytes::Bytes::new()).unwrap();
    let (exchange, failure) = failed(transport.send(request).await);
    assert_eq!(failure.kind, FailureKind::Connection);
    assert!(failure.message.contains("could not connect to 127.0.0.1"), "{}", failure.message);
    assert!(!failure.message.contains("geheim"), "{}", failure.message);
    assert_eq!(exchange.host, free.to_string());
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn expired_credentials_are_renewed_once() {
    let server = Server::start(|_, heard| {
        if heard.headers["authorization"].ends_with("-1") { Reply::json("{}") } else { Reply::status(401, "{}") }
    })
    .await;
    let (transport, parrot, _) = live();
    assert_eq!(transport.send(get(&server, "/a")).await.unwrap().attempts, 2);
    assert_eq!(parrot.renewed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn renewed_credentials_that_do_not_help_are_a_failure() {
    let server = Server::start(|_, _| Reply::status(401, "{}")).await;
    let (transport, parrot, _) = live();
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Unauthenticated, 2));
    assert_eq!(parrot.renewed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_more_at_once_than_allowed() {
    let server = Server::start(|_, _| Reply::Slow(Duration::from_millis(20), Box::new(Reply::json("{}")))).await;
    let (builder, _) = session();
    let session = builder.concurrency(3).build();
    // two transports of one session share its places
    let transports = [session.transport(Arc::new(Parrot::default())), session.transport(Arc::new(Parrot::default()))];
    let calls = (0..20).map(|n| transports[n % 2].send(get(&server, &format!("/{n}"))));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.busiest(), 3);
}

#[tokio::test]
async fn tries_keep_their_distance() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (builder, _) = session();
    let limits = Limits { min_interval: Some(Duration::from_millis(50)), ..quick() };
    let transport = builder.limits(limits).build().transport(Arc::new(Parrot::default()));
    let start = Instant::now();
    let calls = (0..5).map(|n| transport.send(get(&server, &format!("/{n}"))));
    futures::future::join_all(calls).await;
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_host_that_asks_for_quiet_is_left_alone_by_all_calls() {
    let server =
        Server::start(|n, _| if n == 0 { Reply::status(429, "").with("retry-after", "1") } else { Reply::json("{}") })
            .await;
    let (transport, _, _) = live();
    let start = Instant::now();
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        transport.send(get(&server, "/b")).await.map(|exchange| exchange.attempts)
    };
    let (first, second) = tokio::join!(transport.send(get(&server, "/a")), second);
    assert_eq!((first.unwrap().attempts, second.unwrap()), (2, 1));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.heard().len(), 3);
}
