//! A company's own check and its own AWS service: one YAML file each, no Rust.

use crate::program::{annexa, expect, lines, root, texts};
use crate::servers;

const CHECK: &str = r#"
title: SNS topics are encrypted with a key of one's own
severity: low
each: aws.sns.topic
pass: has(resource.attributes.Attributes['KmsMasterKeyId'])
fail: "{{name}} is not encrypted"
controls:
  A.8.24: {direct: messages at rest are encrypted}
why: Messages often hold what the database protects so well.
fix: {cli: "aws sns set-topic-attributes --topic-arn {{name}} --attribute-name KmsMasterKeyId --attribute-value alias/aws/sns"}
see: [aws:sns:GetTopicAttributes]
examples:
  pass: [{attributes: {Attributes: {KmsMasterKeyId: alias/aws/sns}}}]
  fail: [{attributes: {Attributes: {Owner: "1"}}}]
  unknown: [{attributes: !denied }]
"#;

#[test]
fn a_check_and_a_service_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let seed = "def seed(aws):\n    sns = aws.client('sns')\n    sns.create_topic(Name='orders', Attributes={'KmsMasterKeyId': 'alias/aws/sns'})\n    sns.create_topic(Name='scratch')\n";
    std::fs::write(path("seed.py"), seed).unwrap();
    let server = servers::aws(&root(), Some(&path("seed.py"))).unwrap();
    std::fs::create_dir_all(path("checks/aws/sns")).unwrap();
    std::fs::write(path("checks/aws/sns/topic-is-encrypted.yaml"), CHECK).unwrap();
    std::fs::create_dir_all(path("services")).unwrap();
    let service = root().join("tests/e2e/own/sns.yaml");
    std::fs::copy(service, path("services/sns.yaml")).unwrap();
    let config = format!(
        "organization: Nordwind Demo\ntargets:\n  - {{name: prod, kind: aws, regions: [eu-central-1], endpoint_url: \"http://127.0.0.1:{}\"}}\nchecks: [./checks]\nservices: [./services]\n",
        server.ready["port"]
    );
    std::fs::write(path("annexa.yaml"), config).unwrap();
    let output = annexa()
        .args(["scan", "--only", "aws.sns.*", "--out", "bundle"])
        .current_dir(folder.path())
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{:?}", texts(&output));
    let findings = lines(&path("bundle/findings.jsonl"));
    let of = |name: &str| {
        findings.iter().find(|f| f["resource"]["name"].as_str().unwrap().ends_with(name)).map(|f| f["status"].clone())
    };
    assert_eq!(of("orders"), Some("pass".into()), "{findings:#?}");
    assert_eq!(of("scratch"), Some("fail".into()));
    let (out, _) = expect(folder.path(), &["verify", "bundle"], 0);
    assert!(out.contains("rule checks/own/aws/sns/topic-is-encrypted.yaml"), "{out}");
    expect(folder.path(), &["reperform", "bundle"], 0);
    let (_, err) = expect(folder.path(), &["checks", "test", "checks", "--services", "services"], 0);
    assert!(err.contains("0 failures"), "{err}");
    let (library, _) = expect(folder.path(), &["permissions", "aws"], 0);
    let (with_own, _) = expect(folder.path(), &["permissions", "aws", "-c", "annexa.yaml"], 0);
    assert!(!library.contains("sns:") && with_own.contains("sns:GetTopicAttributes"), "{with_own}");
}
