//! A company's documents and registers, in a folder as the collector finds them.

use super::{choice, seed};
use crate::demo;
use crate::rules::{ask_all, rules};
use annexa_model::Kind;
use annexa_tape::{Collector, MemorySink, Privacy, Redactor, Session};
use std::cell::RefCell;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().build().expect("a runtime"));
}

const DOCUMENTS: [&str; 5] = ["policies/a.md", "a.md", "records/a.markdown", "plans/a.md", "procedures/README.md"];
const REGISTERS: [&str; 8] = [
    "people.csv",
    "risks.csv",
    "suppliers.yaml",
    "scope.yaml",
    "approved-admins.yml",
    "incidents.csv",
    "a.yaml",
    "assets.csv",
];

/// One Markdown file.
pub(crate) fn document(data: &[u8]) {
    let (name, text) = choice(data);
    read(&[(DOCUMENTS.get(name % DOCUMENTS.len()).copied().unwrap_or_default(), text)]);
}

/// A register, and after a NUL the file that describes it.
pub(crate) fn register(data: &[u8]) {
    let (name, data) = choice(data);
    let name = REGISTERS.get(name % REGISTERS.len()).copied().unwrap_or_default();
    match data.iter().position(|byte| *byte == 0) {
        None => read(&[(name, data)]),
        Some(end) => {
            let stem = name.split('.').next().unwrap_or_default();
            read(&[(name, &data[..end]), (&format!("{stem}.meta.yaml"), &data[end + 1..])]);
        }
    }
}

/// Collects a folder of these files, says what it means, and asks all checks.
fn read(files: &[(&str, &[u8])]) {
    let folder = tempfile::tempdir().expect("a folder for the files");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
        std::fs::write(path, bytes).expect("the file can be written");
    }
    let sink = Arc::new(MemorySink::new());
    let target = demo::target(Kind::Documents);
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let session =
        Session::builder(target.clone(), demo::as_of(), sink.clone(), redactor).base_dir(folder.path()).build();
    let documents = &rules().documents;
    // a panic on the thread that reads files comes back as an error here
    RUNTIME.with_borrow(|runtime| runtime.block_on(documents.collect(&session, None))).expect("a folder can be read");
    let evidence = sink.evidence().expect("what was collected can be read");
    for exchange in evidence.exchanges() {
        let exchange = exchange.expect("what was collected can be read");
        crate::rules::same_when_read_back(&exchange);
    }
    ask_all(&documents.extract(&target, &evidence));
}

pub(crate) fn document_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = demo::documents(".md")
        .iter()
        .enumerate()
        .map(|(number, text)| seed(&[number % DOCUMENTS.len()], text))
        .collect();
    let links = "---\nid: P-1\nkind: policy\nreviews: [{by: a@example.org, on: 2026-01-01}]\n---\n# A\n\n| a | b |\n|---|---|\n\
                 | [x](y \"z\") | `TODO` |\n\n> - 1. **a** ![b](c) <d@example.org> [e][]\n\n[e]: f\n";
    seeds.push(seed(&[1], links));
    seeds
}

pub(crate) fn register_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for text in demo::documents(".csv") {
        let short: String = text.lines().take(12).map(|line| format!("{line}\n")).collect();
        seeds.push(seed(&[seeds.len() % 2], format!("{short}\0register: person\nowner: a@example.org\n")));
        seeds.push(seed(&[5], short));
    }
    for (number, text) in demo::documents(".yaml").into_iter().enumerate() {
        seeds.push(seed(&[2 + number % 3], text));
    }
    seeds
}
