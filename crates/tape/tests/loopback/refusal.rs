use crate::parrot::{Parrot, direct, failed, get, live, recorded, session};
use crate::server::{Reply, Server};
use annexa_model::FailureKind;
use annexa_tape::TransportError;
use bytes::Bytes;
use http::Request;
use std::sync::Arc;

#[tokio::test]
async fn what_is_not_read_only_is_not_sent_but_noted() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (transport, _, sink) = live();
    let request = Request::delete(server.url("/bucket")).body(Bytes::from_static(b"geheim")).unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error:?}");
    assert_eq!(error.to_string(), "refused to send DELETE /bucket: it is no query");
    assert!(server.heard().is_empty());

    let [exchange] = &recorded(&sink.evidence().unwrap())[..] else { panic!("one exchange") };
    assert_eq!((exchange.operation.as_str(), exchange.attempts), ("DELETE /bucket", 0));
    assert_eq!(exchange.failure.as_ref().unwrap().kind, FailureKind::Rejected);
    assert_eq!(exchange.request.body, None, "what was not understood is not kept");
}

#[tokio::test]
async fn redirects_are_not_followed_and_credentials_stay_at_home() {
    let other = Server::start(|_, _| Reply::json("{}")).await;
    let there = other.url("/b");
    let server = Server::start(move |_, _| Reply::status(301, "{}").with("location", &there)).await;
    let (transport, _, _) = live();
    let (exchange, _) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!(exchange.answer.as_ref().unwrap().status, 301);
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn other_hosts_than_the_targets_are_refused() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let other = Server::start(|_, _| Reply::json("{}")).await;
    let (builder, _) = session();
    let settings = direct().host(server.address.to_string());
    let transport = builder.build().transport_with(Arc::new(Parrot::default()), &settings).unwrap();
    transport.send(get(&server, "/a")).await.unwrap();
    let error = transport.send(get(&other, "/a")).await.unwrap_err();
    assert!(error.to_string().ends_with("it is not a host of this target"), "{error}");
    assert!(other.heard().is_empty());
}
