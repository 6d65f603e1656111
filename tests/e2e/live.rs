//! One scan of four real servers: an AWS API, a Kubernetes API server, a GitHub that keeps to the vendor's description,
//! and a git repository.

use crate::program::{annexa, company, expect, json, lines, root, texts};
use crate::servers::{self, Server};
use std::path::Path;

struct Estate {
    folder: tempfile::TempDir,
    aws: Server,
    _kubernetes: Server,
    _github: Server,
}

fn estate() -> Estate {
    let root = root();
    let seed = root.join("fixtures/demo/seed");
    let folder = tempfile::tempdir().unwrap();
    let aws = servers::aws(&root, Some(&seed.join("aws.py"))).unwrap();
    let (role, _) = expect(folder.path(), &["permissions", "kubernetes"], 0);
    let access = folder.path().join("access.yaml");
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: annexa}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: annexa}\nsubjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: annexa}]\n";
    std::fs::write(&access, format!("{role}\n---\n{binding}")).unwrap();
    let kubernetes = servers::kubernetes(&root, &[seed.join("kubernetes.yaml"), access], &["annexa"]).unwrap();
    let github = servers::github(&root, &seed.join("github.json")).unwrap();
    servers::documents(&root, &folder.path().join("isms")).unwrap();
    company(folder.path());
    let path = folder.path().join("annexa.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("http://127.0.0.1:5000", &format!("http://127.0.0.1:{}", aws.ready["port"]))
        .replace("http://127.0.0.1:5001", github.ready["url"].as_str().unwrap())
        .replace("./kubeconfig", kubernetes.ready["kubeconfig"].as_str().unwrap());
    std::fs::write(path, text).unwrap();
    Estate { folder, aws, _kubernetes: kubernetes, _github: github }
}

#[test]
fn four_real_servers_in_one_scan() {
    let estate = estate();
    let key = &estate.aws.ready["seeded"]["scanner"];
    let output = annexa()
        .args(["scan", "--out", "bundle"])
        .current_dir(estate.folder.path())
        .env("AWS_ACCESS_KEY_ID", key["access_key_id"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", key["secret_access_key"].as_str().unwrap())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("GITHUB_TOKEN", "ghp_demo")
        .output()
        .unwrap();
    let (out, err) = texts(&output);
    // the seed denies the scanner some keys
    assert_eq!(output.status.code(), Some(3), "{out}\n{err}");
    let bundle = estate.folder.path().join("bundle");
    expect(estate.folder.path(), &["verify", "bundle"], 0);
    expect(estate.folder.path(), &["reperform", "bundle"], 0);
    as_seeded(&bundle);
    identities(&bundle);
    let secret = key["secret_access_key"].as_str().unwrap();
    for (name, bytes) in crate::program::files(&bundle) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(secret) && !text.contains("ghp_demo") && !text.contains("demo-canary"),
            "{name} holds a secret"
        );
    }
}

/// Findings that the seed decides.
fn as_seeded(bundle: &Path) {
    let findings = lines(&bundle.join("findings.jsonl"));
    let status = |check: &str, name: &str| -> String {
        let found = findings.iter().find(|f| f["check"] == check && f["resource"]["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{check} says nothing of {name}"));
        found["status"].as_str().unwrap().to_owned()
    };
    for (check, name, expected) in [
        ("aws.s3.bucket-blocks-public-access", "nordwind-backups", "pass"),
        ("aws.s3.bucket-blocks-public-access", "nordwind-logs-archive", "fail"),
        ("aws.iam.user-has-mfa", "ines.albrecht", "pass"),
        ("aws.iam.user-has-mfa", "oskar.lindqvist", "fail"),
        ("aws.iam.user-has-mfa", "deploy-bot", "not_applicable"),
        ("kubernetes.workload.containers-are-not-privileged", "storefront", "pass"),
        ("kubernetes.workload.containers-are-not-privileged", "import", "fail"),
        ("kubernetes.namespace.traffic-is-denied-by-default", "shop", "pass"),
        ("kubernetes.namespace.traffic-is-denied-by-default", "legacy", "fail"),
    ] {
        assert_eq!(status(check, name), expected, "{check} of {name}");
    }
}

fn identities(bundle: &Path) {
    let manifest = json(&bundle.join("manifest.json"));
    for target in manifest["targets"].as_array().unwrap() {
        let id = target["identity"]["id"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "nobody answered for {}", target["name"]);
    }
}
