//! The collector: asks an AWS account, and says what its answers mean.

use crate::description::{Catalog, link};
use crate::dialect::{AwsDialect, Credentials};
use crate::run::{Live, Place, Run, Tape, complete};
use annexa_model::{AwsSettings, Exchange, Extraction, Identity, Kind, RuleFiles, Settings, Target, TypeSchema};
use annexa_source::Diagnostic;
use annexa_tape::{CollectError, Collector, Dialect, Evidence, Session, TransportError};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;

/// The operation that says who the caller is.
const IDENTITY: &str = "sts:GetCallerIdentity";

/// The AWS collector with its loaded descriptions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(crate) catalog: Arc<Catalog>,
}

impl Aws {
    /// Loads service descriptions and shapes from `aws/`. The errors point into the descriptions.
    pub fn load(rules: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        link(rules).map(|catalog| Self { catalog: Arc::new(catalog) })
    }

    /// The same collector, asking only for the facts that `looked_at` (type, fact) names and for those that they need.
    #[must_use]
    pub fn asking(self, looked_at: &dyn Fn(&str, &str) -> bool) -> Self {
        let mut catalog = Arc::unwrap_or_clone(self.catalog);
        catalog.prune(looked_at);
        Self { catalog: Arc::new(catalog) }
    }

    /// What an exchange's answer says, with the member names of AWS's documentation; none when there is no usable one.
    #[must_use]
    pub fn answer(&self, exchange: &Exchange) -> Option<Value> {
        let (service, _, name) = self.catalog.operation(&exchange.operation)?;
        let answer = exchange.answer.as_ref().filter(|_| exchange.failure.is_none())?;
        crate::caller::decode(&service.model, name, answer).ok().map(|decoded| decoded.value)
    }

    /// What stands between the network and the tape, without credentials: for tests with hostile answers.
    #[doc(hidden)]
    #[must_use]
    pub fn dialect(&self) -> Arc<dyn Dialect> {
        let catalog = Arc::clone(&self.catalog);
        Arc::new(AwsDialect { catalog, credentials: None, partition: "aws".to_owned() })
    }

    /// The caller's identity, from the one call that needs no permission.
    async fn identify(
        &self,
        place: &mut Place,
        transport: &annexa_tape::Transport,
        replay: bool,
    ) -> Result<String, CollectError> {
        let setup = |problem: String, remedy: &str| CollectError::Setup {
            target: place.target.clone(),
            problem,
            remedy: remedy.to_owned(),
        };
        let blank = place.clone();
        let live = Live::new(&self.catalog, &blank, transport, replay);
        let reply = Run::new(&self.catalog, &live, &blank).identity().await;
        if let Some(end) = live.end() {
            return Err(ended(&place.target, end));
        }
        let text = |name: &str| reply.value.get(name).and_then(Value::as_str).map(str::to_owned);
        match (text("Account"), text("Arn")) {
            (Some(account), Some(arn)) => {
                place.account = account;
                place.partition = partition(&arn).unwrap_or(&place.partition).to_owned();
                Ok(arn)
            }
            _ => {
                let problem = format!("AWS does not say who we are: {}", reply.reason());
                Err(setup(
                    problem,
                    "look at the credentials (`aws sts get-caller-identity` with the same ones) and the network",
                ))
            }
        }
    }
}

#[async_trait]
impl Collector for Aws {
    fn kind(&self) -> Kind {
        Kind::Aws
    }

    fn schemas(&self) -> Vec<TypeSchema> {
        self.catalog.types.values().map(|def| def.schema.clone()).collect()
    }

