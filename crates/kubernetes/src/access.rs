//! The way to a cluster: address, TLS and credentials from kubeconfig or from the pod that annexa runs in.

use crate::exec::{self, ExecCredential};
use annexa_model::{Failure, FailureKind, KubernetesSettings};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Uri};
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, Config, ExecConfig, KubeConfigOptions, Kubeconfig, KubeconfigError};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long before its end a token is fetched anew.
const BEFORE_EXPIRY: SignedDuration = SignedDuration::from_secs(60);
/// How long a token from a file is used before the file is read again: its writer rotates it.
const TOKEN_FILE_AGE: Duration = Duration::from_secs(60);

/// Why there is no way to the cluster.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct AccessError {
    pub(crate) problem: String,
    pub(crate) remedy: &'static str,
}

/// The way to a cluster.
pub(crate) struct Access {
    /// Scheme, host and port; a path where a gateway has one.
    pub(crate) url: Uri,
    pub(crate) tls: Tls,
    pub(crate) credentials: Credentials,
    /// Who asks, as far as it is known here.
    pub(crate) caller: String,
}

/// How the server is checked, and with what the client shows who it is.
#[derive(Default)]
pub(crate) struct Tls {
    /// Certificate authorities in DER; none: those of the system.
    pub(crate) roots: Option<Vec<Vec<u8>>>,
    /// Client certificate and key in PEM.
    pub(crate) identity_pem: Option<SecretString>,
    /// The name in the server's certificate, where it differs from the host.
    pub(crate) server_name: Option<String>,
    /// Accept any certificate.
    pub(crate) insecure: bool,
    /// The proxy of this cluster.
    pub(crate) proxy: Option<String>,
}

/// Finds the way to a cluster: the context that is named, else the current one, else the pod's own service account.
pub(crate) async fn find(settings: &KubernetesSettings, base_dir: &Path) -> Result<Access, AccessError> {
    const REMEDY: &str = "set `context` or `kubeconfig` of the target, or the environment variable KUBECONFIG; \
                          `kubectl config get-contexts` lists contexts";
    let fail = |problem: String| AccessError { problem, remedy: REMEDY };
    let explicit =
        settings.context.is_some() || settings.kubeconfig.is_some() || std::env::var_os("KUBECONFIG").is_some();
    let kubeconfig = match &settings.kubeconfig {
        Some(path) => Kubeconfig::read_from(base_dir.join(path)),
        None => Kubeconfig::read(),
    };
    let kubeconfig = match kubeconfig {
        Ok(kubeconfig) => kubeconfig,
        Err(error) if explicit => return Err(fail(words(&error))),
        Err(error) => {
            return match Config::incluster() {
                Ok(config) => from_config(config, None, None).await,
                Err(in_cluster) => {
                    Err(fail(format!("no kubeconfig ({}), and not in a cluster ({in_cluster})", words(&error))))
                }
            };
        }
    };
    let context = settings.context.clone().or_else(|| kubeconfig.current_context.clone());
    let entry = kubeconfig.contexts.iter().find(|named| Some(&named.name) == context.as_ref());
    let entry = entry.and_then(|named| named.context.clone());
    let cluster = entry.as_ref().and_then(|entry| kubeconfig.clusters.iter().find(|named| named.name == entry.cluster));
    // only the cluster's own: kube would add the environment's here, without its exceptions
    let proxy = cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.clone()).filter(|url| !url.is_empty());
    let user = entry.and_then(|entry| entry.user);
    let options = KubeConfigOptions { context: settings.context.clone(), cluster: None, user: None };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| fail(words(&error)))?;
    from_config(config, user, proxy).await
}

/// An error of kubeconfig in words. The parser's own would show lines of the file, and with them tokens and keys.
fn words(error: &KubeconfigError) -> String {
    let KubeconfigError::Parse(error) = error else { return error.to_string() };
    let place = error.location().map(|place| format!(" after line {}, column {}", place.line(), place.column()));
    format!("the kubeconfig can't be understood{}", place.unwrap_or_default())
}

