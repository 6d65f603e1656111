#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target says by a panic that a property does not hold")]

mod demo;
mod mutate;
mod rules;
mod targets;

pub use mutate::Mutator;

/// One fuzz target.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// The longest input, in bytes.
    pub max_len: usize,
    /// Words that inputs are made of, for the mutations.
    pub words: &'static [&'static str],
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Takes any bytes; panics when a property does not hold.
    pub run: fn(&[u8]),
}

/// All targets, in the order in which they run.
#[must_use]
pub fn targets() -> &'static [Target] {
    targets::ALL
}

/// A target by its name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    targets().iter().find(|target| target.name == name)
}
