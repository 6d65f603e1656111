//! Secrets planted wherever the four kinds of target keep some, and the credentials of the scan itself: none of them
//! stands in a bundle, in a log at `-vv`, or in an error. Each planted one is shown to be within reach.

use crate::echo::{Echo, Gives};
use crate::program::{annexa, expect, files, json, lines, root, texts};
use crate::search::{Search, base64, unzipped};
use crate::servers::{self, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Secrets in answers that annexa asks for.
const ASKED: &[&str] = &[
    "aws function environment",
    "github hook path",
    "github hook query",
    "github hook secret",
    "github hook user",
    "github leaked secret",
    "github clone token",
];
/// Secrets in lists of Kubernetes that annexa asks for.
const LISTED: &[&str] = &[
    "kubernetes environment",
    "kubernetes argument",
    "kubernetes command",
    "kubernetes header",
    "kubernetes annotation",
    "kubernetes webhook",
];
/// Secrets in what annexa never asks for.
const NEVER: &[&str] = &["aws user data", "aws parameter", "aws secret", "aws object", "aws password"];
/// Secrets in Secrets and ConfigMaps.
const KEPT: &[&str] = &["kubernetes secret", "kubernetes config map"];
/// Secrets in the folder of documents.
const FILES: &[&str] = &["documents column", "documents key", "documents text", "documents other file"];
/// What the scan itself uses to show who it is.
const CREDENTIALS: &[&str] =
    &["aws secret key", "aws session token", "aws assumed secret key", "aws assumed session token"];

/// A secret for a place: letters and digits, so that it is the same text in JSON, in an address and in XML.
fn secret(place: &str) -> String {
    format!("Kx{}", &annexa_model::sha256_hex(place.as_bytes())[..22])
}

/// The secret of each place. Session tokens of AWS have characters that are written differently elsewhere.
fn planted() -> BTreeMap<&'static str, String> {
    let places = [ASKED, LISTED, NEVER, KEPT, FILES, CREDENTIALS].concat();
    let text = |place: &str| {
        if place.ends_with("session token") { format!("IQ/{}+x==", secret(place)) } else { secret(place) }
    };
    places.into_iter().map(|place| (place, text(place))).collect()
}

/// Four servers with secrets in them.
struct Estate {
    folder: TempDir,
    aws: Server,
    kubernetes: Server,
    github: Server,
    /// The secrets of the scan that servers and tools made.
    made: BTreeMap<&'static str, String>,
}

