//! Bundles in a bucket: a real client against a test server that keeps versions and Object Lock (moto).

use crate::program::{annexa, company, demo, root, texts};
use crate::servers::{self, Server};
use serde_json::Value;
use std::process::Command;
use tempfile::TempDir;

/// A server with buckets, and the demo company's folder.
struct Lockers {
    folder: TempDir,
    temporary: TempDir,
    server: Server,
}

impl Lockers {
    fn start(locker: &str) -> Self {
        let root = root();
        let server = servers::aws(&root, Some(&root.join("tests/servers/aws/lockers.py"))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        company(folder.path());
        let lockers = Self { folder, temporary: tempfile::tempdir().unwrap(), server };
        lockers.configure(locker);
        lockers
    }

    fn configure(&self, locker: &str) {
        let path = self.folder.path().join("annexa.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("locker:").next().unwrap();
        std::fs::write(&path, format!("{text}{locker}")).unwrap();
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.ready["port"])
    }

    fn command(&self) -> Command {
        let mut command = annexa();
        command
            .current_dir(self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "auditee")
            .env("AWS_SECRET_ACCESS_KEY", "locker-canary-secret")
            .env("AWS_ENDPOINT_URL_S3", self.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("TMPDIR", self.temporary.path());
        command
    }

    /// Runs the program to an exit status, and looks that no copy is left.
    fn run(&self, arguments: &[&str], status: i32) -> (String, String) {
        self.ends(self.command().args(arguments), status)
    }

    fn ends(&self, command: &mut Command, status: i32) -> (String, String) {
        let output = command.output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(status), "{command:?}\n{out}\n{err}");
        assert!(!out.contains("locker-canary-secret") && !err.contains("locker-canary-secret"));
        assert_eq!(std::fs::read_dir(self.temporary.path()).unwrap().count(), 0, "a copy is left");
        (out, err)
    }

    fn scan(&self, out: &str, status: i32) -> String {
        let replay = demo().display().to_string();
        self.run(&["scan", "--replay", &replay, "--allow-incomplete", "--out", out], status).1
    }

    /// The folders of bundles that did not get to their place.
    fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("annexa-upload-")).collect()
    }

    fn verified(&self, url: &str) -> Value {
        serde_json::from_str(&self.run(&["verify", url, "--json"], 0).0).unwrap()
    }
}

const RETAINED: &str = "locker: {region: eu-central-1, retain: {mode: compliance, days: 400}}\n";
const URL: &str = "s3://locked/2026/march.zip";

#[test]
fn a_locked_bundle_stays_and_is_read_by_every_command() {
    let lockers = Lockers::start(RETAINED);
    let err = lockers.scan(URL, 0);
    assert!(err.contains("Bundle s3://locked/2026/march.zip") && err.contains("retained until"), "{err}");
    assert!(lockers.kept().is_empty(), "a copy is left");
    let report = lockers.verified(URL);
    let stored = &report["stored"];
    assert_eq!((&report["good"], &report["bundle"]), (&true.into(), &URL.into()));
    assert_eq!((&stored["sha256_matches"], &stored["retention"]["mode"]), (&true.into(), &"compliance".into()));
    let (out, _) = lockers.run(&["verify", URL], 0);
    let version = stored["version_id"].as_str().unwrap();
    for words in ["s3://locked/2026/march.zip: matches", version, "retained until 20", "SHA-256 as uploaded"] {
        assert!(out.contains(words), "no {words} in {out}");
    }
    assert!(lockers.run(&["reperform", URL], 0).0.contains("s3://locked/2026/march.zip: the same, byte for byte"));
    assert!(lockers.run(&["report", URL, "--format", "markdown"], 0).0.contains("Nordwind"));
    lockers.run(&["diff", URL, URL, "--exit-code"], 0);
    let next = "s3://locked/2026/april.zip";
    let replay = demo().display().to_string();
    lockers.run(&["scan", "--replay", &replay, "--previous", URL, "--out", next, "--allow-incomplete"], 0);
    assert_eq!(lockers.verified(next)["manifest"]["previous"], report["manifest"]["digest"]);
}

