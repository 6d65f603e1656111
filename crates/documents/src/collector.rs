//! The collector: first the repository, then the list of files, then each file.

use crate::kinds::Kinds;
use crate::read_document;
use crate::read_register::{self, RegisterFile};
use crate::source::{Source, failure};
use crate::{extract, schema};
use annexa_model::{Exchange, Extraction, FailureKind, Kind, Request, RuleFiles, Settings, Target, TypeSchema};
use annexa_source::Diagnostic;
use annexa_tape::{CollectError, Collector, Evidence, Local, LocalAnswer, Session};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Operation names, as they stand in evidence.
pub(crate) const READ_REPOSITORY: &str = "read repository";
pub(crate) const READ_CODEOWNERS: &str = "read CODEOWNERS";
pub(crate) const LIST_FILES: &str = "list files";
pub(crate) const READ_DOCUMENT: &str = "read document";
pub(crate) const READ_REGISTER: &str = "read register";

/// Reads a company's documents and registers from a folder or git work tree.
#[derive(Clone, Debug)]
pub struct DocumentsCollector {
    kinds: Arc<Kinds>,
}

impl DocumentsCollector {
    /// A collector with the kinds of documents and registers that the rules describe (`documents/…`).
    pub fn load(rules: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { kinds: Arc::new(Kinds::load(rules)?) })
    }
}

#[async_trait]
impl Collector for DocumentsCollector {
    fn kind(&self) -> Kind {
        Kind::Documents
    }

    fn schemas(&self) -> Vec<TypeSchema> {
        schema::schemas(&self.kinds)
    }

    async fn collect(&self, session: &Session, _wanted: Option<&[String]>) -> Result<(), CollectError> {
        let (kinds, session) = (self.kinds.clone(), session.clone());
        // files and git are read in blocking calls
        match tokio::task::spawn_blocking(move || collect(&kinds, &session)).await {
            Ok(result) => result,
            Err(_) => Err(CollectError::Interrupted),
        }
    }

    fn extract(&self, target: &Target, evidence: &Evidence) -> Extraction {
        extract::extract(&self.kinds, target, evidence)
    }
}

fn collect(kinds: &Kinds, session: &Session) -> Result<(), CollectError> {
    let target = &session.target.name;
    let write = |source| CollectError::Write { target: target.clone(), source };
    let source = if session.is_replay() { None } else { Some(open(kinds, session)?) };
    let mut local = session.local().map_err(write)?;
    let with_source = |read: &dyn Fn(&Source) -> Result<LocalAnswer, annexa_model::Failure>| match &source {
        Some(source) => read(source),
        None => Err(failure(FailureKind::NotOnTape, "nothing is read on replay".to_owned())),
    };

    let repository = local
        .read(READ_REPOSITORY, request("/"), |_| with_source(&|source| source.describe_repository().map(json_answer)))
        .map_err(write)?;
    local.identify(&identity(&repository, target));
    if repository.usable_body().is_some_and(|body| body["git"]["head"].is_string()) {
        local
            .read(READ_CODEOWNERS, request("/CODEOWNERS"), |redactor| {
                with_source(&|source| source.describe_codeowners(redactor))
            })
            .map_err(write)?;
    }
    let list = local
        .read(LIST_FILES, request("/"), |_| with_source(&|source| Ok(json_answer(source.describe_files()))))
        .map_err(write)?;
    let files = list.usable_body().and_then(|body| body["files"].as_array()).cloned().unwrap_or_default();
    for file in &files {
        read_file(kinds, &local, file, &with_source).map_err(write)?;
    }
    Ok(())
}

type WithSource<'a> = dyn Fn(&dyn Fn(&Source) -> Result<LocalAnswer, annexa_model::Failure>) -> Result<LocalAnswer, annexa_model::Failure>
    + 'a;

fn read_file(kinds: &Kinds, local: &Local, file: &Value, with_source: &WithSource<'_>) -> std::io::Result<()> {
    let Some(path) = file["path"].as_str() else { return Ok(()) };
    let request = request(&format!("/{path}"));
    match (file["read_as"].as_str(), file["register"].as_str()) {
        (Some("document"), _) => {
            local.read(READ_DOCUMENT, request, |redactor| {
                with_source(&|source| read_document::read(source, kinds, path, redactor))
            })?;
        }
        (Some("register"), Some(register)) => {
            let file = RegisterFile { path, register, sidecar: file["sidecar"].as_str() };
            local.read(READ_REGISTER, request, |redactor| {
                with_source(&|source| read_register::read(source, kinds, &file, redactor))
            })?;
        }
        _ => {}
    }
    Ok(())
}

fn open(kinds: &Kinds, session: &Session) -> Result<Source, CollectError> {
    let setup = |problem: String, remedy: &str| CollectError::Setup {
        target: session.target.name.clone(),
        problem,
        remedy: remedy.to_owned(),
    };
    let Settings::Documents(settings) = &session.target.settings else {
        return Err(setup("it is no documents target".to_owned(), "this is a defect of annexa"));
    };
    let root = session.base_dir.join(&settings.path);
    Source::open(root, kinds).map_err(|error| {
        let problem = format!("the folder {} can't be read: {}", settings.path, error.kind());
        setup(problem, "set `path` to a folder that exists, relative to annexa.yaml")
    })
}

/// What the repository is in all clones of it: its place on the server, else its first commit, else the target's name.
pub(crate) fn identity(repository: &Exchange, target: &str) -> String {
    let git = repository.usable_body().map(|body| &body["git"]);
    let text = |pointer: &str| git.and_then(|git| git.pointer(pointer)?.as_str());
    match (text("/remote/host"), text("/remote/name"), text("/root_commit")) {
        (Some(host), Some(name), _) => format!("{host}/{name}"),
        (_, _, Some(commit)) => commit.to_owned(),
        _ => target.to_owned(),
    }
}

/// The logical request for a path below the folder.
pub(crate) fn request(path: &str) -> Request {
    Request { method: "READ".to_owned(), path: path.to_owned(), parameters: Map::new(), body: None }
}

fn json_answer(body: Value) -> LocalAnswer {
    LocalAnswer { content_type: "application/json".to_owned(), body, cuts: Vec::new() }
}
