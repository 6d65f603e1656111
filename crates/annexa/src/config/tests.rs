use super::*;

const GOOD: &str = r#"
organization: Example GmbH
edition: "2022"
period: {from: 2026-01-01, to: 2026-12-31}
targets:
  - {name: prod, kind: aws, account: "111122223333", regions: [eu-central-1], external_id: null, endpoint_url: null}
  - {name: shop, kind: kubernetes, context: shop-prod, namespaces: {exclude: [kube-system]}, cluster_uid: null}
  - {name: acme, kind: github, organization: acme}
  - {name: isms, kind: documents, path: ./isms}
privacy: strict
signing: {key: ./annexa.pem, timestamp_authority: null}
locker: {endpoint_url: null, region: eu-central-1, retain: {mode: compliance, days: 400}}
"#;

fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    Config::parse(SourceFile::new("annexa.yaml", text), PathBuf::from("/base"))
}

fn first_error(text: &str) -> String {
    parse(text).unwrap_err()[0].to_string()
}

#[test]
fn a_whole_configuration_is_read() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.targets.len(), 4);
    assert_eq!(config.privacy, Privacy::Strict);
    assert_eq!(config.signing_key.map(|key| key.path.display().to_string()).as_deref(), Some("/base/annexa.pem"));
    assert_eq!(config.locker.settings.region.as_deref(), Some("eu-central-1"));
    assert_eq!(config.locker.retain.map(|r| r.days), Some(400));
    assert_eq!(config.period.map(|p| p.to.to_string()).as_deref(), Some("2026-12-31"));
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    let unknown = GOOD.replace("organization: Example GmbH", "organisation: Example GmbH");
    assert_eq!(first_error(&unknown), "annexa.yaml:2:1: unknown key `organisation` (did you mean `organization`?)");
    let kind = GOOD.replace("kind: kubernetes", "kind: kubernets");
    assert!(first_error(&kind).contains("annexa.yaml:7:24"), "{}", first_error(&kind));
    assert!(first_error(&kind).contains("did you mean `kubernetes`?"));
    let twice = GOOD.replace("name: shop", "name: prod");
    assert_eq!(
        first_error(&twice),
        "annexa.yaml:7:12: two targets are named `prod` (the first one stands in line 6; give each its own name)"
    );
    let misplaced = GOOD.replace("kind: github,", "kind: github, context: x,");
    assert!(first_error(&misplaced).contains("`context` is not for a target of kind `github`"));
    let account = GOOD.replace("\"111122223333\"", "\"1111\"");
    assert!(first_error(&account).starts_with("annexa.yaml:6:"));
    for (word, near) in
        [("eu-centrall-1", "eu-central-1"), ("us-gov-wst-1", "us-gov-west-1"), ("us-east-1a", "us-east-1")]
    {
        let region = first_error(&GOOD.replacen("eu-central-1", word, 1));
        let expected = format!("annexa.yaml:6:64: `{word}` is no AWS region (did you mean `{near}`?)");
        assert_eq!(region, expected);
    }
    assert!(parse(&GOOD.replacen("eu-central-1", "eu-central-9", 1)).is_ok(), "regions get new numbers");
    for address in ["https://ada:word@github.example", "https://github.example/?token=word"] {
        let telling = GOOD.replace("kind: github,", &format!("kind: github, api_url: \"{address}\","));
        assert!(first_error(&telling).contains("holds no user, password or token"), "{}", first_error(&telling));
        assert!(!first_error(&telling).contains("word@") && !first_error(&telling).contains("token=word"));
    }
    let key = GOOD.replace("retain:", "retian:");
    assert!(first_error(&key).contains("annexa.yaml:12:52"), "{}", first_error(&key));
    assert!(first_error(&key).contains("did you mean `retain`?"));
    let mode = GOOD.replace("mode: compliance", "mode: complience");
    assert!(first_error(&mode).contains("did you mean `compliance`?"), "{}", first_error(&mode));
    assert!(first_error(&GOOD.replace("days: 400", "days: 0")).contains("1 to 36500"));
    assert!(first_error(&GOOD.replace("days: 400", "days: -1")).starts_with("annexa.yaml:12:"));
    assert!(
        first_error(&GOOD.replace("locker: {endpoint_url: null", "locker: {endpoint_url: \"https://me:x@s3\""))
            .contains("no user")
    );
    assert!(
        first_error(&GOOD.replace("locker: {endpoint_url: null", "locker: {endpoint_url: s3.local"))
            .contains("https://")
    );
    let traversal = GOOD.replace("name: prod", "name: ../prod");
    assert!(first_error(&traversal).contains("can't be a target's name"));
}
