//! Which host answers for a service in a region, and which region to sign for.

use crate::shapes::ServiceModel;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A way to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Scheme, host and path prefix, without a slash at the end.
    pub(crate) base: String,
    /// The bucket that the host names already.
    pub(crate) bucket_in_host: Option<String>,
}

/// The partitions of AWS: `aws`, `aws-cn`, `aws-us-gov`, ….
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Endpoints {
    partitions: BTreeMap<String, Partition>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partition {
    dns_suffix: String,
    global_region: String,
    regions: Vec<String>,
}

impl Endpoints {
    /// The partition of a region. A region that is newer than our list belongs where its neighbours do.
    pub(crate) fn partition_of(&self, region: &str) -> &str {
        let has =
            |partition: &Partition, wanted: &dyn Fn(&str) -> bool| partition.regions.iter().any(|known| wanted(known));
        let exact = self.partitions.iter().find(|(_, partition)| has(partition, &|known| known == region));
        let near =
            || self.partitions.iter().find(|(_, partition)| has(partition, &|known| area(known) == area(region)));
        exact.or_else(near).map_or("aws", |(name, _)| name)
    }

    /// The region in which a partition's global services are signed.
    pub(crate) fn global_region(&self, partition: &str) -> &str {
        self.partitions.get(partition).map_or("us-east-1", |known| &known.global_region)
    }

    /// The region to sign for: the asked one, or that of the service's global endpoint.
    pub(crate) fn signing_region<'a>(
        &'a self,
        model: &'a ServiceModel,
        partition: &str,
        region: Option<&'a str>,
    ) -> &'a str {
        let global = model.hosts.get(partition).and_then(|host| host.region.as_deref());
        global.or(region).unwrap_or_else(|| self.global_region(partition))
    }

    /// The way to a service; `endpoint_url` wins over AWS's own hosts.
    pub(crate) fn endpoint(
        &self,
        model: &ServiceModel,
        operation: &str,
        parameters: &Map<String, Value>,
        partition: &str,
        region: Option<&str>,
        endpoint_url: Option<&str>,
    ) -> Endpoint {
        if let Some(url) = endpoint_url {
            return Endpoint { base: url.trim_end_matches('/').to_owned(), bucket_in_host: None };
        }
        let region = self.signing_region(model, partition, region);
        let suffix = self.partitions.get(partition).map_or("amazonaws.com", |known| &known.dns_suffix);
        let known = model.hosts.get(partition).or_else(|| model.hosts.get(region));
        let mut host =
            known.map_or_else(|| format!("{}.{region}.{suffix}", model.endpoint_prefix), |known| known.host.clone());
        let shape = model.operations.get(operation);
        if let Some(prefix) = shape.and_then(|shape| shape.host_prefix.as_deref()) {
            host = format!("{}{host}", fill(prefix, parameters));
        }
        let bucket = parameters.get("Bucket").and_then(Value::as_str);
        let bucket = bucket.filter(|bucket| model.service == "s3" && fits_in_host(bucket));
        if let Some(bucket) = bucket {
            host = format!("{bucket}.{host}");
        }
        Endpoint { base: format!("https://{host}"), bucket_in_host: bucket.map(str::to_owned) }
    }
}

/// `eu` of `eu-central-1`, `us-gov` of `us-gov-west-1`.
fn area(region: &str) -> &str {
    let mut ends = region.rmatch_indices('-').map(|(at, _)| at);
    ends.next();
    ends.next().map_or(region, |end| &region[..end])
}

/// A bucket whose name is one DNS label: with a dot in it, the certificate of the host would not fit.
fn fits_in_host(bucket: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (3..=63).contains(&bucket.len()) && bucket.bytes().all(inner) && !bucket.starts_with('-') && !bucket.ends_with('-')
}

fn fill(template: &str, parameters: &Map<String, Value>) -> String {
    let mut filled = template.to_owned();
    for (name, value) in parameters {
        if let Some(value) =
            value.as_str().filter(|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Aws;
    use serde_json::json;

    fn base(operation: &str, parameters: Value, region: Option<&str>, partition_region: &str) -> (String, String) {
        let catalog = Aws::load(&crate::rules()).unwrap().catalog;
        let (service, _, name) = catalog.operation(operation).unwrap();
        let partition = catalog.endpoints.partition_of(partition_region).to_owned();
        let parameters = parameters.as_object().cloned().unwrap();
        let endpoint = catalog.endpoints.endpoint(&service.model, name, &parameters, &partition, region, None);
        let signing = catalog.endpoints.signing_region(&service.model, &partition, region);
        (endpoint.base, signing.to_owned())
    }

    #[test]
    fn hosts_follow_partition_region_and_service() {
        let host = |operation: &str, parameters: Value, region: Option<&str>, partition: &str| {
            let (base, signing) = base(operation, parameters, region, partition);
            format!("{} {signing}", base.trim_start_matches("https://"))
        };
        assert_eq!(
            host("kms:ListKeys", json!({}), Some("eu-central-1"), "eu-central-1"),
            "kms.eu-central-1.amazonaws.com eu-central-1"
        );
        assert_eq!(
            host("kms:ListKeys", json!({}), Some("cn-north-1"), "cn-north-1"),
            "kms.cn-north-1.amazonaws.com.cn cn-north-1"
        );
        assert_eq!(host("iam:ListUsers", json!({}), None, "eu-central-1"), "iam.amazonaws.com us-east-1");
        assert_eq!(host("iam:ListUsers", json!({}), None, "us-gov-east-1"), "iam.us-gov.amazonaws.com us-gov-west-1");
        assert_eq!(
            host("iam:ListUsers", json!({}), None, "cn-northwest-1"),
            "iam.cn-north-1.amazonaws.com.cn cn-north-1"
        );
        assert_eq!(host("s3:ListBuckets", json!({}), None, "eu-central-1"), "s3.us-east-1.amazonaws.com us-east-1");
        let bucket = |name: &str| host("s3:GetBucketAcl", json!({"Bucket": name}), Some("eu-west-1"), "eu-west-1");
        assert_eq!(bucket("logs"), "logs.s3.eu-west-1.amazonaws.com eu-west-1");
        assert_eq!(bucket("with.dot"), "s3.eu-west-1.amazonaws.com eu-west-1");
        assert_eq!(bucket("evil.example/?x="), "s3.eu-west-1.amazonaws.com eu-west-1");
        let account = host("s3control:GetPublicAccessBlock", json!({"AccountId": "111122223333"}), None, "eu-west-1");
        assert_eq!(account, "111122223333.s3-control.us-east-1.amazonaws.com us-east-1");
    }

    #[test]
    fn a_region_newer_than_our_list_finds_its_partition() {
        let catalog = Aws::load(&crate::rules()).unwrap().catalog;
        let partition = |region: &str| catalog.endpoints.partition_of(region).to_owned();
        assert_eq!(partition("eu-middle-9"), "aws");
        assert_eq!(partition("cn-south-9"), "aws-cn");
        assert_eq!(partition("us-gov-north-9"), "aws-us-gov");
        assert_eq!(partition("moon-base-1"), "aws");
    }
}
