#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop loudly"))]

mod check;
mod evaluate;
mod examples;
mod expr;
mod facts;
mod file;
mod load;
mod message;
mod place;
mod refs;
mod schemas;
#[cfg(test)]
mod test_schemas;

pub use check::{Check, Origin};
pub use evaluate::{Evaluation, Options, evaluate};
pub use examples::{ExampleResult, test_examples};
pub use file::Expect;
pub use load::{Checks, OWN_FOLDER, own_rule_path, rules};
