//! Zips that were made to deceive a reader, or to exhaust it.

use crate::sample::{Content, key, seal};
use annexa_bundle::{Bundle, BundleError, Limits, VerifyOptions, verify};
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;
use zip::write::SimpleFileOptions;

fn zip_of(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}

fn refusal(path: &Path) -> (String, String) {
    match Bundle::open(path) {
        Err(BundleError::Refused { entry, why, .. }) => (entry, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_that_lead_astray_or_collide_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    for (name, why) in [
        ("../evil", "leads out"),
        ("/evil12", "absolute"),
        ("a/../ev", "leads out"),
        ("a\\evil1", "backslash"),
        ("C:/evil", "drive letter"),
        ("first.T", "only in case"),
        ("first.t", "twice"),
        ("first.t/x", "file of the same name"),
        ("a//evil", "empty"),
        ("a\n12345", "control"),
    ] {
        // the writer would refuse some of these names itself
        let plain = "x".repeat(name.len());
        zip_of(&path, &[("first.t", b"1"), (&plain, b"2")]);
        let mut bytes = std::fs::read(&path).unwrap();
        replace(&mut bytes, plain.as_bytes(), name.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        let (entry, found) = refusal(&path);
        assert_eq!(entry, name);
        assert!(found.contains(why), "{name}: {found}");
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        assert!(!report.is_good() && report.problems[0].entry == name);
        assert!(!report.to_text().contains("a\n12345"), "control characters are not printed");
    }
}

/// A parser repeats what it did not expect; a terminal must not obey it.
#[test]
fn what_an_error_repeats_is_made_safe_for_terminals() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    for hostile in ["\u{7f}", "\u{9b}2J", "\u{202e}"] {
        let manifest = format!("{{\"format\": 1, \"as{hostile}of\": 1}}");
        zip_of(&path, &[("manifest.json", manifest.as_bytes()), ("SHA256SUMS", b"")]);
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        let text = report.to_text();
        assert!(!report.is_good() && text.contains("unknown field") && !text.contains(hostile), "{text:?}");
    }
}

#[test]
fn links_and_devices_in_a_zip_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    assert_eq!(refusal(&path), ("link".into(), "it is a symbolic link".into()));
    for kind in [0o010_000_u32, 0o020_000, 0o060_000, 0o140_000] {
        zip_of(&path, &[("pipe", b"")]);
        let mut bytes = std::fs::read(&path).unwrap();
        let central = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[central + 38..central + 42].copy_from_slice(&((kind | 0o644) << 16).to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(refusal(&path), ("pipe".into(), "it is neither a file nor a folder".into()));
    }
}

#[test]
fn a_zip_with_two_meanings_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    zip_of(&path, &[("aaaa", b"1"), ("bbbb", b"2")]);
    let good = std::fs::read(&path).unwrap();
    let central = good.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let second_central = central + 50;
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        edit(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        refusal(&path).1
    };
    // the entry's own header bears another name than the directory
    assert!(with(&|bytes| bytes[30..34].copy_from_slice(b"cccc")).contains("another name"));
    // two entries over the same bytes
    assert!(with(&|bytes| bytes[second_central + 42..second_central + 46].fill(0)).contains("overlaps"));
    // something before the first entry, as in a program that unpacks itself
    assert!(with(&|bytes| drop(bytes.splice(0..0, *b"#!/bin/sh\n"))).contains("directory is not where"));
    // the end is missing
    assert!(with(&|bytes| bytes.truncate(bytes.len() - 30)).contains("not a whole zip"));
    // something after the end
    assert!(with(&|bytes| bytes.extend(b"more")).contains("not a whole zip"));
    // an entry that the directory does not list
    let hidden = with(&|bytes| {
        let cut = second_central..second_central + 50;
        drop(bytes.splice(cut, []));
        let end = bytes.len() - 22;
        bytes[end + 8] = 1;
        bytes[end + 10] = 1;
        bytes[end + 12..end + 16].copy_from_slice(&50_u32.to_le_bytes());
    });
    assert!(hidden.contains("does not list all"), "{hidden}");
    // encryption
    assert!(with(&|bytes| bytes[central + 8] |= 1).contains("encrypted"));
    // an unknown compression
    assert!(with(&|bytes| bytes[central + 10] = 12).contains("compressed in a way"));
}

/// An entry whose sizes in both headers are set to a lie.
fn with_size(path: &Path, size: u32) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[22..26].copy_from_slice(&size.to_le_bytes());
    let central = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn sizes_must_be_true() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    let zeros = vec![b' '; 100_000];
    for (size, why) in [(99_999, "more than"), (100_001, "less than"), (0, "more than")] {
        zip_of(&path, &[("manifest.json", &zeros)]);
        with_size(&path, size);
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        let problem = &report.problems[0];
        assert!(problem.entry == "manifest.json" && problem.message.contains(why), "{problem:?}");
    }
    zip_of(&path, &[("manifest.json", &zeros)]);
    with_size(&path, 4_000_000_000);
    assert!(refusal(&path).1.contains("can't both be true"));
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e.zip");
    let zeros = vec![b' '; 1 << 20];
    zip_of(&path, &[("a", &zeros), ("b", &zeros), ("c", &zeros)]);
    let limits = Limits { unpacked: 2 << 20, ..Limits::default() };
    let refused = Bundle::open_with(&path, limits).unwrap_err().to_string();
    assert!(refused.contains("`c`") && refused.contains("far more than its own size"), "{refused}");
    let few = Limits { files: 2, ..Limits::default() };
    assert!(Bundle::open_with(&path, few).unwrap_err().to_string().contains("more than 2 files"));
    zip_of(&path, &[("manifest.json", &zeros)]);
    let small = Limits { manifest: 1000, ..Limits::default() };
    let report = Bundle::open_with(&path, small).unwrap().verify(&VerifyOptions::default());
    assert!(report.problems[0].message.contains("larger than 1000 bytes"));
}

