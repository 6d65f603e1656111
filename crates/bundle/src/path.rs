//! Names of files in a bundle: which are allowed, and how a hostile one is shown.

/// The longest path, in bytes.
const LONGEST_PATH: usize = 1024;
/// The longest name of a file or folder, in bytes: what common file systems take.
const LONGEST_NAME: usize = 255;
/// The deepest nesting.
const DEEPEST: usize = 32;

/// Says why a path can't stand in a bundle; nothing when it can.
///
/// A path is relative, with `/` between names. What could leave the folder, mean two things on two systems, or confuse a
/// reader of a listing is refused.
pub(crate) fn objection(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("the name is empty");
    }
    if path.len() > LONGEST_PATH || path.split('/').any(|name| name.len() > LONGEST_NAME) {
        return Some("the name is too long");
    }
    if path.starts_with('/') {
        return Some("the name is absolute");
    }
    if path.contains('\\') {
        return Some("the name holds a backslash");
    }
    if path.as_bytes().get(1) == Some(&b':') {
        return Some("the name begins with a drive letter");
    }
    if path.chars().any(is_unprintable) {
        return Some("the name holds a control or direction character");
    }
    if path.split('/').any(|name| name == "..") {
        return Some("the name leads out of the folder");
    }
    if path.split('/').any(|name| name.is_empty() || name == ".") {
        return Some("the name holds an empty or `.` part");
    }
    (path.split('/').count() > DEEPEST).then_some("the name is nested too deeply")
}

/// Two paths with the same folded form would be one file on a system that ignores case.
pub(crate) fn folded(path: &str) -> String {
    path.to_lowercase()
}

/// A foreign text made safe for terminals and logs: control and direction characters escaped, at most 300 characters.
pub(crate) fn shown(text: &str) -> String {
    shown_up_to(300, text)
}

/// The same for a sentence that repeats a foreign text, such as a parser's error.
pub(crate) fn sentence(text: &str) -> String {
    shown_up_to(2_000, text)
}

fn shown_up_to(most: usize, text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == most {
            out.push('…');
            break;
        }
        if is_unprintable(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Control characters, line separators, and those that change the direction of text or can't be seen.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_allowed() {
        for path in [
            "index.html",
            "controls/A.8.24.html",
            "evidence/aws/prod/s3.GetBucketPolicy.eu-central-1.jsonl",
            "inputs/Übung.md",
            "a/..b",
        ] {
            assert_eq!(objection(path), None, "{path}");
        }
    }

    #[test]
    fn names_that_lead_astray_are_refused() {
        let deep = "a/".repeat(40) + "b";
        let long = "a".repeat(256);
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../x",
            "a/..",
            "a//b",
            "a/./b",
            "./a",
            "a/",
            "a\\b",
            "C:/x",
            "c:x",
            "a\nb",
            "a\u{202e}b",
            &deep,
            &long,
        ] {
            assert!(objection(path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn hostile_text_is_escaped_when_shown() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), 301);
    }
}
