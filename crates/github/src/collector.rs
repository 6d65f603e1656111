//! The collector of GitHub organizations.

use crate::client::Client;
use crate::credentials::{App, Credentials, Source};
use crate::describe::Descriptions;
use crate::dialect::{Address, GithubDialect};
use crate::walk::Walk;
use crate::walk::asker::{Live, Recorded};
use annexa_model::{
    Exchange, Extraction, GithubSettings, Identity, Kind, Relation, RuleFiles, Settings, Target, TypeSchema,
};
use annexa_source::Diagnostic;
use annexa_tape::{CollectError, Collector, Dialect, Evidence, Session, Transport, TransportError};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The operation that says who answers; it is asked before all others.
const IDENTITY: &str = "query identity";

/// Asks GitHub organizations, and says what their answers mean.
#[derive(Clone)]
pub struct Github {
    pub(crate) descriptions: Arc<Descriptions>,
    credentials: Source,
}

impl std::fmt::Debug for Github {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Github").field("types", &self.descriptions.types.len()).finish_non_exhaustive()
    }
}

impl Github {
    /// Reads the description files below `github/types/`; errors point into them.
    pub fn load(files: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let descriptions = Arc::new(Descriptions::load(files)?);
        Ok(Self { descriptions, credentials: Source::Environment })
    }

    /// Uses this token and does not look into the environment.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.credentials = Source::Token(token.into().into());
        self
    }

    /// Uses this GitHub App (its id and private key as PEM) and does not look into the environment.
    #[must_use]
    pub fn with_app(mut self, id: impl Into<String>, pem: impl Into<String>, installation: Option<u64>) -> Self {
        self.credentials = Source::App { id: id.into(), pem: pem.into().into(), installation };
        self
    }

    /// What stands between the network and the tape, without credentials: for tests with hostile answers.
    #[doc(hidden)]
    #[must_use]
    pub fn dialect(&self) -> Option<Arc<dyn Dialect>> {
        let address = Address::parse("https://api.github.com").ok()?;
        let descriptions = Arc::clone(&self.descriptions);
        Some(Arc::new(GithubDialect { address, descriptions, credentials: None }))
    }

    fn dialect_of(
        &self,
        session: &Session,
        settings: &GithubSettings,
        address: &Address,
    ) -> Result<GithubDialect, CollectError> {
        let setup = |problem: String, remedy: &str| CollectError::Setup {
            target: session.target.name.clone(),
            problem,
            remedy: remedy.to_owned(),
        };
        let credentials = if session.is_replay() {
            None
        } else {
            let remedy = "set GITHUB_TOKEN (or GH_TOKEN), or GITHUB_APP_ID and GITHUB_APP_PEM_FILE";
            let source = self.credentials.resolve().map_err(|problem| setup(problem, remedy))?;
            Some(match source {
                Source::Token(token) => Credentials::Token(token),
                Source::App { id, pem, installation } => {
                    let pem = secrecy::ExposeSecret::expose_secret(&pem);
                    let lane = session.credential_lane();
                    let app = App::new(id, pem, installation, settings.organization.clone(), address.clone(), lane);
                    Credentials::App(Box::new(app.map_err(|problem| setup(problem, remedy))?))
                }
                Source::Environment => return Err(setup("there are no credentials for GitHub".to_owned(), remedy)),
            })
        };
        Ok(GithubDialect { address: address.clone(), descriptions: Arc::clone(&self.descriptions), credentials })
    }

    /// Asks who answers and who asks, before anything else.
    async fn identify(
        &self,
        session: &Session,
        settings: &GithubSettings,
        transport: &Transport,
        client: &Client,
    ) -> Result<(), CollectError> {
        let document = &self.descriptions.identity;
        let exchange = client.query(document, &json!({"org": settings.organization}), 1).await;
        let Ok(exchange) = exchange else { return Ok(()) };
        let Some((id, caller)) = who(&exchange) else { return Ok(()) };
        if let Some(expected) = settings.organization_id.as_ref().filter(|expected| **expected != id) {
            return Err(CollectError::WrongIdentity {
                target: session.target.name.clone(),
                expected: format!("organization {expected}"),
                found: format!("organization {id}"),
            });
        }
        transport.identify(&id, &caller);
        Ok(())
    }
}

