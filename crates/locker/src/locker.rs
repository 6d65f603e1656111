//! The way to a bucket, and what is looked at before anything is written.

use crate::error::innermost;
use crate::{LockerError, Retain, Retention, S3Url, Trouble};
use annexa_tape::{CredentialClient, Limits, Settings, Stop};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig};
use aws_sdk_s3::types::ObjectLockEnabled;
use aws_smithy_async::rt::sleep::TokioSleep;
use serde::Serialize;
use std::time::Duration;

/// A part of 16 MiB must come through in this time.
const CALL: Duration = Duration::from_secs(600);

/// Where the locker is. Credentials are never among it: they come from AWS's own chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockerSettings {
    /// Another endpoint than AWS's own; buckets are then a part of the path.
    pub endpoint_url: Option<String>,
    /// The bucket's region; none: that of the chain.
    pub region: Option<String>,
}

/// An object in a locker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Where it is.
    pub url: String,
    /// Which version of it; none when the bucket keeps no versions.
    pub version_id: Option<String>,
    /// The server's tag of the content.
    pub etag: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of the file, computed here.
    pub sha256: String,
    /// Whether the object bears the same SHA-256, given to it when it was uploaded; none: it bears none.
    pub sha256_matches: Option<bool>,
    /// How long it stays.
    pub retention: Retention,
}

/// The way to one bucket's endpoint.
#[derive(Clone, Debug)]
pub struct Locker {
    pub(crate) client: Client,
    /// The same for tidying up after a stop.
    pub(crate) after_stop: Client,
}

impl Locker {
    /// Finds credentials and region. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// There are none.
    pub async fn open(settings: &LockerSettings, stop: Stop) -> Result<Self, LockerError> {
        let what = "the locker can't be reached";
        let lane = |stop: Stop| {
            let limits = Limits { call: CALL, ..Limits::default() };
            CredentialClient::alone("locker", &Settings::default(), limits, stop)
                .map_err(|error| LockerError::new(what, Trouble::Other, error.to_string()))
        };
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(lane(stop)?).sleep_impl(TokioSleep::new());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        check_credentials(&config, what).await?;
        let other_endpoint = settings.endpoint_url.clone().or_else(|| endpoint_of_environment(&config));
        let mut builder = aws_sdk_s3::config::Builder::from(&config)
            // checksums are computed and compared here; the SDK's own would make streams of bodies
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .force_path_style(other_endpoint.is_some());
        if let Some(url) = &settings.endpoint_url {
            builder = builder.endpoint_url(url);
        }
        if config.region().is_none() {
            // servers that are not AWS's rarely care, but signatures need one
            let Some(_) = other_endpoint else {
                return Err(LockerError::new(what, Trouble::Region, "no region is known")
                    .help("set AWS_REGION, or `region` below `locker:` in annexa.yaml"));
            };
            builder = builder.region(Region::new("us-east-1"));
        }
        let after_stop = Client::from_conf(builder.clone().http_client(lane(Stop::new())?).build());
        Ok(Self { client: Client::from_conf(builder.build()), after_stop })
    }

    /// Looks whether a bundle can be written, as far as the rights allow. Gives what could not be seen.
    ///
    /// # Errors
    /// There is an object already; there is no such bucket; it has no Object Lock although `retain` needs it; nobody answers.
    pub async fn check(&self, url: &S3Url, retain: Option<Retain>) -> Result<Vec<String>, LockerError> {
        let what = format!("nothing can be written to {url}");
        let mut unseen = Vec::new();
        // a GET, because answers to HEAD do not tell a missing bucket from a missing object
        let found = self.client.get_object().bucket(&url.bucket).key(&url.key).range("bytes=0-0").send().await;
        match found.map_err(|error| LockerError::of(&what, url, &error)) {
            Ok(_) => return Err(exists(&what)),
            Err(error) => match error.trouble {
                Trouble::NoKey => {}
                Trouble::Denied => unseen.push(format!("whether {url} is free can't be seen with these rights")),
                // an empty object has no first byte
                Trouble::Other if error.problem.contains("InvalidRange") => return Err(exists(&what)),
                _ => return Err(error),
            },
        }
        if retain.is_some() {
            unseen.extend(self.check_lock(url, &what).await?);
        }
        Ok(unseen)
    }

    async fn check_lock(&self, url: &S3Url, what: &str) -> Result<Option<String>, LockerError> {
        let answer = self.client.get_object_lock_configuration().bucket(&url.bucket).send().await;
        match answer.map_err(|error| LockerError::of(what, url, &error)) {
            Ok(answer) => {
                let enabled = answer.object_lock_configuration().and_then(|c| c.object_lock_enabled());
                if enabled == Some(&ObjectLockEnabled::Enabled) {
                    return Ok(None);
                }
                let problem = format!("the bucket `{}` has no Object Lock", url.bucket);
                Err(LockerError::new(what, Trouble::NoLock, problem))
            }
            Err(error) if error.trouble == Trouble::Denied => {
                Ok(Some(format!("whether {} has Object Lock can't be seen with these rights", url.bucket)))
            }
            Err(error) => Err(error),
        }
    }
}

pub(crate) fn exists(what: &str) -> LockerError {
    LockerError::new(what, Trouble::Exists, "there is an object of this name already")
        .help("a bundle is never overwritten: choose another name")
}

async fn check_credentials(config: &SdkConfig, what: &str) -> Result<(), LockerError> {
    let none = |problem: String| {
        LockerError::new(what, Trouble::Credentials, format!("no AWS credentials: {problem}")).help(
            "they come from AWS's own chain: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, SSO, or the machine's role",
        )
    };
    match config.credentials_provider() {
        None => Err(none("there are none".to_owned())),
        Some(provider) => match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => Err(none(innermost(&error))),
        },
    }
}

/// What AWS's libraries take for another endpoint by themselves.
fn endpoint_of_environment(config: &SdkConfig) -> Option<String> {
    let named = std::env::var("AWS_ENDPOINT_URL_S3").ok().filter(|url| !url.is_empty());
    named.or_else(|| config.endpoint_url().map(str::to_owned))
}
