//! Descriptions that are checked and linked with their shapes: what collection, extraction and redaction work from.

use super::codec::{Codec, ColumnKind};
use super::file::OnePer;
use super::path::{MemberPath, Path, Ref};
use crate::caller::Endpoints;
use crate::facts::FactFunction;
use crate::shapes::ServiceModel;
use annexa_model::TypeSchema;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All loaded services and the resource types that they make.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    /// By the name of the description file.
    pub(crate) services: BTreeMap<String, Arc<Service>>,
    pub(crate) types: BTreeMap<String, TypeDef>,
    pub(crate) operations: Operations,
    pub(crate) endpoints: Endpoints,
    /// Operations whose answers are understood, but that are not asked.
    pub(crate) unasked: BTreeSet<String>,
}

/// Where a type's resources are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Regional,
    Global,
}

/// One description file with its shapes.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) title: String,
    pub(crate) model: ServiceModel,
    pub(crate) scope: Scope,
    pub(crate) shared: BTreeMap<String, SharedDef>,
}

/// What several facts share: a call, or a function of other shared calls.
#[derive(Clone, Debug)]
pub(crate) enum SharedDef {
    Call(Box<CallDef>),
    /// The first step of each path is the name of a shared call.
    Function {
        function: &'static FactFunction,
        of: Vec<Path>,
    },
}

/// A call with all that its answer means.
#[derive(Clone, Debug)]
pub(crate) struct CallDef {
    /// The name of the description file.
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) bindings: Vec<(String, Binding)>,
    pub(crate) decode: Vec<(MemberPath, Codec)>,
    pub(crate) columns: BTreeMap<String, ColumnKind>,
    pub(crate) absent_on: Vec<String>,
    pub(crate) not_applicable_on: Vec<String>,
    pub(crate) permission: String,
    pub(crate) poll: Option<Poll>,
    /// Asked in the partition's global region, wherever the resource is.
    pub(crate) ask_globally: bool,
}

/// Where a parameter's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    Value(Value),
    Ref(Ref),
}

/// A call that is repeated until its answer says that it is done.
#[derive(Clone, Debug)]
pub(crate) struct Poll {
    pub(crate) operation: String,
    pub(crate) until: BTreeMap<String, String>,
    pub(crate) permission: String,
}

/// A resource type.
#[derive(Clone, Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) service: String,
    pub(crate) scope: Scope,
    pub(crate) origin: Origin,
    pub(crate) id: Ref,
    pub(crate) label: Option<Ref>,
    pub(crate) region: Vec<Path>,
    /// A shared call of the same file, and the number's path in its answer.
    pub(crate) counted: Option<(String, Path)>,
    /// In an order in which each comes after those it needs.
    pub(crate) facts: Vec<NamedFact>,
    pub(crate) schema: TypeSchema,
}

/// Where the resources of a type come from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    OnePer(OnePer),
    List(Vec<Step>),
}

/// One call on the way to a list of resources.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) source: StepSource,
    pub(crate) items: Path,
    /// The fact's name of an item.
    pub(crate) name: String,
    /// The parameter that takes the items of the step before, and how many at once.
    pub(crate) batch: Option<(String, usize)>,
}

#[derive(Clone, Debug)]
pub(crate) enum StepSource {
    Call(Box<CallDef>),
    Shared(String),
}

#[derive(Clone, Debug)]
pub(crate) struct NamedFact {
    pub(crate) name: String,
    /// The description file that it stands in: its `shared` calls are meant.
    pub(crate) service: String,
    /// Asked only while the resource's region is not known.
    pub(crate) for_region: bool,
    pub(crate) def: FactDef,
}

#[derive(Clone, Debug)]
pub(crate) enum FactDef {
    Call { call: Box<CallDef>, for_each: Option<ForEach> },
    Merge { shared: String, path: Path, by: Vec<(Path, Ref)>, many: bool },
    Function { function: &'static FactFunction, of: Vec<Path> },
}

/// One call for each value, or for `batch` values at once.
#[derive(Clone, Debug)]
pub(crate) struct ForEach {
    pub(crate) values: Path,
    pub(crate) into: String,
    pub(crate) batch: Option<usize>,
}

/// All operations in use, by their full name: what the transport may send and how it judges and cuts the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operations(pub(crate) BTreeMap<String, OperationUse>);

#[derive(Clone, Debug, Default)]
pub(crate) struct OperationUse {
    /// A description file that has its shapes.
    pub(crate) service: String,
    pub(crate) expected_codes: BTreeSet<String>,
    pub(crate) sensitive: Vec<MemberPath>,
    pub(crate) personal: Vec<MemberPath>,
    pub(crate) permissions: BTreeSet<String>,
}

impl Catalog {
    /// The service of an operation's full name (`s3:GetBucketPolicy`), and the operation's own name.
    pub(crate) fn operation<'a>(&self, full_name: &'a str) -> Option<(&Service, &OperationUse, &'a str)> {
        let used = self.operations.0.get(full_name)?;
        let (_, name) = full_name.split_once(':')?;
        Some((self.services.get(&used.service)?, used, name))
    }
}

impl CallDef {
    /// The full name in exchanges: `s3:GetBucketPolicy`.
    pub(crate) fn full_name(&self, catalog: &Catalog) -> String {
        let service =
            catalog.services.get(&self.service).map_or(self.service.as_str(), |service| &service.model.service);
        format!("{service}:{}", self.operation)
    }
}
