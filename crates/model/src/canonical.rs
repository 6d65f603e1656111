//! Canonical JSON and digests, so that the same facts always give the same bytes.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Writes a value as RFC 8785 canonical JSON.
///
/// Values of this crate always serialize; a foreign value that does not (a map with keys that are
/// no strings) gives the error of the serializer.
pub fn canonical_json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    serde_jcs::to_string(value)
}

/// The lower-case hexadecimal SHA-256 of some bytes.
#[must_use]
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes.as_ref()))
}

/// A stable id over several parts: the first 128 bits of a SHA-256 over the length-prefixed parts, in hexadecimal.
///
/// The length prefixes keep `["ab", "c"]` and `["a", "bc"]` apart.
#[must_use]
pub fn short_hash<S: AsRef<str>>(parts: &[S]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let bytes = part.as_ref().as_bytes();
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    hex::encode(&hasher.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_hash_keeps_parts_apart() {
        assert_ne!(short_hash(&["ab", "c"]), short_hash(&["a", "bc"]));
    }

    #[test]
    fn canonical_json_sorts_keys_and_shortens_numbers() {
        // the example of RFC 8785, section 3.2.3, shortened
        let value = serde_json::json!({"b": 1.0e2, "a": "\u{20ac}$\u{000f}\n"});
        assert_eq!(canonical_json(&value).unwrap(), "{\"a\":\"\u{20ac}$\\u000f\\n\",\"b\":100}");
    }
}
