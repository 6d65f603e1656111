//! Whatever is changed in a bundle, `verify` fails and names it.

use crate::sample::{Content, finding, key, other_key, seal};
use annexa_bundle::{PublicKey, VerifyOptions, VerifyReport, verify};
use annexa_model::sha256_hex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use zip::write::SimpleFileOptions;

type Files = BTreeMap<String, Vec<u8>>;

/// A small random number generator, so that a failing seed can be tried again.
struct Dice(u64);

impl Dice {
    fn new(what: &str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("ANNEXA_TAMPER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
        println!("{what}: ANNEXA_TAMPER_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn pick<'a>(&mut self, names: &'a [String]) -> &'a str {
        &names[self.below(names.len())]
    }
}

fn read_folder(root: &Path) -> Files {
    fn walk(root: &Path, below: &str, files: &mut Files) {
        for entry in std::fs::read_dir(root.join(below)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{below}{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                walk(root, &format!("{path}/"), files);
            } else {
                files.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut files = Files::new();
    walk(root, "", &mut files);
    files
}

fn write_folder(files: &Files, root: &Path) {
    let _ = std::fs::remove_dir_all(root);
    for (path, bytes) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn write_zip(files: &Files, path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn original(place: &Path, content: &Content, signer: Option<&annexa_bundle::SigningKey>) -> Files {
    let path = place.join("original");
    content.write(&path, &seal(signer));
    read_folder(&path)
}

/// A tampering: what was done, the names of which `verify` must name one or all, and whether it takes the key to see it.
struct Done {
    what: String,
    all: Vec<String>,
    needs_key: bool,
}

fn done(what: &str, all: &[&str]) -> Done {
    Done { what: what.to_owned(), all: all.iter().map(|name| (*name).to_owned()).collect(), needs_key: false }
}

fn edit_manifest(files: &mut Files, edit: impl FnOnce(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    edit(&mut manifest);
    manifest.as_object_mut().unwrap().shift_remove("digest");
    let digest = sha256_hex(annexa_model::canonical_json(&manifest).unwrap());
    manifest["digest"] = digest.into();
    files.insert("manifest.json".into(), [serde_json::to_vec_pretty(&manifest).unwrap(), b"\n".to_vec()].concat());
}

fn edit_envelope(files: &mut Files, edit: impl FnOnce(&mut Value)) {
    let mut envelope: Value = serde_json::from_slice(&files["manifest.dsse.json"]).unwrap();
    edit(&mut envelope);
    files.insert("manifest.dsse.json".into(), [serde_json::to_vec_pretty(&envelope).unwrap(), b"\n".to_vec()].concat());
}

const BUCKETS: &str = "evidence/aws/prod/s3.ListBuckets.jsonl";
const POLICIES: &str = "evidence/aws/prod/s3.GetBucketPolicy.jsonl";

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn tamper(files: &mut Files, forged: &Files, kind: usize, dice: &mut Dice) -> Done {
    let names: Vec<String> = files.keys().cloned().collect();
    let full: Vec<String> = files.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(name, _)| name.clone()).collect();
    match kind {
        0 => {
            let name = dice.pick(&full);
            let bytes = files.get_mut(name).unwrap();
            let bit = dice.below(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            done(&format!("flip bit {bit} of {name}"), &[name])
        }
        1 => {
            let name = dice.pick(&names);
            files.remove(name);
            done(&format!("remove {name}"), &[name])
        }
        2 => {
            let name =
                ["evidence/aws/prod/zz.jsonl", "new.html", "rules/checks/x.yaml", "controls/A.9.html"][dice.below(4)];
            files.insert(name.into(), b"{}\n".to_vec());
            done(&format!("add {name}"), &[name])
        }
        3 => {
            let name = dice.pick(&names).to_owned();
            let (bytes, new) = (files.remove(&name).unwrap(), format!("{name}x"));
            files.insert(new.clone(), bytes);
            // without a manifest, nothing is known of the others
            done(&format!("rename {name}"), &[&name, if name == "manifest.json" { &name } else { &new }])
        }
        4 => loop {
            let (one, two) = (dice.pick(&names).to_owned(), dice.pick(&names).to_owned());
            if files[&one] == files[&two] {
                continue;
            }
            let (a, b) = (files[&one].clone(), files[&two].clone());
            files.insert(one.clone(), b);
            files.insert(two.clone(), a);
            let what = format!("swap {one} and {two}");
            // without a manifest, nothing is known of the other
            break if what.contains("manifest.json") {
                done(&what, &["manifest.json"])
            } else {
                done(&what, &[&one, &two])
            };
        },
        5 => {
            let (mut from, mut to) = (lines(&files[BUCKETS]), lines(&files[POLICIES]));
            let line = from.remove(dice.below(from.len()));
            to.insert(dice.below(to.len() + 1), line);
            files.insert(BUCKETS.into(), from.concat());
            files.insert(POLICIES.into(), to.concat());
            done("move a line between two evidence files", &[BUCKETS, POLICIES])
        }
        9 => {
            let name = dice.pick(&full);
            let bytes = files.get_mut(name).unwrap();
            let length = dice.below(bytes.len());
            bytes.truncate(length);
            done(&format!("cut {name} to {length}"), &[name])
        }
        10 => {
            let mut all = lines(&files["findings.jsonl"]);
            all.swap(0, 1 + dice.below(2));
            files.insert("findings.jsonl".into(), all.concat());
            done("change the order of findings", &["findings.jsonl"])
        }
        _ => tamper_with_signature(files, forged, kind, dice),
    }
}

fn tamper_with_signature(files: &mut Files, forged: &Files, kind: usize, dice: &mut Dice) -> Done {
    match kind {
        6 => {
            files.remove("manifest.dsse.json");
            done("strip the signature", &["manifest.dsse.json"])
        }
        7 => {
            files.remove("manifest.dsse.json");
            edit_manifest(files, |manifest| manifest["signed_by"] = Value::Null);
            Done { needs_key: true, ..done("strip the signature, and from the manifest", &["manifest.json"]) }
        }
        8 => {
            *files = forged.clone();
            Done { needs_key: true, ..done("the same place, signed by another", &["manifest.json"]) }
        }
        11 => {
            let lies: [(&str, Value); 5] = [
                ("organization", "Other".into()),
                ("as_of", "2027-01-01T00:00:00Z".into()),
                ("privacy", "full".into()),
                ("sequence", 2.into()),
                ("previous", "00".into()),
            ];
            let (member, value) = lies[dice.below(5)].clone();
            edit_manifest(files, |manifest| manifest[member] = value);
            done(&format!("another {member}, digest made to fit"), &["manifest"])
        }
        12 => {
            let choice = dice.below(6);
            edit_envelope(files, |envelope| match choice {
                0 => envelope["payloadType"] = "application/json".into(),
                1 => envelope["more"] = 1.into(),
                2 => envelope["signatures"][0]["keyid"] = "00".into(),
                3 => envelope["signatures"] = Value::Array(vec![]),
                4 => {
                    let first = envelope["signatures"][0].clone();
                    envelope["signatures"].as_array_mut().unwrap().push(first);
                }
                _ => envelope["signatures"][0]["sig"] = "AAAA".into(),
            });
            done(&format!("envelope, change {choice}"), &["manifest.dsse.json"])
        }
        13 => {
            let text = String::from_utf8(files["manifest.json"].clone()).unwrap();
            files.insert("manifest.json".into(), text.replacen(": ", ":  ", 1).into_bytes());
            done("a blank more in manifest.json", &["manifest.json"])
        }
        _ => {
            // all is forged but the signature
            let envelope = files["manifest.dsse.json"].clone();
            *files = forged.clone();
            files.insert("manifest.dsse.json".into(), envelope);
            done("another bundle with this one's signature", &["manifest.dsse.json"])
        }
    }
}

const KINDS: usize = 15;

fn names_it(report: &VerifyReport, name: &str) -> bool {
    report.problems.iter().any(|problem| problem.entry.starts_with(name) || problem.message.contains(name))
}

fn try_tamperings(what: &str, write: impl Fn(&Files, &Path), to: &str) {
    let place = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(what);
    let good = original(place.path(), &Content::new(), Some(&key()));
    let mut lies = Content::new();
    lies.findings[1] = finding("aws.s3.one", "arn:b", "pass");
    let forged = original(place.path(), &lies, Some(&other_key()));
    let (path, public) = (place.path().join(to), key().public().unwrap());
    let with_key = VerifyOptions { key: Some(&public), library: None };
    write(&good, &path);
    assert!(verify(&path, &with_key).unwrap().is_good(), "untouched, it is good");
    for round in 0..300 {
        let mut files = good.clone();
        let done = tamper(&mut files, &forged, round % KINDS, &mut dice);
        write(&files, &path);
        for options in [with_key, VerifyOptions::default()] {
            let report = verify(&path, &options).unwrap();
            if done.needs_key && options.key.is_none() {
                continue;
            }
            assert!(!report.is_good(), "not seen: {}", done.what);
            for name in &done.all {
                assert!(names_it(&report, name), "{}: {name} is not named in {:?}", done.what, report.problems);
            }
        }
    }
}

#[test]
fn every_tampering_with_a_folder_is_seen_and_named() {
    try_tamperings("folder", write_folder, "e");
}

#[test]
fn every_tampering_with_a_zip_is_seen_and_named() {
    try_tamperings("zip", write_zip, "e.zip");
}

#[test]
fn every_flipped_bit_of_a_zip_file_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    Content::new().write(&path, &seal(Some(&key())));
    let good = std::fs::read(&path).unwrap();
    let mut dice = Dice::new("zip bits");
    // all of the directory and the last headers; of the rest every seventh byte, another one in each run
    let dense = good.len() - 1200;
    for at in (dice.below(7)..dense).step_by(7).chain(dense..good.len()) {
        let mut bytes = good.clone();
        let bit = dice.below(8);
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, &bytes).unwrap();
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        assert!(!report.is_good(), "bit {bit} of byte {at} of {}", good.len());
        assert!(report.problems.iter().all(|problem| !problem.entry.is_empty()));
    }
    for cut in [0, 1, 21, 22, 70, good.len() / 2, good.len() - 1] {
        std::fs::write(&path, &good[..cut]).unwrap();
        assert!(!verify(&path, &VerifyOptions::default()).unwrap().is_good(), "cut to {cut}");
    }
}

#[test]
fn every_flipped_bit_of_an_unsigned_manifest_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    Content::new().write(&path, &seal(None));
    let good = std::fs::read(path.join("manifest.json")).unwrap();
    let mut dice = Dice::new("manifest bits");
    for at in (dice.below(5)..good.len()).step_by(5) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << dice.below(8);
        std::fs::write(path.join("manifest.json"), &bytes).unwrap();
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        assert!(names_it(&report, "manifest.json"), "byte {at}: {:?}", report.problems);
    }
}

#[test]
fn a_key_inside_the_bundle_is_never_trusted() {
    // someone else signs, and calls the key by our name in the manifest
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    let mut files = original(place.path(), &Content::new(), Some(&other_key()));
    let ours: PublicKey = key().public().unwrap();
    edit_manifest(&mut files, |manifest| manifest["signed_by"]["key_id"] = ours.id().into());
    write_folder(&files, &path);
    for key in [None, Some(&ours)] {
        let report = verify(&path, &VerifyOptions { key, library: None }).unwrap();
        assert!(!report.is_good() && names_it(&report, "manifest.json"));
    }
}

#[test]
fn renames_and_swaps_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    let mut files = original(place.path(), &Content::new(), None);
    let (a, b) = (files[BUCKETS].clone(), files[POLICIES].clone());
    files.insert(BUCKETS.into(), b);
    files.insert(POLICIES.into(), a);
    let page = files.remove("index.html").unwrap();
    files.insert("start.html".into(), page);
    write_folder(&files, &path);
    let text = verify(&path, &VerifyOptions::default()).unwrap().to_text();
    assert!(text.contains(&format!("{BUCKETS}: it holds what belongs into {POLICIES}")), "{text}");
    assert!(text.contains("index.html: it is missing; `start.html` holds its content"), "{text}");
}
