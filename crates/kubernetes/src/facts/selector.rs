//! Label selectors, as the API server matches them.

use super::{items, texts};
use serde_json::Value;

/// Whether a selector matches labels. An absent selector and `{}` match everything.
pub(crate) fn matches(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector else { return true };
    let label = |key: &str| labels.and_then(|labels| labels.get(key)?.as_str());
    let equal = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    equal.into_iter().all(|(key, value)| label(key) == value.as_str())
        && items(selector, "matchExpressions").all(|expression| {
            let label = expression.get("key").and_then(Value::as_str).and_then(label);
            let among = || label.is_some_and(|label| texts(expression, "values").any(|value| value == label));
            match expression.get("operator").and_then(Value::as_str) {
                Some("In") => among(),
                // a missing label is not among the values
                Some("NotIn") => !among(),
                Some("Exists") => label.is_some(),
                Some("DoesNotExist") => label.is_none(),
                _ => false,
            }
        })
}

/// Whether a selector matches everything.
pub(crate) fn matches_all(selector: Option<&Value>) -> bool {
    let empty = |selector: &Value, key: &str| match selector.get(key) {
        None => true,
        Some(Value::Object(labels)) => labels.is_empty(),
        Some(Value::Array(expressions)) => expressions.is_empty(),
        Some(_) => false,
    };
    selector.is_none_or(|selector| empty(selector, "matchLabels") && empty(selector, "matchExpressions"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_match_as_the_api_server_does() {
        let labels = json!({"app": "web", "tier": "front"});
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["back", "front"]}]}), true),
            (json!({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["x"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "Near"}]}), false),
        ] {
            assert_eq!(matches(Some(&selector), Some(&labels)), expected, "{selector}");
        }
        assert!(!matches(Some(&json!({"matchLabels": {"a": "b"}})), None));
        assert!(matches_all(Some(&json!({}))) && !matches_all(Some(&json!({"matchLabels": {"a": "b"}}))));
    }
}
