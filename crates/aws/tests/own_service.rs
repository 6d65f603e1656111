//! A user's own service is one YAML file; here with steps, batches and a call for each value.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

use annexa_aws::{Aws, add_shapes, rules};
use annexa_model::{
    Answer, AwsSettings, Exchange, Extraction, Failure, FailureKind, Kind, Request, SetState, Settings, Target,
    UnobservedState,
};
use annexa_tape::{Collector, Evidence};
use serde_json::{Map, Value, json};

const OWN: &str = "\
title: Amazon ECS
service: ecs
types:
  aws.ecs.service:
    title: ECS service
    list:
      - {call: ListClusters, items: clusterArns, as: cluster}
      - {call: ListServices, items: serviceArns, for: {cluster: cluster}, as: arn}
    id: arn
    facts:
      tags: {call: ListTagsForResource, for: {resourceArn: arn}}
  aws.ecs.cluster:
    title: ECS cluster
    list:
      - {call: ListClusters, items: clusterArns, as: arn}
      - {call: DescribeClusters, into: clusters, batch: 2, items: clusters}
    id: cluster.clusterArn
    name: cluster.clusterName
    for: {cluster: cluster.clusterArn}
    facts:
      tasks: ListTasks
      details: {call: DescribeTasks, for_each: tasks.taskArns, into: tasks, batch: 1}
";

fn exchange(operation: &str, parameters: Value, body: Value) -> Exchange {
    let page = u32::from(parameters.get("nextToken").is_some()) + 1;
    Exchange {
        id: format!("{operation}-{parameters}"),
        target: "prod".to_owned(),
        kind: Kind::Aws,
        operation: operation.to_owned(),
        region: Some("eu-central-1".to_owned()),
        page,
        request: Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            parameters: parameters.as_object().cloned().unwrap_or_else(Map::new),
            body: None,
        },
        asked_by: "somebody".to_owned(),
        asked_at: "2026-11-25T10:00:00Z".parse().unwrap(),
        attempts: 1,
        host: "ecs.eu-central-1.amazonaws.com".to_owned(),
        tls: "no TLS".to_owned(),
        request_id: None,
        server_date: None,
        answer: Some(Answer {
            status: 200,
            headers: Map::new(),
            content_type: "application/x-amz-json-1.1".to_owned(),
            body,
        }),
        failure: None,
        cuts: Vec::new(),
    }
}

fn denied(mut exchange: Exchange) -> Exchange {
    let message = "not allowed".to_owned();
    exchange.answer = None;
    exchange.failure =
        Some(Failure { kind: FailureKind::Denied, code: Some("AccessDeniedException".to_owned()), message });
    exchange
}

/// Three clusters over two pages, described in two batches; the first has two tasks and a service.
fn exchanges() -> Vec<Exchange> {
    let cluster = |name: &str| json!({"clusterArn": name, "clusterName": name});
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn><Account>1</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let mut all = vec![
        exchange("sts:GetCallerIdentity", json!({}), body.into()),
        exchange("ecs:ListClusters", json!({}), json!({"clusterArns": ["a", "b"], "nextToken": "2"})),
        exchange("ecs:ListClusters", json!({"nextToken": "2"}), json!({"clusterArns": ["c"]})),
        exchange(
            "ecs:DescribeClusters",
            json!({"clusters": ["a", "b"]}),
            json!({"clusters": [cluster("a"), cluster("b")]}),
        ),
        exchange("ecs:DescribeClusters", json!({"clusters": ["c"]}), json!({"clusters": [cluster("c")]})),
        exchange("ecs:ListTasks", json!({"cluster": "a"}), json!({"taskArns": ["t1", "t2"]})),
        exchange("ecs:ListTasks", json!({"cluster": "b"}), json!({"taskArns": []})),
        exchange("ecs:ListTasks", json!({"cluster": "c"}), json!({})),
        exchange("ecs:DescribeTasks", json!({"cluster": "a", "tasks": ["t1"]}), json!({"tasks": [{"taskArn": "t1"}]})),
        exchange("ecs:DescribeTasks", json!({"cluster": "a", "tasks": ["t2"]}), json!({"tasks": [{"taskArn": "t2"}]})),
        exchange("ecs:ListServices", json!({"cluster": "a"}), json!({"serviceArns": ["s"]})),
        exchange("ecs:ListTagsForResource", json!({"resourceArn": "s"}), json!({"tags": [{"key": "k", "value": "v"}]})),
    ];
    for cluster in ["b", "c"] {
        all.push(exchange("ecs:ListServices", json!({"cluster": cluster}), json!({"serviceArns": []})));
    }
    all
}

