//! The read-only allow-list: `GET` of a path that a description names, or a GraphQL document that only queries.

use super::Address;
use crate::describe::{Descriptions, Operation};
use annexa_tape::{Call, Refusal};
use bytes::Bytes;
use graphql_parser::query::{Definition, Document, OperationDefinition};
use http::Method;
use http::request::Parts;
use serde_json::{Map, Value};

/// The name of a document's one operation, which must be a query with a name. Mutations and subscriptions are refused.
pub(crate) fn read_only_operation(document: &str) -> Result<String, String> {
    let parsed: Document<'_, &str> =
        graphql_parser::parse_query(document).map_err(|error| format!("it is no GraphQL document: {error}"))?;
    let mut name = None;
    for definition in &parsed.definitions {
        match definition {
            Definition::Fragment(_) => {}
            Definition::Operation(OperationDefinition::Query(query)) if name.is_none() => {
                name = Some(query.name.ok_or("the query has no name")?.to_owned());
            }
            Definition::Operation(OperationDefinition::Query(_) | OperationDefinition::SelectionSet(_)) => {
                return Err("it must hold exactly one query, with a name".to_owned());
            }
            Definition::Operation(OperationDefinition::Mutation(_)) => return Err("it holds a mutation".to_owned()),
            Definition::Operation(OperationDefinition::Subscription(_)) => {
                return Err("it holds a subscription".to_owned());
            }
        }
    }
    name.ok_or_else(|| "it holds no query".to_owned())
}

/// Names a request, or refuses it.
pub(crate) fn name(
    descriptions: &Descriptions,
    address: &Address,
    parts: &Parts,
    body: &Bytes,
    hint: Option<&Call>,
) -> Result<Call, Refusal> {
    let refuse = |why: &str| Refusal { what: format!("{} {}", parts.method, parts.uri.path()), why: why.to_owned() };
    let page = hint.map_or(1, |hint| hint.page.max(1));
    if parts.method == Method::POST && address.is_graphql(&parts.uri) {
        let (operation, parameters) = graphql(body).map_err(|why| refuse(&why))?;
        if !descriptions.operations.contains_key(&operation) {
            return Err(refuse(&format!("no description names `{operation}`")));
        }
        return Ok(Call { operation, region: None, page, parameters });
    }
    if parts.method != Method::GET || !body.is_empty() {
        return Err(refuse("only GET without a body and GraphQL queries are known to be read-only"));
    }
    let Some(path) = address.rest_path(&parts.uri) else { return Err(refuse("it is not below the target's API")) };
    let matches = descriptions.operations.iter().filter_map(|(name, operation)| {
        operation.matches(path, parts.uri.query()).map(|parameters| (name, operation, parameters))
    });
    let best = matches.max_by_key(|(_, operation, _): &(_, &Operation, _)| operation.exactness());
    let (name, _, parameters) = best.ok_or_else(|| refuse("no description names this call"))?;
    Ok(Call { operation: name.clone(), region: None, page, parameters })
}

fn graphql(body: &Bytes) -> Result<(String, Map<String, Value>), String> {
    let body: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| format!("the body is no JSON object: {error}"))?;
    if body.keys().any(|key| key != "query" && key != "variables") {
        return Err("the body has members other than query and variables".to_owned());
    }
    let document = body.get("query").and_then(Value::as_str).ok_or("the body has no query")?;
    let name = read_only_operation(document)?;
    let variables = match body.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(_) => return Err("the variables are no object".to_owned()),
    };
    Ok((format!("query {name}"), variables))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Github;

    fn named(method: &str, uri: &str, body: &str) -> Result<Call, Refusal> {
        let github = Github::load(&crate::rules()).unwrap();
        let address = Address::parse("https://api.github.com").unwrap();
        let (parts, ()) = http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
        name(&github.descriptions, &address, &parts, &Bytes::copy_from_slice(body.as_bytes()), None)
    }

    #[test]
    fn known_calls_are_named() {
        let call = named("GET", "https://api.github.com/repos/acme/shop/branches/a%2Fb/protection", "").unwrap();
        assert_eq!(call.operation, "GET /repos/{owner}/{repo}/branches/{branch}/protection");
        assert_eq!((&call.parameters["repo"], &call.parameters["branch"]), (&"shop".into(), &"a/b".into()));
        let body = r#"{"query":"query organization($org: String!) { organization(login: $org) { id } }","variables":{"org":"acme"}}"#;
        assert_eq!(named("POST", "https://api.github.com/graphql", body).unwrap().operation, "query organization");
    }

    #[test]
    fn whatever_could_write_is_refused() {
        let refused = |method: &str, uri: &str, body: &str| named(method, uri, body).unwrap_err().why;
        assert!(refused("DELETE", "https://api.github.com/repos/acme/shop", "").contains("read-only"));
        assert!(refused("POST", "https://api.github.com/orgs/acme/hooks", "{}").contains("read-only"));
        assert!(refused("GET", "https://api.github.com/orgs/acme", "{}").contains("read-only"));
        assert!(refused("GET", "https://api.github.com/user/emails", "").contains("no description"));
        assert!(refused("GET", "https://other.example/orgs/acme", "").contains("not below"));
        let graphql = |document: &str| {
            let body = serde_json::json!({"query": document}).to_string();
            refused("POST", "https://api.github.com/graphql", &body)
        };
        assert!(graphql("mutation organization { x }").contains("mutation"));
        assert!(graphql("query organization { a } mutation organization { x }").contains("mutation"));
        assert!(graphql("subscription organization { x }").contains("subscription"));
        assert!(graphql("{ viewer { login } }").contains("with a name"));
        assert!(graphql("query a { x } query b { y }").contains("exactly one"));
        assert!(graphql("query unheard { x }").contains("no description"));
        assert!(graphql("query {").contains("no GraphQL"));
    }
}
