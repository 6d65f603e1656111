//! The signed statement by which a GitHub App says who it is (RFC 7519, RS256). Signed with `ring`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;

/// How long a statement holds, in seconds: GitHub takes at most ten minutes, by its own clock.
const LIFE: i64 = 540;
/// How far in the past it begins, in seconds, so that a clock ahead of GitHub's does no harm.
const DRIFT: i64 = 60;

/// Reads an App's private key: PKCS#1, as GitHub hands it out, or PKCS#8.
pub(crate) fn read_key(pem: &str) -> Result<KeyPair, String> {
    let body = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_whitespace().collect();
        STANDARD.decode(body).ok()
    };
    let pair = if let Some(der) = body("RSA PRIVATE KEY") {
        KeyPair::from_der(&der)
    } else if let Some(der) = body("PRIVATE KEY") {
        KeyPair::from_pkcs8(&der)
    } else {
        return Err("the App's private key is no PEM of an RSA key".to_owned());
    };
    pair.map_err(|error| format!("the App's private key can't be used: {error}"))
}

/// The statement, for an App and a time in seconds since 1970.
pub(crate) fn sign(key: &KeyPair, app: &str, now: i64) -> Result<String, String> {
    let header = r#"{"alg":"RS256","typ":"JWT"}"#;
    let claims = serde_json::json!({"iat": now - DRIFT, "exp": now + LIFE, "iss": app}).to_string();
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| "the App's private key did not sign".to_owned())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_none_is_an_error() {
        assert!(read_key("hello").is_err());
        assert!(read_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_err());
    }
}