fn extract(exchanges: Vec<Exchange>) -> Extraction {
    let mut rules = rules();
    rules.insert("aws/services/ecs.yaml", OWN.as_bytes());
    add_shapes(&mut rules).unwrap();
    let aws = Aws::load(&rules).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let settings = AwsSettings { regions: vec!["eu-central-1".to_owned()], ..AwsSettings::default() };
    let target = Target { name: "prod".to_owned(), settings: Settings::Aws(settings) };
    let mut extraction = aws.extract(&target, &Evidence::from_exchanges(exchanges));
    extraction.resources.retain(|resource| resource.kind.starts_with("aws.ecs."));
    extraction.sets.retain(|set| set.kind.starts_with("aws.ecs."));
    extraction.gaps.retain(|gap| gap.operation.starts_with("ecs:"));
    extraction
}

#[test]
fn steps_batches_and_calls_for_each_value_come_together() {
    let extraction = extract(exchanges());
    let ids: Vec<&str> = extraction.resources.iter().map(|resource| resource.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "s"]);
    assert!(extraction.sets.iter().all(|set| set.state == SetState::Complete), "{:?}", extraction.sets);
    assert_eq!(extraction.gaps, []);
    let facts = &extraction.resources[0].facts;
    assert_eq!(facts["details"], json!([{"tasks": [{"taskArn": "t1"}]}, {"tasks": [{"taskArn": "t2"}]}]));
    assert_eq!(extraction.resources[2].facts["tasks"], json!({"taskArns": []}));
    assert_eq!(extraction.resources[2].facts["details"], json!([]));
    assert_eq!(extraction.resources[3].facts["cluster"], json!("a"));
    assert_eq!(extraction.resources[2].sources[""], ["ecs:DescribeClusters-{\"clusters\":[\"c\"]}"]);
}

#[test]
fn a_lost_page_makes_the_set_partial_and_says_not_asked() {
    let mut lost = exchanges();
    lost.remove(2);
    let extraction = extract(lost);
    assert!(matches!(&extraction.sets[0].state, SetState::Partial { .. }), "{:?}", extraction.sets[0]);
    assert!(extraction.gaps.iter().any(|gap| gap.operation == "ecs:ListClusters" && gap.kind == FailureKind::NotAsked));
}

#[test]
fn a_denied_list_makes_the_set_unobserved_and_names_the_permission() {
    let mut exchanges = exchanges();
    exchanges[1] = denied(exchanges[1].clone());
    let extraction = extract(exchanges);
    assert!(extraction.sets.iter().all(|set| matches!(&set.state, SetState::Unobserved { .. })));
    let gap = &extraction.gaps[0];
    assert_eq!((gap.permission.as_deref(), gap.kind), (Some("ecs:ListClusters"), FailureKind::Denied));
    assert!(gap.remedy.contains("`ecs:ListClusters`"), "{}", gap.remedy);
    assert_eq!(extraction.resources, []);
}

#[test]
fn a_denied_call_for_one_value_makes_the_list_partial() {
    let mut exchanges = exchanges();
    exchanges[9] = denied(exchanges[9].clone());
    let extraction = extract(exchanges);
    let cluster = &extraction.resources[0];
    assert_eq!(cluster.facts["details"], json!([{"tasks": [{"taskArn": "t1"}]}]));
    let entry = &cluster.unobserved[0];
    assert_eq!((entry.pointer.as_str(), entry.state), ("/details", UnobservedState::Partial));
}

#[test]
fn a_token_that_repeats_ends_the_list_as_partial() {
    let mut exchanges = exchanges();
    exchanges[2] =
        exchange("ecs:ListClusters", json!({"nextToken": "2"}), json!({"clusterArns": ["c"], "nextToken": "2"}));
    let extraction = extract(exchanges);
    assert!(
        matches!(&extraction.sets[0].state, SetState::Partial { reason, .. } if reason.contains("token")),
        "{:?}",
        extraction.sets[0]
    );
}

#[test]
fn broken_answers_are_gaps() {
    for body in [json!("{not json"), json!(""), json!([1]), json!({"clusterArns": "no list"}), Value::Null] {
        let mut exchanges = exchanges();
        exchanges[1].answer.as_mut().unwrap().body = body.clone();
        let extraction = extract(exchanges);
        assert!(extraction.sets.iter().all(|set| set.state != SetState::Complete), "{body}: {:?}", extraction.sets);
    }
}
