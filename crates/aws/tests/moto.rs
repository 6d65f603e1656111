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

mod faults;
mod schema;
mod server;

use annexa_aws::{Aws, rules};
use annexa_model::{AwsSettings, Extraction, Resource, SetState, Settings, Target};
use annexa_tape::{CollectError, Collector, Evidence, MemorySink, Privacy, Redactor, Session};
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

#[test]
fn who_asks_is_checked_first() {
    Moto::start().seed("moto_seed.py").run_again("inside_who_asks_is_checked_first");
}

#[test]
#[ignore = "runs inside of who_asks_is_checked_first, with credentials in its environment"]
fn inside_who_asks_is_checked_first() {
    let change = |change: &dyn Fn(&mut AwsSettings)| {
        let mut target = target(&server::url());
        if let Settings::Aws(settings) = &mut target.settings {
            change(settings);
        }
        target
    };
    let wanted = vec!["aws.account".to_owned()];
    let other = change(&|settings| settings.account = Some("111122223333".to_owned()));
    let (result, evidence) = collect(&other, Some(&wanted));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("expected account 111122223333") && error.contains("account 123456789012"), "{error}");
    assert_eq!(evidence.paths().count(), 1, "nothing else was asked");
    let role = change(&|settings| {
        settings.assume_role = Some("arn:aws:iam::123456789012:role/deploy".to_owned());
        settings.external_id = Some("annexa-7".to_owned());
    });
    let (result, evidence) = collect(&role, Some(&wanted));
    result.unwrap();
    let aws = Aws::load(&rules()).unwrap();
    let identity = aws.extract(&role, &evidence).identity.unwrap();
    assert_eq!(identity.caller, "arn:aws:sts::123456789012:assumed-role/deploy/annexa");
    for exchange in evidence.exchanges() {
        let exchange = exchange.unwrap();
        assert!(!exchange.operation.contains("AssumeRole"));
        assert!(!exchange.operation.starts_with("ec2:DescribeInstances"), "only the wanted type is asked");
    }
}

fn collect(target: &Target, wanted: Option<&[String]>) -> (Result<(), CollectError>, Evidence) {
    let aws = Aws::load(&rules()).unwrap();
    let sink = Arc::new(MemorySink::new());
    let as_of = "2026-11-25T10:00:00Z".parse().unwrap();
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let session = Session::builder(target.clone(), as_of, sink.clone(), redactor).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(aws.collect(&session, wanted));
    (result, sink.evidence().unwrap())
}

fn scan(url: &str) -> (Aws, Evidence, Extraction) {
    let target = target(url);
    let (result, evidence) = collect(&target, None);
    result.unwrap();
    let aws = Aws::load(&rules()).unwrap();
    let extraction = aws.extract(&target, &evidence);
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
    let (aws, evidence, extraction) = scan(&server::url());
    if std::env::var_os("SHOW").is_some() {
        println!("{}", serde_json::to_string_pretty(&extraction).unwrap());
    }
    assert_eq!(extraction.identity.as_ref().unwrap().id, "123456789012");
    buckets(&extraction);
    iam(&extraction);
    others(&extraction);
    more(&extraction);
    states(&extraction);
    schema::facts_fit(&aws, &extraction);
    no_secret(&evidence);
    replayed(&aws, &evidence, &extraction);
    server::compare_answers(&aws, &evidence);
    faults::none_turns_into_another_answer(&aws, &target(&server::url()), &evidence, &extraction);
}

fn buckets(extraction: &Extraction) {
    let logs = find(extraction, "aws.s3.bucket", "logs");
    assert_eq!(logs.id, "arn:aws:s3:::logs");
    assert_eq!(logs.region.as_deref(), Some("eu-central-1"));
    assert_eq!(logs.facts["public_access_blocked"], json!(true));
    assert_eq!(logs.facts["policy"]["Policy"]["Statement"][0]["Principal"], json!({"AWS": ["*"]}));
    assert_eq!(logs.facts["tags"]["TagSet"][0]["Value"], json!("platform <team>"));
    let site = find(extraction, "aws.s3.bucket", "open.site");
    assert_eq!(site.facts["public_access_blocked"], json!(false));
    assert!(!site.facts.contains_key("policy") && !site.facts.contains_key("block_public_access"));
    assert_eq!(find(extraction, "aws.s3.bucket", "far-away").region.as_deref(), Some("us-west-2"));
    let account = find(extraction, "aws.account", "123456789012");
    assert_eq!(account.facts["public_access_blocked"], json!(false));
    assert_eq!(account.facts["password_policy"]["PasswordPolicy"]["MinimumPasswordLength"], json!(14));
}

fn iam(extraction: &Extraction) {
    let user = |name: &str| find(extraction, "aws.iam.user", name);
    assert_eq!(user("admin").facts["admin"]["IsAdmin"], json!(true));
    assert_eq!(user("admin").facts["credentials"]["password_enabled"], json!(true));
    assert_eq!(user("reader").facts["admin"]["CanBecomeAdmin"], json!(false));
    assert_eq!(user("reader").facts["credentials"]["access_key_1_active"], json!(true));
    assert_eq!(user("reader").facts["access_keys"]["AccessKeyMetadata"].as_array().unwrap().len(), 1);
    let path = &user("builder").facts["admin"]["Path"];
    assert!(path[0].as_str().unwrap().contains("iam:PassRole of the role"), "{path}");
    let counted = extraction.sets.iter().find(|set| set.kind == "aws.iam.user").unwrap().counted;
    assert_eq!(counted, Some(3));
}

