//! Looks for secrets in files, logs and zip files: as they are, in base64 at any place, and in hexadecimal digits.

use crate::program::files;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let number = (0..3).fold(0_usize, |number, at| number << 8 | usize::from(*part.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = ALPHABET[number >> (18 - 6 * at) & 63];
            text.push(if at <= part.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// A secret in all forms that a search should find, with the secret's place.
fn forms(place: &str, secret: &str) -> Vec<(String, String)> {
    let mut forms = vec![(place.to_owned(), secret.to_owned())];
    let bytes: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.push((format!("{place} in hexadecimal digits"), bytes.concat()));
    forms.push((format!("{place} in hexadecimal digits"), bytes.join(" ")));
    for before in 0..3 {
        let text = ["x".repeat(before).as_bytes(), secret.as_bytes()].concat();
        // without the characters that also depend on what stands before and behind
        let inner = base64(&text)[before.div_ceil(3) * 4..text.len() / 3 * 4].to_owned();
        forms.push((format!("{place} in base64"), inner.replace('+', "-").replace('/', "_")));
        forms.push((format!("{place} in base64"), inner));
    }
    forms
}

/// Looks for secrets.
pub(crate) struct Search {
    forms: Vec<(String, String)>,
}

impl Search {
    pub(crate) fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Self {
        let search = Self { forms: secrets.into_iter().flat_map(|(place, text)| forms(&place, &text)).collect() };
        search.finds_them_all();
        search
    }

    /// A search that finds nothing in anything proves nothing.
    fn finds_them_all(&self) {
        for (place, form) in &self.forms {
            assert!(form.len() >= 16, "{place}: {form} is too short");
            assert_eq!(self.hits(format!("\"before {form} behind\"").as_bytes()), [place.as_str()], "{place}");
            let hidden = base64(format!("..{form}.").as_bytes());
            assert!(
                place.contains(" in ") || self.hits(hidden.as_bytes()).contains(&format!("{place} in base64").as_str())
            );
        }
    }

    fn hits(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(bytes);
        let mut hits: Vec<&str> =
            self.forms.iter().filter(|(_, form)| text.contains(form)).map(|(place, _)| place.as_str()).collect();
        hits.dedup();
        hits
    }

    pub(crate) fn in_text(&self, what: &str, text: &str) {
        assert_eq!(self.hits(text.as_bytes()), Vec::<&str>::new(), "in {what}");
    }

    /// Looks into each file of a folder, and into zip files.
    pub(crate) fn in_folder(&self, folder: &Path) {
        let found = files(folder);
        assert!(!found.is_empty());
        for (name, bytes) in found {
            self.in_text("a file's name", &name);
            assert_eq!(self.hits(&bytes), Vec::<&str>::new(), "in {name}");
            if bytes.starts_with(b"PK\x03\x04") {
                self.in_folder(unzipped(&folder.join(&name)).path());
            }
        }
    }
}

pub(crate) fn unzipped(zip: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("python3").args(["-m", "zipfile", "-e"]).arg(zip).arg(folder.path()).status().unwrap();
    assert!(status.success());
    folder
}