    async fn collect(&self, session: &Session, wanted: Option<&[String]>) -> Result<(), CollectError> {
        let Settings::Aws(settings) = &session.target.settings else { return Ok(()) };
        let target = session.target.name.clone();
        let (credentials, chain_region) = if session.is_replay() {
            (None, recorded_home(session))
        } else {
            let chain = Credentials::chain(settings, session.credential_lane()).await;
            (Some(chain.credentials), chain.region)
        };
        let home = settings.regions.first().cloned().or(chain_region).ok_or_else(|| CollectError::Setup {
            target: target.clone(),
            problem: "no region is named".to_owned(),
            remedy: "name `regions:` in annexa.yaml, or set AWS_REGION".to_owned(),
        })?;
        let mut place = place(&self.catalog, &target, settings, home);
        let dialect =
            AwsDialect { catalog: Arc::clone(&self.catalog), credentials, partition: place.partition.clone() };
        let transport = session.transport(Arc::new(dialect));
        let caller = self.identify(&mut place, &transport, session.is_replay()).await?;
        if let Some(expected) = settings.account.as_ref().filter(|expected| **expected != place.account) {
            return Err(CollectError::WrongIdentity {
                target,
                expected: format!("account {expected}"),
                found: format!("account {} ({caller})", place.account),
            });
        }
        transport.identify(&place.account, &caller);
        let live = Live::new(&self.catalog, &place, &transport, session.is_replay());
        Run::new(&self.catalog, &live, &place).types(wanted).await;
        live.end().map_or(Ok(()), |end| Err(ended(&target, end)))
    }

    fn extract(&self, target: &Target, evidence: &Evidence) -> Extraction {
        let Settings::Aws(settings) = &target.settings else { return Extraction::default() };
        let exchanges = match evidence.of_target(Kind::Aws, &target.name) {
            Ok(exchanges) => exchanges,
            Err(error) => {
                tracing::error!(%error, target_name = %target.name, "evidence can't be read");
                Vec::new()
            }
        };
        let known = exchanges.iter().find(|exchange| exchange.operation == IDENTITY).cloned();
        let home = known.as_ref().and_then(|exchange| exchange.region.clone());
        let home = home.or_else(|| settings.regions.first().cloned()).unwrap_or_else(|| "us-east-1".to_owned());
        let mut place = place(&self.catalog, &target.name, settings, home);
        let identity = known.as_ref().and_then(|exchange| identity_of(&self.catalog, exchange));
        if let Some(identity) = &identity {
            place.account.clone_from(&identity.id);
            place.partition = partition(&identity.caller).unwrap_or(&place.partition).to_owned();
        }
        let tape = Tape::new(&self.catalog, exchanges);
        let outcome = complete(Run::new(&self.catalog, &tape, &place).types(None));
        Extraction { identity, resources: outcome.resources, sets: outcome.sets, gaps: outcome.gaps }
    }
}

fn place(catalog: &Catalog, target: &str, settings: &AwsSettings, home: String) -> Place {
    let regions = if settings.regions.is_empty() { vec![home.clone()] } else { settings.regions.clone() };
    Place {
        target: target.to_owned(),
        account: settings.account.clone().unwrap_or_default(),
        partition: catalog.endpoints.partition_of(&home).to_owned(),
        home,
        regions,
        settings: settings.clone(),
    }
}

/// The region in which the recorded scan asked who it is.
fn recorded_home(session: &Session) -> Option<String> {
    let tape = session.replay.as_ref()?;
    let exchanges = tape.of_operation(Kind::Aws, &session.target.name, IDENTITY).ok()?;
    exchanges.into_iter().find_map(|exchange| exchange.region)
}

fn identity_of(catalog: &Catalog, exchange: &Exchange) -> Option<Identity> {
    let (service, _, name) = catalog.operation(IDENTITY)?;
    let answer = exchange.answer.as_ref().filter(|_| exchange.failure.is_none())?;
    let decoded = crate::caller::decode(&service.model, name, answer).ok()?;
    let text = |name: &str| decoded.value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Identity { id: text("Account")?, label: "AWS account".to_owned(), caller: text("Arn")?, notes: Vec::new() })
}

/// `aws-cn` of `arn:aws-cn:iam::…`.
fn partition(arn: &str) -> Option<&str> {
    arn.split(':').nth(1).filter(|partition| partition.starts_with("aws"))
}

fn ended(target: &str, end: TransportError) -> CollectError {
    match end {
        TransportError::Write(source) => CollectError::Write {
            target: target.to_owned(),
            source: std::io::Error::new(source.kind(), source.to_string()),
        },
        _ => CollectError::Interrupted,
    }
}
