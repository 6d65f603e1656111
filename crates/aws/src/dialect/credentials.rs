//! Credentials from AWS's own chain, and the role that a target names.

use annexa_model::{AwsSettings, Failure, FailureKind, Timestamp};
use annexa_tape::CredentialClient;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials as Identity;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// Credentials that run out sooner than this are renewed before they are used.
const EARLY: Duration = Duration::from_secs(300);

/// A target's credentials, fetched when needed and kept until they run out.
pub(crate) struct Credentials {
    provider: Option<SharedCredentialsProvider>,
    lane: CredentialClient,
    who: String,
    kept: Mutex<Option<Identity>>,
}

/// What AWS's chain says: credentials, and the region that it names.
pub(crate) struct Chain {
    pub(crate) credentials: Credentials,
    pub(crate) region: Option<String>,
}

impl Credentials {
    /// Looks through AWS's chain: environment, profile, SSO, web identity, container, instance metadata.
    pub(crate) async fn chain(settings: &AwsSettings, lane: CredentialClient) -> Chain {
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(lane.clone()).sleep_impl(TokioSleep::new());
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let region = config.region().map(|region| region.as_ref().to_owned());
        let mut provider = config.credentials_provider();
        // a profile that is not there is told nowhere else: the chain goes on to the metadata of an instance
        let from_environment = || std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        let profile = settings.profile.clone().or_else(from_environment);
        let mut who = profile.map_or_else(|| "the credential chain".to_owned(), |name| format!("profile {name}"));
        if let Some(role) = &settings.assume_role {
            let asked_in = settings.regions.first().cloned().or_else(|| region.clone());
            let mut builder = AssumeRoleProvider::builder(role).session_name("annexa").configure(&config);
            if let Some(region) = asked_in {
                builder = builder.region(Region::new(region));
            }
            if let Some(external_id) = &settings.external_id {
                builder = builder.external_id(external_id);
            }
            provider = Some(SharedCredentialsProvider::new(builder.build().await));
            who = role.clone();
        }
        Chain { credentials: Self { provider, lane, who, kept: Mutex::new(None) }, region }
    }

    /// Credentials that are good for now; `renew` fetches fresh ones.
    pub(crate) async fn identity(&self, renew: bool) -> Result<Identity, Failure> {
        let mut kept = self.kept.lock().await;
        let good = |identity: &Identity| identity.expiry().is_none_or(|end| end > SystemTime::now() + EARLY);
        if let Some(identity) = kept.as_ref().filter(|identity| !renew && good(identity)) {
            return Ok(identity.clone());
        }
        let failed = |problem: &str| failure(&self.who, problem);
        let Some(provider) = &self.provider else { return Err(failed("there are none")) };
        let fresh = provider.provide_credentials().await.map_err(|error| failed(&chained(&error)))?;
        let until = fresh.expiry().and_then(|end| Timestamp::try_from(end).ok());
        self.lane.note("annexa", &self.who, until);
        *kept = Some(fresh.clone());
        Ok(fresh)
    }
}

fn failure(who: &str, problem: &str) -> Failure {
    let message = format!("no AWS credentials from {who}: {problem}");
    Failure { kind: FailureKind::Unauthenticated, code: None, message }
}

/// An error with its causes; AWS's outer messages alone say little.
fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
