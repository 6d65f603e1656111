//! Who asks: a token, or a GitHub App whose installation token is fetched beside the tape.

mod app;
mod jwt;

pub(crate) use app::App;

use annexa_model::{Failure, FailureKind};
use secrecy::SecretString;

/// How to find credentials; they never stand in a file of the project.
#[derive(Clone, Default)]
pub(crate) enum Source {
    /// `GITHUB_APP_ID` with `GITHUB_APP_PEM_FILE`, otherwise `GITHUB_TOKEN`, otherwise `GH_TOKEN`.
    #[default]
    Environment,
    /// This token.
    Token(SecretString),
    /// This App: its id, its private key as PEM, and its installation where it has several.
    App { id: String, pem: SecretString, installation: Option<u64> },
}

/// Credentials that are ready to use.
pub(crate) enum Credentials {
    /// A user's token; it can't be renewed.
    Token(SecretString),
    /// An App's installation.
    App(Box<App>),
}

impl Source {
    /// Looks into the environment when that is where credentials come from. The error says what to do.
    pub(crate) fn resolve(&self) -> Result<Source, String> {
        let Source::Environment = self else { return Ok(self.clone()) };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        if let Some(id) = variable("GITHUB_APP_ID") {
            let path = variable("GITHUB_APP_PEM_FILE").ok_or(
                "GITHUB_APP_ID is set, but GITHUB_APP_PEM_FILE is not: it is the path of the App's private key",
            )?;
            let pem = std::fs::read_to_string(&path)
                .map_err(|error| format!("GITHUB_APP_PEM_FILE `{path}` can't be read: {error}"))?;
            let installation = variable("GITHUB_APP_INSTALLATION_ID")
                .map(|id| id.trim().parse().map_err(|_| format!("GITHUB_APP_INSTALLATION_ID `{id}` is no number")))
                .transpose()?;
            return Ok(Source::App { id: id.trim().to_owned(), pem: pem.into(), installation });
        }
        let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
        token
            .map(|token| Source::Token(token.trim().to_owned().into()))
            .ok_or_else(|| "there are no credentials for GitHub".to_owned())
    }
}

impl Credentials {
    /// The token for the next try. `renew`: the last one was not accepted.
    pub(crate) async fn token(&self, renew: bool) -> Result<SecretString, Failure> {
        match self {
            Credentials::Token(_) if renew => Err(Failure {
                kind: FailureKind::Unauthenticated,
                code: Some("401".to_owned()),
                message: "GitHub does not accept the token".to_owned(),
            }),
            Credentials::Token(token) => Ok(token.clone()),
            Credentials::App(app) => app.token(renew).await,
        }
    }
}
