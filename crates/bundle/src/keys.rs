//! Ed25519 keys in the forms that other tools read: PKCS#8 and SubjectPublicKeyInfo, in PEM.

use crate::BundleError;
use crate::disk::{Disk, RealDisk};
use annexa_model::sha256_hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer};
use rand::TryRng;
use std::path::{Path, PathBuf};

/// The largest key file that is read.
const LARGEST_KEY_FILE: u64 = 64 * 1024;

/// A private key that signs bundles.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key that the reader of a bundle brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: ed25519_dalek::VerifyingKey,
    /// Its SubjectPublicKeyInfo.
    der: Vec<u8>,
}

/// What `keygen` wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The private key's file.
    pub private: PathBuf,
    /// The public key's file, which auditors get.
    pub public: PathBuf,
    /// The key's id.
    pub key_id: String,
}

impl SigningKey {
    /// Reads a private key file (PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it too).
    ///
    /// # Errors
    /// The file can't be read, or holds something else.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let text = read_key_file(path)?;
        let bad = |why: &str| BundleError::Key { path: path.to_owned(), why: why.to_owned() };
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(bad("it is protected by a password; write it without one: openssl pkey -in FILE -out NEW"));
        }
        if text.contains("BEGIN PUBLIC KEY") {
            return Err(bad("it is a public key; signing needs the private one"));
        }
        ed25519_dalek::SigningKey::from_pkcs8_pem(&text)
            .map(Self)
            .map_err(|_| bad("it is not an Ed25519 private key in PKCS#8 PEM, as `annexa keygen` writes it"))
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn generate() -> std::io::Result<Self> {
        let mut secret = [0; 32];
        rand::rngs::SysRng.try_fill_bytes(&mut secret).map_err(std::io::Error::other)?;
        Ok(Self::from_secret(secret))
    }

    /// The key of a fixed secret, for tests.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&secret))
    }

    /// The public key that belongs to it; none only if it can't be encoded, which no Ed25519 key is known to be.
    #[must_use]
    pub fn public(&self) -> Option<PublicKey> {
        PublicKey::new(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// PKCS#8 version 1, without the public key: OpenSSL 3.0 does not read version 2.
    fn to_pem(&self) -> Option<String> {
        let bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).ok().map(|pem| pem.to_string())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl PublicKey {
    /// Reads a public key file (SubjectPublicKeyInfo in PEM).
    ///
    /// # Errors
    /// The file can't be read, or holds something else.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let text = read_key_file(path)?;
        let bad = |why: &str| BundleError::Key { path: path.to_owned(), why: why.to_owned() };
        if text.contains("PRIVATE KEY") {
            return Err(bad("it is a private key; give the public one (it ends in .pub.pem)"));
        }
        ed25519_dalek::VerifyingKey::from_public_key_pem(&text)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| bad("it is not an Ed25519 public key in PEM, as `annexa keygen` writes it"))
    }

    fn new(key: ed25519_dalek::VerifyingKey) -> Option<Self> {
        if key.is_weak() {
            return None;
        }
        Some(Self { der: key.to_public_key_der().ok()?.into_vec(), key })
    }

    /// The key of a manifest's `signed_by.public_key`; none when it is no such key in its one encoding.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text).ok()?;
        let key = Self::new(ed25519_dalek::VerifyingKey::from_public_key_der(&der).ok()?)?;
        (key.der == der).then_some(key)
    }

    pub(crate) fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// SHA-256 of the key's SubjectPublicKeyInfo in DER, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        sha256_hex(&self.der)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    fn to_pem(&self) -> Option<String> {
        self.key.to_public_key_pem(LineEnding::LF).ok()
    }
}

/// The short form of a key id or digest, for people: its first 16 digits.
#[must_use]
pub fn short_id(id: &str) -> &str {
    id.get(..16).unwrap_or(id)
}

/// Makes a key pair: the private key at `out` (0600), the public key beside it as `….pub.pem`. Nothing is overwritten.
///
/// # Errors
/// One of the files exists or can't be written; then neither is left behind.
pub fn keygen(out: &Path) -> Result<KeyFiles, BundleError> {
    keygen_on(&RealDisk, out)
}

