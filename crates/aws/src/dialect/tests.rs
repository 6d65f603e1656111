//! The dialect on answers that real and hostile servers give.

use super::*;
use crate::Aws;
use annexa_model::{Cut, FailureKind, RuleFiles};
use annexa_tape::Privacy;
use http::{HeaderValue, Request};
use serde_json::{Map, json};
use std::sync::LazyLock;

const OWN: &str = "\
title: Own
service: ecs
sensitive: [capacityProviders]
personal: [clusterName]
shared: {clusters: {call: DescribeClusters, with: {clusters: [a]}, absent_on: ClusterNotFoundException}}
";

const OWN_XML: &str = "\
title: Own
service: rds
sensitive: [Endpoint]
personal: [MasterUsername]
shared: {instances: DescribeDBInstances}
";

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let mut rules: RuleFiles = crate::rules();
    rules.insert("aws/services/own.yaml", OWN.as_bytes());
    rules.insert("aws/services/own_xml.yaml", OWN_XML.as_bytes());
    crate::add_shapes(&mut rules).unwrap();
    Aws::load(&rules).unwrap().catalog
});

pub(crate) fn dialect() -> AwsDialect {
    AwsDialect { catalog: Arc::clone(&CATALOG), credentials: None, partition: "aws".to_owned() }
}

fn call(operation: &str) -> Call {
    Call { operation: operation.to_owned(), region: None, page: 1, parameters: Map::new() }
}

pub(crate) fn redacted(operation: &str, status: u16, body: &str) -> (String, Vec<Cut>) {
    let redactor = Redactor::new(Privacy::Default, [7; 32]);
    let status = StatusCode::from_u16(status).unwrap();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let redacted = dialect().redact(&call(operation), status, &HeaderMap::new(), body, &redactor);
    (String::from_utf8(redacted.body.to_vec()).unwrap(), redacted.cuts)
}

#[test]
fn xml_keeps_every_byte_but_the_cut_ones() {
    let body = "<?xml version=\"1.0\"?>\n<DescribeDBInstancesResponse xmlns=\"x\"><DescribeDBInstancesResult><DBInstances>\n \
        <DBInstance><MasterUsername>Ada</MasterUsername><Engine>a &amp; b<!-- c --></Engine><Endpoint><Address>secret</Address><Port>1</Port></Endpoint></DBInstance>\
        <DBInstance><MasterUsername/><Endpoint></Endpoint></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>\n";
    let (text, cuts) = redacted("rds:DescribeDBInstances", 200, body);
    let pseudonym = Redactor::new(Privacy::Default, [7; 32]).personal("Ada");
    let expected = body.replace("Ada", &pseudonym).replace("<Address>secret</Address><Port>1</Port>", "(cut)");
    assert_eq!(text, expected);
    let places: Vec<&str> = cuts.iter().map(|cut| cut.pointer.as_str()).collect();
    let item = "/DescribeDBInstancesResponse/DescribeDBInstancesResult/DBInstances/DBInstance[1]";
    assert_eq!(places, [format!("{item}/Endpoint"), format!("{item}/MasterUsername")]);
}

#[test]
fn json_members_are_cut_and_persons_get_pseudonyms() {
    let body =
        json!({"clusters": [{"clusterName": "ada", "capacityProviders": ["a"], "status": "ACTIVE"}]}).to_string();
    let (text, cuts) = redacted("ecs:DescribeClusters", 200, &body);
    assert!(
        text.contains("\"capacityProviders\":\"(cut)\"") && !text.contains("ada") && text.contains("ACTIVE"),
        "{text}"
    );
    assert_eq!(cuts.len(), 2);
    let plain = "{ \"clusters\" : [ ] }";
    assert_eq!(redacted("ecs:DescribeClusters", 200, plain), (plain.to_owned(), Vec::new()));
}

#[test]
fn what_cannot_be_understood_is_cut_whole() {
    let entity = "<!DOCTYPE x [<!ENTITY a \"b\">]><DescribeDBInstancesResponse>&a;</DescribeDBInstancesResponse>";
    let cases = [
        ("ecs:DescribeClusters", 200, "{\"clusters\": [{\"clusterName\": \"secret"),
        ("rds:DescribeDBInstances", 200, "<DescribeDBInstancesResponse><secret>"),
        ("rds:DescribeDBInstances", 200, entity),
        ("rds:DescribeDBInstances", 403, "<html>proxy says secret</html>"),
        ("ecs:DeleteCluster", 200, "{}"),
    ];
    for (operation, status, body) in cases {
        let (text, cuts) = redacted(operation, status, body);
        assert_eq!((text.as_str(), cuts.len()), ("(cut)", 1), "{operation} {body}");
    }
}

pub(crate) fn judged(operation: &str, status: u16, body: &str) -> Judgement {
    dialect().judge(
        &call(operation),
        StatusCode::from_u16(status).unwrap(),
        &HeaderMap::new(),
        &Bytes::copy_from_slice(body.as_bytes()),
    )
}

