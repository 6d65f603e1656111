//! The bottom: one `reqwest` client, set up once.

use super::Trouble;
use super::echo::Carried;
use crate::{Limits, Proxy, ServerName, Settings, SettingsError};
use annexa_model::{FailureKind, USER_AGENT, sha256_hex};
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use std::error::Error;
use std::sync::Once;

/// An answer as it came, but for credentials of the request, before redaction. Has no `Debug` on purpose: it may hold secrets.
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) tls: String,
    /// Whether it repeated credentials of the request, which were cut.
    pub(crate) echoed: bool,
}

/// A client for the network.
#[derive(Clone)]
pub(crate) struct Wire {
    client: Client,
    headers: HeaderMap,
    server_name: Option<ServerName>,
    max_body: usize,
    read_seconds: f32,
}

impl Wire {
    pub(crate) fn new(settings: &Settings, limits: &Limits) -> Result<Self, SettingsError> {
        install_ring();
        let builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_info(true)
            .gzip(true)
            .connect_timeout(limits.connect)
            .read_timeout(limits.read);
        let client = reach(builder, settings)?.build().map_err(|error| SettingsError::Client(cause(&error)))?;
        Ok(Self {
            client,
            headers: settings.headers.clone(),
            server_name: settings.server_name.clone(),
            max_body: limits.max_body,
            read_seconds: limits.read.as_secs_f32(),
        })
    }

    /// Sends a request and reads the answer whole.
    pub(crate) async fn send(&self, mut parts: Parts, body: Bytes) -> Result<Raw, Trouble> {
        let host = parts.uri.host().unwrap_or_default().to_owned();
        self.prepare(&mut parts)?;
        let carried = Carried::of(&parts.headers);
        let request = reqwest::Request::try_from(http::Request::from_parts(parts, body))
            .map_err(|error| Trouble::lasting(FailureKind::Rejected, format!("no valid request: {}", cause(&error))))?;
        let mut response = self.client.execute(request).await.map_err(|error| self.trouble(&error, &host))?;
        let status = response.status();
        let tls = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let tls = tls.map_or_else(|| "no TLS".to_owned(), |certificate| format!("sha256:{}", sha256_hex(certificate)));
        let mut headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.trouble(&error, &host))? {
            if body.len() + part.len() > self.max_body {
                let message = format!("the answer is larger than {} bytes", self.max_body);
                return Err(Trouble::lasting(FailureKind::TooLarge, message));
            }
            body.extend_from_slice(&part);
        }
        let (body, echoed) = carried.cut(&mut headers, body.freeze());
        Ok(Raw { status, headers, body, tls, echoed })
    }

    /// The headers that every request has, and the server's other name.
    fn prepare(&self, parts: &mut Parts) -> Result<(), Trouble> {
        // reqwest writes it from the URI; a second one troubles HTTP/2 servers
        parts.headers.remove(header::HOST);
        for (name, value) in &self.headers {
            parts.headers.entry(name).or_insert_with(|| value.clone());
        }
        parts.headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let Some(server) = &self.server_name else { return Ok(()) };
        if parts.uri.host() != Some(server.host.as_str()) {
            return Ok(());
        }
        let invalid = || Trouble::lasting(FailureKind::Connection, format!("`{}` is no server name", server.name));
        if let Some(Ok(host)) = parts.uri.authority().map(|authority| HeaderValue::from_str(authority.as_str())) {
            parts.headers.insert(header::HOST, host);
        }
        let authority = match parts.uri.port() {
            Some(port) => format!("{}:{port}", server.name),
            None => server.name.clone(),
        };
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.authority = Some(authority.parse().map_err(|_| invalid())?);
        parts.uri = Uri::from_parts(uri).map_err(|_| invalid())?;
        Ok(())
    }

    /// Our own words for what went wrong. reqwest's would hold the URL, and with it the query.
    fn trouble(&self, error: &reqwest::Error, host: &str) -> Trouble {
        let cause = cause(error);
        if error.is_connect() {
            let kind = if error.is_timeout() { FailureKind::Timeout } else { FailureKind::Connection };
            return Trouble::passing(kind, format!("could not connect to {host}: {cause}"));
        }
        if error.is_timeout() {
            let message = format!("{host} was silent for {} s", self.read_seconds);
            return Trouble::passing(FailureKind::Timeout, message);
        }
        if error.is_builder() {
            return Trouble::lasting(FailureKind::Rejected, format!("the request could not be made: {cause}"));
        }
        Trouble::passing(FailureKind::Connection, format!("the connection to {host} broke off: {cause}"))
    }
}

/// The innermost cause of an error: the operating system's or the TLS library's words, never a URL.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: Option<&(dyn Error + 'static)> = error.source();
    while let Some(next) = innermost.and_then(Error::source) {
        innermost = Some(next);
    }
    let text = innermost.map_or_else(|| "no more is known".to_owned(), ToString::to_string);
    if text.contains("://") { "no more is known".to_owned() } else { text }
}

/// rustls needs one crypto provider a process; the first TLS handshake would panic without it.
fn install_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // an error says that somebody else installed one already: just as good
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Applies the settings of a transport to its client.
fn reach(mut builder: ClientBuilder, settings: &Settings) -> Result<ClientBuilder, SettingsError> {
    let mut roots = Vec::new();
    for pem in &settings.roots_pem {
        roots.extend(Certificate::from_pem_bundle(pem).map_err(|_| SettingsError::Roots)?);
    }
    if settings.only_these_roots {
        builder = builder.tls_certs_only(roots);
    } else if !roots.is_empty() {
        builder = builder.tls_certs_merge(roots);
    }
    if settings.accept_invalid_certificates {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(pem) = &settings.identity_pem {
        builder = builder.identity(Identity::from_pem(pem).map_err(|_| SettingsError::Identity)?);
    }
    if let Some(server_name) = &settings.server_name {
        builder = builder.dns_resolver(Renamed(server_name.clone()));
    }
    match &settings.proxy {
        Proxy::System => Ok(builder),
        Proxy::None => Ok(builder.no_proxy()),
        Proxy::Url(url) => Ok(builder.proxy(reqwest::Proxy::all(url).map_err(|_| SettingsError::Proxy)?)),
    }
}

/// Finds the server under its certificate's name at the address of the host that it is reached by.
struct Renamed(ServerName);

impl Resolve for Renamed {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = name.as_str();
        let host = if asked == self.0.name { self.0.host.clone() } else { asked.to_owned() };
        let host = host.trim_matches(['[', ']']).to_owned();
        Box::pin(async move {
            let addresses: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
