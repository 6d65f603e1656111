//! Layer 5: limits. How many tries may be under way at once, and how close together they start.

use super::allow_list::Asked;
use super::wire::Raw;
use super::{Course, Trouble, authentication};
use crate::transport::Line;
use annexa_model::FailureKind;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The gate that all tries of a session go through.
pub(crate) struct Gate {
    places: Semaphore,
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
    /// Hosts that asked to be left alone, and until when.
    quiet: Mutex<BTreeMap<String, Instant>>,
}

impl Gate {
    pub(crate) fn new(concurrency: usize, interval: Option<Duration>) -> Self {
        let places = Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Self { places, interval, next: Mutex::default(), quiet: Mutex::default() }
    }

    /// Notes that a host asked one call to wait: all others wait as well. A provider that is asked on regardless may
    /// shut us out.
    pub(crate) fn leave_alone(&self, host: &str, time: Duration) {
        let until = Instant::now() + time;
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let known = quiet.entry(host.to_owned()).or_insert(until);
        *known = until.max(*known);
    }

    /// Waits until a host may be asked.
    async fn quiet(&self, host: &str) {
        let until = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Waits for this try's turn.
    async fn turn(&self) {
        let Some(interval) = self.interval else { return };
        let start = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let start = next.map_or(now, |next| next.max(now));
            *next = Some(start + interval);
            start
        };
        tokio::time::sleep_until(start).await;
    }
}

/// Sends one try when there is a place for it.
pub(crate) async fn send(line: &Line, asked: &Asked, course: &Course, renew: bool) -> Result<Raw, Trouble> {
    let gate = &line.session.gate;
    gate.quiet(&asked.host).await;
    let Ok(_place) = gate.places.acquire().await else {
        return Err(Trouble::lasting(FailureKind::Interrupted, "the session is closed".to_owned()));
    };
    gate.turn().await;
    authentication::send(line, asked, course, renew).await
}
