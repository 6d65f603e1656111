//! Errors in service descriptions point to their place and name the nearest valid word.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test may end by any of them"
)]

use annexa_aws::{Aws, add_shapes, rules};

/// The first error of a user's own description, as `line:column: message (help)`.
fn error(text: &str) -> String {
    let mut rules = rules();
    rules.insert("aws/services/own.yaml", text.as_bytes().to_vec());
    let problems = match add_shapes(&mut rules) {
        Err(problems) => problems,
        Ok(()) => Aws::load(&rules).expect_err("there is an error"),
    };
    let problem = problems[0].to_string();
    problem.strip_prefix("aws/services/own.yaml").unwrap_or(&problem).trim_start_matches(':').trim().to_owned()
}

const HEAD: &str = "title: Own\nservice: ecs\ntypes:\n  aws.ecs.cluster:\n    title: ECS cluster\n";

fn in_type(lines: &str) -> String {
    error(&format!("{HEAD}{}", lines.replace("\n", "\n    ").trim_end()))
}

#[test]
fn words_that_do_not_exist_are_named_with_their_place() {
    assert_eq!(error("title: X\nservise: s3\n"), "2:1: unknown key `servise` (did you mean `service`?)");
    assert_eq!(error("title: X\nservice: s3contrl\n"), "AWS has no service `s3contrl` (did you mean `s3control`?)");
    let list = "    list: {call: ListCluster, items: clusterArns}\n    id: cluster\n";
    assert_eq!(
        error(&format!("{HEAD}{list}")),
        "6:18: `ecs` has no reading operation `ListCluster` (did you mean `ListClusters`?)"
    );
    let list = "    list: {call: ListClusters, items: clusterArn}\n    id: cluster\n";
    assert_eq!(error(&format!("{HEAD}{list}")), "6:39: the answer has no `clusterArn` (did you mean `clusterArns`?)");
}

#[test]
fn paths_and_parameters_must_lead_somewhere() {
    let good = "    list: {call: ListClusters, items: clusterArns}\n    id: cluster\n    facts:\n";
    let with = |fact: &str| error(&format!("{HEAD}{good}      {fact}\n"));
    assert_eq!(
        with("services: {call: ListServices, for: {clustr: cluster}}"),
        "9:52: `ListServices` has no parameter `clustr` (did you mean `cluster`?)"
    );
    assert_eq!(
        with("services: {call: ListServices, for: {cluster: clster}}"),
        "9:53: the path `clster` leads nowhere at `clster` (did you mean `cluster`?)"
    );
    assert!(with("detail: DescribeServices").starts_with("9:15: `DescribeServices` needs the parameter `services`"));
    assert_eq!(
        with("x: {fact: public_acess_block_all, of: cluster}"),
        "9:17: there is no fact function `public_acess_block_all` (did you mean `public_access_block_all`?)"
    );
    assert!(with("x: {fact: public_access_block_all, of: [cluster, cluster]}").contains("takes 1 facts, not 2"));
    assert!(with("x: {merge: nothing.rows, by: {a: cluster}}").starts_with("9:18: this file shares no `nothing`"));
    assert!(with("x: {call: ListServices, merge: a.b}").starts_with("9:10: a fact is one of"));
}

#[test]
fn what_must_not_be_asked_is_refused() {
    let list = "    list: {call: ListClusters, items: clusterArns}\n    id: cluster\n    facts:\n";
    let denied = error(&format!("{HEAD}{list}      x: {{call: ListServices, absent_on: AccessDeniedException}}\n"));
    assert!(denied.starts_with("9:42: `AccessDeniedException` says nothing of the resource"), "{denied}");
    let secret = error("title: X\nservice: secretsmanager\nshared:\n  x: {call: GetSecretValue}\n");
    assert!(secret.starts_with("4:13: `GetSecretValue` is never asked: its answer is a secret"), "{secret}");
    assert!(
        error("title: X\nservice: ecs\nshared:\n  x: DeleteCluster\n")
            .starts_with("4:6: `ecs` has no reading operation `DeleteCluster`")
    );
}

#[test]
fn types_say_what_they_need() {
    assert!(in_type("").starts_with("5:5: a type has either `list` or `one_per`"), "{}", in_type(""));
    let twice = error("title: X\nservice: ecs\ntypes:\n  aws.s3.bucket:\n    title: X\n    one_per: region\n");
    assert!(twice.contains("`aws.s3.bucket` stands in another file already"), "{twice}");
    assert!(
        error("title: X\nservice: ecs\nextends:\n  aws.s3.bukket:\n    facts: {}\n")
            .contains("did you mean `aws.s3.bucket`?")
    );
    let lookup = "title: X\nservice: ecs\nextends:\n  aws.s3.bucket:\n    lookup:\n      a: {type: aws.kms.kee, here: name, there: id}\n";
    assert_eq!(error(lookup), "6:17: there is no type `aws.kms.kee` (did you mean `aws.kms.key`?)");
}

#[test]
fn hostile_descriptions_are_errors_and_never_panics() {
    for text in [
        "",
        "[]",
        "title: [",
        "a: &a [*a, *a]",
        "title: X\ntypes: {x: {title: y, list: [], id: z}}",
        "\u{0}",
        "title: X\nservice: ../../etc/passwd\n",
    ] {
        let mut rules = rules();
        rules.insert("aws/services/own.yaml", text.as_bytes().to_vec());
        let result = add_shapes(&mut rules).and_then(|()| Aws::load(&rules).map(|_| ()));
        assert!(result.is_err(), "{text:?}");
    }
    let mut rules = rules();
    rules.insert("aws/services/own.yaml", vec![0xff, 0xfe]);
    assert!(add_shapes(&mut rules).and_then(|()| Aws::load(&rules).map(|_| ())).is_err());
}
