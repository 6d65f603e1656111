//! The AWS collector: a caller that is driven by service descriptions.
#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may end by any of them")
)]

mod caller;
mod collector;
mod description;
mod dialect;
mod facts;
mod library;
mod permissions;
mod reproduce;
mod rules;
mod run;
mod shapes;

pub use collector::Aws;
pub use library::add_shapes;
pub use reproduce::reproduce;
pub use rules::rules;
