//! A small bundle with everything that a bundle can hold.

use annexa_bundle::{Cover, Disk, Previous, RealDisk, Recipients, SaltSeed, Seal, SigningKey, Writer, Written};
use annexa_model::{ControlRecord, Edition, Finding, Gap, Kind, Period, Resource, RuleFiles, Selection, TargetRecord};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_secret([7; 32])
}

pub(crate) fn other_key() -> SigningKey {
    SigningKey::from_secret([8; 32])
}

/// A key for encryption that stands in no other place.
pub(crate) const IDENTITY: &str = "AGE-SECRET-KEY-1RJG7RX0KYS9RWC5V0VYKDUZT4XMQ2CKH6X08TCW20GAYR5CQ6FKQZM4C82";
const RECIPIENT: &str = "age1apted6fk3h23z4nkfgrgfg4a93up23nmdux4gdyxwp6mtwtkwd2qthaauj";

pub(crate) fn recipients() -> Recipients {
    let mut recipients = Recipients::default();
    recipients.add(RECIPIENT).unwrap();
    recipients
}

pub(crate) fn cover() -> Cover {
    Cover {
        organization: "Example GmbH".into(),
        edition: Edition::E2022,
        selection: Selection::Full,
        period: Some(Period { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() }),
        as_of: "2026-03-01T10:00:00Z".parse().unwrap(),
        privacy: "default".into(),
        targets: vec![TargetRecord::new("prod", Kind::Aws), TargetRecord::new("shop", Kind::Kubernetes)],
    }
}

pub(crate) fn finding(check: &str, resource: &str, status: &str) -> Finding {
    let id = annexa_model::finding_id(check, "aws.s3.bucket", resource);
    serde_json::from_value(json!({
        "id": id, "check": check, "status": status, "severity": "high", "target": "prod",
        "resource": {"type": "aws.s3.bucket", "id": resource, "name": resource, "region": "eu-central-1"},
        "message": format!("{resource} is {status}"), "observed": {"a": null}, "evidence_kind": "implementation",
        "evidence": ["e1"], "controls": {"2022": ["A.8.3"]}, "exception": null,
    }))
    .unwrap()
}

pub(crate) fn resource(id: &str) -> Resource {
    serde_json::from_value(json!({
        "type": "aws.s3.bucket", "id": id, "name": id, "target": "prod", "facts": {"Name": id}, "sources": {"": ["e1"]},
    }))
    .unwrap()
}

pub(crate) fn gap(id: &str) -> Gap {
    serde_json::from_value(json!({
        "id": id, "target": "prod", "operation": "s3:GetBucketPolicy", "subject": "bucket drop", "kind": "denied",
        "message": "AccessDenied", "remedy": "allow it", "checks": ["aws.s3.one"],
    }))
    .unwrap()
}

pub(crate) fn control(id: &str, status: &str) -> ControlRecord {
    let counts = json!({"pass": 0, "fail": 0, "accepted": 0, "unknown": 0, "not_applicable": 0, "manual": 0});
    serde_json::from_value(json!({
        "edition": "2022", "id": id, "title": "t", "group": "technological", "corresponds_to": [], "applicable": true,
        "status": status, "sentence": "s", "not_covered": "n", "question": "q", "direct": counts, "supporting": counts,
        "direct_checks": [], "supporting_checks": [], "evidence_kinds": [],
    }))
    .unwrap()
}

/// What goes into a bundle; tests change it before writing.
pub(crate) struct Content {
    pub(crate) cover: Cover,
    pub(crate) findings: Vec<Finding>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) controls: Vec<ControlRecord>,
    pub(crate) rules: Vec<(String, String)>,
}

impl Content {
    pub(crate) fn new() -> Self {
        Self {
            cover: cover(),
            findings: vec![
                finding("aws.s3.one", "arn:a", "pass"),
                finding("aws.s3.one", "arn:b", "fail"),
                finding("aws.s3.two", "arn:a", "unknown"),
            ],
            resources: vec![resource("arn:a"), resource("arn:b")],
            gaps: vec![gap("g1")],
            controls: vec![control("A.8.3", "deviation"), control("A.8.24", "none")],
            rules: vec![
                ("checks/aws/s3/one.yaml".into(), "title: one\n".into()),
                ("checks/aws/s3/two.yaml".into(), "title: two\n".into()),
                ("own/mine.yaml".into(), "title: mine\n".into()),
            ],
        }
    }

    pub(crate) fn write(&self, to: &Path, seal: &Seal<'_>) -> Written {
        self.try_write(Arc::new(RealDisk), to, seal).unwrap()
    }

    pub(crate) fn try_write(
        &self,
        disk: Arc<dyn Disk>,
        to: &Path,
        seal: &Seal<'_>,
    ) -> Result<Written, annexa_bundle::BundleError> {
        let mut writer = if to.extension().is_some_and(|e| e == "age") {
            Writer::create_encrypted_on(disk, to, recipients())?
        } else {
            Writer::create_on(disk, to)?
        };
        let exchange = |operation: &str, n: u32| -> Value {
            json!({"id": format!("{operation}{n}"), "page": n, "operation": operation})
        };
        for (file, operation) in [("s3.ListBuckets", "s3:ListBuckets"), ("s3.GetBucketPolicy", "s3:GetBucketPolicy")] {
            let path = format!("evidence/aws/prod/{file}.jsonl");
            writer.add_records::<Value>(&path, (1..=4).map(|n| exchange(operation, n)))?;
        }
        writer.add("evidence/kubernetes/shop/list.pods.jsonl", b"")?;
        writer.add_records::<Finding>("findings.jsonl", &self.findings)?;
        writer.add_records::<Resource>("resources.jsonl", &self.resources)?;
        writer.add_records::<Gap>("gaps.jsonl", &self.gaps)?;
        writer.add_controls(&self.controls)?;
        let mut rules = RuleFiles::new();
        for (path, text) in &self.rules {
            rules.insert(path.clone(), text.clone().into_bytes());
        }
        writer.add_rules(&rules)?;
        writer.add("inputs/annexa.yaml", b"organization: Example GmbH\n")?;
        writer.add("index.html", b"<!doctype html><title>Evidence</title>\n")?;
        writer.add("controls/A.8.3.html", b"<!doctype html><title>A.8.3</title>\n")?;
        writer.add("oscal/assessment-results.json", b"{}\n")?;
        writer.finish(self.cover.clone(), seal)
    }
}

pub(crate) fn seal(key: Option<&SigningKey>) -> Seal<'_> {
    Seal { key, previous: None, salts: SaltSeed::fixed([1; 32]) }
}

pub(crate) fn seal_after(key: &SigningKey, previous: Previous) -> Seal<'_> {
    Seal { previous: Some(previous), ..seal(Some(key)) }
}
