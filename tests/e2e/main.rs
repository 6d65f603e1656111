//! End to end: the real program, against recorded and real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

mod accepted;
mod action;
mod action_scan;
mod arrows;
mod aws_faults;
mod aws_truth;
mod browser;
mod canaries;
mod configuration;
mod demo;
mod denied;
mod docs;
mod echo;
mod encrypted;
mod formats;
mod github;
mod hostile;
mod interrupt;
mod kubernetes;
mod live;
mod locker;
mod nth;
mod outside;
mod own;
mod pages;
mod program;
mod reperform;
mod search;
#[path = "../servers/servers.rs"]
mod servers;
mod unknown;
