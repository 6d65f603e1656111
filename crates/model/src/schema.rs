//! The shape of a resource type: which facts a check may name, and how resources relate.

use std::collections::BTreeMap;

/// A resource type as checks see it. Collectors give them, checks are linted against them.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeSchema {
    /// The type, such as `aws.s3.bucket`.
    pub name: String,
    /// What people call one: `S3 bucket`.
    pub title: String,
    /// The facts.
    pub fields: BTreeMap<String, Field>,
    /// Other resources that belong to one of these, by the name that checks use for them.
    pub relations: BTreeMap<String, Relation>,
}

/// A fact or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A single value.
    Scalar(ScalarKind),
    /// An object with known members.
    Object(BTreeMap<String, Field>),
    /// A list.
    List(Box<Field>),
    /// An object whose keys are data (tags, labels).
    Map(Box<Field>),
    /// Anything: its inside is not checked.
    Any,
}

/// The kind of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// True or false.
    Bool,
    /// An RFC 3339 time as text; CEL sees a timestamp.
    Timestamp,
}

/// Resources of another type that belong to a resource: those whose value at `there` equals one's own value at `here`.
///
/// Both are dotted paths into the facts, or one of the words `id`, `name`, `target`, `account`, `region`, `namespace`
/// for the resource's own members. A path through a list (`Instances[].SubnetId`) means any of its values. Resources of
/// all targets of the scan are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The type on the other side.
    pub to: String,
    /// The path on this side.
    pub here: String,
    /// The path on the other side.
    pub there: String,
    /// Many: the check sees a list. Otherwise one resource, or absent.
    pub many: bool,
}
