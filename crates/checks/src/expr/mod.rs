//! The rule language: CEL, parsed by the `cel` crate, compiled against the schema, decided with three-state facts.

mod cidr;
mod compile;
mod evaluate;
mod functions;
mod guard;
mod node;
mod paths;
mod stack;
mod undecided;
mod value;

pub(crate) use compile::{Scope, TAGGED, Typed, compile};
pub(crate) use evaluate::{Evaluator, Related, Relations, Roots};
pub(crate) use functions::string;
pub(crate) use guard::unguarded;
pub(crate) use node::{Node, Op, Root};
pub(crate) use paths::{FactPath, Paths, Step};
pub(crate) use stack::with_deep_stack;
pub(crate) use undecided::{Undecided, remember};
pub(crate) use value::{List, Val, from_fact, time};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
