//! Encrypted bundles: only the recipients open them, a changed byte is noticed, nothing is there in the clear.

use crate::sample::{Content, IDENTITY, recipients, seal};
use annexa_bundle::{BundleError, Identities, Recipients, VerifyOptions, Writer, decrypt, is_encrypted, verify};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn identities(text: &str) -> Result<Identities, BundleError> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("key.txt");
    std::fs::write(&path, text).unwrap();
    Identities::load(&path)
}

/// The bundle itself, or its decrypted copy when it is encrypted; the copy is there as long as its folder.
pub(crate) fn opened(path: &Path) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    if !is_encrypted(path).unwrap() {
        return (place, path.to_owned());
    }
    let to = place.path().join("e.zip");
    decrypt(path, &identities(IDENTITY).unwrap(), &to).unwrap();
    (place, to)
}

fn written(place: &Path) -> PathBuf {
    let path = place.join("e.zip.age");
    Content::new().write(&path, &seal(None));
    path
}

#[test]
fn an_encrypted_bundle_is_the_same_zip_inside() {
    let place = tempfile::tempdir().unwrap();
    let path = written(place.path());
    Content::new().write(&place.path().join("e.zip"), &seal(None));
    let (_copy, inside) = opened(&path);
    assert_eq!(std::fs::read(&inside).unwrap(), std::fs::read(place.path().join("e.zip")).unwrap());
    #[cfg(unix)]
    for file in [&path, &inside] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let bytes = std::fs::read(&path).unwrap();
    for clear in ["index.html", "arn:a", "PK\u{3}\u{4}"] {
        assert!(!bytes.windows(clear.len()).any(|part| part == clear.as_bytes()), "{clear} is there in the clear");
    }
}

#[test]
fn what_is_encrypted_replaces_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = written(place.path());
    let before = std::fs::read(&path).unwrap();
    let error = Writer::create_encrypted(&path, recipients()).unwrap_err().to_string();
    assert!(error.contains("left alone") && error.contains("e.zip.age"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let error = Writer::create(&place.path().join("f.zip.age")).unwrap_err().to_string();
    assert!(error.contains("nobody was named"), "{error}");
    assert!(Writer::create_encrypted(&place.path().join("f.zip.age"), Recipients::default()).is_err());
}

#[test]
fn another_key_does_not_open_it() {
    let place = tempfile::tempdir().unwrap();
    let path = written(place.path());
    let other = "AGE-SECRET-KEY-1SLLHLSG5P3HHE79KDR8YQ50Z7SDKR5QMHQXK9C7WZM06D5W0AJ7QE8LWJT";
    let error = decrypt(&path, &identities(other).unwrap(), &place.path().join("x")).unwrap_err();
    assert!(!error.is_mismatch() && error.to_string().contains("other keys"), "{error}");
    assert!(!place.path().join("x").exists());
}

/// Every byte, on a small file; and every length.
#[test]
fn a_changed_or_cut_file_never_opens_as_a_bundle() {
    let place = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(written(place.path())).unwrap();
    let keys = identities(IDENTITY).unwrap();
    let (changed, to) = (place.path().join("changed"), place.path().join("to"));
    let opens = |bytes: &[u8]| {
        std::fs::write(&changed, bytes).unwrap();
        let _ = std::fs::remove_file(&to);
        decrypt(&changed, &keys, &to).is_ok() && verify(&to, &VerifyOptions::default()).unwrap().is_good()
    };
    assert!(opens(&bytes));
    // one byte of the header in each place, then one in each 97 of what follows
    for at in (0..200).chain((200..bytes.len()).step_by(97)).chain(bytes.len() - 20..bytes.len()) {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(!opens(&other), "byte {at}");
        assert!(!opens(&bytes[..at]), "cut at {at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(!opens(&longer), "a byte more");
}

#[test]
fn mistakes_in_recipients_and_keys_are_named() {
    let recipient = |text: &str| Recipients::default().add(text).unwrap_err().to_string();
    let private = recipient(IDENTITY);
    assert!(private.contains("private key") && !private.contains(&IDENTITY[20..40]), "{private}");
    assert!(recipient("ssh-ed25519 AAAA").contains("SSH"));
    assert!(recipient("age1yubikey1qwerty").contains("plugins"));
    assert!(recipient("age1qqqq").contains("mistyped"));
    assert!(recipient("someone").contains("age1"));

    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("recipients.txt");
    std::fs::write(&file, "# the auditor\n\nage1qqqq\n").unwrap();
    let error = Recipients::default().add_file(&file).unwrap_err().to_string();
    assert!(error.contains("recipients.txt, line 3"), "{error}");
    std::fs::write(&file, "# nobody\n").unwrap();
    assert!(Recipients::default().add_file(&file).unwrap_err().to_string().contains("no recipient"));

    let key = |text: &str| identities(text).unwrap_err().to_string();
    let wrong = key(&format!("# one\n{}x\n", &IDENTITY[..40]));
    assert!(wrong.contains("line 2") && !wrong.contains(&IDENTITY[20..40]), "{wrong}");
    assert!(key("").contains("no AGE-SECRET-KEY-1"));
    assert!(key("age-encryption.org/v1\n-> scrypt").contains("itself encrypted"));
}
