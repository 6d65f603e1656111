//! What checks see of an answer, from its shape.

use super::codec::{Codec, ColumnKind};
use super::path::MemberPath;
use crate::shapes::{Meaning, Member, Scalar, ServiceModel};
use annexa_model::{Field, ScalarKind};
use std::collections::BTreeMap;

/// How deep a schema follows shapes; recursive ones end as `Any`.
const DEPTH: usize = 12;

/// The field of an operation's whole answer.
pub(crate) fn output_field(
    model: &ServiceModel,
    operation: &str,
    decode: &[(MemberPath, Codec)],
    columns: &BTreeMap<String, ColumnKind>,
) -> Field {
    let output = model.operations.get(operation).and_then(|operation| operation.output.as_ref());
    let walk = Walk { model, decode, columns };
    match model.members(output) {
        Some(members) => walk.structure(members, &mut Vec::new(), 0),
        None => Field::Object(BTreeMap::new()),
    }
}

struct Walk<'a> {
    model: &'a ServiceModel,
    decode: &'a [(MemberPath, Codec)],
    columns: &'a BTreeMap<String, ColumnKind>,
}

impl<'a> Walk<'a> {
    fn structure(&self, members: &'a BTreeMap<String, Member>, path: &mut Vec<&'a str>, depth: usize) -> Field {
        let mut fields = BTreeMap::new();
        for (name, member) in members {
            path.push(name);
            let codec = self.decode.iter().find(|(wanted, _)| wanted.matches(path));
            let field = match codec {
                Some((_, codec)) => codec.field(self.columns),
                None => self.member(member, path, depth + 1),
            };
            path.pop();
            fields.insert(name.clone(), field);
        }
        Field::Object(fields)
    }

    fn member(&self, member: &'a Member, path: &mut Vec<&'a str>, depth: usize) -> Field {
        if depth > DEPTH {
            return Field::Any;
        }
        match self.model.meaning(&member.shape) {
            Meaning::Structure(members) => self.structure(members, path, depth),
            Meaning::List(item) => Field::List(Box::new(self.member(item, path, depth + 1))),
            Meaning::Map(_, item) => Field::Map(Box::new(self.member(item, path, depth + 1))),
            Meaning::Scalar(scalar) => match scalar {
                Scalar::String | Scalar::Blob => Field::Scalar(ScalarKind::String),
                Scalar::Integer => Field::Scalar(ScalarKind::Int),
                Scalar::Double => Field::Scalar(ScalarKind::Double),
                Scalar::Boolean => Field::Scalar(ScalarKind::Bool),
                Scalar::Timestamp => Field::Scalar(ScalarKind::Timestamp),
                Scalar::Document => Field::Any,
            },
        }
    }
}
