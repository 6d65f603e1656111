//! What an answer means. GitHub says "slow down" in many ways and "you may not" as "there is none".

use crate::describe::{Meaning, On, Operation, Route};
use annexa_model::{Failure, FailureKind};
use annexa_tape::{Judgement, retry_after};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// The wait when GitHub asks to slow down and does not say for how long: its documentation asks for a minute.
const UNSAID_WAIT: Duration = Duration::from_secs(60);

/// Judges a redacted answer.
pub(crate) fn judge(operation: Option<&Operation>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Judgement {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let message = message(&json);
    if status.is_success() {
        return match operation.map(|operation| &operation.route) {
            Some(Route::Graphql { root, .. }) => judge_graphql(root, headers, &json),
            _ => Judgement::Done,
        };
    }
    let code = Some(status.as_u16().to_string());
    let failed = |kind, message: String| Judgement::Failed(Failure { kind, code: code.clone(), message });
    match status.as_u16() {
        401 => Judgement::Expired,
        403 | 429 if is_throttling(status, headers, &message) => Judgement::Throttled(Some(throttle_wait(headers))),
        500..=599 => Judgement::Transient(retry_after(headers)),
        300..=399 => failed(FailureKind::NotFound, "GitHub answers that it has moved: it was renamed".to_owned()),
        other => {
            let rules = operation.map_or(&[][..], |operation| &operation.on);
            if expected(rules, other, &message) {
                return Judgement::Done;
            }
            match other {
                // GitHub answers 404 also for what the caller may not know of; every path here is below something
                // that was seen before
                403 | 404 => failed(FailureKind::Denied, message),
                _ => failed(FailureKind::Rejected, message),
            }
        }
    }
}

/// Whether a description says what this status means, so that extraction can read it.
fn expected(rules: &[On], status: u16, message: &str) -> bool {
    rules.iter().any(|rule| rule.is != Meaning::Denied && rule.status == status && rule.says(message))
}

impl On {
    /// Whether the rule is about a message.
    pub(crate) fn says(&self, message: &str) -> bool {
        self.text.as_ref().is_none_or(|text| message.to_lowercase().contains(&text.to_lowercase()))
    }
}

/// The message of an error answer.
pub(crate) fn message(body: &Value) -> String {
    let message = body.get("message").and_then(Value::as_str).unwrap_or("");
    if message.is_empty() { "GitHub gave no reason".to_owned() } else { message.to_owned() }
}

/// A rate limit, primary or secondary, comes as 403 or 429, sometimes without any header.
fn is_throttling(status: StatusCode, headers: &HeaderMap, message: &str) -> bool {
    let message = message.to_lowercase();
    status == StatusCode::TOO_MANY_REQUESTS
        || headers.contains_key(header::RETRY_AFTER)
        || header_number(headers, "x-ratelimit-remaining") == Some(0)
        || message.contains("rate limit")
        || message.contains("abuse detection")
}

/// In this order: retry-after; an empty purse: its reset; else a minute.
fn throttle_wait(headers: &HeaderMap) -> Duration {
    if let Some(wait) = retry_after(headers) {
        return wait;
    }
    if header_number(headers, "x-ratelimit-remaining") == Some(0)
        && let Some(reset) = header_number(headers, "x-ratelimit-reset")
    {
        return Duration::from_secs(reset.saturating_sub(server_time(headers)).saturating_add(1));
    }
    UNSAID_WAIT
}

fn header_number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Seconds since 1970 by the server's clock, which its reset times count by; else by ours.
fn server_time(headers: &HeaderMap) -> u64 {
    let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let ours = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    theirs.and_then(|time| u64::try_from(time.timestamp().as_second()).ok()).unwrap_or_else(ours)
}

/// GraphQL answers 200 with `errors` beside `data`. Data that came is usable; extraction looks at each error's path.
fn judge_graphql(root: &str, headers: &HeaderMap, body: &Value) -> Judgement {
    let failed = |kind, code: Option<String>, message: String| Judgement::Failed(Failure { kind, code, message });
    let errors = body.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let kind = |error: &Value| error.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
    let text = |error: &Value| message(error);
    let throttled = |error: &&Value| kind(error) == "RATE_LIMITED" || text(error).to_lowercase().contains("rate limit");
    if errors.iter().any(|error| throttled(&error)) {
        return Judgement::Throttled(Some(throttle_wait(headers)));
    }
    let root_is_there = body.get("data").and_then(|data| data.get(root)).is_some_and(|value| !value.is_null());
    match errors.first() {
        _ if root_is_there => Judgement::Done,
        None => failed(FailureKind::Invalid, None, "the answer holds neither data nor an error".to_owned()),
        Some(error) => {
            failed(error_kind(&kind(error), &text(error)), Some(kind(error)).filter(|k| !k.is_empty()), text(error))
        }
    }
}

/// The class of a GraphQL error.
pub(crate) fn error_kind(code: &str, message: &str) -> FailureKind {
    match code {
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" | "UNAUTHORIZED" | "SERVICE_UNAVAILABLE_FOR_TOKEN" => FailureKind::Denied,
        // what the caller may not know of is "not found" too
        "NOT_FOUND" => FailureKind::Denied,
        "RATE_LIMITED" => FailureKind::Throttled,
        "RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED" => FailureKind::TooLarge,
        _ if message.to_lowercase().contains("something went wrong") => FailureKind::Timeout,
        _ if message.to_lowercase().contains("timed out") || message.to_lowercase().contains("timeout") => {
            FailureKind::Timeout
        }
        _ => FailureKind::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Github;

    fn judged(operation: &str, status: u16, headers: &[(&'static str, &str)], body: &str) -> Judgement {
        let github = Github::load(&crate::rules()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let operation = Some(&github.descriptions.operations[operation]);
        judge(operation, StatusCode::from_u16(status).unwrap(), &map, body.as_bytes())
    }

    fn kind(judgement: Judgement) -> FailureKind {
        match judgement {
            Judgement::Failed(failure) => failure.kind,
            other => panic!("{other:?}"),
        }
    }

    const PROTECTION: &str = "GET /repos/{owner}/{repo}/branches/{branch}/protection";

    #[test]
    fn limits_in_all_their_forms() {
        let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
        let wait = |seconds| Judgement::Throttled(Some(Duration::from_secs(seconds)));
        assert_eq!(judged(PROTECTION, 403, &[("retry-after", "7")], secondary), wait(7));
        assert_eq!(judged(PROTECTION, 403, &[], secondary), wait(60));
        assert_eq!(judged(PROTECTION, 429, &[], "{}"), wait(60));
        let purse = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1700000030"),
            ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ];
        assert_eq!(judged(PROTECTION, 403, &purse, "{}"), wait(31));
        let graphql = r#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        assert_eq!(judged("query repositories", 200, &[], graphql), wait(60));
    }

    #[test]
    fn the_three_texts_of_classic_protection() {
        assert_eq!(judged(PROTECTION, 404, &[], r#"{"message":"Branch not protected"}"#), Judgement::Done);
        let plan = r#"{"message":"Upgrade to GitHub Pro or make this repository public to enable this feature."}"#;
        assert_eq!(judged(PROTECTION, 403, &[], plan), Judgement::Done);
        assert_eq!(kind(judged(PROTECTION, 404, &[], r#"{"message":"Not Found"}"#)), FailureKind::Denied);
        let token = r#"{"message":"Resource not accessible by personal access token"}"#;
        assert_eq!(kind(judged(PROTECTION, 403, &[], token)), FailureKind::Denied);
    }

    #[test]
    fn other_statuses() {
        assert_eq!(judged(PROTECTION, 401, &[], r#"{"message":"Bad credentials"}"#), Judgement::Expired);
        assert_eq!(judged(PROTECTION, 502, &[], "<html>"), Judgement::Transient(None));
        assert_eq!(kind(judged(PROTECTION, 422, &[], "{}")), FailureKind::Rejected);
        assert_eq!(kind(judged(PROTECTION, 301, &[], "{}")), FailureKind::NotFound);
    }

    #[test]
    fn partial_data_is_usable_and_no_data_is_not() {
        let partial = r#"{"data":{"organization":{"repositories":{"nodes":[]}}},"errors":[{"type":"FORBIDDEN","path":["organization","x"],"message":"no"}]}"#;
        assert_eq!(judged("query repositories", 200, &[], partial), Judgement::Done);
        let error = |code: &str, message: &str| {
            let body =
                serde_json::json!({"data": {"organization": null}, "errors": [{"type": code, "message": message}]});
            kind(judged("query repositories", 200, &[], &body.to_string()))
        };
        assert_eq!(error("FORBIDDEN", "no"), FailureKind::Denied);
        assert_eq!(error("NOT_FOUND", "Could not resolve to an Organization"), FailureKind::Denied);
        assert_eq!(
            error("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded."),
            FailureKind::TooLarge
        );
        assert_eq!(error("", "Something went wrong while executing your query."), FailureKind::Timeout);
        assert_eq!(kind(judged("query repositories", 200, &[], r#"{"data":null}"#)), FailureKind::Invalid);
    }
}