fn kind(operation: &str, status: u16, body: &str) -> FailureKind {
    match judged(operation, status, body) {
        Judgement::Failed(failure) => failure.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn error_codes_decide_before_the_status() {
    let json = |code: &str| json!({"__type": code, "message": "m"}).to_string();
    let xml = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
    assert_eq!(judged("ecs:DescribeClusters", 200, "{\"message\": \"no error\"}"), Judgement::Done);
    assert_eq!(judged("ecs:DescribeClusters", 400, &json("ClusterNotFoundException")), Judgement::Done);
    assert_eq!(judged("s3:ListBuckets", 403, &xml("OptInRequired")), Judgement::Done);
    assert_eq!(
        judged("ecs:DescribeClusters", 400, &json("com.amazonaws#ThrottlingException")),
        Judgement::Throttled(None)
    );
    assert_eq!(judged("s3:ListBuckets", 503, &xml("SlowDown")), Judgement::Throttled(None));
    assert_eq!(judged("s3:ListBuckets", 500, &xml("InternalError")), Judgement::Transient(None));
    assert_eq!(judged("s3:ListBuckets", 502, "(cut)"), Judgement::Transient(None));
    assert_eq!(judged("s3:ListBuckets", 400, &xml("ExpiredToken")), Judgement::Expired);
    assert_eq!(kind("ecs:DescribeClusters", 400, &json("AccessDeniedException")), FailureKind::Denied);
    assert_eq!(kind("s3:ListBuckets", 403, ""), FailureKind::Denied);
    assert_eq!(kind("s3:ListBuckets", 403, &xml("InvalidAccessKeyId")), FailureKind::Unauthenticated);
    assert_eq!(kind("s3:GetBucketAcl", 404, &xml("NoSuchBucket")), FailureKind::NotFound);
    assert_eq!(kind("ecs:DescribeClusters", 400, &json("ValidationException")), FailureKind::Rejected);
    assert_eq!(kind("ecs:DescribeClusters", 200, "(cut)"), FailureKind::Invalid);
    // S3 can say 200 and then find that it can't
    assert_eq!(judged("s3:GetBucketAcl", 200, &xml("InternalError")), Judgement::Transient(None));
    let page = "<!DOCTYPE html>\n<html><body>sign in first</body></html>";
    for operation in ["s3:ListBuckets", "ec2:DescribeInstances", "iam:ListUsers"] {
        assert!(
            matches!(judged(operation, 200, page), Judgement::Failed(Failure { kind: FailureKind::Invalid, .. })),
            "{operation}"
        );
    }
    assert_eq!(
        judged("iam:ListUsers", 200, "<?xml version=\"1.0\"?><ListUsersResponse xmlns=\"u\"/>"),
        Judgement::Done
    );
    assert!(matches!(judged("iam:ListUsers", 200, "<ListRolesResponse/>"), Judgement::Failed(_)));
    assert_eq!(judged("ecs:DescribeClusters", 200, &json("InternalError")), Judgement::Transient(None));
    assert!(matches!(judged("ecs:DescribeClusters", 200, &json("ClusterNotFoundException")), Judgement::Failed(_)));
    assert_eq!(judged("ecs:DescribeClusters", 200, &json("DescribeClustersResponse")), Judgement::Done);
}

fn named(operation: &str, request: Request<Bytes>) -> Result<Call, Refusal> {
    let (parts, body) = request.into_parts();
    dialect().name(&parts, &body, Some(&call(operation)))
}

#[test]
fn a_label_alone_opens_no_door() {
    let form = |body: &'static str| {
        Request::post("https://iam.amazonaws.com/").body(Bytes::from_static(body.as_bytes())).unwrap()
    };
    assert!(named("iam:ListUsers", form("Action=ListUsers&Version=2010-05-08")).is_ok());
    assert!(named("iam:ListUsers", form("Action=DeleteUser&Version=2010-05-08")).is_err());
    assert!(named("iam:ListUsers", form("Action=ListUsers&Action=DeleteUser")).is_err());
    assert!(named("iam:DeleteUser", form("Action=DeleteUser")).is_err());
    assert!(named("iam:GetRole", form("Action=GetRole")).is_err(), "no description names it");
    let bucket = |method: &str, uri: &str| Request::builder().method(method).uri(uri).body(Bytes::new()).unwrap();
    assert!(named("s3:GetBucketPolicy", bucket("GET", "https://s3.eu-central-1.amazonaws.com/logs?policy")).is_ok());
    assert!(named("s3:GetBucketPolicy", bucket("GET", "https://logs.s3.eu-central-1.amazonaws.com/?policy")).is_ok());
    assert!(
        named("s3:GetBucketPolicy", bucket("DELETE", "https://s3.eu-central-1.amazonaws.com/logs?policy")).is_err()
    );
    assert!(
        named("s3:GetBucketPolicy", bucket("GET", "https://s3.eu-central-1.amazonaws.com/logs/object?acl")).is_err()
    );
    let mut target = Request::post("https://kms.eu-central-1.amazonaws.com/").body(Bytes::from_static(b"{}")).unwrap();
    target.headers_mut().insert("x-amz-target", HeaderValue::from_static("TrentService.ScheduleKeyDeletion"));
    assert!(named("kms:ListKeys", target).is_err());
    let (parts, body) = form("Action=ListUsers").into_parts();
    assert!(dialect().name(&parts, &body, None).is_err());
}

#[test]
fn a_signature_has_the_services_scope_and_each_try_its_own() {
    let (mut parts, ()) =
        Request::get("https://logs.s3.eu-central-1.amazonaws.com/?policy").body(()).unwrap().into_parts();
    let credentials =
        || aws_credential_types::Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
    for _ in 0..2 {
        sign::sign(&mut parts, &Bytes::new(), credentials(), "s3", "eu-central-1").unwrap();
    }
    let header = |name: &str| {
        parts.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(header("authorization").len(), 1);
    assert!(header("authorization")[0].contains("/eu-central-1/s3/aws4_request"));
    assert_eq!(header("x-amz-security-token"), ["token"]);
    assert_eq!(header("x-amz-content-sha256").len(), 1);
}
