//! `iam_paths_to_admin`: which users and roles can do everything in the account, or can come to.
//!
//! Takes the answer of GetAccountAuthorizationDetails. Conditions in Allow statements are taken as fulfilled and
//! resource policies outside of IAM are not looked at, so a path says "look here", and no path says that identity
//! policies and trust policies alone lead nowhere.

mod graph;
mod policy;

use super::{FactFunction, Seen};
use annexa_model::{Field, ScalarKind};
use std::collections::BTreeMap;

pub(crate) const PATHS: FactFunction = FactFunction {
    name: "iam_paths_to_admin",
    arguments: 1,
    field,
    compute: |arguments| match arguments.first() {
        Some(Seen::Known(details)) => Seen::Known(graph::paths(details)),
        // a group, policy or role that was not seen may be the one that opens the way
        Some(Seen::Partial(_, reason) | Seen::Unobserved(reason)) => Seen::Unobserved(reason.clone()),
        Some(Seen::Absent) | None => Seen::Absent,
    },
};

fn field() -> Field {
    let principal = Field::Object(BTreeMap::from([
        ("Arn".to_owned(), Field::Scalar(ScalarKind::String)),
        ("IsAdmin".to_owned(), Field::Scalar(ScalarKind::Bool)),
        ("CanBecomeAdmin".to_owned(), Field::Scalar(ScalarKind::Bool)),
        ("Path".to_owned(), Field::List(Box::new(Field::Scalar(ScalarKind::String)))),
    ]));
    Field::Object(BTreeMap::from([("Principals".to_owned(), Field::List(Box::new(principal)))]))
}
