//! Bundles as somebody else may have packed them.

use super::{choice, seed};
use crate::demo;
use annexa_bundle::{
    Bundle, Cover, ENVELOPE, MANIFEST, Manifest, PublicKey, SaltSeed, Seal, SigningKey, VerifiedBundle, VerifyOptions,
    Writer,
};
use annexa_model::{Edition, Selection, canonical_json, sha256_hex};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// Words of zips.
pub(super) const ZIP: &[&str] = &[
    "PK\u{1}\u{2}",
    "PK\u{3}\u{4}",
    "PK\u{5}\u{6}",
    "PK\u{6}\u{6}",
    "PK\u{6}\u{7}",
    "PK\u{7}\u{8}",
    "\u{1}\0\u{10}\0",
    "../",
    "manifest.json",
    "sha256:",
    "\0\0\0\0\0\0\0\0",
];

/// A small signed bundle: its files by path, the same as a zip, and its key.
struct Base {
    files: BTreeMap<String, Vec<u8>>,
    zip: Vec<u8>,
    key: PublicKey,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let key = SigningKey::from_secret([3; 32]);
        let folder = tempfile::tempdir().expect("a folder for the bundle");
        let write = |name: &str| {
            let mut writer = Writer::create(&folder.path().join(name)).expect("a bundle can be begun");
            fill(&mut writer, None);
            let seal = Seal { key: Some(&key), previous: None, salts: SaltSeed::fixed([5; 32]) };
            writer.finish(cover(), &seal).expect("a bundle can be finished").path
        };
        let zip = std::fs::read(write("base.zip")).expect("the zip can be read");
        let key = key.public().expect("the key is one");
        let options = VerifyOptions { key: Some(&key), library: None };
        let bundle = VerifiedBundle::open(&write("base"), &options).expect("what was written is right");
        let mut files = BTreeMap::new();
        for path in bundle.below("").map(str::to_owned).chain([MANIFEST.to_owned(), ENVELOPE.to_owned()]) {
            let bytes = std::fs::read(bundle.path().join(&path)).expect("a file of the bundle can be read");
            files.insert(path, bytes);
        }
        Base { files, zip, key }
    })
}

