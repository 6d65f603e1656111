//! What is scanned: the entries of `targets:` in annexa.yaml.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of a target; also the folder of its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An AWS account.
    Aws,
    /// A Kubernetes cluster.
    Kubernetes,
    /// A GitHub organization.
    Github,
    /// A folder or git repository of documents and registers.
    Documents,
    /// A file of another scanner's results.
    Import,
}

impl Kind {
    /// All kinds, in the order in which reports list them.
    pub const ALL: [Kind; 5] = [Kind::Aws, Kind::Kubernetes, Kind::Github, Kind::Documents, Kind::Import];

    /// The word in annexa.yaml and in folder names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Aws => "aws",
            Kind::Kubernetes => "kubernetes",
            Kind::Github => "github",
            Kind::Documents => "documents",
            Kind::Import => "import",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing in scope that is scanned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The name that the company gave it; unique in a scan.
    pub name: String,
    /// What to ask and how to reach it.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Target {
    /// The kind of this target.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.settings {
            Settings::Aws(_) => Kind::Aws,
            Settings::Kubernetes(_) => Kind::Kubernetes,
            Settings::Github(_) => Kind::Github,
            Settings::Documents(_) => Kind::Documents,
            Settings::Import(_) => Kind::Import,
        }
    }
}

/// The settings of a target, by kind. Credentials are never among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// An AWS account.
    Aws(AwsSettings),
    /// A Kubernetes cluster.
    Kubernetes(KubernetesSettings),
    /// A GitHub organization.
    Github(GithubSettings),
    /// Documents in a folder or git repository.
    Documents(DocumentsSettings),
    /// Results of another scanner.
    Import(ImportSettings),
}

/// An AWS account and how to reach it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsSettings {
    /// The account id that must answer; another one stops the target.
    pub account: Option<String>,
    /// The regions to ask; empty: the region of the credential chain alone.
    pub regions: Vec<String>,
    /// A named profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The ARN of a role to assume first.
    pub assume_role: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// One endpoint for all services (a test server, a gateway) in place of the provider's own hosts.
    pub endpoint_url: Option<String>,
}

/// A Kubernetes cluster and how to reach it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubernetesSettings {
    /// The context of the kubeconfig; none: the current context, or the pod's own service account.
    pub context: Option<String>,
    /// A kubeconfig file in place of the usual one.
    pub kubeconfig: Option<String>,
    /// Which namespaces to leave out.
    pub namespaces: NamespaceFilter,
    /// The UID of the namespace kube-system that must answer; another one stops the target.
    pub cluster_uid: Option<String>,
}

/// Which namespaces are left out; each is reported as excluded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamespaceFilter {
    /// Names of namespaces that are not looked at.
    pub exclude: Vec<String>,
}

/// A GitHub organization and how to reach it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GithubSettings {
    /// The login of the organization.
    pub organization: String,
    /// The base address of the REST API.
    #[serde(default = "github_api_url")]
    pub api_url: String,
    /// The node id that the organization must have; another one stops the target.
    #[serde(default)]
    pub organization_id: Option<String>,
}

fn github_api_url() -> String {
    "https://api.github.com".to_owned()
}

/// A folder, or the work tree of a git repository, with the company's documents and registers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentsSettings {
    /// The folder, relative to annexa.yaml.
    pub path: String,
}

/// Files with another scanner's results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportSettings {
    /// A path or glob, relative to annexa.yaml.
    pub path: String,
}