async fn from_config(config: Config, user: Option<String>, proxy: Option<String>) -> Result<Access, AccessError> {
    let mut identity_pem = identity_pem(&config.auth_info)?;
    let mut credentials = Source::of(&config.auth_info)?;
    if let Source::Exec { config: plugin, cache } = &mut credentials {
        let remedy =
            "try the plugin in a shell with its standard input closed, and log in with it first if it asks for that";
        let credential = exec::run(plugin).await.map_err(|error| AccessError { problem: error.to_string(), remedy })?;
        identity_pem = credential.identity_pem.clone().or(identity_pem);
        *cache.get_mut() = Some(credential);
    }
    if config.accept_invalid_certs {
        let risk = "insecure-skip-tls-verify: the server's certificate is not checked, anybody on the way could answer";
        tracing::warn!(cluster = %config.cluster_url, "{risk}");
    }
    let caller = caller(&config.auth_info, &credentials, user.as_deref()).await;
    Ok(Access {
        tls: Tls {
            roots: config.root_cert,
            identity_pem,
            server_name: config.tls_server_name,
            insecure: config.accept_invalid_certs,
            proxy,
        },
        credentials: Credentials {
            source: Arc::new(credentials),
            impersonation: impersonation(&config.auth_info)?.into(),
        },
        caller,
        url: config.cluster_url,
    })
}

/// Puts credentials on requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Credentials {
    source: Arc<Source>,
    impersonation: Arc<[(HeaderName, HeaderValue)]>,
}

enum Source {
    /// None, or a client certificate.
    None,
    Fixed(HeaderValue),
    TokenFile {
        path: PathBuf,
        cache: Mutex<Option<(HeaderValue, Instant)>>,
    },
    Exec {
        config: Box<ExecConfig>,
        cache: Mutex<Option<ExecCredential>>,
    },
}

impl Credentials {
    /// For replay: nothing is sent.
    pub(crate) fn none() -> Self {
        Self { source: Arc::new(Source::None), impersonation: Arc::new([]) }
    }

    /// The headers that say who asks. `renew`: what was used before was refused.
    pub(crate) async fn headers(&self, renew: bool) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
        let mut headers = self.impersonation.to_vec();
        headers.extend(self.source.header(renew).await?.map(|value| (AUTHORIZATION, value)));
        Ok(headers)
    }
}

impl Source {
    fn of(info: &AuthInfo) -> Result<Source, AccessError> {
        let remedy = "use an exec plugin or a token in this user of the kubeconfig";
        let bad_header =
            |_| AccessError { problem: "the token has characters that no header can carry".to_owned(), remedy };
        if let Some(provider) = &info.auth_provider {
            return match provider.config.get("id-token") {
                Some(token) => Ok(Source::Fixed(bearer(token).map_err(bad_header)?)),
                None => Err(AccessError {
                    problem: format!("the auth-provider `{}` was removed from Kubernetes", provider.name),
                    remedy,
                }),
            };
        }
        if let (Some(user), Some(password)) = (&info.username, &info.password) {
            let mut value = format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret())))
                .parse::<HeaderValue>()
                .map_err(bad_header)?;
            value.set_sensitive(true);
            return Ok(Source::Fixed(value));
        }
        if let Some(token) = &info.token {
            return Ok(Source::Fixed(bearer(token.expose_secret()).map_err(bad_header)?));
        }
        if let Some(path) = &info.token_file {
            return Ok(Source::TokenFile { path: PathBuf::from(path), cache: Mutex::default() });
        }
        Ok(match &info.exec {
            Some(config) => Source::Exec { config: Box::new(config.clone()), cache: Mutex::default() },
            None => Source::None,
        })
    }

    async fn header(&self, renew: bool) -> Result<Option<HeaderValue>, Failure> {
        let failure = |message: String| Failure { kind: FailureKind::Unauthenticated, code: None, message };
        match self {
            Source::None => Ok(None),
            Source::Fixed(value) => Ok(Some(value.clone())),
            Source::TokenFile { path, cache } => {
                let mut cache = cache.lock().await;
                if let (Some((value, read_at)), false) = (&*cache, renew)
                    && read_at.elapsed() < TOKEN_FILE_AGE
                {
                    return Ok(Some(value.clone()));
                }
                let token = tokio::fs::read_to_string(path).await;
                let token = token
                    .map_err(|error| failure(format!("the token file {} can't be read: {error}", path.display())))?;
                let value =
                    bearer(&token).map_err(|_| failure(format!("the token file {} holds no token", path.display())))?;
                *cache = Some((value.clone(), Instant::now()));
                Ok(Some(value))
            }
            Source::Exec { config, cache } => {
                let mut cache = cache.lock().await;
                let fresh = |credential: &ExecCredential| {
                    credential.expires_at.is_none_or(|end| Timestamp::now().duration_until(end) > BEFORE_EXPIRY)
                };
                if renew || !cache.as_ref().is_some_and(fresh) {
                    *cache = Some(exec::run(config).await.map_err(|error| failure(error.to_string()))?);
                }
                let token = cache.as_ref().and_then(|credential| credential.token.as_ref());
                let value = token.map(|token| bearer(token.expose_secret()));
                value.transpose().map_err(|_| {
                    failure("the credential plugin's token has characters that no header can carry".to_owned())
                })
            }
        }
    }
}