pub(crate) fn keygen_on(disk: &dyn Disk, out: &Path) -> Result<KeyFiles, BundleError> {
    let key = SigningKey::generate().map_err(BundleError::io("get randomness for", out))?;
    let bad = || BundleError::Key { path: out.to_owned(), why: "the key can't be encoded".to_owned() };
    let public_key = key.public().ok_or_else(bad)?;
    let (private_pem, public_pem) = (key.to_pem().ok_or_else(bad)?, public_key.to_pem().ok_or_else(bad)?);
    let public = public_path(out);
    if out.symlink_metadata().is_ok() {
        return Err(already_there(out));
    }
    if public.symlink_metadata().is_ok() {
        let why = "the public key of another pair is there".to_owned();
        return Err(BundleError::WouldOverwrite { path: public, why });
    }
    write_new(disk, out, &private_pem)?;
    if let Err(error) = write_new(disk, &public, &public_pem) {
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(KeyFiles { private: out.to_owned(), public, key_id: public_key.id() })
}

/// `annexa.pem` → `annexa.pub.pem`; `key` → `key.pub.pem`.
fn public_path(private: &Path) -> PathBuf {
    if private.extension().is_some_and(|extension| extension == "pem") {
        return private.with_extension("pub.pem");
    }
    let mut name = private.as_os_str().to_owned();
    name.push(".pub.pem");
    PathBuf::from(name)
}

fn already_there(path: &Path) -> BundleError {
    let why = "it exists already, and a key is never overwritten".to_owned();
    BundleError::WouldOverwrite { path: path.to_owned(), why }
}

fn write_new(disk: &dyn Disk, path: &Path, text: &str) -> Result<(), BundleError> {
    let mut file = match disk.create(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(already_there(path)),
        Err(error) => return Err(BundleError::io("create", path)(error)),
    };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync());
    written.map_err(|error| {
        let _ = std::fs::remove_file(path);
        BundleError::io("write", path)(error)
    })
}

fn read_key_file(path: &Path) -> Result<String, BundleError> {
    let size = std::fs::metadata(path).map_err(BundleError::io("read the key", path))?.len();
    if size > LARGEST_KEY_FILE {
        return Err(BundleError::Key { path: path.to_owned(), why: "it is far larger than a key".to_owned() });
    }
    let bytes = std::fs::read(path).map_err(BundleError::io("read the key", path))?;
    String::from_utf8(bytes).map_err(|_| BundleError::Key { path: path.to_owned(), why: "it is not PEM".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("annexa.pem");
        let files = keygen(&path).unwrap();
        assert_eq!(files.public, folder.path().join("annexa.pub.pem"));
        let public = PublicKey::load(&files.public).unwrap();
        let private = SigningKey::load(&path).unwrap();
        assert_eq!((public.id(), private.public().unwrap().id()), (files.key_id.clone(), files.key_id));
        assert!(public.verifies(b"x", &private.sign(b"x")));
        assert!(!public.verifies(b"y", &private.sign(b"x")));
        let again = keygen(&path).unwrap_err().to_string();
        assert!(again.contains("annexa.pem is left alone: it exists already"), "{again}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn an_existing_public_key_stops_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("k.pub.pem"), "x").unwrap();
        assert!(keygen(&folder.path().join("k.pem")).is_err());
        assert!(!folder.path().join("k.pem").exists());
    }

    #[test]
    fn the_wrong_file_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let files = keygen(&folder.path().join("key")).unwrap();
        assert_eq!(files.public, folder.path().join("key.pub.pem"));
        assert!(PublicKey::load(&files.private).unwrap_err().to_string().contains("private key; give the public one"));
        assert!(SigningKey::load(&files.public).unwrap_err().to_string().contains("signing needs the private one"));
        let other = folder.path().join("other.pem");
        std::fs::write(&other, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(SigningKey::load(&other).unwrap_err().to_string().contains("other.pem can't be used as a key"));
        assert!(SigningKey::load(&folder.path().join("none")).unwrap_err().to_string().contains("none"));
    }
}
