//! End to end: the real program, against recorded and real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

mod arrows;
mod browser;
mod configuration;
mod demo;
mod denied;
mod docs;
mod formats;
mod hostile;
mod live;
mod outside;
mod own;
mod pages;
mod program;
mod reperform;
#[path = "../servers/servers.rs"]
mod servers;
