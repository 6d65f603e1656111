use crate::parrot::{Parrot, direct, failed, session};
use crate::server::{Reply, Server};
use annexa_model::{FailureKind, sha256_hex};
use annexa_tape::{ServerName, Settings, SettingsError};
use bytes::Bytes;
use http::Request;
use rcgen::{CertifiedKey, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;

fn key(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

async fn server(own: &CertifiedKey<KeyPair>) -> Server {
    let builder =
        rustls::ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key(&own.signing_key));
    Server::start_tls(config.unwrap(), |_, _| Reply::json("{}")).await
}

fn get(server: &Server) -> Request<Bytes> {
    Request::get(format!("https://{}/a", server.address)).body(Bytes::new()).unwrap()
}

fn trusting(own: &CertifiedKey<KeyPair>) -> Settings {
    Settings { roots_pem: vec![own.cert.pem().into_bytes()], only_these_roots: true, ..direct() }
}

async fn send(
    server: &Server,
    settings: &Settings,
) -> Result<Arc<annexa_model::Exchange>, annexa_tape::TransportError> {
    let (builder, _) = session();
    builder.build().transport_with(Arc::new(Parrot::default()), settings).unwrap().send(get(server)).await
}

#[tokio::test]
async fn the_certificates_digest_is_recorded() {
    let own = certificate("127.0.0.1");
    let server = server(&own).await;
    let exchange = send(&server, &trusting(&own)).await.unwrap();
    assert_eq!(exchange.tls, format!("sha256:{}", sha256_hex(own.cert.der())));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_failure() {
    let server = server(&certificate("127.0.0.1")).await;
    let (_, failure) = failed(send(&server, &trusting(&certificate("127.0.0.1"))).await);
    assert_eq!(failure.kind, FailureKind::Connection);
    assert!(failure.message.contains("certificate"), "{}", failure.message);
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn any_certificate_can_be_accepted_and_is_recorded() {
    let own = certificate("elsewhere.example");
    let server = server(&own).await;
    let exchange = send(&server, &Settings { accept_invalid_certificates: true, ..direct() }).await.unwrap();
    assert_eq!(exchange.tls, format!("sha256:{}", sha256_hex(own.cert.der())));
}

#[tokio::test]
async fn a_server_can_have_another_name_in_its_certificate() {
    let own = certificate("kubernetes.default");
    let server = server(&own).await;
    failed(send(&server, &trusting(&own)).await);
    let name = ServerName { host: "127.0.0.1".to_owned(), name: "kubernetes.default".to_owned() };
    let exchange = send(&server, &Settings { server_name: Some(name), ..trusting(&own) }).await.unwrap();
    assert_eq!(exchange.host, server.address.to_string(), "the host is the one that was asked");
    assert_eq!(server.heard()[0].headers["host"], server.address.to_string());
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let (own, client) = (certificate("127.0.0.1"), certificate("annexa"));
    let mut roots = RootCertStore::empty();
    roots.add(client.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let builder =
        rustls::ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.cert.der().clone()], key(&own.signing_key))
        .unwrap();
    let server = Server::start_tls(config, |_, _| Reply::json("{}")).await;
    failed(send(&server, &trusting(&own)).await);
    let pem = format!("{}{}", client.cert.pem(), client.signing_key.serialize_pem());
    send(&server, &Settings { identity_pem: Some(pem.into_bytes()), ..trusting(&own) }).await.unwrap();
}

#[test]
fn settings_that_cannot_be_used_are_an_error() {
    let (builder, _) = session();
    let session = builder.build();
    let open = |settings: Settings| session.transport_with(Arc::new(Parrot::default()), &settings).err();
    let junk = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_vec();
    assert_eq!(open(Settings { roots_pem: vec![junk], ..direct() }), Some(SettingsError::Roots));
    assert_eq!(open(Settings { identity_pem: Some(b"nothing".to_vec()), ..direct() }), Some(SettingsError::Identity));
    let proxy = annexa_tape::Proxy::Url("http://user:geheim@[".to_owned());
    assert_eq!(open(Settings { proxy, ..Settings::default() }), Some(SettingsError::Proxy));
}
