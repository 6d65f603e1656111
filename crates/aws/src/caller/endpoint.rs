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
