//! The same call without us: `gh api`.

use annexa_model::{Exchange, Kind};
use serde_json::Value;
use std::fmt::Write as _;

/// The command that repeats an exchange with GitHub's own command line.
#[must_use]
pub fn reproduce(exchange: &Exchange) -> Option<String> {
    if exchange.kind != Kind::Github || exchange.request.method.is_empty() {
        return None;
    }
    let host = match exchange.host.as_str() {
        "" | "api.github.com" => String::new(),
        host => format!(" --hostname {}", quoted(host.strip_prefix("api.").unwrap_or(host))),
    };
    let Some(body) = &exchange.request.body else {
        let path = exchange.request.path.trim_start_matches("/api/v3").trim_start_matches('/');
        return Some(format!(
            "gh api{host} -H 'X-GitHub-Api-Version: {}' {}",
            crate::client::API_VERSION,
            quoted(path)
        ));
    };
    let query = body.get("query")?.as_str()?;
    let mut command = format!("gh api{host} graphql -f query={}", quoted(query));
    for (name, value) in body.get("variables").and_then(Value::as_object).into_iter().flatten() {
        match value {
            Value::String(text) => {
                let _ = write!(command, " -f {name}={}", quoted(text));
            }
            // null is the default
            Value::Null => {}
            other => {
                let _ = write!(command, " -F {name}={}", quoted(&other.to_string()));
            }
        }
    }
    Some(command)
}

/// Quoted for a shell, where it must be.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/:@".contains(&b));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_model::{Request, Timestamp};
    use serde_json::{Map, json};

    fn exchange(host: &str, path: &str, body: Option<Value>) -> Exchange {
        Exchange {
            id: String::new(),
            target: "acme".into(),
            kind: Kind::Github,
            operation: String::new(),
            region: None,
            page: 1,
            request: Request { method: "GET".into(), path: path.into(), parameters: Map::new(), body },
            asked_by: String::new(),
            asked_at: Timestamp::UNIX_EPOCH,
            attempts: 1,
            host: host.into(),
            tls: String::new(),
            request_id: None,
            server_date: None,
            answer: None,
            failure: None,
            cuts: vec![],
        }
    }

    #[test]
    fn rest_and_graphql() {
        let rest = reproduce(&exchange("api.github.com", "/orgs/acme/hooks?per_page=100", None));
        assert_eq!(
            rest.as_deref(),
            Some("gh api -H 'X-GitHub-Api-Version: 2022-11-28' 'orgs/acme/hooks?per_page=100'")
        );
        let body =
            json!({"query": "query x { viewer { login } }", "variables": {"org": "o'x", "first": 2, "after": null}});
        let graphql = reproduce(&exchange("ghe.example.org", "/api/graphql", Some(body))).unwrap();
        assert_eq!(
            graphql,
            r"gh api --hostname ghe.example.org graphql -f query='query x { viewer { login } }' -f org='o'\''x' -F first=2"
        );
    }
}
