//! The shapes of a service's requests and answers, as `cargo xtask shapes` makes them from AWS's service models.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// One service: how it is called, and the operations and shapes that are in use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceModel {
    /// The name that the AWS command line and botocore use: `s3`, `s3control`, `logs`.
    pub(crate) service: String,
    /// Where the shapes come from, with its version.
    #[allow(dead_code, reason = "for people who read the file")]
    source: String,
    /// The service's full name.
    #[serde(default)]
    #[allow(dead_code, reason = "for people who read the file")]
    title: String,
    pub(crate) protocol: Protocol,
    #[serde(default)]
    pub(crate) api_version: String,
    pub(crate) endpoint_prefix: String,
    pub(crate) signing_name: String,
    #[serde(default)]
    pub(crate) json_version: Option<String>,
    #[serde(default)]
    pub(crate) target_prefix: Option<String>,
    /// By partition (a service without regions) or by region: a host that does not follow the usual pattern.
    #[serde(default)]
    pub(crate) hosts: BTreeMap<String, Host>,
    #[serde(default)]
    pub(crate) operations: BTreeMap<String, Operation>,
    #[serde(default)]
    pub(crate) shapes: HashMap<String, Shape>,
}

/// The five protocols of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Query,
    Ec2,
    Json,
    RestJson,
    RestXml,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    pub(crate) host: String,
    /// The region to sign for, where the service has none of its own.
    #[serde(default)]
    pub(crate) region: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) input: Option<String>,
    #[serde(default)]
    pub(crate) output: Option<String>,
    #[serde(default)]
    pub(crate) result_wrapper: Option<String>,
    #[serde(default)]
    pub(crate) host_prefix: Option<String>,
    #[serde(default)]
    pub(crate) page: Page,
}

/// How an operation is paged: members of the request and paths into the answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[serde(default)]
    pub(crate) input: Vec<String>,
    #[serde(default)]
    pub(crate) output: Vec<String>,
    /// A flag that says whether there is more.
    #[serde(default)]
    pub(crate) more: Option<String>,
    /// The lists that go on from page to page.
    #[serde(default)]
    pub(crate) items: Vec<String>,
}

/// A structure (`members`), a list (`list`) or a map (`key` and `value`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    #[serde(default)]
    pub(crate) members: Option<BTreeMap<String, Member>>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default)]
    pub(crate) payload: Option<String>,
    #[serde(default)]
    pub(crate) list: Option<Box<Member>>,
    #[serde(default)]
    pub(crate) key: Option<Box<Member>>,
    #[serde(default)]
    pub(crate) value: Option<Box<Member>>,
    #[serde(default)]
    pub(crate) flattened: bool,
    #[serde(default)]
    pub(crate) sensitive: bool,
}

/// A reference to a shape or scalar, with what the place adds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "MemberData")]
pub(crate) struct Member {
    pub(crate) shape: String,
    /// The name on the wire, where it differs.
    pub(crate) name: Option<String>,
    /// `header`, `headers`, `uri`, `querystring` or `statusCode`.
    pub(crate) location: Option<String>,
    pub(crate) flattened: bool,
    pub(crate) attribute: bool,
    pub(crate) query_name: Option<String>,
    pub(crate) sensitive: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MemberData {
    Name(String),
    Full(FullMember),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullMember {
    shape: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "in")]
    location: Option<String>,
    #[serde(default)]
    flattened: bool,
    #[serde(default)]
    attribute: bool,
    #[serde(default)]
    query_name: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "answers are read without regard to namespaces")]
    namespace: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "answers' times are recognised by their look; requests of ours have none")]
    timestamp: Option<String>,
    #[serde(default)]
    sensitive: bool,
}

impl From<MemberData> for Member {
    fn from(data: MemberData) -> Self {
        match data {
            MemberData::Name(shape) => Self { shape, ..Self::default() },
            MemberData::Full(full) => Self {
                shape: full.shape,
                name: full.name,
                location: full.location,
                flattened: full.flattened,
                attribute: full.attribute,
                query_name: full.query_name,
                sensitive: full.sensitive,
            },
        }
    }
}

/// A single value's kind on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Integer,
    Double,
    Boolean,
    Timestamp,
    Blob,
    /// Any JSON.
    Document,
}

/// What a member refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning<'a> {
    Scalar(Scalar),
    Structure(&'a BTreeMap<String, Member>),
    List(&'a Member),
    Map(&'a Member, &'a Member),
}

impl ServiceModel {
    /// What a member's shape is. A name that the file lacks is read as any JSON.
    pub(crate) fn meaning(&self, shape: &str) -> Meaning<'_> {
        if let Some(found) = self.shapes.get(shape) {
            return match found {
                Shape { members: Some(members), .. } => Meaning::Structure(members),
                Shape { list: Some(member), .. } => Meaning::List(member),
                Shape { key: Some(key), value: Some(value), .. } => Meaning::Map(key, value),
                _ => Meaning::Scalar(Scalar::Document),
            };
        }
        Meaning::Scalar(match shape {
            "string" => Scalar::String,
            "integer" => Scalar::Integer,
            "double" => Scalar::Double,
            "boolean" => Scalar::Boolean,
            "timestamp" => Scalar::Timestamp,
            "blob" => Scalar::Blob,
            _ => Scalar::Document,
        })
    }

    /// Whether a list or map stands without an element around it.
    pub(crate) fn flattened(&self, member: &Member) -> bool {
        member.flattened || self.shapes.get(&member.shape).is_some_and(|shape| shape.flattened)
    }

    /// Whether the model marks a member as sensitive.
    pub(crate) fn sensitive(&self, member: &Member) -> bool {
        member.sensitive || self.shapes.get(&member.shape).is_some_and(|shape| shape.sensitive)
    }

    /// The input or output members of an operation; none when it has none.
    pub(crate) fn members(&self, shape: Option<&String>) -> Option<&BTreeMap<String, Member>> {
        match self.meaning(shape?) {
            Meaning::Structure(members) => Some(members),
            _ => None,
        }
    }

    /// The input members of an operation.
    pub(crate) fn input(&self, operation: &str) -> Option<&BTreeMap<String, Member>> {
        self.members(self.operations.get(operation)?.input.as_ref())
    }
}
