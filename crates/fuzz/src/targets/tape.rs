//! Evidence files of a bundle: lines of exchanges that somebody may have written by hand.

use super::{JSON, choice, seed};
use crate::demo;
use crate::rules::{ask_all, rules, same_when_read_back};
use annexa_model::{Exchange, Kind};
use annexa_tape::{Evidence, EvidenceFile, MemorySink, Sink};
use std::collections::BTreeMap;

const LONGEST_SEED: usize = 12 * 1024;

const KINDS: [Kind; 4] = [Kind::Aws, Kind::Kubernetes, Kind::Github, Kind::Documents];

pub(crate) fn run(data: &[u8]) {
    let (kind, data) = choice(data);
    let kind = KINDS.get(kind % KINDS.len()).copied().unwrap_or(Kind::Aws);
    let target = demo::target(kind);
    let path = format!("{kind}/{}/of-somebody.jsonl", target.name);
    let evidence = Evidence::from_files(BTreeMap::from([(path, data.to_vec())]));
    let sink = MemorySink::new();
    let mut whole = true;
    for exchange in evidence.exchanges() {
        let Ok(exchange) = exchange else {
            whole = false;
            continue;
        };
        same_when_read_back(&exchange);
        let found = evidence.get(&exchange.id).expect("what was read can be found");
        assert!(found.is_some_and(|found| found.id == exchange.id), "an exchange is not found by its id");
        repeat(&exchange);
        let file = EvidenceFile::of(&exchange).path;
        assert!(!file.split('/').any(|part| part.is_empty() || part == ".."), "{file} leads astray");
        sink.keep(&exchange).expect("memory takes everything");
    }
    if whole {
        sink.files().expect("what was read can be sorted");
    }
    ask_all(&rules().collector(kind).extract(&target, &evidence));
}

/// The command that repeats a call is one line of text, whatever the exchange says.
fn repeat(exchange: &Exchange) {
    let commands = [
        annexa_aws::reproduce(exchange),
        Some(annexa_kubernetes::reproduce(exchange)),
        annexa_github::reproduce(exchange),
        annexa_documents::reproduce(exchange),
    ];
    drop(commands);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut of_operation: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for exchange in demo::tape(kind) {
            let line = serde_json::to_string(exchange).expect("an exchange can be written") + "\n";
            let lines = of_operation.entry(&exchange.operation).or_default();
            if lines.len() + line.len() <= LONGEST_SEED / 2 {
                lines.extend(line.bytes());
            }
        }
        seeds.extend(of_operation.into_values().map(|lines| seed(&[number], lines)));
    }
    seeds.push(seed(&[0], JSON.concat()));
    seeds
}
