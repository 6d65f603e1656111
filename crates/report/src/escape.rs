//! Untrusted text: escaped for HTML and Markdown, invisible characters made visible, cut to a length.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Escapes text for HTML, in elements and quoted attributes alike, and makes invisible characters visible.
pub(crate) fn html_into(text: &str, out: &mut dyn Write) -> fmt::Result {
    let mut plain = 0;
    // most of a text is plain ASCII, which needs no look at characters
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        let (escaped, len) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            b'\'' => ("&#39;", 1),
            b' '..=b'~' | b'\n' | b'\t' => {
                at += 1;
                continue;
            }
            _ => {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                if is_hidden(c) {
                    out.write_str(&text[plain..at])?;
                    out.write_str(&code_point(c))?;
                    plain = at + c.len_utf8();
                }
                at += c.len_utf8();
                continue;
            }
        };
        out.write_str(&text[plain..at])?;
        out.write_str(escaped)?;
        at += len;
        plain = at;
    }
    out.write_str(&text[plain..])
}

/// Text as [`markdown_into`] writes it.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    // writing to a String never fails
    let _ = markdown_into(text, &mut out);
    out
}

/// Escapes text for Markdown on one line: nothing in it can start a link, a mention, a tag, a table cell or an emphasis.
pub(crate) fn markdown_into(text: &str, out: &mut dyn Write) -> fmt::Result {
    // bare addresses become links by themselves
    let mut before = [' '; 3];
    for (at, c) in text.char_indices() {
        match c {
            '\n' | '\t' | '\r' => out.write_char(' ')?,
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '@' => write!(out, "\\{c}")?,
            ':' if text[at..].starts_with(":/") => out.write_str("&#58;")?,
            '.' if before.iter().all(|c| c.eq_ignore_ascii_case(&'w')) => out.write_str("&#46;")?,
            c if is_hidden(c) => write!(out, "\\[U+{:04X}\\]", u32::from(c))?,
            c => out.write_char(c)?,
        }
        before = [before[1], before[2], c];
    }
    Ok(())
}

/// What a thing is called, cut like any text; a blank name would be a link that nobody sees.
pub(crate) fn name(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().all(char::is_whitespace) { Cow::Borrowed("(no name)") } else { cut(text, max) }
}

/// Text on one line of at most about `max` characters: line breaks and tabs become spaces, invisible characters visible.
///
/// What is left holds no character that XML 1.0 or a terminal could choke on.
pub(crate) fn line(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max) + 16);
    for c in cut(text, max).chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_hidden(c) => out.push_str(&code_point(c)),
            c => out.push(c),
        }
    }
    out
}

/// How many bytes [`html_into`] makes of a text.
pub(crate) fn html_len(text: &str) -> usize {
    let ascii = |byte: u8| match byte {
        b'<' | b'>' => 4,
        b'&' | b'\'' => 5,
        b'"' => 6,
        b' '..=b'~' | b'\n' | b'\t' => 1,
        _ => 10,
    };
    if text.is_ascii() {
        return text.bytes().map(ascii).sum();
    }
    let len = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => ascii(byte),
        _ if is_hidden(c) => 10,
        _ => c.len_utf8(),
    };
    text.chars().map(len).sum()
}

/// Cuts a text to about `max` characters and says so: a megabyte-long name must not fill a page.
pub(crate) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let whole = crate::words::number(text.chars().count() as u64);
            Cow::Owned(format!("{}… ({whole} characters in all)", &text[..at]))
        }
    }
}

/// Characters that change how other text looks, or that nobody sees: controls, direction marks, zero widths, tags.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        // noncharacters: XML refuses two of them
        c if u32::from(c) & 0xfffe == 0xfffe => true,
        _ => false,
    }
}

fn code_point(c: char) -> String {
    format!("[U+{:04X}]", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        html_into(text, &mut out).unwrap();
        out
    }

    #[test]
    fn hostile_text_becomes_visible_text() {
        assert_eq!(
            html("<script>\u{202e}&\"'\u{0}\u{1b}[31m"),
            "&lt;script&gt;[U+202E]&amp;&quot;&#39;[U+0000][U+001B][31m"
        );
        assert_eq!(html("Zoë 日本 🦀\n"), "Zoë 日本 🦀\n");
        assert_eq!(markdown("[a](http://b) | 02:00 www.c\n# d"), "\\[a\\](http&#58;//b) \\| 02:00 www&#46;c \\# d");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äöü… (4 characters in all)");
        assert_eq!((name(" \u{a0}\n", 3), name("äöüß", 9)), ("(no name)".into(), "äöüß".into()));
        assert_eq!(line("a\r\nb\tc\u{1b}[2J\u{ffff}", 99), "a  b c[U+001B][2J[U+FFFF]");
        assert_eq!(line("äöüß\n", 3), "äöü… (5 characters in all)");
    }

    proptest! {
        #[test]
        fn no_text_escapes(text in any::<String>()) {
            let out = html(&text);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            prop_assert!(!out.chars().any(|c| c != '\n' && c != '\t' && c.is_control()));
            prop_assert!(out.len() <= html_len(&text));
        }

        #[test]
        fn a_line_is_one_line_that_every_format_takes(text in any::<String>()) {
            let xml = |c: char| matches!(c, '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
            prop_assert!(line(&text, 1000).chars().all(|c| !c.is_control() && xml(c)));
        }
    }
}