fn others(extraction: &Extraction) {
    let group = find(extraction, "aws.ec2.security_group", "ssh");
    assert_eq!(group.facts["security_group"]["IpPermissions"][0]["IpRanges"][0]["CidrIp"], json!("0.0.0.0/0"));
    let of_kind = |kind: &str| extraction.resources.iter().filter(|resource| resource.kind == kind).collect::<Vec<_>>();
    let instances = of_kind("aws.ec2.instance");
    assert_eq!(instances.len(), 2);
    let interface = of_kind("aws.ec2.network_interface")[0];
    assert_eq!(interface.facts["network_interface"]["Groups"][0]["GroupId"], group.facts["security_group"]["GroupId"]);
    assert!(instances.iter().any(|instance| instance.facts["instance"]["InstanceId"]
        == interface.facts["network_interface"]["Attachment"]["InstanceId"]));
    // listed in both regions, but it is one
    assert_eq!(of_kind("aws.cloudtrail.trail").len(), 1);
    assert_eq!(find(extraction, "aws.cloudtrail.trail", "all").facts["status"]["IsLogging"], json!(true));
    let key = of_kind("aws.kms.key")[0];
    assert_eq!(key.facts["rotation"]["KeyRotationEnabled"], json!(true));
    assert_eq!(key.facts["aliases"][0]["AliasName"], json!("alias/data"));
    assert_eq!(key.facts["policy"]["Policy"]["Statement"][0]["Effect"], json!("Allow"));
    assert_eq!(
        find(extraction, "aws.dynamodb.table", "orders").facts["table"]["Table"]["TableStatus"],
        json!("ACTIVE")
    );
    let function = find(extraction, "aws.lambda.function", "import");
    assert_eq!(function.facts["policy"]["Policy"]["Statement"][0]["Principal"], json!({"AWS": ["*"]}));
    assert!(function.unobserved.iter().any(|entry| entry.pointer == "/function/Environment/Variables"));
    assert_eq!(
        find(extraction, "aws.backup.plan", "daily").facts["rules"]["BackupPlan"]["Rules"][0]["TargetBackupVaultName"],
        json!("main")
    );
}

fn more(extraction: &Extraction) {
    assert_eq!(find(extraction, "aws.rds.db_instance", "shop").facts["db_instance"]["StorageEncrypted"], json!(true));
    assert!(find(extraction, "aws.rds.db_snapshot", "before-upgrade").facts.contains_key("attributes"));
    let repository = find(extraction, "aws.ecr.repository", "shop");
    assert_eq!(repository.facts["repository"]["imageScanningConfiguration"]["scanOnPush"], json!(true));
    assert!(!repository.facts.contains_key("policy") && repository.unobserved.is_empty());
    assert!(find(extraction, "aws.secretsmanager.secret", "shop/database").facts.contains_key("secret"));
    let detector = extraction.resources.iter().find(|resource| resource.kind == "aws.guardduty.detector").unwrap();
    assert_eq!(detector.facts["detector"]["Status"], json!("ENABLED"));
    let region = find(extraction, "aws.region", "eu-central-1");
    assert_eq!(region.facts["config_recorders"]["ConfigurationRecorders"][0]["name"], json!("default"));
    assert!(find(extraction, "aws.logs.log_group", "flow").facts.contains_key("metric_filters"));
}

fn states(extraction: &Extraction) {
    for set in &extraction.sets {
        assert_eq!(set.state, SetState::Complete, "{set:?}");
    }
    // moto does not serve these
    let gaps: Vec<&str> = extraction.gaps.iter().map(|gap| gap.operation.as_str()).collect();
    for operation in
        ["lambda:ListFunctionUrlConfigs", "backup:ListBackupSelections", "backup:GetBackupVaultAccessPolicy"]
    {
        assert!(gaps.contains(&operation), "{gaps:?}");
    }
    assert_eq!(gaps.len(), 3, "{gaps:?}");
}

fn no_secret(evidence: &Evidence) {
    for path in evidence.paths() {
        let text = String::from_utf8(evidence.read(path).unwrap().into_owned()).unwrap();
        for secret in ["canary-in", "Signature="] {
            assert!(!text.contains(secret), "{secret} in {path}");
        }
    }
}

/// From the tape the same comes out, and nothing is asked that is not on it.
fn replayed(aws: &Aws, evidence: &Evidence, expected: &Extraction) {
    let sink = Arc::new(MemorySink::new());
    let as_of = "2026-11-25T10:00:00Z".parse().unwrap();
    // nothing listens there
    let target = target("http://127.0.0.1:9");
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let session = Session::builder(target, as_of, sink.clone(), redactor).replay(evidence.clone()).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(aws.collect(&session, None)).unwrap();
    let again = sink.evidence().unwrap();
    assert_eq!(again.paths().collect::<Vec<_>>(), evidence.paths().collect::<Vec<_>>());
    assert_eq!(&aws.extract(&session.target, &again), expected);
}
