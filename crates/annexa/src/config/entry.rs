//! One entry of `targets:`.

use super::region;
use annexa_model::{
    AwsSettings, DocumentsSettings, GithubSettings, Kind, KubernetesSettings, NamespaceFilter, Settings, Target,
};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use serde::Deserialize;

/// All keys that a target may have; which of them fit is known once `kind` is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetEntry {
    pub name: Spanned<String>,
    kind: Spanned<Kind>,
    #[serde(default)]
    account: Option<Spanned<String>>,
    #[serde(default)]
    regions: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    profile: Option<Spanned<String>>,
    #[serde(default)]
    assume_role: Option<Spanned<String>>,
    #[serde(default)]
    external_id: Option<Spanned<String>>,
    #[serde(default)]
    endpoint_url: Option<Spanned<String>>,
    #[serde(default)]
    organization: Option<Spanned<Organization>>,
    #[serde(default)]
    context: Option<Spanned<String>>,
    #[serde(default)]
    kubeconfig: Option<Spanned<String>>,
    #[serde(default)]
    namespaces: Option<Spanned<Namespaces>>,
    #[serde(default)]
    cluster_uid: Option<Spanned<String>>,
    #[serde(default)]
    api_url: Option<Spanned<String>>,
    #[serde(default)]
    organization_id: Option<Spanned<String>>,
    #[serde(default)]
    path: Option<Spanned<String>>,
}

