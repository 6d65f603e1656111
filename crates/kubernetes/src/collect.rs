//! Asks a cluster: its version, what it serves, and all objects of the kinds that are needed.

use crate::access::{self, Access, Credentials, Tls};
use crate::adapter::{self, fatal};
use crate::dialect::{KubernetesDialect, api_path, page_name, page_path};
use crate::discovery::{Discovery, Served};
use crate::kinds::{Kind, Kinds};
use crate::redact::without_addresses;
use annexa_model::KubernetesSettings;
use annexa_tape::{CollectError, Proxy, ServerName, Session, Settings, Transport, TransportError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use http::Uri;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// How often a list is started when the server forgets its pages.
const STARTS: u32 = 3;
/// The most pages of one kind: ten million objects. A server that never ends a list is left there.
const MAX_PAGES: u32 = 20_000;

/// One page of a list; its objects are on the tape.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue", default)]
    next: String,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    metadata: ItemMetadata,
}

#[derive(Default, Deserialize)]
struct ItemMetadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: Option<String>,
}

struct Collection<'a> {
    session: &'a Session,
    client: kube::Client,
}

/// Asks everything that some types need.
pub(crate) async fn collect(
    session: &Session,
    settings: &KubernetesSettings,
    kinds: &Arc<Kinds>,
    wanted: Option<&[String]>,
) -> Result<(), CollectError> {
    let (transport, url, caller) = open(session, settings, kinds).await?;
    let collection = Collection { session, client: adapter::client(transport.clone(), &url) };
    collection.ask("/version").await?;
    let needed = kinds.needed(wanted);
    let mut discovery = Discovery::default();
    discovery.add("/apis", collection.ask("/apis").await?);
    let paths = discovery.paths(kinds, &needed);
    let asking = &collection;
    let questions: Vec<_> = paths.iter().map(|path| async move { (path, asking.ask(path).await) }).collect();
    let mut answers = stream::iter(questions).buffer_unordered(session.concurrency.max(1));
    while let Some((path, answer)) = answers.next().await {
        discovery.add(path, answer?);
    }

    // the namespaces first: they say which cluster it is
    let uid = match kinds.kinds.get("Namespace") {
        Some(namespace) => collection.list(namespace, &discovery).await?,
        None => None,
    };
    check_identity(session, settings, uid.as_deref())?;
    if let Some(uid) = &uid {
        transport.identify(uid, &caller);
    }
    let rest = kinds.kinds.values().filter(|kind| needed.contains(&kind.name) && kind.name != "Namespace");
    let lists: Vec<_> = rest.map(|kind| collection.list(kind, &discovery)).collect();
    let mut lists = stream::iter(lists).buffer_unordered(session.concurrency.max(1));
    while let Some(done) = lists.next().await {
        done?;
    }
    Ok(())
}

/// The way to the cluster, live or on a tape.
async fn open(
    session: &Session,
    settings: &KubernetesSettings,
    kinds: &Arc<Kinds>,
) -> Result<(Transport, Uri, String), CollectError> {
    if session.is_replay() {
        let dialect = Arc::new(KubernetesDialect::new(Arc::clone(kinds), Credentials::none(), ""));
        return Ok((session.transport(dialect), Uri::from_static("https://cluster.invalid"), "unknown".to_owned()));
    }
    let setup = |problem: String, remedy: &str| CollectError::Setup {
        target: session.target.name.clone(),
        problem,
        remedy: remedy.to_owned(),
    };
    let access = access::find(settings, &session.base_dir).await.map_err(|error| setup(error.problem, error.remedy))?;
    let Access { url, tls, credentials, caller } = access;
    let caller = without_addresses(&caller, session.redactor());
    let dialect = Arc::new(KubernetesDialect::new(Arc::clone(kinds), credentials, url.path()));
    let connection = connection(session.settings(), &url, tls);
    let transport = session.transport_with(dialect, &connection);
    let transport = transport
        .map_err(|error| setup(error.to_string(), "correct the cluster's or the user's entry in the kubeconfig"))?;
    // the API server names no caller in its answers; until the cluster is known the target's name stands for it
    transport.identify(&format!("target:{}", session.target.name), &caller);
    Ok((transport, url, caller))
}

