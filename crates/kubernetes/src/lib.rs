#![doc = include_str!("../README.md")]

mod access;
mod adapter;
mod collect;
mod dialect;
mod discovery;
mod exec;
mod extract;
mod facts;
mod kinds;
mod listing;
mod literal;
mod load;
mod permissions;
mod redact;
mod resources;
mod shape;

use annexa_model::{Exchange, Extraction, Kind, KubernetesSettings, RuleFiles, Settings, Target, TypeSchema};
use annexa_source::Diagnostic;
use annexa_tape::{CollectError, Collector, Dialect, Evidence, Session};
use async_trait::async_trait;
use include_dir::{Dir, include_dir};
use std::sync::Arc;

static SHAPES: &str = include_str!("../shapes.yaml");
static KINDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/kinds");
static TYPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/types");

/// The embedded rule files: `kubernetes/shapes.yaml`, `kubernetes/kinds/*.yaml`, `kubernetes/types/*.yaml`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut rules = RuleFiles::new();
    rules.insert("kubernetes/shapes.yaml", SHAPES.as_bytes());
    for (folder, dir) in [("kinds", &KINDS), ("types", &TYPES)] {
        for file in dir.files() {
            rules.insert(format!("kubernetes/{folder}/{}", file.path().display()), file.contents());
        }
    }
    rules
}

/// The collector of Kubernetes clusters.
#[derive(Clone)]
pub struct Kubernetes {
    kinds: Arc<kinds::Kinds>,
}

impl Kubernetes {
    /// Reads the kinds from rule files; nothing else decides what is asked and kept.
    pub fn load(rules: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { kinds: Arc::new(kinds::Kinds::load(rules)?) })
    }

    /// The ClusterRole with the least rights for the kinds that are loaded, with what is lost without each rule.
    #[must_use]
    pub fn permissions(&self) -> String {
        permissions::cluster_role(&self.kinds)
    }
}

impl Kubernetes {
    /// What stands between the network and the tape, without credentials: for tests with hostile answers.
    #[doc(hidden)]
    #[must_use]
    pub fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(dialect::KubernetesDialect::new(Arc::clone(&self.kinds), access::Credentials::none(), ""))
    }
}

/// The command that asks the cluster the same without annexa.
#[must_use]
pub fn reproduce(exchange: &Exchange) -> String {
    permissions::reproduce(exchange)
}

fn settings(target: &Target) -> Option<&KubernetesSettings> {
    match &target.settings {
        Settings::Kubernetes(settings) => Some(settings),
        _ => None,
    }
}

#[async_trait]
impl Collector for Kubernetes {
    fn kind(&self) -> Kind {
        Kind::Kubernetes
    }

    fn schemas(&self) -> Vec<TypeSchema> {
        self.kinds.schemas()
    }

    async fn collect(&self, session: &Session, wanted: Option<&[String]>) -> Result<(), CollectError> {
        match settings(&session.target) {
            Some(settings) => collect::collect(session, settings, &self.kinds, wanted).await,
            None => Err(CollectError::Setup {
                target: session.target.name.clone(),
                problem: "it is not a Kubernetes cluster".to_owned(),
                remedy: "give it to the collector of its kind".to_owned(),
            }),
        }
    }

    fn extract(&self, target: &Target, evidence: &Evidence) -> Extraction {
        settings(target)
            .map_or_else(Extraction::default, |settings| extract::extract(&self.kinds, target, settings, evidence))
    }
}
