use crate::parrot::{Parrot, failed, get, recorded, session};
use crate::server::{Reply, Server};
use annexa_model::FailureKind;
use annexa_tape::{Stop, TransportError};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn calls_under_way_are_recorded_as_interrupted_and_new_ones_are_not_made() {
    let server = Server::start(|_, _| Reply::Hang).await;
    let (builder, sink) = session();
    let stop = Stop::new();
    let transport = builder.stop(stop.clone()).build().transport(Arc::new(Parrot::default()));
    let puller = async {
        while server.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.pull();
    };
    let (result, ()) = tokio::join!(transport.send(get(&server, "/a")), puller);
    let (exchange, failure) = failed(result);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Interrupted, 1));

    let next = transport.send(get(&server, "/b")).await.unwrap_err();
    assert!(matches!(next, TransportError::Interrupted));
    assert_eq!(server.heard().len(), 1);
    assert_eq!(recorded(&sink.evidence().unwrap()), [(*exchange).clone()]);
}