/// `organization: acme` of GitHub, or `organization: true` of an AWS fleet.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Organization {
    #[expect(dead_code, reason = "what it says is refused, whatever it is")]
    Fleet(bool),
    Name(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Namespaces {
    #[serde(default)]
    exclude: Vec<String>,
}

impl TargetEntry {
    /// Checks the entry and turns it into a target.
    pub(crate) fn check(&self, source: &SourceFile, place: &Spanned<TargetEntry>) -> Result<Target, Vec<Diagnostic>> {
        let mut errors = self.name_errors(source);
        errors.extend(self.misplaced_keys(source));
        errors.extend(self.address_errors(source));
        let missing =
            |key: &str| source.error_at(place, format!("a target of kind `{}` needs `{key}`", self.kind.value));
        let settings = match self.kind.value {
            Kind::Aws => {
                errors.extend(self.aws_errors(source));
                Some(Settings::Aws(self.aws()))
            }
            Kind::Kubernetes => Some(Settings::Kubernetes(self.kubernetes())),
            Kind::Github => match &self.organization {
                Some(Spanned { value: Organization::Name(organization), .. }) => {
                    Some(Settings::Github(self.github(organization.clone())))
                }
                _ => {
                    errors.push(missing("organization").with_help("the login of the organization, as in its address"));
                    None
                }
            },
            Kind::Documents => {
                if self.path.is_none() {
                    errors.push(missing("path"));
                }
                text(&self.path).map(|path| Settings::Documents(DocumentsSettings { path }))
            }
            Kind::Import => {
                errors.push(source.error_at(&self.kind, "targets of kind `import` are not in this version of annexa"));
                None
            }
        };
        match settings {
            Some(settings) if errors.is_empty() => Ok(Target { name: self.name.value.clone(), settings }),
            _ => Err(errors),
        }
    }

    /// The folder of a documents target.
    pub(crate) fn documents(&self) -> Option<&Spanned<String>> {
        self.path.as_ref().filter(|_| self.kind.value == Kind::Documents)
    }

    /// A target's name becomes a folder and a part of identifiers.
    fn name_errors(&self, source: &SourceFile) -> Vec<Diagnostic> {
        let name = &self.name.value;
        let valid = !name.is_empty()
            && name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !name.contains("..");
        if valid {
            return Vec::new();
        }
        let message = format!("`{name}` can't be a target's name");
        vec![
            source
                .error_at(&self.name, message)
                .with_help("letters, digits, `-`, `_` and `.`, at most 64, a letter or digit first"),
        ]
    }

    fn aws_errors(&self, source: &SourceFile) -> Vec<Diagnostic> {
        let mut errors = self.regions.as_ref().map(|r| region::errors(source, &r.value)).unwrap_or_default();
        if let Some(account) =
            self.account.as_ref().filter(|a| a.value.len() != 12 || !a.value.bytes().all(|b| b.is_ascii_digit()))
        {
            errors.push(
                source
                    .error_at(account, "an AWS account id has 12 digits")
                    .with_help("write it in quotes, so that leading zeros stay"),
            );
        }
        if let Some(organization) = &self.organization {
            let message = "scanning all accounts of an AWS organization in one entry is not in this version of annexa";
            errors.push(source.error_at(organization, message).with_help("write one target for each account"));
        }
        errors
    }

    /// What stands in an address goes into bundles: no password, no token.
    fn address_errors(&self, source: &SourceFile) -> Vec<Diagnostic> {
        let addresses = [&self.endpoint_url, &self.api_url].into_iter().flatten();
        let telling = addresses.filter(|address| address.value.contains(['@', '?']));
        let error = |address| {
            source
                .error_at(address, "an address here holds no user, password or token")
                .with_help("credentials come from the environment: AWS's own chain, GITHUB_TOKEN or a GitHub App")
        };
        telling.map(error).collect()
    }

    fn aws(&self) -> AwsSettings {
        AwsSettings {
            account: text(&self.account),
            regions: self.regions.iter().flat_map(|r| &r.value).map(|region| region.value.clone()).collect(),
            profile: text(&self.profile),
            assume_role: text(&self.assume_role),
            external_id: text(&self.external_id),
            endpoint_url: text(&self.endpoint_url),
        }
    }

    fn kubernetes(&self) -> KubernetesSettings {
        KubernetesSettings {
            context: text(&self.context),
            kubeconfig: text(&self.kubeconfig),
            namespaces: NamespaceFilter {
                exclude: self.namespaces.as_ref().map(|n| n.value.exclude.clone()).unwrap_or_default(),
            },
            cluster_uid: text(&self.cluster_uid),
        }
    }

    fn github(&self, organization: String) -> GithubSettings {
        GithubSettings {
            organization,
            api_url: text(&self.api_url).unwrap_or_else(|| "https://api.github.com".to_owned()),
            organization_id: text(&self.organization_id),
        }
    }

    /// Keys of another kind of target: an error each, with what fits here.
    fn misplaced_keys(&self, source: &SourceFile) -> Vec<Diagnostic> {
        let allowed = keys_of(self.kind.value);
        self.given_keys()
            .into_iter()
            .filter(|(key, _, _)| !allowed.contains(key))
            .map(|(key, line, column)| {
                source
                    .error(line, column, format!("the key `{key}` is not for a target of kind `{}`", self.kind.value))
                    .with_help(format!("valid here: name, kind, {}", allowed.join(", ")))
            })
            .collect()
    }

    fn given_keys(&self) -> Vec<(&'static str, u64, u64)> {
        fn place<T>(key: &'static str, value: &Option<Spanned<T>>) -> Option<(&'static str, u64, u64)> {
            value.as_ref().map(|v| (key, v.referenced.line(), v.referenced.column()))
        }
        [
            place("account", &self.account),
            place("regions", &self.regions),
            place("profile", &self.profile),
            place("assume_role", &self.assume_role),
            place("external_id", &self.external_id),
            place("endpoint_url", &self.endpoint_url),
            place("organization", &self.organization),
            place("context", &self.context),
            place("kubeconfig", &self.kubeconfig),
            place("namespaces", &self.namespaces),
            place("cluster_uid", &self.cluster_uid),
            place("api_url", &self.api_url),
            place("organization_id", &self.organization_id),
            place("path", &self.path),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn keys_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Aws => &["account", "regions", "profile", "assume_role", "external_id", "endpoint_url", "organization"],
        Kind::Kubernetes => &["context", "kubeconfig", "namespaces", "cluster_uid"],
        Kind::Github => &["organization", "api_url", "organization_id"],
        Kind::Documents | Kind::Import => &["path"],
    }
}

fn text(value: &Option<Spanned<String>>) -> Option<String> {
    value.as_ref().map(|v| v.value.clone())
}
