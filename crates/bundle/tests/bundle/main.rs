//! The crate from outside: bundles are written, tampered with, and read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test says its seed, and what it skipped")]

mod diff;
mod encryption;
mod faults;
mod hostile;
mod interop;
mod round_trip;
mod sample;
mod size;
mod tamper;