fn bearer(token: &str) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `as`, `as-uid` and `as-groups` of the kubeconfig.
fn impersonation(info: &AuthInfo) -> Result<Vec<(HeaderName, HeaderValue)>, AccessError> {
    let remedy = "correct `as`, `as-uid` or `as-groups` of this user in the kubeconfig";
    let header = |name: &'static str, value: &String| {
        let value = HeaderValue::try_from(value);
        let value = value.map_err(|error| AccessError { problem: format!("impersonation: {error}"), remedy })?;
        Ok((HeaderName::from_static(name), value))
    };
    let groups = info.impersonate_groups.iter().flatten();
    if groups.clone().count() > 1 {
        return Err(AccessError { problem: "more than one group in `as-groups`".to_owned(), remedy: "name one group" });
    }
    let user = info.impersonate.iter().map(|value| header("impersonate-user", value));
    let uid = info.impersonate_uid.iter().map(|value| header("impersonate-uid", value));
    user.chain(uid).chain(groups.map(|value| header("impersonate-group", value))).collect()
}

/// Client certificate and key of a kubeconfig user, in PEM.
fn identity_pem(info: &AuthInfo) -> Result<Option<SecretString>, AccessError> {
    let remedy = "a client certificate needs both client-certificate(-data) and client-key(-data)";
    let read = |data: Option<&str>, file: Option<&String>, what: &str| {
        let bytes = match (data, file) {
            (Some(data), _) => STANDARD.decode(data.trim()).map_err(|error| error.to_string()),
            (None, Some(path)) => std::fs::read(path).map_err(|error| format!("{path}: {error}")),
            (None, None) => return Ok(None),
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not PEM".to_owned()));
        text.map(Some).map_err(|problem| AccessError { problem: format!("{what}: {problem}"), remedy })
    };
    let key_data = info.client_key_data.as_ref().map(|key| key.expose_secret());
    let certificate =
        read(info.client_certificate_data.as_deref(), info.client_certificate.as_ref(), "client certificate")?;
    let key = read(key_data, info.client_key.as_ref(), "client key")?;
    match (key, certificate) {
        (Some(key), Some(certificate)) => {
            Ok(Some(SecretString::from(format!("{}\n{}\n", key.trim_end(), certificate.trim_end()))))
        }
        (None, None) => Ok(None),
        _ => Err(AccessError { problem: "half a client certificate".to_owned(), remedy }),
    }
}

/// Who asks: the impersonated user, the subject of a JSON web token, or the user's name in the kubeconfig. The API
/// server's own answer would take a POST, which is never sent.
async fn caller(info: &AuthInfo, source: &Source, user: Option<&str>) -> String {
    let token = source.header(false).await.ok().flatten();
    let subject = token.as_ref().and_then(|value| token_subject(value.to_str().ok()?));
    match (&info.impersonate, subject, user) {
        (Some(user), _, _) => user.clone(),
        (None, Some(subject), _) => subject,
        (None, None, Some(user)) => format!("kubeconfig user {user}"),
        (None, None, None) => "unknown".to_owned(),
    }
}

fn token_subject(header: &str) -> Option<String> {
    let payload = header.strip_prefix("Bearer ")?.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(kubeconfig: &serde_json::Value) -> (tempfile::TempDir, KubernetesSettings) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config"), kubeconfig.to_string()).unwrap();
        (folder, KubernetesSettings { kubeconfig: Some("config".to_owned()), ..KubernetesSettings::default() })
    }

    fn kubeconfig(cluster: &serde_json::Value, user: &serde_json::Value) -> serde_json::Value {
        json!({"apiVersion": "v1", "kind": "Config", "current-context": "a",
            "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}]})
    }

    #[tokio::test]
    async fn a_token_file_is_read_again_when_the_server_refuses() {
        let (folder, settings) =
            settings(&kubeconfig(&json!({"server": "https://h:1/k8s/c"}), &json!({"tokenFile": "token"})));
        std::fs::write(folder.path().join("token"), "one\n").unwrap();
        let mut settings = settings;
        // kubeconfig's own relative paths are relative to its folder; this one is given whole
        let text = std::fs::read_to_string(folder.path().join("config")).unwrap();
        std::fs::write(
            folder.path().join("config"),
            text.replace("\"token\"", &format!("{:?}", folder.path().join("token"))),
        )
        .unwrap();
        settings.context = Some("a".to_owned());
        let access = find(&settings, folder.path()).await.unwrap();
        assert_eq!(access.url.path(), "/k8s/c");
        let header = |renew| {
            let credentials = access.credentials.clone();
            async move { credentials.headers(renew).await.unwrap()[0].1.to_str().unwrap().to_owned() }
        };
        assert_eq!(header(false).await, "Bearer one");
        std::fs::write(folder.path().join("token"), "two\n").unwrap();
        assert_eq!((header(false).await, header(true).await), ("Bearer one".to_owned(), "Bearer two".to_owned()));
    }

    #[tokio::test]
    async fn an_expired_plugin_token_is_fetched_anew() {
        let script = "n=$(cat \"$F\" 2>/dev/null || echo 0); n=$((n+1)); echo $n > \"$F\"; printf '{\"status\":{\"token\":\"t%s\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}}' $n";
        let folder = tempfile::tempdir().unwrap();
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "F", "value": folder.path().join("n")}]});
        let (dir, settings) = settings(&kubeconfig(&json!({"server": "https://h"}), &json!({"exec": exec})));
        let access = find(&settings, dir.path()).await.unwrap();
        let first = access.credentials.headers(false).await.unwrap()[0].1.clone();
        let second = access.credentials.headers(false).await.unwrap()[0].1.clone();
        assert_ne!(first, second);
        assert!(first.is_sensitive());
        assert_eq!(access.caller, "kubeconfig user u");
    }

    #[tokio::test]
    async fn errors_say_what_to_do() {
        let (dir, mut settings) =
            settings(&kubeconfig(&json!({"server": "https://h"}), &json!({"client-certificate-data": "QQ=="})));
        assert_eq!(find(&settings, dir.path()).await.err().unwrap().problem, "half a client certificate");
        settings.context = Some("nowhere".to_owned());
        assert!(find(&settings, dir.path()).await.err().unwrap().problem.contains("nowhere"));
    }

    #[tokio::test]
    async fn errors_show_nothing_of_the_file() {
        let whole = "clusters: []\nusers:\n  - {name: u, user: USER}\n";
        for user in
            ["CANARY", "{token: [CANARY]}", "{token: \"CANARY}", "{token: !!int CANARY}", "{exec: {args: CANARY}}"]
        {
            let (dir, settings) = settings(&json!({}));
            std::fs::write(dir.path().join("config"), whole.replace("USER", user)).unwrap();
            let problem = find(&settings, dir.path()).await.err().unwrap().problem;
            assert!(
                problem.contains("can't be understood after line 3") && !problem.contains("CANARY"),
                "{user}: {problem}"
            );
        }
    }

    #[test]
    fn a_service_accounts_token_says_who_asks() {
        let claims = URL_SAFE_NO_PAD.encode(json!({"sub": "system:serviceaccount:a:b"}).to_string());
        assert_eq!(token_subject(&format!("Bearer x.{claims}.y")).as_deref(), Some("system:serviceaccount:a:b"));
        assert_eq!(token_subject("Bearer opaque"), None);
    }
}