/// The organization's node id and the caller's login.
fn who(exchange: &Exchange) -> Option<(String, String)> {
    let data = exchange.usable_body()?.get("data")?;
    let id = data.pointer("/organization/id")?.as_str()?;
    let caller = data.pointer("/viewer/login").and_then(Value::as_str).unwrap_or("unknown");
    Some((id.to_owned(), caller.to_owned()))
}

#[async_trait]
impl Collector for Github {
    fn kind(&self) -> Kind {
        Kind::Github
    }

    fn schemas(&self) -> Vec<TypeSchema> {
        let types = self.descriptions.types.iter();
        types
            .map(|file| TypeSchema {
                name: file.name.value.clone(),
                title: file.title.clone(),
                fields: file.facts.iter().map(|(name, fact)| (name.clone(), fact.schema())).collect(),
                relations: file
                    .relations
                    .iter()
                    .map(|(name, words)| {
                        let relation = Relation {
                            to: words.to.value.clone(),
                            here: words.here.clone(),
                            there: words.there.clone(),
                            many: words.many,
                        };
                        (name.clone(), relation)
                    })
                    .collect::<BTreeMap<_, _>>(),
            })
            .collect()
    }

    async fn collect(&self, session: &Session, wanted: Option<&[String]>) -> Result<(), CollectError> {
        let Settings::Github(settings) = &session.target.settings else { return Ok(()) };
        let target = &session.target.name;
        let address = Address::parse(&settings.api_url).map_err(|problem| CollectError::Setup {
            target: target.clone(),
            problem,
            remedy: "write it as https://api.github.com or https://HOST/api/v3".to_owned(),
        })?;
        let dialect = self.dialect_of(session, settings, &address)?;
        let transport = session.transport(Arc::new(dialect));
        let client = Client::new(transport.clone(), address);
        self.identify(session, settings, &transport, &client).await?;
        let live = Live::new(client, &self.descriptions);
        let walk = Walk::new(&self.descriptions, target, &settings.organization, live, session.concurrency);
        walk.run(wanted).await;
        match walk.asker().stop() {
            None => Ok(()),
            Some(TransportError::Write(error) | TransportError::Read(error)) => Err(CollectError::Write {
                target: target.clone(),
                source: std::io::Error::new(error.kind(), error.to_string()),
            }),
            Some(_) => Err(CollectError::Interrupted),
        }
    }

    fn extract(&self, target: &Target, evidence: &Evidence) -> Extraction {
        let Settings::Github(settings) = &target.settings else { return Extraction::default() };
        let recorded = Recorded::new(evidence, &target.name);
        let walk = Walk::new(&self.descriptions, &target.name, &settings.organization, recorded, 1);
        let mut extraction = at_once(walk.run(None));
        let first = evidence.of_operation(Kind::Github, &target.name, IDENTITY).unwrap_or_default();
        extraction.identity = first.iter().find_map(who).map(|(id, caller)| Identity {
            id,
            label: "organization node id".to_owned(),
            caller,
            notes: notes(&first),
        });
        extraction
    }
}

/// Runs a future that never waits for anybody: the evidence answers at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// What people want to know of the server: the release of an Enterprise Server.
fn notes(exchanges: &[Exchange]) -> Vec<String> {
    let headers = exchanges.iter().filter_map(|exchange| Some(&exchange.answer.as_ref()?.headers));
    let versions = headers.filter_map(|headers| headers.get("x-github-enterprise-version")?.as_str());
    versions.take(1).map(|version| format!("GitHub Enterprise Server {version}")).collect()
}
