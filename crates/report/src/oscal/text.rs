//! OSCAL's datatypes: ids, tokens, text on one line.

use uuid::Uuid;

/// The namespace of our ids: the version 5 id of our name in RFC 9562's namespace of URLs.
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:annexa:oscal")
}

/// A version 5 id over some parts: the same thing has the same id in every bundle.
pub(super) fn uuid(parts: &[&str]) -> String {
    Uuid::new_v5(&namespace(), annexa_model::short_hash(parts).as_bytes()).to_string()
}

/// Text on one line, never empty, without control characters.
pub(super) fn line(text: &str) -> String {
    let clean: String = text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.is_empty() { "-".to_owned() } else { clean.to_owned() }
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
        assert_eq!(uuid(&["a"]), uuid(&["a"]));
        assert_eq!(&uuid(&["a"])[14..15], "5");
        assert_eq!(token("7.5.2"), "clause-7.5.2");
        assert_eq!(line("a\nb\u{0}"), "a b");
        assert_eq!(line(" \n"), "-");
    }
}
