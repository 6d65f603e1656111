//! A moto server of its own for each test.

use annexa_aws::Aws;
use annexa_model::Kind;
use annexa_tape::Evidence;
use serde_json::json;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const URL: &str = "ANNEXA_TEST_MOTO_URL";

/// A running server; ends with the value.
pub(crate) struct Moto {
    process: Child,
    url: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn tool(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv/bin").join(name);
    assert!(root.exists(), "{} is missing: run `cargo xtask setup`", root.display());
    root
}

/// The server of the test that runs inside another.
pub(crate) fn url() -> String {
    std::env::var(URL).expect("this test runs inside of another, which starts a server for it")
}

impl Moto {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(tool("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto_server does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// Runs a script that fills the account.
    pub(crate) fn seed(self, script: &str) -> Self {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
        let status = credentials(Command::new(tool("python")).arg(script).arg(&self.url)).status().unwrap();
        assert!(status.success(), "the seed script failed");
        self
    }

    /// Runs an ignored test of this file with the server's address and credentials in its environment.
    pub(crate) fn run_again(self, test: &str) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--ignored", "--nocapture"]).env(URL, &self.url);
        let status = credentials(&mut command).status().unwrap();
        assert!(status.success(), "`{test}` failed");
    }
}

/// Compares every decoded answer with what botocore reads from the same body.
pub(crate) fn compare_answers(aws: &Aws, evidence: &Evidence) {
    let mut cases = Vec::new();
    for exchange in evidence.of_target(Kind::Aws, "prod").unwrap() {
        // what was cut is not what botocore would read
        let answer = exchange.answer.as_ref().filter(|answer| answer.status < 300 && exchange.cuts.is_empty());
        let (Some(answer), Some(ours), Some((service, operation))) =
            (answer, aws.answer(&exchange), exchange.operation.split_once(':'))
        else {
            continue;
        };
        cases.push(json!({"service": service, "operation": operation, "status": answer.status, "body": answer.body, "ours": ours}));
    }
    assert!(cases.len() > 50, "only {} answers", cases.len());
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/moto_answers.py");
    let mut process =
        Command::new(tool("python")).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("compared {}", cases.len()));
}

fn credentials(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
}
