//! Layer 7: deadlines. The one for a whole try is here; those for connecting and for each read are set on the client.

use super::Trouble;
use super::wire::{Raw, Wire};
use crate::transport::Line;
use annexa_model::FailureKind;
use bytes::Bytes;
use http::request::Parts;
use std::time::Duration;

/// Sends a request that must be answered in time.
pub(crate) async fn send(line: &Line, parts: Parts, body: Bytes) -> Result<Raw, Trouble> {
    match &line.wire {
        Ok(Some(wire)) => within(wire, line.session.limits.call, parts, body).await,
        Ok(None) => Err(Trouble::lasting(FailureKind::NotOnTape, "nothing is sent in replay".to_owned())),
        Err(problem) => Err(Trouble::lasting(FailureKind::Connection, problem.clone())),
    }
}

/// Sends a request that must be answered within a time.
pub(crate) async fn within(wire: &Wire, time: Duration, parts: Parts, body: Bytes) -> Result<Raw, Trouble> {
    tokio::time::timeout(time, wire.send(parts, body)).await.unwrap_or_else(|_| {
        let message = format!("no whole answer within {} s", time.as_secs_f32());
        Err(Trouble::passing(FailureKind::Timeout, message))
    })
}
