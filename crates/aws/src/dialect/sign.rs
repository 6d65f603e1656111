//! Signs a request with Signature Version 4.

use annexa_model::{Failure, FailureKind};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sigv4,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use std::time::SystemTime;

/// Puts the signature's headers on a request.
pub(crate) fn sign(
    parts: &mut Parts,
    body: &Bytes,
    credentials: Credentials,
    service: &str,
    region: &str,
) -> Result<(), Failure> {
    for name in ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
        parts.headers.remove(name);
    }
    parts.headers.remove(AUTHORIZATION);
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| failure(&error.to_string()))?;
    let uri = parts.uri.to_string();
    let headers: Vec<(&str, &str)> =
        parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let request = SignableRequest::new(parts.method.as_str(), uri, headers.into_iter(), SignableBody::Bytes(body))
        .map_err(|error| failure(&error.to_string()))?;
    let (instructions, _signature) =
        sigv4(request, &params.into()).map_err(|error| failure(&error.to_string()))?.into_parts();
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| failure(&error.to_string()))?;
        let mut value = HeaderValue::from_str(value).map_err(|error| failure(&error.to_string()))?;
        value.set_sensitive(true);
        parts.headers.insert(name, value);
    }
    Ok(())
}

fn failure(problem: &str) -> Failure {
    Failure {
        kind: FailureKind::Unauthenticated,
        code: None,
        message: format!("the request could not be signed: {problem}"),
    }
}