/// What kubeconfig says of the connection, in the transport's words.
fn connection(base: &Settings, url: &Uri, tls: Tls) -> Settings {
    let mut settings = base.clone();
    if let Some(roots) = tls.roots {
        settings.roots_pem = roots.iter().map(|der| pem(der)).collect();
        settings.only_these_roots = true;
    }
    if let Some(identity) = tls.identity_pem {
        settings.identity_pem = Some(identity.expose_secret().as_bytes().to_vec());
    }
    if let (Some(name), Some(host)) = (tls.server_name, url.host()) {
        settings.server_name = Some(ServerName { host: host.to_owned(), name });
    }
    if let Some(proxy) = tls.proxy {
        settings.proxy = Proxy::Url(proxy);
    }
    settings.accept_invalid_certificates |= tls.insecure;
    if let Some(authority) = url.authority() {
        settings.hosts = vec![authority.as_str().to_owned()];
    }
    settings
}

fn pem(der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem.into_bytes()
}

/// Stops a target whose pinned cluster is another one, or can't be seen.
fn check_identity(session: &Session, settings: &KubernetesSettings, uid: Option<&str>) -> Result<(), CollectError> {
    let target = session.target.name.clone();
    match (&settings.cluster_uid, uid) {
        (Some(pinned), Some(uid)) if pinned != uid => Err(CollectError::WrongIdentity {
            target,
            expected: format!("the cluster {pinned} (UID of kube-system)"),
            found: format!("the cluster {uid}"),
        }),
        (Some(pinned), None) => Err(CollectError::Setup {
            target,
            problem: format!("the namespace kube-system could not be read, so nobody knows whether this is {pinned}"),
            remedy: "check the address and the credentials, and let this user list namespaces \
                     (`annexa permissions kubernetes`)"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

impl Collection<'_> {
    /// Asks discovery. `None`: no usable answer, which the tape holds with its reason.
    async fn ask(&self, path: &str) -> Result<Option<Value>, CollectError> {
        let Ok(request) = http::Request::get(path).body(Vec::new()) else { return Ok(None) };
        match adapter::get(&self.client, request, 1).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => self.go_on(&error).map(|()| None),
        }
    }

    /// Lists a kind to its last page; gives back the UID of an object named kube-system.
    async fn list(&self, kind: &Kind, discovery: &Discovery) -> Result<Option<String>, CollectError> {
        let api = match discovery.served(kind) {
            Served::As(api) => api,
            Served::Not => return Ok(None),
            // nobody knows what is served: ask in the best version, and let the answer be a gap
            Served::Unknown(_) => match kind.served_as.first() {
                Some(api) => api.clone(),
                None => return Ok(None),
            },
        };
        let path = format!("{}/{}", api_path(&api), kind.resource);
        let (mut page, mut starts, mut next) = (1, 1, None::<String>);
        let mut uid = None;
        loop {
            let Ok(request) = http::Request::get(page_path(&path, next.take().as_deref())).body(Vec::new()) else {
                return Ok(uid);
            };
            match adapter::get::<Page>(&self.client, request, page).await {
                Ok(answer) => {
                    let system = answer.items.into_iter().find(|item| item.metadata.name == "kube-system");
                    uid = system.and_then(|item| item.metadata.uid).or(uid);
                    if answer.metadata.next != page_name(page + 1) || page >= MAX_PAGES {
                        return Ok(uid);
                    }
                    next = Some(answer.metadata.next);
                }
                // the pages are forgotten (410): what came so far may not fit to what would come
                Err(kube::Error::Api(status)) if status.code == 410 && starts < STARTS => {
                    starts += 1;
                }
                Err(error) => return self.go_on(&error).map(|()| uid),
            }
            page += 1;
        }
    }

    fn go_on(&self, error: &kube::Error) -> Result<(), CollectError> {
        let target = self.session.target.name.clone();
        match fatal(error) {
            None => Ok(()),
            Some(TransportError::Write(source) | TransportError::Read(source)) => {
                Err(CollectError::Write { target, source: std::io::Error::new(source.kind(), source.to_string()) })
            }
            Some(_) => Err(CollectError::Interrupted),
        }
    }
}
