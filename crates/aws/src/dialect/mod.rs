//! How AWS requests are named, judged, redacted and signed.

mod codes;
mod credentials;
#[cfg(test)]
mod hostile;
mod judge;
mod redact;
mod redact_json;
mod redact_xml;
mod sign;
#[cfg(test)]
mod tests;

pub(crate) use codes::NOT_ENABLED;
pub(crate) use credentials::Credentials;

use crate::description::{Catalog, is_read};
use crate::shapes::{Protocol, ServiceModel};
use annexa_model::Failure;
use annexa_tape::{Call, Dialect, Judgement, Redacted, Redactor, Refusal};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, request::Parts};
use std::sync::Arc;

/// AWS on the transport.
pub(crate) struct AwsDialect {
    pub(crate) catalog: Arc<Catalog>,
    /// None in replay, where nothing is signed.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) partition: String,
}

#[async_trait]
impl Dialect for AwsDialect {
    fn name(&self, parts: &Parts, body: &Bytes, hint: Option<&Call>) -> Result<Call, Refusal> {
        let shown = || format!("{} {}", parts.method, parts.uri.path());
        let Some(call) = hint else {
            return Err(Refusal { what: shown(), why: "it does not say which operation it is".to_owned() });
        };
        let refuse = |why: &str| Refusal { what: call.operation.clone(), why: why.to_owned() };
        is_read(&call.operation).map_err(refuse)?;
        let Some((service, _, name)) = self.catalog.operation(&call.operation) else {
            return Err(refuse("no loaded service description names it"));
        };
        if is_operation(&service.model, name, parts, body) {
            Ok(call.clone())
        } else {
            Err(refuse("the request is not the operation that it claims to be"))
        }
    }

    fn redact(
        &self,
        call: &Call,
        status: StatusCode,
        _headers: &HeaderMap,
        body: Bytes,
        redactor: &Redactor,
    ) -> Redacted {
        redact::redact(&self.catalog, call, status, body, redactor)
    }

    fn judge(&self, call: &Call, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Judgement {
        judge::judge(&self.catalog, call, status, headers, body)
    }

    async fn authenticate(&self, call: &Call, parts: &mut Parts, body: &mut Bytes, renew: bool) -> Result<(), Failure> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let identity = credentials.identity(renew).await?;
        let Some((service, _, _)) = self.catalog.operation(&call.operation) else { return Ok(()) };
        let region = self.catalog.endpoints.signing_region(&service.model, &self.partition, call.region.as_deref());
        sign::sign(parts, body, identity, &service.model.signing_name, region)
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let names = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
        names.iter().find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-amz-bucket-region", "x-amzn-errortype"]
    }
}

/// Whether an HTTP request is what its name says: the allow-list must not rest on a label.
fn is_operation(model: &ServiceModel, name: &str, parts: &Parts, body: &Bytes) -> bool {
    let Some(operation) = model.operations.get(name) else { return false };
    if parts.method.as_str() != operation.method {
        return false;
    }
    match model.protocol {
        Protocol::Query | Protocol::Ec2 => {
            let actions: Vec<&[u8]> =
                body.split(|byte| *byte == b'&').filter_map(|pair| pair.strip_prefix(b"Action=")).collect();
            actions == [name.as_bytes()] && parts.uri.query().is_none()
        }
        Protocol::Json => {
            let targets: Vec<_> = parts.headers.get_all("x-amz-target").iter().collect();
            let target =
                model.target_prefix.as_ref().map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"));
            matches!(targets.as_slice(), [only] if only.as_bytes() == target.as_bytes())
        }
        Protocol::RestJson | Protocol::RestXml => {
            let (template, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
            let query: Vec<&str> = parts.uri.query().unwrap_or_default().split('&').collect();
            fixed
                .split('&')
                .filter(|pair| !pair.is_empty())
                .all(|pair| query.contains(&pair.trim_end_matches('=')) || query.contains(&pair))
                && path_fits(template, parts.uri.path())
        }
    }
}

/// Whether a path is made from a template. With the bucket in the host its segment is not there, and behind a
/// gateway the path may have a prefix.
fn path_fits(template: &str, path: &str) -> bool {
    let fixed: Vec<&str> = template.split('/').filter(|segment| !segment.is_empty()).collect();
    let given: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let fits = |fixed: &[&str]| {
        let greedy = fixed.iter().any(|segment| segment.ends_with("+}"));
        let tail = if greedy || given.len() < fixed.len() { &given[..] } else { &given[given.len() - fixed.len()..] };
        (greedy || tail.len() == fixed.len())
            && fixed.iter().zip(tail).all(|(fixed, given)| fixed.starts_with('{') || fixed == given)
    };
    fits(&fixed) || fixed.first() == Some(&"{Bucket}") && fits(&fixed[1..])
}
