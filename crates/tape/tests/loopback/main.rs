//! The transport against a real socket: a server that misbehaves in every way that we know of.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic; that is how it fails")]

mod credentials;
mod deadlines;
mod parrot;
mod recording;
mod refusal;
mod retries;
mod server;
mod stopping;
mod tls;
