//! How to reach a host: roots, client certificate, proxy.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where requests go through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the environment says (`HTTPS_PROXY`, `NO_PROXY`, …).
    #[default]
    System,
    /// Straight to the host.
    None,
    /// This proxy, by its URL.
    Url(String),
}

/// The server is known by another name than the one that it is reached by (`tls-server-name` of a kubeconfig).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    /// The host in the requests: a name or an address without port.
    pub host: String,
    /// The name in the server's certificate.
    pub name: String,
}

/// How to reach the hosts of one transport. The default suits public services.
#[derive(Clone, Default)]
pub struct Settings {
    /// More certificates to trust, each entry a PEM file with one or several.
    pub roots_pem: Vec<Vec<u8>>,
    /// Trust only `roots_pem`, not the system's certificates.
    pub only_these_roots: bool,
    /// Trust any certificate. The digest of the one that came is recorded all the same.
    pub accept_invalid_certificates: bool,
    /// A client certificate and its private key in one PEM.
    pub identity_pem: Option<Vec<u8>>,
    /// The name in the server's certificate, when it is not the host's.
    pub server_name: Option<ServerName>,
    /// The proxy.
    pub proxy: Proxy,
    /// Headers for every request. Not for credentials: those are the dialect's.
    pub headers: HeaderMap,
    /// The only hosts (`name` or `name:port`) that requests may go to; empty: any. Guards credentials where a
    /// provider's answers hold links.
    pub hosts: Vec<String>,
}

impl Settings {
    /// Adds a header to every request.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Lets requests go to this host only (or to those named before, too).
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("roots", &self.roots_pem.len())
            .field("only_these_roots", &self.only_these_roots)
            .field("accept_invalid_certificates", &self.accept_invalid_certificates)
            .field("identity", &self.identity_pem.is_some())
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

/// The settings of a connection can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A trusted certificate can't be read.
    #[error("the certificate authority's certificate can't be read as PEM")]
    Roots,
    /// The client certificate can't be read.
    #[error("the client certificate and its key can't be read as PEM")]
    Identity,
    /// The proxy's URL can't be read. The URL is not shown, because it may hold a password.
    #[error("the proxy's URL can't be read")]
    Proxy,
    /// The HTTP client can't be made.
    #[error("the HTTP client can't be set up: {0}")]
    Client(String),
}
