//! End to end: the real program, against recorded and real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

mod action;
mod action_scan;
mod arrows;
<<<<<<< HEAD
mod aws_truth;
=======
mod canaries;
>>>>>>> 72646b66570bd289a8bda42a0fc6c09c55723452
mod configuration;
mod demo;
mod denied;
mod docs;
<<<<<<< HEAD
mod formats;
mod interrupt;
=======
mod echo;
mod github;
mod kubernetes;
>>>>>>> 72646b66570bd289a8bda42a0fc6c09c55723452
mod live;
mod nth;
mod outside;
mod own;
mod pages;
mod program;
mod reperform;
#[path = "../servers/servers.rs"]
mod servers;
mod unknown;