/// Fills a bundle with one file of each kind; one of them may be replaced.
pub(super) fn fill(writer: &mut Writer, replaced: Option<(&str, &[u8])>) {
    let finding = json!({"id": "1", "check": "a.b.c", "status": "fail", "severity": "high", "target": "t",
        "resource": {"type": "a.b", "id": "r", "name": "r"}, "message": "m", "observed": {}, "evidence": ["1"],
        "gaps": [], "controls": {}, "exception": null});
    let control = json!({"id": "A.8.3", "edition": "2022", "status": "deviation", "title": "t"});
    let files = [
        ("evidence/aws/t/s3.ListBuckets.jsonl", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n".to_owned()),
        ("findings.jsonl", format!("{finding}\n")),
        ("resources.jsonl", "{\"id\":\"r\"}\n".to_owned()),
        ("gaps.jsonl", "{\"id\":\"g\",\"exception\":null}\n".to_owned()),
        ("controls.json", format!("[\n{control}\n]\n")),
        ("rules/a.yaml", "a: b\n".to_owned()),
        ("index.html", "<p>a</p>".repeat(50)),
    ];
    for (path, text) in &files {
        let bytes = replaced.filter(|(other, _)| other == path).map_or(text.as_bytes(), |(_, bytes)| bytes);
        writer.add(path, bytes).expect("a file can be added");
    }
}

/// What the bundles here say of themselves.
pub(super) fn cover() -> Cover {
    Cover {
        organization: "Example GmbH".to_owned(),
        edition: Edition::E2022,
        selection: Selection::Full,
        period: None,
        as_of: demo::as_of(),
        privacy: "default".to_owned(),
        targets: Vec::new(),
    }
}

/// Verifies what stands at a place, with the right key and without one; when it is good, reads all of it.
fn verify(path: &Path) -> bool {
    let options = VerifyOptions { key: Some(&base().key), library: None };
    let with_key = annexa_bundle::verify(path, &options);
    let without = annexa_bundle::verify(path, &VerifyOptions::default());
    let (Ok(with_key), Ok(without)) = (with_key, without) else { return false };
    for report in [&with_key, &without] {
        let text = report.to_text();
        let plain = |c: char| c == '\n' || !(c.is_control() || "\u{202a}\u{202b}\u{202d}\u{202e}".contains(c));
        assert!(text.chars().all(plain), "the report holds control characters: {text:?}");
        assert_eq!(report.is_good(), report.problems.is_empty(), "{text}");
    }
    assert!(without.is_good() || !with_key.is_good(), "with a key more is demanded, not less");
    if without.is_good() {
        let bundle = Bundle::open(path).and_then(|bundle| bundle.verified(&VerifyOptions::default()));
        read_all(&bundle.expect("it was verified"));
    }
    with_key.is_good()
}

/// Reads every file, and those of lines line by line.
pub(super) fn read_all(bundle: &VerifiedBundle) {
    for path in bundle.below("").map(str::to_owned).collect::<Vec<_>>() {
        bundle.read(&path).expect("a verified file can be read");
        if path.ends_with(".jsonl") {
            let records = bundle.records::<Value>(&path).expect("a verified file can be read");
            drop(records.collect::<Vec<_>>());
        }
    }
}

/// A zip.
pub(crate) fn zip(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder for the zip");
    let path = folder.path().join("b.zip");
    std::fs::write(&path, data).expect("the zip can be written");
    if verify(&path) {
        // all that is signed is the same; how it is packed, other programs may do differently
        let bundle = VerifiedBundle::open(&path, &VerifyOptions::default()).expect("it was verified");
        for (name, bytes) in base().files.iter().filter(|(name, _)| *name != MANIFEST && *name != ENVELOPE) {
            assert_eq!(&bundle.read(name).expect("the file is there"), bytes, "{name} is another one");
        }
    }
}

/// The base with one file replaced, as a folder.
fn with(name: &str, bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder for the bundle");
    for (path, original) in &base().files {
        let path_there = folder.path().join(path);
        std::fs::create_dir_all(path_there.parent().expect("it is in a folder")).expect("the folder can be made");
        std::fs::write(path_there, if path == name { bytes } else { original }).expect("the file can be written");
    }
    verify(folder.path())
}

/// manifest.json: as it is, or with its digest and its form made right so that what it says counts.
pub(crate) fn manifest(data: &[u8]) {
    let (mode, data) = choice(data);
    let made_right = if mode % 2 == 1 { made_right(data) } else { None };
    let bytes = made_right.as_deref().unwrap_or(data);
    let good = with(MANIFEST, bytes);
    assert!(!good || Some(bytes) == base().files.get(MANIFEST).map(Vec::as_slice), "a forged manifest passes");
}

fn made_right(data: &[u8]) -> Option<Vec<u8>> {
    let manifest: Manifest = serde_json::from_slice(data).ok()?;
    let mut value = serde_json::to_value(&manifest).ok()?;
    value.as_object_mut()?.shift_remove("digest");
    let digest = sha256_hex(canonical_json(&value).ok()?);
    let mut bytes = serde_json::to_vec_pretty(&Manifest { digest, ..manifest }).ok()?;
    bytes.push(b'\n');
    Some(bytes)
}

/// The DSSE envelope of a bundle that is right otherwise.
pub(crate) fn envelope(data: &[u8]) {
    let good = with(ENVELOPE, data);
    assert!(!good || Some(data) == base().files.get(ENVELOPE).map(Vec::as_slice), "a forged envelope passes");
}

pub(crate) fn zip_seeds() -> Vec<Vec<u8>> {
    // the same files once more, stored and not packed, as other programs do
    let mut bare = Vec::new();
    let (mut directory, mut count) = (Vec::new(), 0_u16);
    for (name, bytes) in &base().files {
        let offset = u32::try_from(bare.len()).unwrap_or(0);
        let sizes = u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
        let common = |crc: u32| [&[10, 0, 0, 8, 0, 0, 0, 0, 33, 80][..], &crc.to_le_bytes(), &sizes, &sizes].concat();
        let length = u16::try_from(name.len()).unwrap_or(0).to_le_bytes();
        let fields = common(crc32(bytes));
        bare.extend([b"PK\x03\x04", fields.as_slice(), &length, &[0, 0], name.as_bytes(), bytes].concat());
        let tail = [&length[..], &[0; 12], &offset.to_le_bytes(), name.as_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\x00", fields.as_slice(), &tail].concat());
        count += 1;
    }
    let (start, length) = (u32::try_from(bare.len()).unwrap_or(0), u32::try_from(directory.len()).unwrap_or(0));
    bare.extend(directory);
    let counts = [count.to_le_bytes(), count.to_le_bytes()].concat();
    bare.extend(
        [b"PK\x05\x06\0\0\0\0", counts.as_slice(), &length.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat(),
    );
    vec![base().zip.clone(), bare]
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

pub(crate) fn manifest_seeds() -> Vec<Vec<u8>> {
    let manifest = &base().files[MANIFEST];
    vec![seed(&[0], manifest), seed(&[1], manifest)]
}

pub(crate) fn envelope_seeds() -> Vec<Vec<u8>> {
    vec![base().files[ENVELOPE].clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_bundles_that_verify() {
        for (number, zip) in zip_seeds().into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("b.zip");
            std::fs::write(&path, zip).unwrap();
            assert!(verify(&path), "zip {number}: {:?}", annexa_bundle::verify(&path, &VerifyOptions::default()));
        }
        assert!(with(MANIFEST, &base().files[MANIFEST]));
        assert_eq!(made_right(&base().files[MANIFEST]).as_ref(), base().files.get(MANIFEST));
    }
}
