//! Requests of hundreds of operations must be those that botocore makes.

use super::{Endpoint, build};
use crate::shapes::{Meaning, Member, Scalar, ServiceModel};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const SERVICES: [&str; 22] = [
    "accessanalyzer",
    "autoscaling",
    "backup",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "ecr",
    "elbv2",
    "guardduty",
    "iam",
    "kms",
    "lambda",
    "organizations",
    "rds",
    "route53",
    "s3",
    "s3control",
    "sns",
    "sts",
];

fn library(service: &str) -> ServiceModel {
    let library = include_bytes!("../../shapes/library.zip");
    let mut archive = zip::ZipArchive::new(Cursor::new(&library[..])).unwrap();
    let mut text = String::new();
    archive.by_name(&format!("{service}.json")).unwrap().read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Something for each member, three levels deep.
fn sample(model: &ServiceModel, member: &Member, depth: usize) -> Option<Value> {
    match model.meaning(&member.shape) {
        Meaning::Scalar(Scalar::String) => Some(json!("a b/é+&=")),
        Meaning::Scalar(Scalar::Integer) => Some(json!(7)),
        Meaning::Scalar(Scalar::Boolean) => Some(json!(true)),
        // times, blobs and documents are not sent by read operations of ours
        Meaning::Scalar(_) => None,
        _ if depth > 3 => None,
        Meaning::Structure(members) => {
            let values: Map<String, Value> = samples(model, members, depth + 1);
            (!values.is_empty()).then_some(Value::Object(values))
        }
        Meaning::List(item) => {
            let item = sample(model, item, depth + 1)?;
            Some(json!([item, item]))
        }
        Meaning::Map(_, value) => Some(json!({"key": sample(model, value, depth + 1)?})),
    }
}

fn samples(model: &ServiceModel, members: &BTreeMap<String, Member>, depth: usize) -> Map<String, Value> {
    let scalar = |member: &Member| matches!(model.meaning(&member.shape), Meaning::Scalar(_));
    let sent = members.iter().filter(|(_, member)| {
        member.location.is_none() || scalar(member) || member.location.as_deref() == Some("querystring")
    });
    sent.filter_map(|(name, member)| Some((name.clone(), sample(model, member, depth)?))).collect()
}

#[test]
fn requests_are_those_of_botocore() {
    let mut cases = Vec::new();
    for service in SERVICES {
        let model = library(service);
        for (name, operation) in &model.operations {
            let parameters =
                model.members(operation.input.as_ref()).map(|members| samples(&model, members, 0)).unwrap_or_default();
            let endpoint = Endpoint { base: "https://host".to_owned(), bucket_in_host: None };
            let Ok(request) = build(&model, name, &parameters, &endpoint) else { continue };
            let headers: BTreeMap<&str, _> = request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect();
            cases.push(json!({
                "service": service, "operation": name, "parameters": parameters, "method": request.method().as_str(),
                "path": request.uri().path(), "query": request.uri().query().unwrap_or_default(),
                "headers": headers, "body": String::from_utf8_lossy(request.body()),
            }));
        }
    }
    assert!(cases.len() > 1000, "only {} operations", cases.len());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/tools/venv/bin/python");
    assert!(python.exists(), "{} is missing: run `cargo xtask setup`", python.display());
    let mut process = Command::new(python)
        .arg(root.join("tests/botocore_requests.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    let differences = String::from_utf8_lossy(&output.stdout);
    assert_eq!(differences.trim(), format!("compared {}", cases.len()));
}
