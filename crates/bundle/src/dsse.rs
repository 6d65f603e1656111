//! The signature: a DSSE envelope around an in-toto Statement v1.

use crate::manifest::{FileRecord, MANIFEST, Manifest};
use crate::{PublicKey, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The payload type of in-toto statements; the signature binds it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of in-toto statements, version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of what our statements say.
pub const PREDICATE_TYPE: &str = "urn:annexa:evidence-bundle:v1";

/// A DSSE envelope; other members are refused.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

/// What was signed: DSSE's pre-authentication encoding.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// The statement about a bundle: its subjects are manifest.json, then all files.
fn statement(manifest: &Manifest, manifest_sha256: &str) -> Value {
    let subject = |name: &str, sha256: &str| json!({"name": name, "digest": {"sha256": sha256}});
    let files = manifest.files.iter().map(|FileRecord { path, sha256, .. }| subject(path, sha256));
    let subjects: Vec<Value> = std::iter::once(subject(MANIFEST, manifest_sha256)).chain(files).collect();
    json!({
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "format": manifest.format,
            "engine": manifest.engine,
            "organization": manifest.organization,
            "as_of": manifest.as_of,
            "sequence": manifest.sequence,
            "previous": manifest.previous,
            "merkle_root": manifest.merkle.root,
            "manifest_digest": manifest.digest,
        },
    })
}

/// Signs a manifest; gives the envelope's text.
pub(crate) fn sign(
    manifest: &Manifest,
    manifest_sha256: &str,
    key: &SigningKey,
    key_id: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let payload = serde_json::to_vec(&statement(manifest, manifest_sha256))?;
    let signature = key.sign(&pre_authentication_encoding(PAYLOAD_TYPE, &payload));
    crate::manifest::written_form(&Envelope {
        payload: STANDARD.encode(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![EnvelopeSignature { keyid: key_id.to_owned(), sig: STANDARD.encode(signature) }],
    })
}

/// Everything that is wrong with an envelope. The signature is checked with `key`, which comes from the reader; without
/// it with the key that the manifest names, which only shows that nothing was damaged.
pub(crate) fn objections(
    envelope: &[u8],
    manifest: &Manifest,
    manifest_sha256: &str,
    named: &PublicKey,
    given: Option<&PublicKey>,
) -> Vec<String> {
    let envelope = match read_envelope(envelope) {
        Ok(envelope) => envelope,
        Err(objection) => return vec![objection],
    };
    let mut objections = Vec::new();
    if envelope.payload_type != PAYLOAD_TYPE {
        objections.push(format!("its payloadType is not {PAYLOAD_TYPE}"));
    }
    let Ok(payload) = STANDARD.decode(&envelope.payload) else {
        objections.push("its payload is not base64".to_owned());
        return objections;
    };
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    match envelope.signatures.as_slice() {
        [signature] => {
            if signature.keyid != named.id() {
                objections.push("its keyid is not the key that the manifest names".to_owned());
            }
            let sig = STANDARD.decode(&signature.sig).unwrap_or_default();
            let good = |key: &PublicKey| key.verifies(&message, &sig);
            match given {
                Some(key) if !good(key) => {
                    objections.push("the signature is not by the key that was given".to_owned());
                }
                None if !good(named) => {
                    objections.push("the signature does not match what it signs".to_owned());
                }
                _ => {}
            }
        }
        signatures => objections.push(format!("it holds {} signatures in place of one", signatures.len())),
    }
    objections.extend(statement_objection(&payload, manifest, manifest_sha256));
    objections
}

fn read_envelope(bytes: &[u8]) -> Result<Envelope, String> {
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not a DSSE envelope: {error}"))?;
    match crate::manifest::written_form(&envelope) {
        Ok(form) if form == bytes => Ok(envelope),
        _ => Err("it is not written in the one form that the format gives it".to_owned()),
    }
}

/// The statement must be the one that follows from the manifest, member by member.
fn statement_objection(payload: &[u8], manifest: &Manifest, manifest_sha256: &str) -> Option<String> {
    let expected = statement(manifest, manifest_sha256);
    let written = serde_json::to_vec(&expected).unwrap_or_default();
    if written == payload {
        return None;
    }
    // only to say what differs; a hostile payload must not cost more memory than the manifest does
    if payload.len() > written.len().saturating_mul(2) {
        return Some("its payload is far longer than what follows from manifest.json".to_owned());
    }
    let Ok(found) = serde_json::from_slice::<Value>(payload) else {
        return Some("its payload is not JSON".to_owned());
    };
    if found == expected {
        return Some("its payload is not written in the one form that the format gives it".to_owned());
    }
    for member in ["_type", "predicateType", "predicate"] {
        if found.get(member) != expected.get(member) {
            return Some(format!("the statement's `{member}` is not what follows from manifest.json"));
        }
    }
    let subjects = |statement: &Value| statement.get("subject").and_then(Value::as_array).cloned().unwrap_or_default();
    let (found, expected) = (subjects(&found), subjects(&expected));
    let differing =
        expected.iter().zip(&found).find(|(expected, found)| expected != found).map(|(expected, _)| expected);
    let differing = differing.or_else(|| expected.get(found.len())).or_else(|| found.get(expected.len()));
    let name = differing.and_then(|subject| subject.get("name")).and_then(Value::as_str);
    Some(match name {
        Some(name) => format!("the statement does not speak of this `{name}`"),
        None => "the statement holds members that it should not".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pre_authentication_encoding_is_dsses() {
        // the example of the DSSE protocol description
        let message = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
