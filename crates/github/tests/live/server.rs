//! The GitHub server of tests/servers/github, started for one test.

#![allow(unreachable_pub, reason = "shared by tests")]

use annexa_github::{Github, rules};
use annexa_model::{Exchange, Extraction, Gap, GithubSettings, Resource, ResourceSet, Settings, Target};
use annexa_tape::{CollectError, Collector, Evidence, Limits, MemorySink, Privacy, Redactor, Session};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/github")
}

/// The demo company, for a test to change.
pub fn scenario() -> Value {
    let text = std::fs::read_to_string(folder().join("scenarios/demo.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub struct Server {
    child: Child,
    pub url: String,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    /// None when Node or the vendor's descriptions are not installed; then the test did not run, and says so.
    pub fn start(scenario: &Value) -> Option<Self> {
        if !folder().join("node_modules").exists() {
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "SKIPPED: run `npm ci --prefix tests/servers/github` for the live GitHub tests");
            return None;
        }
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("scenario.json");
        std::fs::write(&file, scenario.to_string()).unwrap();
        let log = temporary.path().join("stderr");
        let mut child = Command::new("node")
            .arg(folder().join("server.js"))
            .args(["--lifeline", "stdin", "--scenario"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the server's address").to_owned();
        Some(Self { child, url, log, _folder: temporary })
    }

    pub fn target(&self) -> Target {
        Target {
            name: "acme".into(),
            settings: Settings::Github(GithubSettings {
                organization: "nordwind-demo".into(),
                api_url: self.url.clone(),
                organization_id: None,
            }),
        }
    }

    /// Scans with the demo's token.
    pub async fn scan(&self) -> Scan {
        self.scan_with(&Github::load(&rules()).unwrap().with_token("ghp_demo"), 4).await
    }

    pub async fn scan_with(&self, github: &Github, concurrency: usize) -> Scan {
        let (result, evidence) = self.collect(github, &self.target(), concurrency).await;
        result.unwrap();
        assert_eq!(
            self.errors(),
            "",
            "the server answered something that is not GitHub's, or a query does not fit its schema"
        );
        Scan { extraction: github.extract(&self.target(), &evidence), evidence }
    }

    pub async fn collect(
        &self,
        github: &Github,
        target: &Target,
        concurrency: usize,
    ) -> (Result<(), CollectError>, Evidence) {
        self.ask(github, target, concurrency, None).await
    }

    /// Asks for some types only.
    pub async fn collect_wanted(&self, github: &Github, wanted: &[String]) -> Evidence {
        let (result, evidence) = self.ask(github, &self.target(), 4, Some(wanted)).await;
        result.unwrap();
        evidence
    }

    async fn ask(
        &self,
        github: &Github,
        target: &Target,
        concurrency: usize,
        wanted: Option<&[String]>,
    ) -> (Result<(), CollectError>, Evidence) {
        let sink = Arc::new(MemorySink::new());
        let limits = Limits {
            tries: 3,
            first_wait: Duration::from_millis(1),
            patience: Duration::from_secs(5),
            ..Limits::default()
        };
        let session =
            Session::builder(target.clone(), "2026-03-03T10:00:00Z".parse().unwrap(), sink.clone(), redactor())
                .concurrency(concurrency)
                .limits(limits)
                .build();
        let result = github.collect(&session, wanted).await;
        (result, sink.evidence().unwrap())
    }

    /// What the server complained of.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn redactor() -> Redactor {
    Redactor::new(Privacy::Default, [7; 32])
}

/// What a scan brought.
pub struct Scan {
    pub extraction: Extraction,
    pub evidence: Evidence,
}

impl Scan {
    pub fn resource(&self, kind: &str, name: &str) -> &Resource {
        let found = self.extraction.resources.iter().find(|resource| resource.kind == kind && resource.name == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    pub fn fact(&self, kind: &str, name: &str, pointer: &str) -> Option<Value> {
        Value::Object(self.resource(kind, name).facts.clone()).pointer(pointer).cloned()
    }

    pub fn is_unobserved(&self, kind: &str, name: &str, pointer: &str) -> bool {
        let resource = self.resource(kind, name);
        resource.unobserved.iter().any(|hole| hole.pointer == pointer) && self.fact(kind, name, pointer).is_none()
    }

    pub fn set(&self, kind: &str) -> &ResourceSet {
        self.extraction.sets.iter().find(|set| set.kind == kind).unwrap()
    }

    pub fn gap(&self, operation: &str) -> &Gap {
        let found = self.extraction.gaps.iter().find(|gap| gap.operation == operation);
        found.unwrap_or_else(|| panic!("no gap for {operation}: {:#?}", self.extraction.gaps))
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        self.evidence.exchanges().map(Result::unwrap).collect()
    }
}
