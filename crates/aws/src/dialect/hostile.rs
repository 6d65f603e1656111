//! Whatever a server sends: no panic, and no secret member comes through.

use super::tests::{dialect, judged, redacted};
use crate::Aws;
use annexa_model::Answer;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const OPERATIONS: [&str; 6] = [
    "ecs:DescribeClusters",
    "rds:DescribeDBInstances",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "iam:GetAccountAuthorizationDetails",
    "lambda:ListFunctions",
];

fn read(operation: &str, body: &Value) {
    let catalog = dialect().catalog;
    let (service, _, name) = catalog.operation(operation).unwrap();
    let answer = Answer { status: 200, headers: Map::new(), content_type: String::new(), body: body.clone() };
    let _ = crate::caller::decode(&service.model, name, &answer);
}

fn xml() -> impl Strategy<Value = String> {
    let leaf = "[a-z <&;!\\[\\]-]{0,6}";
    leaf.prop_recursive(6, 40, 4, |inner| {
        let name =
            prop::sample::select(vec!["member", "DBInstances", "DBInstance", "Endpoint", "entry", "Document", "Error"]);
        (name, prop::collection::vec(inner, 0..4))
            .prop_map(|(name, inner)| format!("<{name}>{}</{name}>", inner.concat()))
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let key = prop::sample::select(vec![
            "clusters",
            "clusterName",
            "capacityProviders",
            "Functions",
            "Environment",
            "Variables",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_survived(text in ".{0,80}", status in prop::sample::select(vec![200_u16, 403, 500])) {
        for operation in OPERATIONS {
            let (body, _) = redacted(operation, status, &text);
            judged(operation, status, &body);
            read(operation, &Value::from(body));
        }
    }

    #[test]
    fn any_xml_is_survived(text in xml()) {
        for operation in OPERATIONS {
            let (body, _) = redacted(operation, 200, &text);
            read(operation, &Value::from(body));
        }
    }

    #[test]
    fn any_json_is_survived(value in tree()) {
        for operation in OPERATIONS {
            let (body, _) = redacted(operation, 200, &value.to_string());
            judged(operation, 200, &body);
            read(operation, &serde_json::from_str(&body).unwrap_or(Value::from(body)));
        }
    }

    #[test]
    fn a_secret_member_never_comes_through(noise in tree(), text in "[a-z]{8}") {
        let secret = format!("canary-{text}");
        let body = json!({"Functions": [{"Environment": {"Variables": {"A": secret, "B": noise}}, "Description": noise}]}).to_string();
        let (body, _) = redacted("lambda:ListFunctions", 200, &body);
        prop_assert!(!body.contains(&secret), "{}", body);
    }
}

#[test]
fn a_deep_answer_ends_at_the_limit() {
    let deep = format!("{}{}", "<member>".repeat(20_000), "</member>".repeat(20_000));
    read("rds:DescribeDBInstances", &Value::from(deep));
    let _ = Aws::load(&crate::rules()).unwrap();
}
