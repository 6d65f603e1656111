//! Everything that goes wrong between us and an AWS API, on a real socket: each service in turn with each fault.

use crate::denied::{dishonest, exchanges_of, no_new_pass};
use crate::program::{annexa, company, expect, lines, root, statuses, texts};
use crate::servers::{self, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The services by the names that requests are signed for.
const SERVICES: [&str; 15] = [
    "acm",
    "backup",
    "cloudtrail",
    "config",
    "dynamodb",
    "ec2",
    "ecr",
    "guardduty",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "s3",
    "secretsmanager",
];
/// The faults of tests/servers/aws/server.py, and the kind of gap that each leaves.
const FAULTS: [(&str, &str); 11] = [
    ("denied", "denied"),
    ("expired", "unauthenticated"),
    ("throttled", "throttled"),
    ("throttled_silently", "throttled"),
    ("busy", "server"),
    ("busy_silently", "server"),
    ("failing", "server"),
    ("page_of_a_proxy", "invalid"),
    ("broken_off", "invalid"),
    ("error_in_200", "server"),
    ("empty", "invalid"),
];

fn set(server: &Server, faults: &Value) {
    let mut stream =
        TcpStream::connect(("127.0.0.1", u16::try_from(server.ready["port"].as_u64().unwrap()).unwrap())).unwrap();
    let body = faults.to_string();
    write!(stream, "PUT /gate/faults HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 204 "), "{answer}");
}

fn scan(server: &Server, folder: &Path, status: i32) -> Vec<Value> {
    company(folder);
    let config = std::fs::read_to_string(folder.join("annexa.yaml")).unwrap();
    let url = format!("http://127.0.0.1:{}", server.ready["port"]);
    std::fs::write(folder.join("annexa.yaml"), config.replace("http://127.0.0.1:5000", &url)).unwrap();
    let key = &server.ready["seeded"]["scanner"];
    let start = Instant::now();
    let output = annexa()
        .args(["scan", "--target", "production", "--patience", "1", "--out", "bundle"])
        .current_dir(folder)
        .env("AWS_ACCESS_KEY_ID", key["access_key_id"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", key["secret_access_key"].as_str().unwrap())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(240), "the scan took {:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(status), "{:?}", texts(&output));
    lines(&folder.join("bundle/findings.jsonl"))
}

/// The exchanges of each service, by the first word of their operation.
fn by_service(bundle: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for exchange in exchanges_of(&bundle.join("evidence")) {
        let service = exchange["operation"].as_str().unwrap().split(':').next().unwrap();
        // both are signed for s3
        let service = if service == "s3control" { "s3" } else { service };
        found.entry(service.to_owned()).or_default().insert(exchange["id"].as_str().unwrap().to_owned());
    }
    found
}

#[test]
fn each_service_with_each_fault() {
    let server = servers::aws(&root(), Some(&root().join("fixtures/demo/seed/aws.py"))).unwrap();
    let good = tempfile::tempdir().unwrap();
    let before = scan(&server, good.path(), 3);
    let passes = statuses(&good.path().join("bundle"));
    let calls = by_service(&good.path().join("bundle"));
    for service in SERVICES {
        assert!(calls.get(service).is_some_and(|ids| !ids.is_empty()), "{service} is not asked");
    }
    // every service has every fault once, all services at the same time
    for round in 0..FAULTS.len() {
        let folder = tempfile::tempdir().unwrap();
        let fault = |service: usize| FAULTS[(service + round) % FAULTS.len()];
        set(&server, &SERVICES.iter().enumerate().map(|(i, s)| (*s, json!(fault(i).0))).collect());
        let after = scan(&server, folder.path(), 3);
        let bundle = folder.path().join("bundle");
        no_new_pass(&format!("round {round}"), &passes, &statuses(&bundle));
        let gaps = lines(&bundle.join("gaps.jsonl"));
        for (number, service) in SERVICES.iter().enumerate() {
            let (fault, kind) = fault(number);
            let what = format!("{service} {fault}");
            let silent = dishonest(&what, &before, &calls[*service], &after);
            assert!(silent.is_empty(), "{}", silent.join("\n"));
            let of_service = |gap: &&Value| gap["operation"].as_str().unwrap().starts_with(&format!("{service}:"));
            let kinds: BTreeSet<_> = gaps.iter().filter(of_service).map(|gap| gap["kind"].as_str().unwrap()).collect();
            assert!(kinds.contains(kind), "{what}: gaps of kinds {kinds:?}");
        }
        expect(folder.path(), &["verify", "bundle"], 0);
    }
}

#[test]
fn a_page_token_that_leads_in_circles() {
    let server = servers::aws(&root(), Some(&root().join("fixtures/demo/seed/aws.py"))).unwrap();
    set(&server, &json!({"secretsmanager": "in_circles", "logs": "in_circles"}));
    let folder = tempfile::tempdir().unwrap();
    let findings = scan(&server, folder.path(), 3);
    let gaps = lines(&folder.path().join("bundle/gaps.jsonl"));
    for (operation, check) in [
        ("secretsmanager:ListSecrets", "aws.secretsmanager.secret-rotates"),
        ("logs:DescribeLogGroups", "aws.logs.log-group-has-a-term"),
    ] {
        let calls = exchanges_of(&folder.path().join("bundle/evidence"));
        let pages =
            calls.iter().filter(|call| call["operation"] == operation && call["page"].as_u64() > Some(1)).count();
        assert!((1..10).contains(&pages), "{operation} was asked for {pages} more pages");
        let gap = gaps.iter().find(|gap| gap["operation"] == operation);
        assert!(
            gap.is_some_and(|gap| gap["checks"].as_array().unwrap().iter().any(|c| c == check)),
            "{operation}: {gap:?}"
        );
        let of_check = |f: &&Value| f["check"] == check && f["status"] == "unknown";
        assert!(findings.iter().any(|f| of_check(&f)), "{check} does not say that the list is not whole");
    }
}

#[test]
fn credentials_that_expire_in_the_middle() {
    let server = servers::aws(&root(), Some(&root().join("fixtures/demo/seed/aws.py"))).unwrap();
    set(&server, &json!({"*": "expired", "after": 60}));
    let folder = tempfile::tempdir().unwrap();
    let findings = scan(&server, folder.path(), 3);
    let count = |status: &str| findings.iter().filter(|f| f["status"] == status).count();
    assert!(count("unknown") > 20, "{} are unknown", count("unknown"));
    // what was collected until then is kept, and what it decides is decided
    assert!(count("pass") + count("fail") > 0, "nothing of what was collected is left");
    let gaps = lines(&folder.path().join("bundle/gaps.jsonl"));
    assert!(gaps.iter().any(|gap| gap["kind"] == "unauthenticated"));
    expect(folder.path(), &["reperform", "bundle"], 0);
}
