//! What the description files say: resource types, the calls behind their facts, and what is kept of the answers.

mod file;
mod load;
mod operation;
mod query;
mod shape;

pub(crate) use file::{Fact, Found, Meaning, On, Query, TypeFile};
pub(crate) use operation::{Ask, Operation, PAGING, PathTemplate, Route};
pub(crate) use shape::{Shape, Word};

use std::collections::BTreeMap;

/// All description files, read and checked.
#[derive(Debug)]
pub(crate) struct Descriptions {
    /// The types; each stands after the types below which it is found.
    pub(crate) types: Vec<TypeFile>,
    /// Every call that is ever made, by its name.
    pub(crate) operations: BTreeMap<String, Operation>,
    /// The query that asks who answers.
    pub(crate) identity: String,
}
