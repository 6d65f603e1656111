//! Service descriptions: what to ask of a service, and what its answers are put together to.

mod allow;
mod catalog;
mod codec;
mod fields;
mod file;
mod link;
mod link_call;
mod link_fact;
mod link_list;
mod link_lookup;
mod link_type;
mod named;
mod order;
mod path;
mod prune;
mod schema;

pub(crate) use allow::is_read;
pub(crate) use catalog::{
    Binding, CallDef, Catalog, FactDef, ForEach, NamedFact, OperationUse, Origin, Scope, Service, SharedDef, Step,
    StepSource, TypeDef,
};
pub(crate) use link::link;
pub(crate) use named::named_operations;
pub(crate) use path::{MemberPath, Path, Piece, Ref};
