//! What the exchanges of a documents target mean.

mod document;
mod facts;
mod gap;
mod library;
mod register;
mod sets;

use crate::codeowners;
use crate::collector::{self, LIST_FILES, READ_CODEOWNERS, READ_DOCUMENT, READ_REGISTER, READ_REPOSITORY};
use crate::kinds::Kinds;
use annexa_model::{Exchange, Extraction, Gap, Identity, Kind, Resource, Target};
use annexa_tape::Evidence;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What all parts of one extraction share.
pub(crate) struct Scene<'a> {
    pub(crate) kinds: &'a Kinds,
    pub(crate) target: &'a str,
    /// The member `git` of the repository's answer; null without git, or when nobody knows.
    pub(crate) git: Value,
    /// The fact `repository`.
    pub(crate) repository: Option<Value>,
    /// The exchange that says what the repository is.
    pub(crate) repository_id: String,
    /// Why histories are not known, with the gap behind it.
    pub(crate) no_history: Option<String>,
    /// The exchange that lists the files.
    pub(crate) list_id: String,
    /// Who is asked for a review of what; none without a repository.
    pub(crate) codeowners: Codeowners,
}

/// What is known of CODEOWNERS.
pub(crate) enum Codeowners {
    /// There is no commit that could hold the file.
    NoGit,
    Known {
        rules: codeowners::Codeowners,
        exchange: String,
    },
    Unknown {
        reason: String,
        gap: String,
    },
}

/// What could not be read, and which types may have more of because of it.
#[derive(Debug)]
pub(crate) enum Hole {
    Documents {
        gap: String,
        reason: String,
    },
    Register {
        register: String,
        gap: String,
        reason: String,
    },
    /// It may be anything.
    Anything {
        gap: String,
        reason: String,
    },
}

/// One file of the list with its answer.
pub(crate) struct FileAnswer<'a> {
    pub(crate) path: &'a str,
    pub(crate) exchange: &'a Exchange,
    pub(crate) body: &'a Value,
}

/// Everything that is found on the way.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) resources: Vec<Resource>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) holes: Vec<Hole>,
    /// Answers by path, for the library.
    pub(crate) answers: BTreeMap<String, Value>,
}

/// The extraction; see [`annexa_tape::Collector::extract`].
pub(crate) fn extract(kinds: &Kinds, target: &Target, evidence: &Evidence) -> Extraction {
    let name = target.name.as_str();
    let exchanges = evidence.of_target(Kind::Documents, name).unwrap_or_default();
    let by_id: BTreeMap<&str, &Exchange> = exchanges.iter().map(|exchange| (exchange.id.as_str(), exchange)).collect();
    let mut found = Found::default();

    let repository_id = Exchange::id_of(name, READ_REPOSITORY, None, &collector::request("/"), 1);
    let repository = by_id.get(repository_id.as_str()).copied();
    let git = repository.and_then(|exchange| exchange.usable_body()).map_or(Value::Null, |body| body["git"].clone());
    let identity = repository.map_or_else(|| name.to_owned(), |exchange| collector::identity(exchange, name));
    let list_id = Exchange::id_of(&identity, LIST_FILES, None, &collector::request("/"), 1);
    let mut scene = Scene {
        kinds,
        target: name,
        repository: repository_fact(&git),
        git,
        repository_id: repository_id.clone(),
        no_history: None,
        list_id: list_id.clone(),
        codeowners: Codeowners::NoGit,
    };
    scene.no_history = why_no_history(&scene, repository, &mut found);
    scene.codeowners = who_owns(&scene, &identity, &by_id, &mut found);

    let list = by_id.get(list_id.as_str()).copied();
    let Some(body) = list.and_then(|exchange| exchange.usable_body()) else {
        let gap = match list {
            Some(exchange) => gap::failed(&scene, exchange, "the list of files"),
            None => gap::not_asked(&scene, &list_id, LIST_FILES, "the list of files"),
        };
        let sets = sets::nothing_known(&scene, &gap);
        found.gaps.push(gap);
        return Extraction { identity: who(&scene, repository), resources: found.resources, sets, gaps: found.gaps };
    };
    let files = body["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    for file in files {
        one_file(&scene, &identity, file, &by_id, &mut found);
    }
    if body["whole"] == json!(false) {
        let mut gap = gap::problem(
            &scene,
            &list_id,
            LIST_FILES,
            "the folder",
            "it has more files or deeper folders than are listed",
        );
        "keep documents in a folder of their own and name that as the target's path".clone_into(&mut gap.remedy);
        found.holes.push(Hole::Anything { gap: gap.id.clone(), reason: gap.message.clone() });
        found.gaps.push(gap);
    }
    document::same_ids(&mut found);
    library::add(&scene, body, &mut found);
    let sets = sets::sets(&scene, &found);
    Extraction { identity: who(&scene, repository), resources: found.resources, sets, gaps: found.gaps }
}

