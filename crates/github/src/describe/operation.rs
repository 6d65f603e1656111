//! The calls that the description files name, and which request is which call.

use super::{On, Shape};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A call that the description files name. What is not one of these is never sent.
#[derive(Debug)]
pub(crate) struct Operation {
    /// REST or GraphQL.
    pub(crate) route: Route,
    /// What is kept of a good answer.
    pub(crate) keep: Shape,
    /// The permission that it needs: `administration=read`.
    pub(crate) permission: Option<String>,
    /// What statuses other than 200 mean.
    pub(crate) on: Vec<On>,
    /// The types whose facts rest on it.
    pub(crate) types: BTreeSet<String>,
}

/// How a call is sent.
#[derive(Debug)]
pub(crate) enum Route {
    /// `GET` of a path.
    Rest {
        /// The path's segments; `{name}` stands for any one segment.
        segments: Vec<String>,
        /// Query parameters with their values, beside those for paging.
        query: BTreeSet<(String, String)>,
    },
    /// `POST` of a document to the GraphQL endpoint.
    Graphql {
        /// The document.
        document: String,
        /// The answer's root field.
        root: String,
    },
}

/// Query parameters for paging, allowed on each REST call.
pub(crate) const PAGING: [&str; 5] = ["per_page", "page", "after", "before", "cursor"];

/// One question, without its page.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The operation's name.
    pub(crate) operation: String,
    /// Path and fixed query parameters, or GraphQL variables.
    pub(crate) parameters: BTreeMap<String, String>,
    /// REST: the path below the base address, encoded, without query.
    pub(crate) path: String,
    /// REST: fixed query parameters.
    pub(crate) query: Vec<(String, String)>,
    /// Whether the answer is a list that comes in pages.
    pub(crate) paged: bool,
    /// What is asked about, for people.
    pub(crate) subject: String,
}

/// A path template with its query parameters: `/orgs/{org}/members?filter=2fa_disabled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    /// The segments.
    pub(crate) segments: Vec<String>,
    /// The query parameters.
    pub(crate) query: Vec<(String, String)>,
}

impl PathTemplate {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let segments: Vec<String> = path.strip_prefix('/')?.split('/').map(str::to_owned).collect();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        (!segments.iter().any(String::is_empty)).then_some(Self { segments, query })
    }

    /// The operation's name: `GET /orgs/{org}/members`.
    pub(crate) fn operation(&self) -> String {
        format!("GET /{}", self.segments.join("/"))
    }

    /// The names in braces.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| parameter(segment))
    }

    /// The question about the things with these names; none when a name has no value.
    pub(crate) fn ask(&self, value: impl Fn(&str) -> Option<String>, paged: bool, subject: String) -> Option<Ask> {
        let mut parameters = BTreeMap::new();
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match parameter(segment) {
                None => path.push_str(segment),
                Some(name) => {
                    let value = value(name).filter(|value| !value.is_empty() && value != "." && value != "..")?;
                    path.push_str(&encode_segment(&value));
                    parameters.insert(name.to_owned(), value);
                }
            }
        }
        parameters.extend(self.query.iter().cloned());
        Some(Ask { operation: self.operation(), parameters, path, query: self.query.clone(), paged, subject })
    }
}

/// The name of a segment that stands for any one: `{repo}`.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Everything but RFC 3986's unreserved characters is encoded, slashes in branch names included.
fn encode_segment(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Turns `%2F` and the like back.
fn decode_segment(segment: &str) -> String {
    // form decoding also turns `+` into a blank, which is no escape in a path
    let escaped = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl Operation {
    /// The parameters of a REST request that is this call; none when it is another.
    pub(crate) fn matches(&self, path: &str, query: Option<&str>) -> Option<Map<String, Value>> {
        let Route::Rest { segments, query: allowed } = &self.route else { return None };
        let asked: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if asked.len() != segments.len() {
            return None;
        }
        let mut parameters = Map::new();
        for (template, segment) in segments.iter().zip(asked) {
            match parameter(template) {
                Some(name) if !segment.is_empty() && segment != "." && segment != ".." => {
                    parameters.insert(name.to_owned(), decode_segment(segment).into());
                }
                None if template == segment => {}
                _ => return None,
            }
        }
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or("").as_bytes()).into_owned() {
            let known = PAGING.contains(&name.as_str()) || allowed.contains(&(name.clone(), value.clone()));
            if !known {
                return None;
            }
            parameters.insert(name, value.into());
        }
        Some(parameters)
    }

    /// How many of the path's segments are words, for choosing the most exact of several matches.
    pub(crate) fn exactness(&self) -> usize {
        match &self.route {
            Route::Rest { segments, .. } => segments.iter().filter(|segment| parameter(segment).is_none()).count(),
            Route::Graphql { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(template: &str) -> Operation {
        let template = PathTemplate::parse(template).unwrap();
        Operation {
            route: Route::Rest { segments: template.segments, query: template.query.into_iter().collect() },
            keep: Shape::Object(BTreeMap::new()),
            permission: None,
            on: vec![],
            types: BTreeSet::new(),
        }
    }

    #[test]
    fn a_branch_with_a_slash_is_one_segment() {
        let template = PathTemplate::parse("/repos/{owner}/{repo}/branches/{branch}/protection").unwrap();
        let value = |name: &str| Some(if name == "branch" { "release/1 +&%".to_owned() } else { name.to_owned() });
        let ask = template.ask(value, false, String::new()).unwrap();
        assert_eq!(ask.path, "/repos/owner/repo/branches/release%2F1%20%2B%26%25/protection");
        let matched = operation("/repos/{owner}/{repo}/branches/{branch}/protection").matches(&ask.path, None).unwrap();
        assert_eq!(matched["branch"], "release/1 +&%");
    }

    #[test]
    fn only_named_query_parameters_pass() {
        let operation = operation("/orgs/{org}/members?filter=2fa_disabled");
        assert!(operation.matches("/orgs/acme/members", Some("per_page=100&page=2")).is_some());
        assert!(operation.matches("/orgs/acme/members", Some("filter=2fa_disabled")).is_some());
        assert!(operation.matches("/orgs/acme/members", Some("filter=all")).is_none());
        assert!(operation.matches("/orgs/acme/members/x", None).is_none());
        assert!(operation.matches("/orgs/../members", None).is_none());
    }

    #[test]
    fn a_name_that_would_climb_is_not_asked() {
        let template = PathTemplate::parse("/repos/{owner}/{repo}").unwrap();
        assert!(template.ask(|_| Some("..".to_owned()), false, String::new()).is_none());
    }
}