#[test]
fn nobody_gets_rid_of_a_locked_bundle() {
    let lockers = Lockers::start(RETAINED);
    lockers.scan(URL, 0);
    let err = lockers.scan(URL, 2);
    assert!(err.contains("there is an object of this name already") && err.contains("another name"), "{err}");
    assert!(!err.contains("open fail"), "the scan was run although the name is taken: {err}");
    assert!(lockers.kept().is_empty());

    let version = lockers.verified(URL)["stored"]["version_id"].as_str().unwrap().to_owned();
    let output = Command::new(root().join("target/tools/venv/bin/python"))
        .arg(root().join("tests/outside/object_lock.py"))
        .args([&lockers.endpoint(), "locked", "2026/march.zip", &version])
        .output()
        .unwrap();
    let (out, err) = texts(&output);
    let tried: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"));
    let tries = &tried["tries"];
    assert_eq!(tries["delete the version"], "refused: AccessDenied");
    assert_eq!(tries["delete the version, bypassing"], "refused: AccessDenied");
    assert_eq!(tries["write if nothing is there"], "refused: PreconditionFailed");
    // these do not touch the version: they put a newer one, or a delete marker, before it
    assert!(!tries["write"].as_str().unwrap().starts_with("refused"), "{tries}");
    assert_eq!((&tried["same"], &tried["mode"]), (&true.into(), &"COMPLIANCE".into()));
    let days = |text: &str| text.parse::<annexa_model::Timestamp>().unwrap().as_second() / 86_400;
    let until = days(tried["until"].as_str().unwrap());
    let expected = annexa_model::Timestamp::now().as_second() / 86_400 + 400;
    assert!((until - expected).abs() <= 1, "{tried}");

    let (_, err) = lockers.run(&["verify", URL], 2);
    assert!(err.contains("no such object"), "{err}");
    let report = lockers.verified(&format!("{URL}?versionId={version}"));
    assert_eq!(report["stored"]["version_id"], version.as_str());
}

#[test]
fn encrypted_and_locked() {
    let lockers = Lockers::start(RETAINED);
    let key = lockers.folder.path().join("key.txt");
    let made = Command::new("age-keygen").arg("-o").arg(&key).output();
    assert!(made.unwrap_or_else(|error| panic!("age-keygen: {error}; run `cargo xtask setup`")).status.success());
    let public = Command::new("age-keygen").arg("-y").arg(&key).output().unwrap();
    let recipient = texts(&public).0.trim().to_owned();
    let replay = demo().display().to_string();
    let scan = ["scan", "--replay", &replay, "--allow-incomplete", "--encrypt-to", &recipient];
    // a place without a name gets one
    let (_, err) = lockers.run(&[&scan[..], &["--out", "s3://locked/2026"]].concat(), 0);
    let url = err.split_whitespace().find(|word| word.starts_with("s3://locked/2026/evidence-")).unwrap().to_owned();
    assert!(url.ends_with(".zip.age"), "{url}");
    let (_, err) = lockers.run(&["verify", &url], 2);
    assert!(err.contains("is encrypted") && err.contains("--identity"), "{err}");
    let (out, _) = lockers.run(&["verify", &url, "--identity", "key.txt"], 0);
    assert!(out.contains("retained until") && out.contains(&format!("{url}: matches")), "{out}");
}

