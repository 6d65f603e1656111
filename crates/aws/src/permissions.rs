//! The least-privilege policy that follows from the descriptions.

use crate::collector::Aws;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Aws {
    /// The IAM policy document that allows exactly what is asked.
    #[must_use]
    pub fn permissions(&self) -> Value {
        let mut actions = BTreeSet::new();
        let unasked = &self.catalog.unasked;
        for (_, used) in self.catalog.operations.0.iter().filter(|(name, _)| !unasked.contains(*name)) {
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

#[cfg(test)]
mod tests {
    use crate::{Aws, rules};

    #[test]
    fn the_policy_reads_and_nothing_else() {
        let policy = Aws::load(&rules()).unwrap().permissions();
        let actions: Vec<&str> =
            policy["Statement"][0]["Action"].as_array().unwrap().iter().filter_map(|action| action.as_str()).collect();
        for expected in
            ["s3:ListAllMyBuckets", "s3:GetEncryptionConfiguration", "iam:GenerateCredentialReport", "kms:DescribeKey"]
        {
            assert!(actions.contains(&expected), "{expected} is not in {actions:?}");
        }
        for action in actions {
            let (prefix, name) = action.split_once(':').unwrap();
            assert!(!prefix.is_empty() && !name.contains('*'), "{action}");
            assert!(["Get", "List", "Describe", "Generate"].iter().any(|verb| name.starts_with(verb)), "{action}");
        }
    }

    #[test]
    fn what_nobody_looks_at_is_not_asked() {
        let aws = Aws::load(&rules()).unwrap();
        let asked = aws.clone().asking(&|kind, fact| (kind, fact) == ("aws.s3.bucket", "public_access_blocked"));
        let facts: Vec<(&str, bool)> =
            asked.catalog.types["aws.s3.bucket"].facts.iter().map(|f| (f.name.as_str(), f.for_region)).collect();
        // what the fact is made of, and where the bucket is, when the list does not say so
        assert_eq!(facts, [("location", true), ("block_public_access", false), ("public_access_blocked", false)]);
        let policy = |aws: &Aws| aws.permissions().to_string();
        assert!(policy(&aws).contains("s3:GetBucketTagging") && !policy(&asked).contains("s3:GetBucketTagging"));
        assert!(policy(&asked).contains("iam:GenerateCredentialReport"), "what facts share is asked");
    }
}
