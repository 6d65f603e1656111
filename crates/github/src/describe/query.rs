//! The text of a GraphQL query, made of a fact's fields: what is asked is what is kept.

use super::{Operation, Query, Route, Shape, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

impl Query {
    /// The document. Each query also asks what it cost.
    pub(crate) fn document(&self, fields: &Shape) -> String {
        let mut variables: BTreeSet<String> = BTreeSet::new();
        variables_in(&self.root, &mut variables);
        let mut head: Vec<String> = variables.iter().map(|name| format!("${name}: String!")).collect();
        let mut body = String::new();
        match &self.connection {
            None => {
                let _ = write!(body, "{}{}", self.root, selection(fields));
            }
            Some(connection) => {
                head.push("$first: Int!".to_owned());
                head.push("$after: String".to_owned());
                let items = if self.edges { "edges" } else { "nodes" };
                let _ = write!(
                    body,
                    "{} {{ {} {{ totalCount pageInfo {{ hasNextPage endCursor }} {items}{} }} }}",
                    self.root,
                    with_paging(connection),
                    selection(fields)
                );
            }
        }
        let mut beside = String::new();
        for (name, shape) in &self.beside {
            let _ = write!(beside, "{name}{} ", selection(shape));
        }
        format!("query {}({}) {{ {beside}{body} rateLimit {{ cost nodeCount }} }}", self.name.value, head.join(", "))
    }

    /// The answer's root field.
    pub(crate) fn root_key(&self) -> &str {
        key(&self.root)
    }

    /// The answer's connection below the root.
    pub(crate) fn connection_key(&self) -> Option<&str> {
        self.connection.as_deref().map(key)
    }

    /// What is kept of an answer.
    pub(crate) fn keep(&self, fields: &Shape) -> Shape {
        let inside = match self.connection_key() {
            None => fields.clone(),
            Some(connection) => {
                let items = if self.edges { "edges" } else { "nodes" };
                let word = Shape::Value;
                let page_info = object([("hasNextPage", word(Word::Bool)), ("endCursor", word(Word::String))]);
                let page = object([
                    ("totalCount", word(Word::Int)),
                    ("pageInfo", page_info),
                    (items, Shape::List(Box::new(fields.clone()))),
                ]);
                Shape::object_of(connection, page)
            }
        };
        let cost = object([("cost", Shape::Value(Word::Int)), ("nodeCount", Shape::Value(Word::Int))]);
        let mut data: BTreeMap<&str, Shape> = BTreeMap::from([(self.root_key(), inside), ("rateLimit", cost)]);
        for (name, shape) in &self.beside {
            data.insert(key(name), shape.clone());
        }
        object([("data", object(data))]).merge(&errors())
    }
}

/// The query that asks who answers and who asks: before all others, and not a description's, so that a file that is
/// left out can't take it away.
pub(crate) fn identity() -> (String, (String, Operation)) {
    let document =
        "query identity($org: String!) { viewer { login } organization(login: $org) { id login } }".to_owned();
    let keep = object([(
        "data",
        object([
            ("viewer", object([("login", Shape::Value(Word::Login))])),
            ("organization", object([("id", Shape::Value(Word::String)), ("login", Shape::Value(Word::String))])),
        ]),
    )]);
    let operation = Operation {
        route: Route::Graphql { document: document.clone(), root: "organization".to_owned() },
        keep: keep.merge(&errors()),
        permission: Some("metadata=read".to_owned()),
        on: Vec::new(),
        types: BTreeSet::new(),
    };
    (document, ("query identity".to_owned(), operation))
}

/// What is kept of the errors beside a query's data.
fn errors() -> Shape {
    let error = object([
        ("type", Shape::Value(Word::String)),
        ("message", Shape::Value(Word::String)),
        ("path", Shape::List(Box::new(Shape::Value(Word::Any)))),
    ]);
    object([("errors", Shape::List(Box::new(error)))])
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Shape)>) -> Shape {
    members
        .into_iter()
        .map(|(name, shape)| Shape::object_of(name, shape))
        .fold(Shape::Object(BTreeMap::new()), |all, one| all.merge(&one))
}

/// The key in an answer of a field with arguments.
fn key(field: &str) -> &str {
    field.split(['(', ' ']).next().unwrap_or(field)
}

fn with_paging(connection: &str) -> String {
    match connection.split_once('(') {
        Some((name, arguments)) => format!("{name}(first: $first, after: $after, {arguments}"),
        None => format!("{connection}(first: $first, after: $after)"),
    }
}

fn variables_in(text: &str, variables: &mut BTreeSet<String>) {
    for rest in text.split('$').skip(1) {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.is_empty() && name != "first" && name != "after" {
            variables.insert(name);
        }
    }
}

fn selection(shape: &Shape) -> String {
    match shape {
        Shape::Value(_) => String::new(),
        Shape::List(inner) | Shape::Map(inner) => selection(inner),
        Shape::Object(members) => {
            let parts: Vec<String> =
                members.iter().map(|(member, shape)| format!("{}{}", member.selection(), selection(shape))).collect();
            format!(" {{ {} }}", parts.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_asks_what_is_kept() {
        let text = "name: x\nroot: 'organization(login: $org)'\nconnection: 'repositories(orderBy: {field: NAME, direction: ASC})'\n";
        let query: Query = annexa_source::SourceFile::new("q.yaml", text).parse_yaml().unwrap();
        let fields: Shape =
            annexa_source::SourceFile::new("f.yaml", "{name: string, owner: {'... on User': {login: login}}}")
                .parse_yaml()
                .unwrap();
        assert_eq!(
            query.document(&fields),
            "query x($org: String!, $first: Int!, $after: String) { organization(login: $org) { \
             repositories(first: $first, after: $after, orderBy: {field: NAME, direction: ASC}) { totalCount pageInfo { hasNextPage endCursor } \
             nodes { name owner { ... on User { login } } } } } rateLimit { cost nodeCount } }"
        );
        let kept = query.keep(&fields);
        let data =
            &kept.members()["data"].members()["organization"].members()["repositories"].members()["nodes"].clone();
        assert!(matches!(data, Shape::List(_)));
    }
}
