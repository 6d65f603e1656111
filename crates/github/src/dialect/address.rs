//! Where a GitHub answers: the cloud, data residency, or a server of one's own.

use http::Uri;
use url::Url;

/// The addresses of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, host and port: `https://api.github.com`.
    pub(crate) origin: String,
    /// Host, with its port where one is given.
    pub(crate) host: String,
    /// What stands before each REST path: nothing, or `/api/v3`.
    pub(crate) prefix: String,
    /// The path of the GraphQL endpoint.
    pub(crate) graphql: String,
}

impl Address {
    /// From the `api_url` of annexa.yaml.
    pub(crate) fn parse(api_url: &str) -> Result<Self, String> {
        let url = Url::parse(api_url).map_err(|error| format!("api_url `{api_url}` is no address: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") || url.query().is_some() || !url.username().is_empty() {
            return Err(format!("api_url `{api_url}` must be a plain https address"));
        }
        let Some(host) = url.host_str() else { return Err(format!("api_url `{api_url}` has no host")) };
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let prefix = url.path().trim_end_matches('/').to_owned();
        // an Enterprise Server has REST at /api/v3 and GraphQL at /api/graphql
        let graphql = format!("{}/graphql", prefix.strip_suffix("/v3").unwrap_or(&prefix));
        Ok(Self { origin: format!("{}://{host}", url.scheme()), host, prefix, graphql })
    }

    /// The path below the REST prefix; none for another host or place.
    pub(crate) fn rest_path<'a>(&self, uri: &'a Uri) -> Option<&'a str> {
        self.is_ours(uri).then(|| uri.path().strip_prefix(self.prefix.as_str())).flatten()
    }

    /// Whether this is the GraphQL endpoint.
    pub(crate) fn is_graphql(&self, uri: &Uri) -> bool {
        self.is_ours(uri) && uri.path() == self.graphql && uri.query().is_none()
    }

    fn is_ours(&self, uri: &Uri) -> bool {
        uri.authority().is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(&self.host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_data_residency_and_server() {
        let address = |url: &str| Address::parse(url).unwrap();
        assert_eq!(address("https://api.github.com").graphql, "/graphql");
        assert_eq!(address("https://api.acme.ghe.com/").graphql, "/graphql");
        let server = address("https://ghe.example.org/api/v3/");
        assert_eq!((server.prefix.as_str(), server.graphql.as_str()), ("/api/v3", "/api/graphql"));
        let uri: Uri = "https://ghe.example.org/api/v3/orgs/acme".parse().unwrap();
        assert_eq!(server.rest_path(&uri), Some("/orgs/acme"));
        assert_eq!(address("http://127.0.0.1:8080").host, "127.0.0.1:8080");
    }

    #[test]
    fn credentials_and_other_hosts_are_refused() {
        assert!(Address::parse("https://user:pw@api.github.com").is_err());
        assert!(Address::parse("ftp://api.github.com").is_err());
        let uri: Uri = "https://evil.example/orgs/acme".parse().unwrap();
        assert_eq!(Address::parse("https://api.github.com").unwrap().rest_path(&uri), None);
    }
}
