//! A zip that only named people can open: the age format (age-encryption.org/v1) around the whole file.

use crate::container::BUFFER;
use crate::disk::{Disk, RealDisk};
use crate::{BundleError, disk::NewFile};
use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, x25519};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Every file of this format begins with it.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// The same in letters, as mails carry it.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// No file of keys is larger.
const LARGEST_KEYS: u64 = 64 * 1024;

/// Those who can open an encrypted bundle: X25519 recipients, `age1…`.
#[derive(Clone, Default)]
pub struct Recipients(Vec<x25519::Recipient>);

/// The private keys that open encrypted bundles. They are never shown.
pub struct Identities(Vec<x25519::Identity>);

/// What an encrypted bundle is written to.
pub(crate) type Encrypted = StreamWriter<BufWriter<Box<dyn NewFile>>>;

impl Recipients {
    /// Adds one recipient.
    ///
    /// # Errors
    /// The text is no X25519 recipient.
    pub fn add(&mut self, text: &str) -> Result<(), BundleError> {
        let refuse = |text: &str, why: &str| BundleError::Recipient { text: text.to_owned(), why: why.to_owned() };
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err(refuse("AGE-SECRET-KEY-…", "this is a private key; name its public key, age1…"));
        }
        let why = match text {
            text if text.starts_with("ssh-") => "SSH keys are not read; make a key with age-keygen",
            text if !text.starts_with("age1") => "a recipient begins with age1",
            text if text.starts_with("age1pq") || text[4..].contains('1') => {
                "only X25519 recipients are read, as age-keygen makes them, not those of plugins"
            }
            _ => "it is not whole, or mistyped",
        };
        self.0.push(text.parse().map_err(|_| refuse(text, why))?);
        Ok(())
    }

    /// Adds the recipients of a file: one a line; empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// The file can't be read, holds something else, or no recipient.
    pub fn add_file(&mut self, path: &Path) -> Result<(), BundleError> {
        let before = self.0.len();
        let text = read_keys(path)?;
        for (number, line) in key_lines(&text) {
            self.add(line).map_err(|error| match error {
                // the line itself is not shown: the file may be a wrong one, and hold anything
                BundleError::Recipient { why, .. } => {
                    BundleError::Recipient { text: format!("{}, line {number}", path.display()), why }
                }
                other => other,
            })?;
        }
        if self.0.len() == before {
            let why = "the file names no recipient".to_owned();
            return Err(BundleError::Recipient { text: path.to_string_lossy().into_owned(), why });
        }
        Ok(())
    }

    /// Whether nobody was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were named.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A writer whose content only the recipients can read. It must be finished, or its end is missing.
    pub(crate) fn encrypt(&self, to: Box<dyn NewFile>) -> io::Result<Encrypted> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        encryptor.wrap_output(BufWriter::with_capacity(BUFFER, to))
    }
}

impl std::fmt::Debug for Recipients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(ToString::to_string)).finish()
    }
}

impl Identities {
    /// Reads a file of private keys, as age-keygen writes it.
    ///
    /// # Errors
    /// The file can't be read, or holds anything but `AGE-SECRET-KEY-1…`.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let refuse = |why: String| BundleError::Key { path: path.to_owned(), why };
        let text = read_keys(path)?;
        if text.as_bytes().starts_with(MAGIC) || text.as_bytes().starts_with(ARMOR) {
            return Err(refuse("it is itself encrypted: open it with `age -d` first".to_owned()));
        }
        let mut keys = Vec::new();
        for (number, line) in key_lines(&text) {
            let key =
                line.parse().map_err(|_| refuse(format!("line {number} is no AGE-SECRET-KEY-1… of age-keygen")))?;
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(refuse("it holds no AGE-SECRET-KEY-1…".to_owned()));
        }
        Ok(Self(keys))
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Identities").field(&self.0.len()).finish()
    }
}

/// Whether a file is encrypted in the age format.
///
/// # Errors
/// It can't be read.
pub fn is_encrypted(path: &Path) -> Result<bool, BundleError> {
    let mut begin = Vec::new();
    let file = File::open(path).map_err(BundleError::io("open", path))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(false);
    }
    file.take(ARMOR.len() as u64).read_to_end(&mut begin).map_err(BundleError::io("read", path))?;
    if begin == ARMOR {
        return Err(BundleError::not_a_bundle(path, "it is encrypted in letters; open it with `age -d` first"));
    }
    Ok(begin.starts_with(MAGIC))
}

/// Decrypts `from` into the new file `to`, which only its owner can read. It is never larger than `from`.
///
/// # Errors
/// None of the keys opens it; it was changed or cut off; or a file can't be read or written. Then `to` is not to be used.
pub fn decrypt(from: &Path, keys: &Identities, to: &Path) -> Result<(), BundleError> {
    let file = File::open(from).map_err(BundleError::io("open", from))?;
    let decryptor = Decryptor::new_buffered(BufReader::with_capacity(BUFFER, file));
    let identities = keys.0.iter().map(|key| key as &dyn age::Identity);
    let mut plain =
        decryptor.and_then(|decryptor| decryptor.decrypt(identities)).map_err(|error| unopened(from, error))?;
    let mut file = RealDisk.create(to).map_err(BundleError::io("create", to))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match plain.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => file.write_all(&buffer[..read]).map_err(BundleError::io("write", to))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unopened(from, DecryptError::Io(error))),
        }
    }
    file.flush().map_err(BundleError::io("write", to))
}

fn unopened(path: &Path, error: DecryptError) -> BundleError {
    let damaged = || {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        BundleError::refused(path, &name, "it was changed or cut off after it was encrypted")
    };
    let why = match error {
        DecryptError::NoMatchingKeys => "it was encrypted for other keys than the one given",
        DecryptError::ExcessiveWork { .. } | DecryptError::UnknownFormat => "it is encrypted in a way that is not read",
        DecryptError::Io(error) => match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => return damaged(),
            _ => return BundleError::io("read", path)(error),
        },
        _ => return damaged(),
    };
    BundleError::Locked { path: path.to_owned(), why: why.to_owned() }
}

fn read_keys(path: &Path) -> Result<String, BundleError> {
    let mut text = String::new();
    let file = File::open(path).map_err(BundleError::io("open", path))?;
    let mut file = BufReader::new(file.take(LARGEST_KEYS + 1));
    // a folder opens, and fails here
    file.fill_buf().map_err(BundleError::io("read", path))?;
    let read = file.read_to_string(&mut text);
    if read.is_err() || text.len() as u64 > LARGEST_KEYS {
        return Err(BundleError::Key { path: path.to_owned(), why: "it is no text file of keys".to_owned() });
    }
    Ok(text)
}

fn key_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
