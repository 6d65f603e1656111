//! A scan of a cluster, as the program makes it, for tests.

#![allow(dead_code, reason = "not every test needs every part")]

use annexa_kubernetes::Kubernetes;
use annexa_model::{
    Exchange, Extraction, KubernetesSettings, Resource, ResourceSet, SetState, Settings, Target, Timestamp,
};
use annexa_tape::{CollectError, Collector as _, Evidence, Limits, MemorySink, Privacy, Redactor, Session};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a scan leaves.
pub(crate) struct Scan {
    pub(crate) result: Result<(), CollectError>,
    pub(crate) evidence: Evidence,
    pub(crate) extraction: Extraction,
}

pub(crate) fn kubernetes() -> Kubernetes {
    Kubernetes::load(&annexa_kubernetes::rules()).unwrap()
}

pub(crate) fn target(settings: KubernetesSettings) -> Target {
    Target { name: "shop".to_owned(), settings: Settings::Kubernetes(settings) }
}

/// Scans a cluster, then extracts.
pub(crate) async fn scan(settings: KubernetesSettings, replay: Option<Evidence>) -> Scan {
    let target = target(settings);
    let sink = Arc::new(MemorySink::new());
    let redactor = Redactor::new(Privacy::Default, [1; 32]);
    let limits = Limits { first_wait: Duration::from_millis(10), ..Limits::default() };
    let mut session =
        Session::builder(target.clone(), Timestamp::UNIX_EPOCH, Arc::clone(&sink) as _, redactor).limits(limits);
    if let Some(tape) = replay {
        session = session.replay(tape);
    }
    let kubernetes = kubernetes();
    let result = kubernetes.collect(&session.build(), None).await;
    let evidence = sink.evidence().unwrap();
    let extraction = kubernetes.extract(&target, &evidence);
    Scan { result, evidence, extraction }
}

impl Scan {
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.evidence.exchanges().map(Result::unwrap).collect()
    }

    pub(crate) fn set(&self, kind: &str) -> &ResourceSet {
        self.extraction.sets.iter().find(|set| set.kind == kind).unwrap()
    }

    pub(crate) fn state(&self, kind: &str) -> &SetState {
        &self.set(kind).state
    }

    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.extraction.resources.iter().filter(move |resource| resource.kind == kind)
    }

    pub(crate) fn one(&self, kind: &str, namespace: &str, name: &str) -> &Resource {
        let mut found = self.of(kind).filter(|r| r.namespace.as_deref().unwrap_or("") == namespace && r.name == name);
        found.next().unwrap_or_else(|| panic!("no {kind} {namespace}/{name}"))
    }
}

/// Settings for a context of a kubeconfig.
pub(crate) fn context(kubeconfig: &Path, context: &str) -> KubernetesSettings {
    KubernetesSettings {
        kubeconfig: Some(kubeconfig.display().to_string()),
        context: Some(context.to_owned()),
        ..KubernetesSettings::default()
    }
}
