//! The collector against moto, an AWS server for tests: what is seeded by boto3 must be found.
//!
//! Needs `target/tools/venv` with moto and boto3; `cargo xtask setup` installs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

mod server;

use annexa_aws::{Aws, rules};
use annexa_model::{AwsSettings, Extraction, Resource, SetState, Settings, Target};
use annexa_tape::{Collector, Evidence, MemorySink, Privacy, Redactor, Session};
use serde_json::json;
use server::Moto;
use std::sync::Arc;

fn target(url: &str) -> Target {
    let settings = AwsSettings {
        account: Some("123456789012".to_owned()),
        regions: vec!["eu-central-1".to_owned(), "us-west-2".to_owned()],
        endpoint_url: Some(url.to_owned()),
        ..AwsSettings::default()
    };
    Target { name: "prod".to_owned(), settings: Settings::Aws(settings) }
}

fn scan(url: &str) -> (Aws, Evidence, Extraction) {
    let aws = Aws::load(&rules()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let sink = Arc::new(MemorySink::new());
    let as_of = "2026-11-25T10:00:00Z".parse().unwrap();
    let session = Session::builder(target(url), as_of, sink.clone(), Redactor::new(Privacy::Default, [7; 32])).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(aws.collect(&session, None)).unwrap();
    let evidence = sink.evidence().unwrap();
    let extraction = aws.extract(&session.target, &evidence);
    (aws, evidence, extraction)
}

fn find<'a>(extraction: &'a Extraction, kind: &str, name: &str) -> &'a Resource {
    let found = extraction.resources.iter().find(|resource| resource.kind == kind && resource.name == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn what_is_seeded_is_found() {
    Moto::start().seed("moto_seed.py").run_again("inside_what_is_seeded_is_found");
}

#[test]
#[ignore = "runs inside of what_is_seeded_is_found, with credentials in its environment"]
fn inside_what_is_seeded_is_found() {
    let (_, _, extraction) = scan(&server::url());
    if std::env::var_os("SHOW").is_some() {
        println!("{}", serde_json::to_string_pretty(&extraction).unwrap());
    }
    assert_eq!(extraction.identity.as_ref().unwrap().id, "123456789012");
    let logs = find(&extraction, "aws.s3.bucket", "logs");
    assert_eq!(logs.id, "arn:aws:s3:::logs");
    assert_eq!(logs.region.as_deref(), Some("eu-central-1"));
    assert_eq!(logs.facts["public_access_blocked"], json!(true));
    assert_eq!(logs.facts["policy"]["Policy"]["Statement"][0]["Principal"], json!({"AWS": ["*"]}));
    assert_eq!(logs.facts["tags"]["TagSet"][0]["Value"], json!("platform <team>"));
    let site = find(&extraction, "aws.s3.bucket", "open.site");
    assert_eq!(site.facts["public_access_blocked"], json!(false));
    assert!(!site.facts.contains_key("policy") && !site.facts.contains_key("block_public_access"));
    assert_eq!(find(&extraction, "aws.s3.bucket", "far-away").region.as_deref(), Some("us-west-2"));
    let account = find(&extraction, "aws.account", "123456789012");
    assert_eq!(account.facts["public_access_blocked"], json!(false));
    for set in &extraction.sets {
        assert_eq!(set.state, SetState::Complete, "{set:?}");
    }
    assert_eq!(extraction.gaps, []);
}
