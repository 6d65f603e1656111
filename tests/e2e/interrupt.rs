//! Ctrl-C and SIGTERM in the middle of a scan.

use crate::program::{annexa, company, expect, json, lines, root, statuses};
use crate::servers;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Lets so many pieces of answers through to the scanner, then holds everything back.
struct Stalling {
    port: u16,
    left: Arc<AtomicUsize>,
}

fn stalling(server: u16, pieces: usize) -> Stalling {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let left = Arc::new(AtomicUsize::new(pieces));
    let shared = left.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let upstream = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut to_server, mut from_client) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            let left = shared.clone();
            std::thread::spawn(move || let_through(upstream, client, &left));
        }
    });
    Stalling { port, left }
}

fn let_through(mut server: TcpStream, mut client: TcpStream, left: &AtomicUsize) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = server.read(&mut buffer) {
        let allowed = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if !allowed {
            // the connection stays open and silent
            loop {
                std::thread::park();
            }
        }
        if length == 0 || client.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

#[test]
fn a_signal_in_the_middle_leaves_a_bundle_that_says_incomplete() {
    let server = servers::aws(&root(), Some(&root().join("fixtures/demo/seed/aws.py"))).unwrap();
    let port = u16::try_from(server.ready["port"].as_u64().unwrap()).unwrap();
    let key = &server.ready["seeded"]["scanner"];
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        company(folder.path());
        let stalling = stalling(port, 60);
        let config = std::fs::read_to_string(folder.path().join("annexa.yaml")).unwrap();
        let config = config.replace("http://127.0.0.1:5000", &format!("http://127.0.0.1:{}", stalling.port));
        std::fs::write(folder.path().join("annexa.yaml"), config).unwrap();
        let mut child = annexa()
            .args(["scan", "--target", "production", "--out", "bundle"])
            .current_dir(folder.path())
            .env("AWS_ACCESS_KEY_ID", key["access_key_id"].as_str().unwrap())
            .env("AWS_SECRET_ACCESS_KEY", key["secret_access_key"].as_str().unwrap())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while stalling.left.load(Ordering::SeqCst) > 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "the scan does not come so far");
            assert!(child.try_wait().unwrap().is_none(), "the scan ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
        let kill = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let (signalled, mut err) = (Instant::now(), String::new());
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = child.wait().unwrap();
        assert!(signalled.elapsed() < Duration::from_secs(30), "SIG{signal}: the scan went on");
        assert_eq!(status.code(), Some(3), "SIG{signal}: {err}");
        assert!(err.contains("what was collected is kept"), "{err}");
        expect(folder.path(), &["verify", "bundle"], 0);
        expect(folder.path(), &["reperform", "bundle"], 0);
        let bundle = folder.path().join("bundle");
        let gaps = lines(&bundle.join("gaps.jsonl"));
        assert!(gaps.iter().any(|gap| gap["kind"] == "interrupted"), "SIG{signal}: no gap says interrupted");
        let found = statuses(&bundle);
        assert!(found.values().any(|status| status == "unknown"), "SIG{signal}: nothing is unknown");
        assert!(json(&bundle.join("manifest.json"))["counts"]["exchanges"].as_u64() > Some(5), "SIG{signal}");
        assert!(std::fs::read_to_string(bundle.join("index.html")).unwrap().contains("incomplete"));
    }
}
