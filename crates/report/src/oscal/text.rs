//! OSCAL's datatypes: ids, tokens, text on one line.

use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::sync::LazyLock;
use uuid::Uuid;

/// The namespace of our ids: the version 5 id of our name in RFC 9562's namespace of URLs.
static NAMESPACE: LazyLock<Uuid> = LazyLock::new(|| Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:annexa:oscal"));

/// The longest text, in characters.
const LONGEST: usize = 500;

/// An id, written as OSCAL does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(Uuid);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A version 5 id over some parts: the same thing has the same id in every bundle.
pub(super) fn id(parts: &[&str]) -> Id {
    Id(Uuid::new_v5(&NAMESPACE, annexa_model::short_hash(parts).as_bytes()))
}

/// Text on one line, never empty, without control characters.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    let is_short = text.len() <= LONGEST || text.chars().nth(LONGEST).is_none();
    if is_short && !text.chars().any(char::is_control) {
        let text = text.trim();
        return Cow::Borrowed(if text.is_empty() { "-" } else { text });
    }
    let clean: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    Cow::Owned(if clean.is_empty() { "-".to_owned() } else { clean.to_owned() })
}

/// Text of our own making, on one line.
pub(super) fn own_line(text: String) -> Cow<'static, str> {
    match line(&text) {
        Cow::Borrowed(clean) if clean.len() == text.len() => Cow::Owned(text),
        clean => Cow::Owned(clean.into_owned()),
    }
}

/// A token: `A.8.24` stays, `7.5.2` becomes `clause-7.5.2`.
pub(super) fn token(id: &str) -> String {
    let clean: String =
        id.chars().take(100).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    if clean.starts_with(|c: char| c.is_ascii_alphabetic()) { clean } else { format!("clause-{clean}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datatypes_hold() {
        assert_eq!(id(&["a"]), id(&["a"]));
        assert_eq!(&id(&["a"]).to_string()[14..15], "5");
        assert_eq!(serde_json::to_value(id(&["a"])).unwrap(), id(&["a"]).to_string());
        assert_eq!(token("7.5.2"), "clause-7.5.2");
        assert_eq!(line("a\nb\u{0}"), "a b");
        assert_eq!(line(" \n"), "-");
        assert_eq!(line(" "), "-");
        assert_eq!(line(" a "), "a");
        assert_eq!(line(&"ä".repeat(501)).chars().count(), 500);
        assert_eq!(line(&"ä".repeat(500)).chars().count(), 500);
        assert_eq!((own_line("a".to_owned()), own_line(" a\n".to_owned())), ("a".into(), "a".into()));
    }
}
