//! What can go wrong with a locker, in words that say what to do.

use crate::S3Url;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;

/// What was attempted, why it failed, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {problem}")]
pub struct LockerError {
    /// What was attempted, on what.
    pub what: String,
    /// The kind of problem.
    pub trouble: Trouble,
    /// The problem.
    pub problem: String,
    /// What to do.
    pub help: Option<String>,
}

/// Kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such bucket.
    NoBucket,
    /// There is no such object.
    NoKey,
    /// There is an object already.
    Exists,
    /// The credentials may not do this.
    Denied,
    /// There are no credentials, or they are not accepted.
    Credentials,
    /// No region is known, or the bucket is in another one.
    Region,
    /// Nobody answers at the endpoint.
    Unreachable,
    /// The bucket has no Object Lock, or took the object without the retention that was asked for.
    NoLock,
    /// The work was stopped.
    Stopped,
    /// The object is not what was uploaded, or changed while it was read.
    Changed,
    /// A file on this machine can't be read or written.
    File,
    /// Anything else.
    Other,
}

impl LockerError {
    pub(crate) fn new(what: &str, trouble: Trouble, problem: impl Into<String>) -> Self {
        Self { what: what.to_owned(), trouble, problem: problem.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn file(what: &str, error: &std::io::Error) -> Self {
        Self::new(what, Trouble::File, error.to_string())
    }

    /// What an answer, or its absence, means.
    pub(crate) fn of<E>(what: &str, url: &S3Url, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let SdkError::ServiceError(service) = error else { return Self::without_answer(what, error) };
        let meta = service.err().meta();
        let status = service.raw().status().as_u16();
        let code = meta.code().unwrap_or(match status {
            403 => "AccessDenied",
            404 => "NotFound",
            412 => "PreconditionFailed",
            _ => "no code",
        });
        let message = meta.message().unwrap_or_default();
        let (trouble, words) = meaning(code, message, url, status);
        let detail = if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
        let error = Self::new(what, trouble, format!("{words} ({detail})"));
        let region = service.raw().headers().get("x-amz-bucket-region").map(str::to_owned);
        match (trouble, region) {
            (Trouble::Region, Some(region)) => {
                error.help(format!("the bucket is in {region}: set AWS_REGION={region}, or `region` below `locker:`"))
            }
            (Trouble::Denied, _) => error.help("docs/scanning.md lists the rights that the locker needs"),
            (Trouble::NoLock, _) => {
                error.help("Object Lock is switched on for a bucket, with versions; or leave `retain` out of `locker:`")
            }
            (Trouble::Exists, _) => error.help("a bundle is never overwritten: choose another name"),
            _ => error,
        }
    }

    fn without_answer<E: Error + 'static>(what: &str, error: &SdkError<E, HttpResponse>) -> Self {
        let cause = innermost(error);
        match error {
            SdkError::DispatchFailure(failure) if failure.is_user() && cause.contains("stopped") => {
                Self::new(what, Trouble::Stopped, cause)
            }
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => Self::new(
                what,
                Trouble::Unreachable,
                cause,
            )
            .help(
                "the endpoint is AWS's own unless `endpoint_url` below `locker:` or AWS_ENDPOINT_URL_S3 names another",
            ),
            SdkError::TimeoutError(_) => Self::new(what, Trouble::Unreachable, cause),
            _ => Self::new(what, Trouble::Other, cause),
        }
    }
}

/// The kind and our words for S3's code.
fn meaning(code: &str, message: &str, url: &S3Url, status: u16) -> (Trouble, String) {
    let bucket = &url.bucket;
    let no_lock = (Trouble::NoLock, format!("the bucket `{bucket}` has no Object Lock"));
    match code {
        "NoSuchBucket" => (Trouble::NoBucket, format!("there is no bucket `{bucket}`")),
        "NoSuchKey" | "NoSuchVersion" | "NotFound" | "MethodNotAllowed" => {
            (Trouble::NoKey, format!("there is no such object in the bucket `{bucket}`"))
        }
        "PreconditionFailed" | "ConditionalRequestConflict" => {
            (Trouble::Exists, "there is an object of this name already".to_owned())
        }
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => {
            (Trouble::Denied, "these credentials may not do this".to_owned())
        }
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed" => (Trouble::Credentials, "the credentials are not accepted".to_owned()),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            (Trouble::Region, "the bucket is in another region".to_owned())
        }
        "ObjectLockConfigurationNotFoundError" => no_lock,
        // other servers write it in one word
        "InvalidRequest" if message.replace(' ', "").contains("ObjectLock") => no_lock,
        _ if status == 301 => (Trouble::Region, "the bucket is in another region".to_owned()),
        _ => (Trouble::Other, format!("the answer was {status}")),
    }
}

/// The innermost cause of an error: the others only say that something went wrong.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(Error::source) {
        innermost = Some(next);
    }
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}