impl Estate {
    fn start() -> Self {
        let (folder, hidden) = (tempfile::tempdir().unwrap(), planted());
        let place = folder.path();
        let aws = aws(place, &hidden);
        let kubernetes = kubernetes(place, &hidden);
        let app = key_pair();
        std::fs::write(place.join("app.pem"), &app.0).unwrap();
        let github = github(place, &hidden, &app.1);
        documents(place, &hidden);
        expect(place, &["keygen", "--out", "annexa.pem"], 0);
        let middle = |pem: &str| pem.lines().nth(1).unwrap().to_owned();
        let kubeconfig = json(Path::new(kubernetes.ready["kubeconfig"].as_str().unwrap()));
        let users = kubeconfig["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["name"] == "annexa").unwrap();
        let made = BTreeMap::from([
            ("kubernetes token", user["user"]["token"].as_str().unwrap().to_owned()),
            ("github installation token", "0001INSTALLATIONCANARY00000000000000".to_owned()),
            ("github app's key", middle(&app.0)),
            ("signing key", middle(&std::fs::read_to_string(place.join("annexa.pem")).unwrap())),
        ]);
        Self { folder, aws, kubernetes, github, made }
    }

    fn search(&self) -> Search {
        let made = self.made.iter().map(|(place, text)| ((*place).to_owned(), text.clone()));
        Search::new(planted().into_keys().map(|place| (place.to_owned(), secret(place))).chain(made))
    }

    fn configure(&self, kubeconfig: &Path, aws: &str, github: &str) {
        let config = format!(
            "organization: Nordwind Demo\ntargets:\n  \
             - {{name: production, kind: aws, account: \"111122223333\", regions: [eu-central-1], endpoint_url: \"{aws}\", assume_role: \"arn:aws:iam::111122223333:role/annexa\"}}\n  \
             - {{name: shop, kind: kubernetes, kubeconfig: \"{}\", context: annexa}}\n  \
             - {{name: code, kind: github, organization: nordwind-demo, api_url: \"{github}\"}}\n  \
             - {{name: isms, kind: documents, path: ./isms}}\n",
            kubeconfig.display()
        );
        std::fs::write(self.folder.path().join("annexa.yaml"), config).unwrap();
    }

    /// Scans, and gives what was written to stdout and stderr.
    fn scan(&self, more: &[&str]) -> String {
        let hidden = planted();
        let output = annexa()
            .args(["scan", "-vv"])
            .args(more)
            .current_dir(self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
            .env("AWS_SECRET_ACCESS_KEY", &hidden["aws secret key"])
            .env("AWS_SESSION_TOKEN", &hidden["aws session token"])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("GITHUB_APP_ID", "4711")
            .env("GITHUB_APP_PEM_FILE", "app.pem")
            .env("ANNEXA_SIGNING_KEY", "annexa.pem")
            .output()
            .unwrap();
        let (out, err) = texts(&output);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{out}\n{err}");
        assert!(err.matches("call").count() > 20, "-vv says every call: {err}");
        format!("{out}\n{err}")
    }
}

fn aws(place: &Path, hidden: &BTreeMap<&str, String>) -> Server {
    let text = std::fs::read_to_string(root().join("tests/servers/aws/canaries.py")).unwrap();
    let seed = place.join("seed.py");
    std::fs::write(&seed, format!("CANARIES = {}\n{text}", json!(hidden))).unwrap();
    let watched: Vec<String> =
        hidden.keys().filter(|place| place.starts_with("aws")).map(|place| secret(place)).collect();
    servers::aws_watching(&root(), Some(&seed), &watched).unwrap()
}

fn kubernetes(place: &Path, hidden: &BTreeMap<&str, String>) -> Server {
    let container = json!({
        "name": "import", "image": "nordwind/import:1", "args": ["--token", hidden["kubernetes argument"]],
        "command": ["import", format!("--password={}", hidden["kubernetes command"])],
        "env": [{"name": "LOG_FORMAT", "value": hidden["kubernetes environment"]}],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": "X-Key", "value": hidden["kubernetes header"]}]}},
    });
    let pod = json!({"metadata": {"labels": {"app": "import"}}, "spec": {"containers": [container]}});
    let webhook = json!({
        "name": "guard.nordwind-demo.example", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
        "clientConfig": {"url": format!("https://guard.nordwind-demo.example/{}", hidden["kubernetes webhook"])},
        "rules": [{"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}],
    });
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        // kubectl writes the whole of it into an annotation as well
        {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "import", "namespace": "default", "annotations": {"note": hidden["kubernetes annotation"]}},
            "spec": {"selector": {"matchLabels": {"app": "import"}}, "template": pod}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database", "namespace": "default"}, "stringData": {"password": hidden["kubernetes secret"]}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "database", "namespace": "default"}, "data": {"password": hidden["kubernetes config map"]}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "guard"}, "webhooks": [webhook]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "annexa"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "annexa"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "annexa"}]},
    ]});
    let (role, _) = expect(place, &["permissions", "kubernetes"], 0);
    let manifests = [("role.yaml", role), ("objects.yaml", objects.to_string())].map(|(name, text)| {
        let path = place.join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    servers::kubernetes(&root(), &manifests, &["annexa"]).unwrap()
}

fn github(place: &Path, hidden: &BTreeMap<&str, String>, public_key: &str) -> Server {
    let mut scenario = json(&root().join("fixtures/demo/seed/github.json"));
    let url = format!("https://hooks.example.org/{}?token={}", hidden["github hook path"], hidden["github hook query"]);
    scenario["organization"]["hooks"] =
        json!([{"config": {"url": url, "insecure_ssl": "0", "secret": hidden["github hook secret"]}}]);
    let url = format!("https://robot:{}@build.example.org/", hidden["github hook user"]);
    scenario["repositories"][0]["hooks"] = json!([{"config": {"url": url, "insecure_ssl": "0"}}]);
    scenario["repositories"][0]["rest"] = json!({"temp_clone_token": hidden["github clone token"]});
    scenario["repositories"][1]["secret_scanning_alerts"][0]["secret"] = hidden["github leaked secret"].as_str().into();
    scenario["tokens"] = json!([]);
    scenario["app"] = json!({"id": "4711", "installation": 88, "public_key": public_key});
    let watched = hidden.keys().filter(|place| place.starts_with("github")).map(|place| secret(place));
    scenario["watched"] = watched.chain(["INSTALLATIONCANARY".to_owned()]).collect();
    let file = place.join("scenario.json");
    std::fs::write(&file, scenario.to_string()).unwrap();
    servers::github(&root(), &file).unwrap()
}

fn documents(place: &Path, hidden: &BTreeMap<&str, String>) {
    let folder = place.join("isms");
    servers::documents(&root(), &folder).unwrap();
    let people = folder.join("registers/people.csv");
    let rows = std::fs::read_to_string(&people).unwrap();
    let column = |(at, row): (usize, &str)| {
        let value = if at == 0 { "notes_of_the_chief" } else { &hidden["documents column"] };
        format!("{row},{value}\n")
    };
    std::fs::write(&people, rows.lines().enumerate().map(column).collect::<String>()).unwrap();
    let incidents = format!("- {{id: I-1, title: nothing, found_by_key: {}}}\n", hidden["documents key"]);
    std::fs::write(folder.join("registers/incidents.yaml"), incidents).unwrap();
    let policy = folder.join("policies/backup.md");
    let mut text = std::fs::read_to_string(&policy).unwrap();
    write!(text, "\nThe store's password: {}\n", hidden["documents text"]).unwrap();
    std::fs::write(&policy, text).unwrap();
    std::fs::write(folder.join(".env"), format!("PASSWORD={}\n", hidden["documents other file"])).unwrap();
    let git = |arguments: &[&str]| {
        let person = ["-c", "user.name=ines.albrecht", "-c", "user.email=ines.albrecht@nordwind-demo.example"];
        let status = Command::new("git").args(person).args(arguments).current_dir(&folder).status().unwrap();
        assert!(status.success());
    };
    git(&["add", "-A", "-f"]);
    git(&["-c", "commit.gpgsign=false", "commit", "-q", "-m", "More"]);
}

/// An RSA key pair as PEM, made by Node: no key stands in the repository.
fn key_pair() -> (String, String) {
    let program = "const {publicKey, privateKey} = require('crypto').generateKeyPairSync('rsa', {modulusLength: 2048,
        publicKeyEncoding: {type: 'spki', format: 'pem'}, privateKeyEncoding: {type: 'pkcs1', format: 'pem'}});
        console.log(JSON.stringify([privateKey, publicKey]))";
    let output = Command::new("node").args(["-e", program]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn no_secret_leaves_its_place() {
    let estate = Estate::start();
    let (search, folder) = (estate.search(), estate.folder.path());
    let aws = format!("http://127.0.0.1:{}", estate.aws.ready["port"]);
    let github = estate.github.ready["url"].as_str().unwrap();
    estate.configure(Path::new(estate.kubernetes.ready["kubeconfig"].as_str().unwrap()), &aws, github);

    let log = estate.scan(&["--out", "bundle"]);
    search.in_text("the log", &log);
    search.in_folder(&folder.join("bundle"));
    all_was_in_reach(&estate, &aws, github);

    let log = estate.scan(&["--log-format", "json", "--out", "evidence.zip"]);
    search.in_text("the log as JSON", &log);
    search.in_folder(unzipped(&folder.join("evidence.zip")).path());
    expect(folder, &["verify", "evidence.zip"], 0);

    servers_that_show_the_request(&estate, &search);
    wrong_credentials(&estate, &search, &aws, github);
}

/// The servers' own records: what carried a secret was asked and answered, and what is never asked was not.
fn all_was_in_reach(estate: &Estate, aws: &str, github: &str) {
    let shown = |url: &str, text: &str| {
        let requests = crate::github::requests(url);
        requests
            .into_iter()
            .filter(|request| request["shown"].as_array().unwrap().iter().any(|one| one == text))
            .count()
    };
    let credentials = ["aws assumed secret key", "aws assumed session token"];
    for place in ASKED.iter().chain(&credentials) {
        let url = if place.starts_with("aws") { aws } else { github };
        assert!(shown(url, &secret(place)) > 0, "{place} was never answered");
    }
    assert!(shown(github, "INSTALLATIONCANARY") > 0, "no installation token was given out");
    for place in NEVER {
        assert_eq!(shown(aws, &secret(place)), 0, "{place} was asked for");
    }
    let forbidden =
        ["GetParameter", "GetSecretValue", "DescribeInstanceAttribute", "notes.txt", "/contents", "/variables"];
    for request in crate::github::requests(aws).iter().chain(&crate::github::requests(github)) {
        let words = request.to_string();
        assert!(!forbidden.iter().any(|word| words.contains(word)), "{words}");
    }

    let kubectl = |resource: &str| {
        let output = Command::new(estate.kubernetes.ready["kubectl"].as_str().unwrap())
            .arg(format!("--kubeconfig={}", estate.kubernetes.ready["kubeconfig"].as_str().unwrap()))
            .args(["get", resource, "-A", "-o", "json"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let there = kubectl("deployments") + &kubectl("validatingwebhookconfigurations");
    for place in LISTED {
        assert!(there.contains(&secret(place)), "{place} is not there");
    }
    assert!(
        there.contains("last-applied-configuration") && there.matches(&secret("kubernetes environment")).count() >= 2
    );
    assert!(kubectl("secrets").contains(&base64(secret("kubernetes secret").as_bytes())));
    assert!(kubectl("configmaps").contains(&secret("kubernetes config map")));
    let events = lines(Path::new(estate.kubernetes.ready["audit_log"].as_str().unwrap()));
    let asked: Vec<&Value> = events.iter().filter(|event| event["user"]["username"] == "annexa").collect();
    let listed = |resource: &str| {
        asked.iter().any(|e| e["objectRef"]["resource"] == resource && e["responseStatus"]["code"] == 200)
    };
    assert!(listed("deployments") && listed("validatingwebhookconfigurations"));
    assert!(!asked.iter().any(|e| matches!(e["objectRef"]["resource"].as_str(), Some("secrets" | "configmaps"))));

    // the files were read: each says what was cut
    let evidence = estate.folder.path().join("bundle/evidence/documents");
    let read: String = files(&evidence).into_values().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    for named in ["notes_of_the_chief", "found_by_key", "The store's password"] {
        assert!(read.contains(named), "{named} was not read");
    }
}

/// Every call fails, and each error shows the request with its credentials.
fn servers_that_show_the_request(estate: &Estate, search: &Search) {
    let (hidden, folder) = (planted(), estate.folder.path());
    let installation = format!("ghs_{}", estate.made["github installation token"]);
    for (status, role) in [(403, true), (500, false)] {
        let role =
            role.then(|| (hidden["aws assumed secret key"].clone(), hidden["aws assumed session token"].clone()));
        let given = role.is_some();
        let echo = Echo::start(status, Gives { role, installation: installation.clone() });
        estate.configure(&kubeconfig(folder, &echo.url, &estate.made["kubernetes token"]), &echo.url, &echo.url);
        let out = format!("echo-{status}");
        let log = estate.scan(&["--patience", "1", "--out", &out]);
        // the credentials did go out
        let requests = echo.requests().concat();
        let token = secret(if given { "aws assumed session token" } else { "aws session token" });
        for sent in [&token, &installation, &estate.made["kubernetes token"]] {
            assert!(requests.contains(sent.as_str()), "{status}: {sent} was never sent");
        }
        search.in_text(&format!("the log of a scan that got {status}"), &log);
        search.in_folder(&folder.join(&out));
        // the errors are there, with a mask in them
        let mut masked: Vec<String> = Vec::new();
        for (name, bytes) in files(&folder.join(&out).join("evidence")) {
            if String::from_utf8_lossy(&bytes).contains("the answer repeated credentials of the request") {
                masked.push(name.split('/').next().unwrap().to_owned());
            }
        }
        masked.dedup();
        let expected: &[&str] = if given { &["aws", "github", "kubernetes"] } else { &["github", "kubernetes"] };
        assert_eq!(masked, expected, "{status}");
    }
}

fn kubeconfig(folder: &Path, url: &str, token: &str) -> PathBuf {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "annexa",
        "clusters": [{"name": "echo", "cluster": {"server": url}}],
        "users": [{"name": "annexa", "user": {"token": token}}],
        "contexts": [{"name": "annexa", "context": {"cluster": "echo", "user": "annexa"}}],
    });
    let path = folder.join("kubeconfig-echo");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// Credentials that nobody accepts do not stand in the errors about them.
fn wrong_credentials(estate: &Estate, search: &Search, aws: &str, github: &str) {
    let folder = estate.folder.path();
    let mut config = json(Path::new(estate.kubernetes.ready["kubeconfig"].as_str().unwrap()));
    let user = config["users"].as_array_mut().unwrap().iter_mut().find(|user| user["name"] == "annexa").unwrap();
    // a secret that the search knows, and the server does not
    user["user"]["token"] = secret("aws secret key").into();
    let kubeconfig = folder.join("kubeconfig-wrong");
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    estate.configure(&kubeconfig, aws, github);
    let output = annexa()
        .args(["scan", "-vv", "--patience", "1", "--out", "wrong"])
        .current_dir(folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("GITHUB_TOKEN", secret("aws secret key"))
        .output()
        .unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(3), "{out}\n{err}");
    search.in_text("the log with wrong credentials", &format!("{out}\n{err}"));
    search.in_folder(&folder.join("wrong"));
    let gaps = lines(&folder.join("wrong/gaps.jsonl"));
    let said: Vec<&str> =
        gaps.iter().filter(|gap| gap["kind"] == "unauthenticated").map(|gap| gap["target"].as_str().unwrap()).collect();
    for target in ["production", "shop", "code"] {
        assert!(said.contains(&target), "{target}: {gaps:#?}");
    }
}