#[test]
fn a_zip_that_another_program_packed_is_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("e");
    Content::new().write(&folder, &seal(Some(&key())));
    let script = "import sys, zipfile, os\nroot = sys.argv[1]\nwith zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as z:\n for base, dirs, files in os.walk(root):\n  for d in dirs: z.write(os.path.join(base, d), os.path.relpath(os.path.join(base, d), root))\n  for f in files: z.write(os.path.join(base, f), os.path.relpath(os.path.join(base, f), root))\n";
    let zip = place.path().join("other.zip");
    let status = std::process::Command::new("python3").args(["-c", script]).arg(&folder).arg(&zip).status().unwrap();
    assert!(status.success());
    let report = verify(&zip, &VerifyOptions::default()).unwrap();
    assert!(report.is_good(), "{}", report.to_text());
    // packed as a stream: sizes and checksums follow the data
    let script = "import sys, zipfile\nclass Pipe:\n def __init__(self, f): self.f = f\n def write(self, b): return self.f.write(b)\n def flush(self): self.f.flush()\nold = zipfile.ZipFile(sys.argv[1])\nwith zipfile.ZipFile(Pipe(open(sys.argv[2], 'wb')), 'w', zipfile.ZIP_DEFLATED) as z:\n for n in old.namelist():\n  if not n.endswith('/'): z.writestr(n, old.read(n))\n";
    let streamed = place.path().join("streamed.zip");
    let status = std::process::Command::new("python3").args(["-c", script]).arg(&zip).arg(&streamed).status().unwrap();
    assert!(status.success());
    let report = verify(&streamed, &VerifyOptions::default()).unwrap();
    assert!(report.is_good(), "{}", report.to_text());
}

#[test]
fn a_folder_with_a_link_is_a_report_that_names_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    Content::new().write(&path, &seal(None));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", path.join("controls/link.html")).unwrap();
        let report = verify(&path, &VerifyOptions::default()).unwrap();
        assert_eq!(report.problems[0].entry, "controls/link.html");
    }
}

#[test]
fn a_file_that_only_pretends_to_be_large_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("e");
    Content::new().write(&path, &seal(None));
    // a hole of 200 GB would take minutes to read
    for name in ["index.html", "added.html"] {
        std::fs::File::create(path.join(name)).unwrap().set_len(100 << 30).unwrap();
    }
    std::fs::remove_file(path.join("controls.json")).unwrap();
    let report = verify(&path, &VerifyOptions::default()).unwrap();
    let named: Vec<&str> = report.problems.iter().map(|problem| problem.entry.as_str()).collect();
    assert_eq!(named, ["index.html", "controls.json", "added.html"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..2000, at in 0_usize..2000) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("e.zip");
        std::fs::write(&path, &bytes).unwrap();
        let _ = verify(&path, &VerifyOptions::default());
        zip_of(&path, &[("manifest.json", &bytes), ("a", b"1")]);
        let mut zip = std::fs::read(&path).unwrap();
        let _ = verify(&path, &VerifyOptions::default());
        // parts of a real zip with garbage in between
        let at = at.min(zip.len());
        let end = (at + cut % 64).min(zip.len());
        drop(zip.splice(at..end, bytes));
        std::fs::write(&path, &zip).unwrap();
        let _ = verify(&path, &VerifyOptions::default());
    }

    #[test]
    fn no_manifest_makes_it_panic(at in 0_usize..10_000, junk in "[\\[\\]{}\",:0-9a-z\\\\.]{0,40}", length in 0_usize..60) {
        static BUNDLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let manifest = BUNDLE.get_or_init(|| {
            let place = tempfile::tempdir().unwrap();
            Content::new().write(&place.path().join("e"), &seal(Some(&key())));
            std::fs::read(place.path().join("e/manifest.json")).unwrap()
        });
        let (at, mut bytes) = (at % manifest.len(), manifest.clone());
        let end = (at + length).min(bytes.len());
        drop(bytes.splice(at..end, junk.bytes()));
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("manifest.json"), &bytes).unwrap();
        prop_assert!(!verify(place.path(), &VerifyOptions::default()).unwrap().is_good());
        std::fs::write(place.path().join("manifest.json"), manifest).unwrap();
        std::fs::write(place.path().join("manifest.dsse.json"), &bytes).unwrap();
        prop_assert!(!verify(place.path(), &VerifyOptions::default()).unwrap().is_good());
    }
}
