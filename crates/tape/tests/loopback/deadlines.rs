use crate::parrot::{Parrot, failed, get, hasty, live, session};
use crate::server::{Reply, Server};
use annexa_model::FailureKind;
use annexa_tape::Transport;
use std::sync::Arc;

fn in_haste() -> Transport {
    session().0.limits(hasty()).build().transport(Arc::new(Parrot::default()))
}

#[tokio::test]
async fn a_hang_ends() {
    let server = Server::start(|_, _| Reply::Hang).await;
    let transport = in_haste();
    let (exchange, failure) = failed(transport.send(get(&server, "/a?token=geheim")).await);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::Timeout, 3));
    assert_eq!(failure.message, "127.0.0.1 was silent for 0.2 s; given up after 3 tries");
}

#[tokio::test]
async fn a_body_that_never_ends_ends() {
    let server = Server::start(|_, _| Reply::Drip).await;
    let transport = in_haste();
    let (_, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message, "no whole answer within 0.4 s; given up after 3 tries");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let server = Server::start(|_, _| Reply::Flood).await;
    let (transport, _, _) = live();
    let (exchange, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!((failure.kind, exchange.attempts), (FailureKind::TooLarge, 1));
    assert_eq!(failure.message, "the answer is larger than 100000 bytes");
    assert_eq!(exchange.answer, None);
}

#[tokio::test]
async fn what_is_small_on_the_wire_and_large_in_memory_is_too_large() {
    // 200,000 blanks
    const BOMB: &str = "1f8b0800000000000203edc13101000000c2a02aeb9fd20cfe400100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000af0131616210400d0300";
    let server = Server::start(|_, _| Reply::gzip(BOMB)).await;
    let (transport, _, _) = live();
    let (_, failure) = failed(transport.send(get(&server, "/a")).await);
    assert_eq!(failure.kind, FailureKind::TooLarge);
}
