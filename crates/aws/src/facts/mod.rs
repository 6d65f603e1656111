//! Fact functions: what the vocabulary of descriptions can't say. Each is named, pure and tested.

mod iam_paths;
mod public_access;

use annexa_model::{Field, Reason};
use serde_json::Value;

/// A value in its three states; a list can also be partial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Known(Value),
    /// Known in part: something inside is missing, and why.
    Partial(Value, Reason),
    Absent,
    Unobserved(Reason),
}

/// A function from facts of a resource to another fact.
#[derive(Debug)]
pub(crate) struct FactFunction {
    pub(crate) name: &'static str,
    /// How many facts it takes.
    pub(crate) arguments: usize,
    pub(crate) field: fn() -> Field,
    pub(crate) compute: fn(&[Seen]) -> Seen,
}

/// All functions.
pub(crate) const FUNCTIONS: &[FactFunction] = &[iam_paths::PATHS, public_access::ALL];

/// The function of a name.
pub(crate) fn function(name: &str) -> Option<&'static FactFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
