//! One salt for each Merkle leaf, so that a disclosed proof does not let its neighbours be guessed.

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use sha2::Sha256;

/// The length of a salt in bytes: 128 bits can't be guessed.
pub const SALT_LENGTH: usize = 16;

/// Where salts come from: number `n` is the first half of HMAC-SHA-256(seed, "annexa salt" ‖ n as 8 bytes, big-endian).
///
/// Only the salts stand in the bundle, the seed nowhere; a part that is disclosed gives away its own salts alone.
#[derive(Clone)]
pub struct SaltSeed([u8; 32]);

impl SaltSeed {
    /// A fresh seed from the operating system.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> std::io::Result<Self> {
        let mut seed = [0; 32];
        rand::rngs::SysRng.try_fill_bytes(&mut seed).map_err(std::io::Error::other)?;
        Ok(Self(seed))
    }

    /// A fixed seed, for tests and for a demonstration that gives the same bytes each time.
    #[must_use]
    pub fn fixed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The salt of a leaf, counted from 0.
    #[must_use]
    pub fn salt(&self, leaf: u64) -> [u8; SALT_LENGTH] {
        let mut salt = [0; SALT_LENGTH];
        // an HMAC takes a key of any length
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(b"annexa salt");
            mac.update(&leaf.to_be_bytes());
            salt.copy_from_slice(&mac.finalize().into_bytes()[..SALT_LENGTH]);
        }
        salt
    }
}

impl std::fmt::Debug for SaltSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaltSeed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_differ_by_leaf_and_seed_and_repeat() {
        let (a, b) = (SaltSeed::fixed([1; 32]), SaltSeed::fixed([2; 32]));
        assert_eq!(a.salt(7), a.salt(7));
        assert_ne!(a.salt(7), a.salt(8));
        assert_ne!(a.salt(7), b.salt(7));
        assert_ne!(SaltSeed::random().unwrap().salt(0), SaltSeed::random().unwrap().salt(0));
    }
}