fn one_file(scene: &Scene<'_>, identity: &str, file: &Value, by_id: &BTreeMap<&str, &Exchange>, found: &mut Found) {
    let Some(path) = file["path"].as_str() else { return };
    if let Some(why) = file["unreadable"].as_str() {
        let id = annexa_model::short_hash(&[scene.list_id.as_str(), path]);
        let gap = gap::problem(scene, &id, LIST_FILES, path, why);
        found.holes.push(Hole::Anything { gap: id, reason: format!("{path}: {why}") });
        found.gaps.push(gap);
        return;
    }
    let register = file["register"].as_str();
    let operation = match file["read_as"].as_str() {
        Some("document") => READ_DOCUMENT,
        Some("register") => READ_REGISTER,
        _ => return,
    };
    let id = Exchange::id_of(identity, operation, None, &collector::request(&format!("/{path}")), 1);
    let exchange = by_id.get(id.as_str()).copied();
    if let Some(exchange) = exchange
        && let Some(body) = exchange.usable_body()
    {
        found.answers.insert(path.to_owned(), body.clone());
        let answer = FileAnswer { path, exchange, body };
        match register {
            Some(register) => register::add(scene, register, &answer, found),
            None => document::add(scene, &answer, found),
        }
        return;
    }
    let gap = match exchange {
        Some(exchange) => gap::failed(scene, exchange, path),
        None => gap::not_asked(scene, &id, operation, path),
    };
    let (gap_id, reason) = (gap.id.clone(), format!("{path}: {}", gap.message));
    found.gaps.push(gap);
    found.holes.push(match register {
        Some(register) => Hole::Register { register: register.to_owned(), gap: gap_id.clone(), reason: reason.clone() },
        None => Hole::Documents { gap: gap_id.clone(), reason: reason.clone() },
    });
    if register.is_some() {
        // the file itself is a document of kind register
        found.holes.push(Hole::Documents { gap: gap_id, reason });
    }
}

/// Why no file's history is known, though there is a repository; the gap is added.
fn why_no_history(scene: &Scene<'_>, repository: Option<&Exchange>, found: &mut Found) -> Option<String> {
    let (gap, reason) = match repository {
        None => {
            let gap = gap::not_asked(scene, &scene.repository_id, READ_REPOSITORY, "the git repository");
            (gap, "the repository was never read".to_owned())
        }
        Some(exchange) if exchange.usable_body().is_none() => {
            let gap = gap::failed(scene, exchange, "the git repository");
            let reason = gap.message.clone();
            (gap, reason)
        }
        Some(_) if scene.git["shallow"] == json!(true) => {
            let reason = "the clone is shallow: older commits are missing";
            let mut gap = gap::problem(scene, &scene.repository_id, READ_REPOSITORY, "the git history", reason);
            "clone with the whole history (`git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`)"
                .clone_into(&mut gap.remedy);
            (gap, reason.to_owned())
        }
        Some(_) => return None,
    };
    found.gaps.push(gap);
    Some(reason)
}

fn who_owns(scene: &Scene<'_>, identity: &str, by_id: &BTreeMap<&str, &Exchange>, found: &mut Found) -> Codeowners {
    if !scene.git["head"].is_string() {
        return Codeowners::NoGit;
    }
    let id = Exchange::id_of(identity, READ_CODEOWNERS, None, &collector::request("/CODEOWNERS"), 1);
    let exchange = by_id.get(id.as_str()).copied();
    if let Some(body) = exchange.and_then(|exchange| exchange.usable_body()) {
        let rules = codeowners::Codeowners::parse(body["text"].as_str().unwrap_or(""));
        return Codeowners::Known { rules, exchange: id };
    }
    let gap = match exchange {
        Some(exchange) => gap::failed(scene, exchange, "CODEOWNERS"),
        None => gap::not_asked(scene, &id, READ_CODEOWNERS, "CODEOWNERS"),
    };
    let reason = format!("CODEOWNERS: {}", gap.message);
    found.gaps.push(gap);
    Codeowners::Unknown { reason, gap: id }
}

fn repository_fact(git: &Value) -> Option<Value> {
    if git.is_null() {
        return None;
    }
    let mut fact = Map::new();
    let pairs = [
        ("host", "/remote/host"),
        ("name", "/remote/name"),
        ("branch", "/branch"),
        ("commit", "/head"),
        ("folder", "/folder"),
    ];
    for (name, pointer) in pairs {
        if let Some(value) = git.pointer(pointer).filter(|value| value.is_string()) {
            fact.insert(name.to_owned(), value.clone());
        }
    }
    Some(fact.into())
}

fn who(scene: &Scene<'_>, repository: Option<&Exchange>) -> Option<Identity> {
    let exchange = repository?;
    exchange.usable_body()?;
    let caller = exchange.asked_by.clone();
    let Some(commit) = scene.git["head"].as_str() else {
        let label = if scene.git.is_null() { "folder without git" } else { "git repository without commits" };
        return Some(Identity { id: scene.target.to_owned(), label: label.to_owned(), caller, notes: Vec::new() });
    };
    let text = |pointer: &str| scene.git.pointer(pointer).and_then(Value::as_str);
    let mut notes = Vec::new();
    if let (Some(host), Some(name)) = (text("/remote/host"), text("/remote/name")) {
        notes.push(format!("origin {host}/{name}"));
    }
    if let Some(branch) = text("/branch") {
        notes.push(format!("branch {branch}"));
    }
    Some(Identity { id: commit.to_owned(), label: "git commit".to_owned(), caller, notes })
}
