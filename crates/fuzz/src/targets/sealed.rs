//! Files of lines in a bundle that is sealed right: what only its content makes hostile.

use super::bundles::{cover, fill, read_all};
use super::{choice, seed};
use annexa_bundle::{SaltSeed, Seal, VerifiedBundle, VerifyOptions, Writer, diff};
use annexa_model::{ControlRecord, Exchange, Finding, Gap, Resource};
use std::path::Path;

const FILES: [&str; 5] =
    ["findings.jsonl", "resources.jsonl", "gaps.jsonl", "controls.json", "evidence/aws/t/s3.ListBuckets.jsonl"];

pub(crate) fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    let path = FILES.get(choice % FILES.len()).copied().unwrap_or_default();
    let folder = tempfile::tempdir().expect("a folder for the bundles");
    let hostile = if choice & 0x80 == 0 { "hostile" } else { "hostile.zip" };
    let (before, after) = (folder.path().join("before"), folder.path().join(hostile));
    assert!(write(&before, None), "a plain bundle can be written");
    // lines that are no records are refused when a bundle is written
    if !write(&after, Some((path, data))) {
        return;
    }
    let open = |path: &Path| VerifiedBundle::open(path, &VerifyOptions::default()).expect("what was written verifies");
    let (before, after) = (open(&before), open(&after));
    read_all(&after);
    records(&after);
    if let (Ok(there), Ok(back)) = (diff(&before, &after), diff(&after, &before)) {
        assert_eq!(there.is_empty(), back.is_empty(), "a difference has two sides");
        drop((there.to_text(), serde_json::to_string(&there)));
    }
}

fn write(place: &Path, replaced: Option<(&str, &[u8])>) -> bool {
    let mut writer = Writer::create(place).expect("a bundle can be begun");
    fill(&mut writer, replaced);
    writer.finish(cover(), &Seal { key: None, previous: None, salts: SaltSeed::fixed([1; 32]) }).is_ok()
}

fn records(bundle: &VerifiedBundle) {
    fn all<T: serde::de::DeserializeOwned>(bundle: &VerifiedBundle, path: &str) {
        if let Ok(records) = bundle.records::<T>(path) {
            drop(records.collect::<Vec<_>>());
        }
    }
    all::<Finding>(bundle, "findings.jsonl");
    all::<Resource>(bundle, "resources.jsonl");
    all::<Gap>(bundle, "gaps.jsonl");
    all::<ControlRecord>(bundle, "controls.json");
    all::<Exchange>(bundle, "evidence/aws/t/s3.ListBuckets.jsonl");
    drop((bundle.controls(), bundle.rules(), bundle.leaf_hashes()));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let finding = r#"{"id":"1","check":"a.b.c","status":"pass","severity":"low","target":"t","resource":{"type":"a.b","id":"r","name":"r"},"message":"m","observed":{"a":[1]},"evidence":["1"],"gaps":["g"],"controls":{"2022":["A.8.3"]},"exception":"x"}"#;
    let resource = r#"{"type":"a.b","id":"r","name":"r","target":"t","facts":{"a":1},"unobserved":[{"pointer":"/b","state":"partial","reason":"c"}],"sources":{"":["1"]}}"#;
    let gap = r#"{"id":"g","target":"t","operation":"o","subject":"s","kind":"denied","message":"m","remedy":"r","checks":["a"],"exception":null}"#;
    let control = "[\n{\"id\":\"A.8.3\",\"edition\":\"2022\",\"status\":\"none\"},\n{\"id\":\"A.8.4\",\"edition\":\"2013\",\"status\":\"partial\"}\n]\n";
    let lines = |line: &str| format!("{line}\n{line}\n");
    vec![
        seed(&[0], lines(finding)),
        seed(&[0x81], lines(resource)),
        seed(&[2], lines(gap)),
        seed(&[3], control),
        seed(&[0x84], lines("{\"id\":\"1\"}")),
    ]
}
