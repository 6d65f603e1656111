//! The least-privilege policy that follows from the descriptions.

use crate::collector::Aws;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Aws {
    /// The IAM policy document that allows exactly what the loaded descriptions ask, for all types or the wanted ones.
    #[must_use]
    pub fn permissions(&self) -> Value {
        let mut actions = BTreeSet::new();
        for used in self.catalog.operations.0.values() {
            actions.extend(used.permissions.iter().cloned());
        }
        // needs no permission, and naming it may make people think that it does
        actions.remove("sts:GetCallerIdentity");
        json!({
            "Version": "2012-10-17",
            "Statement": [{"Sid": "AnnexaReads", "Effect": "Allow", "Action": actions, "Resource": "*"}],
        })
    }
}
