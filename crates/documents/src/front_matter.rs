//! Front matter: the YAML between `---` lines at the head of a Markdown file.

use crate::yaml_tree::{self, Node, Tree, YamlError};

/// A Markdown file in its two parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Split<'a> {
    pub(crate) front_matter: FrontMatter,
    /// Everything after the front matter.
    pub(crate) body: &'a str,
    /// The line of the file where the body begins, from 1.
    pub(crate) body_line: u64,
}

/// The head of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FrontMatter {
    /// The file does not begin with a `---` line.
    Missing,
    /// It begins with one, but what follows can't be read.
    Broken(YamlError),
    /// Keys in their order.
    Present(Vec<(String, u64, Node)>),
}

/// Splits a file. Never fails: what can't be read is [`FrontMatter::Broken`], and its body is what follows the second
/// `---` line, or nothing.
pub(crate) fn split(text: &str) -> Split<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or("");
    if first.trim_end() != "---" {
        return Split { front_matter: FrontMatter::Missing, body: text, body_line: 1 };
    }
    let start = first.len();
    let mut end = start;
    let mut line_number = 2;
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            let front_matter = parse(&text[start..end]);
            return Split { front_matter, body: &text[end + line.len()..], body_line: line_number + 1 };
        }
        end += line.len();
        line_number += 1;
    }
    let error = YamlError { line: 1, message: "the front matter begins here, but no `---` line ends it".to_owned() };
    Split { front_matter: FrontMatter::Broken(error), body: "", body_line: line_number }
}

fn parse(yaml: &str) -> FrontMatter {
    match yaml_tree::parse(yaml, 1) {
        Ok(Node { value: Tree::Map(entries), .. }) => FrontMatter::Present(entries),
        Ok(Node { value: Tree::Scalar(None), .. }) => FrontMatter::Present(Vec::new()),
        Ok(node) => {
            let message = "front matter is a list of `key: value` lines".to_owned();
            FrontMatter::Broken(YamlError { line: node.line, message })
        }
        Err(error) => FrontMatter::Broken(error),
    }
}

impl FrontMatter {
    /// A key's text, when the front matter can be read and the value is a single one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self {
            FrontMatter::Present(entries) => {
                entries.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(key)).and_then(|(_, _, node)| node.text())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_two_parts_are_told_apart_with_lines() {
        let split = split("---\nid: P-1\nowner: ada\n---\n# Access\n");
        assert_eq!(split.front_matter.text("owner"), Some("ada"));
        assert_eq!((split.body, split.body_line), ("# Access\n", 5));
        let FrontMatter::Present(entries) = split.front_matter else { unreachable!() };
        assert_eq!(entries[1].1, 3);
    }

    #[test]
    fn broken_and_missing_front_matter_are_different_things() {
        assert_eq!(split("# Hello\n---\na: b\n---\n").front_matter, FrontMatter::Missing);
        assert_eq!(split("").front_matter, FrontMatter::Missing);
        let FrontMatter::Broken(error) = split("---\nid: [P-1\nowner: x\n---\nbody").front_matter else {
            unreachable!()
        };
        assert!(error.line >= 2);
        assert!(matches!(split("---\nid: P-1\n").front_matter, FrontMatter::Broken(_)));
        assert!(matches!(split("---\n- a\n---\n").front_matter, FrontMatter::Broken(_)));
        assert_eq!(split("---\r\nid: P-1\r\n---\r\nx").front_matter.text("id"), Some("P-1"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,400}") {
            let _ = split(&text);
        }

        #[test]
        fn no_yaml_like_text_makes_it_panic(lines in prop::collection::vec("[-a-z:\\[\\]{}&*!|>'\"%@` #\\t,?0-9]{0,24}", 0..20)) {
            let text = format!("---\n{}\n---\nbody", lines.join("\n"));
            let parts = split(&text);
            prop_assert!(text.ends_with(parts.body));
        }
    }
}
