//! A small company's documents in a real git repository, made anew for each test.

use annexa_documents::{DocumentsCollector, rules};
use annexa_model::{DocumentsSettings, Exchange, Extraction, Resource, RuleFiles, Settings, Target};
use annexa_tape::{Collector, Evidence, MemorySink, Privacy, Redactor, Session};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

pub const KEY: [u8; 32] = [9; 32];

pub struct Company {
    pub folder: tempfile::TempDir,
}

impl Company {
    pub fn without_git() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn new() -> Self {
        let company = Self::without_git();
        company.git(&["init", "-q", "-b", "main"], 0);
        company
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Commits everything as Ada on a day of January 2026.
    pub fn commit(&self, day: u32, message: &str) {
        self.git(&["add", "-A"], day);
        self.git(&["commit", "-q", "-m", message], day);
    }

    pub fn git(&self, arguments: &[&str], day: u32) {
        let date = format!("2026-01-{:02}T10:00:00+01:00", day.max(1));
        let status = Command::new("git")
            .current_dir(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada Example")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada Example")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    pub fn target(&self) -> Target {
        let settings = DocumentsSettings { path: self.path().to_string_lossy().into_owned() };
        Target { name: "isms".to_owned(), settings: Settings::Documents(settings) }
    }

    pub fn scan(&self) -> Scan {
        self.scan_with(Privacy::Default)
    }

    pub fn scan_with(&self, privacy: Privacy) -> Scan {
        scan(self.target(), privacy, None)
    }
}

pub struct Scan {
    pub exchanges: Vec<Exchange>,
    pub extraction: Extraction,
}

pub fn scan(target: Target, privacy: Privacy, replay: Option<Vec<Exchange>>) -> Scan {
    scan_by(&collector(), target, privacy, replay)
}

pub fn scan_by(
    collector: &DocumentsCollector,
    target: Target,
    privacy: Privacy,
    replay: Option<Vec<Exchange>>,
) -> Scan {
    let sink = Arc::new(MemorySink::default());
    let as_of = "2026-02-01T00:00:00Z".parse().unwrap();
    let mut builder = Session::builder(target.clone(), as_of, sink.clone(), Redactor::new(privacy, KEY));
    if let Some(exchanges) = replay {
        builder = builder.replay(Evidence::from_exchanges(exchanges));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(collector.collect(&builder.build(), None)).unwrap();
    let exchanges: Vec<Exchange> = sink.evidence().unwrap().exchanges().map(Result::unwrap).collect();
    let extraction = collector.extract(&target, &Evidence::from_exchanges(exchanges.clone()));
    Scan { exchanges, extraction }
}

pub fn extract(target: &Target, exchanges: Vec<Exchange>) -> Extraction {
    collector().extract(target, &Evidence::from_exchanges(exchanges))
}

/// The collector with a catalogue of two controls and a clause.
pub fn collector() -> DocumentsCollector {
    DocumentsCollector::load(&all_rules()).unwrap()
}

pub fn all_rules() -> RuleFiles {
    let mut all = rules();
    all.insert("annex/2022.yaml", "controls:\n- id: A.5.1\n- id: A.5.15\n".as_bytes());
    all.insert("annex/clauses.yaml", "clauses:\n  - {id: \"5.2\", title: Policy}\n".as_bytes());
    all
}

impl Scan {
    pub fn resource(&self, id: &str) -> &Resource {
        let found = self.extraction.resources.iter().find(|resource| resource.id == id);
        found.unwrap_or_else(|| {
            panic!("no {id} in {:?}", self.extraction.resources.iter().map(|r| &r.id).collect::<Vec<_>>())
        })
    }

    pub fn fact(&self, id: &str, pointer: &str) -> Value {
        let facts = Value::Object(self.resource(id).facts.clone());
        facts.pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    pub fn unobserved(&self, id: &str) -> Vec<String> {
        self.resource(id).unobserved.iter().map(|u| u.pointer.clone()).collect()
    }

    pub fn set(&self, kind: &str) -> Value {
        let set = self.extraction.sets.iter().find(|set| set.kind == kind).unwrap();
        serde_json::to_value(set).unwrap()
    }

    pub fn text(&self) -> String {
        serde_json::to_string(&self.exchanges).unwrap()
    }
}
