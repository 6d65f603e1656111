use crate::parrot::{get, hasty, recorded, session};
use crate::server::{Reply, Server};
use annexa_tape::{CredentialError, Evidence};
use std::time::Duration;
use tower::ServiceExt;

#[tokio::test]
async fn the_lane_leaves_nothing_on_the_tape() {
    let server = Server::start(|_, _| Reply::json("{\"secret\":\"x\"}")).await;
    let (builder, sink) = session();
    let lane = builder.build().credential_lane();
    let answer = lane.oneshot(get(&server, "/assume")).await.unwrap();
    assert_eq!(&answer.body()[..], b"{\"secret\":\"x\"}");
    assert!(server.heard()[0].headers["user-agent"].starts_with("annexa/"));
    assert!(recorded(&sink.evidence().unwrap()).is_empty());
}

#[tokio::test]
async fn the_lane_has_deadlines() {
    let server = Server::start(|_, _| Reply::Hang).await;
    let (builder, _) = session();
    let lane = builder.limits(hasty()).build().credential_lane();
    let answer = tokio::time::timeout(Duration::from_secs(20), lane.send(get(&server, "/assume"))).await.unwrap();
    assert!(matches!(answer, Err(CredentialError::Timeout(_))), "{answer:?}");
}

#[tokio::test]
async fn the_lane_is_closed_in_replay() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let (builder, _) = session();
    let lane = builder.replay(Evidence::default()).build().credential_lane();
    assert_eq!(lane.send(get(&server, "/assume")).await.unwrap_err(), CredentialError::Replay);
    assert!(server.heard().is_empty());
}