#[test]
fn what_could_not_be_uploaded_is_kept_here() {
    let lockers = Lockers::start("");
    let err = lockers.scan("s3://read-only/e.zip", 2);
    assert!(err.contains("may not do this") && err.contains("s3://read-only/e.zip can't be written"), "{err}");
    let kept = lockers.kept();
    let [folder] = kept.as_slice() else { panic!("{kept:?}") };
    let bundle = format!("{folder}/e.zip");
    assert!(err.contains(&format!("kept at {bundle}")), "{err}");
    assert!(err.contains("open fail"), "the findings are not shown: {err}");
    lockers.run(&["verify", &bundle], 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = lockers.folder.path().join(folder).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn rights_to_write_alone_are_enough_and_overwrite_nothing() {
    let lockers = Lockers::start("");
    let url = "s3://write-only/e.zip";
    let err = lockers.scan(url, 0);
    assert!(err.contains("is free can't be seen") && err.contains("can't be read back with these rights"), "{err}");
    // the server itself refuses the second one
    let err = lockers.scan(url, 2);
    assert!(err.contains("there is an object of this name already") && err.contains("kept at annexa-upload-"), "{err}");
    assert_eq!(lockers.kept().len(), 1);
    let (_, err) = lockers.run(&["verify", url], 2);
    assert!(err.contains("may not do this") && err.contains("rights"), "{err}");
}

/// More than one piece: 40 MB that can't be compressed.
#[test]
fn a_large_bundle_goes_in_pieces() {
    let lockers = Lockers::start("");
    let folder = lockers.folder.path();
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(40_000_000)
    .collect();
    std::fs::write(folder.join("files/noise.bin"), noise).unwrap();
    let list = folder.join("manual-evidence.yaml");
    let text = std::fs::read_to_string(&list).unwrap();
    let item = "  - {id: M-99, title: Noise, controls: [A.7.2], date: 2026-10-01, valid_until: 2027-09-30, owner: ada, file: files/noise.bin}\n";
    std::fs::write(&list, format!("{}\n{item}", text.trim_end())).unwrap();
    let url = "s3://plain/large.zip";
    lockers.scan(url, 0);
    let report = lockers.verified(url);
    assert!(report["stored"]["size"].as_u64().unwrap() > 32 << 20);
    assert_eq!(report["stored"]["sha256_matches"], true);
    assert!(report["stored"]["etag"].as_str().unwrap().contains("-3"), "{}", report["stored"]);
    assert!(lockers.scan(url, 2).contains("already"));
}

#[test]
fn mistakes_are_told_before_any_call() {
    let lockers = Lockers::start(RETAINED);
    let told = |out: &str, words: &[&str]| {
        let err = lockers.scan(out, 2);
        for word in words {
            assert!(err.contains(word), "no {word} in {err}");
        }
        assert!(!err.contains("open fail") && lockers.kept().is_empty(), "{err}");
    };
    told("s3://nowhere/e.zip", &["there is no bucket `nowhere`"]);
    told("s3://plain/e.zip", &["`plain` has no Object Lock"]);
    told("s3:///e.zip", &["s3://bucket/folder/name.zip"]);
    lockers.configure("locker: {retain: {mode: complience, days: 400}}\n");
    told("s3://locked/e.zip", &["annexa.yaml:", "did you mean `compliance`?"]);
    lockers.configure("locker: {retan: {mode: compliance, days: 400}}\n");
    told("s3://locked/e.zip", &["annexa.yaml:", "did you mean `retain`?"]);
    lockers.configure("locker: {endpoint_url: \"http://127.0.0.1:9\"}\n");
    told("s3://locked/e.zip", &["127.0.0.1", "endpoint_url"]);

    let (_, err) = lockers.run(&["verify", "s3://locked/none.zip"], 2);
    assert!(err.contains("s3://locked/none.zip can't be read: there is no such object"), "{err}");
    let (_, err) = lockers.run(&["verify", "s3://nowhere/none.zip"], 2);
    assert!(err.contains("there is no bucket `nowhere`"), "{err}");
    let (_, err) = lockers.run(&["verify", "s3://locked/"], 2);
    assert!(err.contains("names no bundle"), "{err}");
    let mut nobody = lockers.command();
    nobody.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").args(["verify", URL]);
    let (_, err) = lockers.ends(&mut nobody, 2);
    assert!(err.contains("no AWS credentials") && err.contains("AWS_PROFILE"), "{err}");
    let mut homeless = lockers.command();
    homeless.env_remove("AWS_ENDPOINT_URL_S3").args(["verify", URL]);
    let (_, err) = lockers.ends(&mut homeless, 2);
    assert!(err.contains("no region is known") && err.contains("AWS_REGION"), "{err}");
}

/// The scanner reads; the locker alone writes, and only this.
#[test]
fn the_locker_alone_writes_and_only_finished_objects() {
    const CALLS: [&str; 9] = [
        "get_object",
        "head_object",
        "get_object_retention",
        "get_object_lock_configuration",
        "put_object",
        "create_multipart_upload",
        "upload_part",
        "complete_multipart_upload",
        "abort_multipart_upload",
    ];
    let mut found = Vec::new();
    for (name, bytes) in crate::program::files(&root().join("crates/locker/src")) {
        let text = String::from_utf8(bytes).unwrap().split_whitespace().collect::<String>();
        for client in [".client.", ".after_stop."] {
            for call in text.split(client).skip(1).filter_map(|rest| rest.split('(').next()) {
                assert!(CALLS.contains(&call), "{name} calls {call}");
                found.push(call.to_owned());
            }
        }
    }
    assert!(CALLS.iter().all(|call| found.iter().any(|found| found == call)), "{found:?}");
    for manifest in ["annexa", "aws", "bundle", "checks", "documents", "github", "kubernetes", "report", "tape"] {
        let text = std::fs::read_to_string(root().join(format!("crates/{manifest}/Cargo.toml"))).unwrap();
        assert!(!text.contains("aws-sdk-s3"), "{manifest} uses the SDK by itself");
    }
}

/// A server that takes the call and never answers; then Ctrl-C.
#[cfg(unix)]
#[test]
fn ctrl_c_removes_the_copy() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let child = annexa()
        .args(["verify", URL])
        .env("AWS_ACCESS_KEY_ID", "auditor")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_ENDPOINT_URL_S3", format!("http://{}", silent.local_addr().unwrap()))
        .env("AWS_REGION", "eu-central-1")
        .env("TMPDIR", temporary.path())
        .spawn();
    let mut child = child.unwrap();
    let (_connection, _) = silent.accept().unwrap();
    let copies: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap()).collect();
    let mode = std::os::unix::fs::PermissionsExt::mode(&copies[0].metadata().unwrap().permissions());
    assert_eq!((copies.len(), mode & 0o777), (1, 0o700));
    // the one that waits for the signal was started before the call, but may still be on its way
    std::thread::sleep(std::time::Duration::from_millis(500));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}
