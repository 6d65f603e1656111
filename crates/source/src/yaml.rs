//! YAML with positions.

use crate::{Diagnostic, SourceFile};
use serde::de::DeserializeOwned;
use serde_saphyr::Error;

impl SourceFile {
    /// Reads the file as YAML. Unknown and duplicate keys, wrong types and broken syntax are errors with a place.
    pub fn parse_yaml<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(&self.text, options).map_err(|error| self.yaml_error(&error))
    }

    fn yaml_error(&self, error: &Error) -> Diagnostic {
        let error = error.without_snippet();
        let (line, column) = error.location().map_or((0, 0), |l| (l.line(), l.column()));
        let place = |message: String| self.error(line, column, message);
        match error {
            Error::SerdeUnknownField { field, expected, .. } => {
                place(format!("unknown key `{field}`")).with_nearest(field, expected.iter().copied())
            }
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                place(format!("unknown word `{variant}`")).with_nearest(variant, expected.iter().copied())
            }
            Error::SerdeMissingField { field, .. } => place(format!("the key `{field}` is missing")),
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                place(format!("the key `{key}` stands here twice")).with_help("keep one of the two")
            }
            Error::NullIntoString { .. } => self.empty(line, column),
            other => place(first_line(&other.to_string())),
        }
    }

    /// A text that is not there. What has no characters has no place of its own, so the error points to its key.
    fn empty(&self, line: u64, column: u64) -> Diagnostic {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let (before, rest) = self.text.split_at_checked(self.offset(line, column)).unwrap_or_default();
        // the place is the colon, or the word `null` behind it
        let named = if rest.starts_with(':') { Some(before) } else { before.trim_end().strip_suffix(':') };
        let key = named.map(|text| (text, text.trim_end_matches(is_word)));
        match key.filter(|(text, head)| text.len() > head.len()) {
            Some((text, head)) => {
                let start = head.rfind('\n').map_or(0, |at| at + 1);
                let (line, column) = (head.matches('\n').count() + 1, head[start..].chars().count() + 1);
                let key = &text[head.len()..];
                self.error(line as u64, column as u64, format!("`{key}` is empty: write a text"))
            }
            None => self.error(line, column, "this is empty: write a text"),
        }
    }
}

/// The message without the place, which the diagnostic says itself.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or("not valid YAML");
    match line.rfind(" at line ") {
        Some(end) => line[..end].to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spanned;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        name: Spanned<String>,
        #[serde(default)]
        count: u32,
    }

    fn error(text: &str) -> Diagnostic {
        SourceFile::new("a.yaml", text).parse_yaml::<Config>().unwrap_err()
    }

    #[test]
    fn a_valid_file_keeps_places() {
        let config: Config = SourceFile::new("a.yaml", "count: 2\nname: x\n").parse_yaml().unwrap();
        assert_eq!((config.name.referenced.line(), config.name.referenced.column(), config.count), (2, 7, 2));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = error("name: x\nconut: 2\n");
        assert_eq!(error.to_string(), "a.yaml:2:1: unknown key `conut` (did you mean `count`?)");
        assert_eq!(error.length, 5);
    }

    #[test]
    fn an_empty_text_is_told_at_its_key() {
        for text in ["count: 1\nname:\n", "count: 1\nname: # later\n", "count: 1\nname: null\n", "count: 1\nname: ~\n"]
        {
            assert_eq!(error(text).to_string(), "a.yaml:2:1: `name` is empty: write a text", "{text}");
        }
        assert_eq!(error("name:\ncount: 1\n").to_string(), "a.yaml:1:1: `name` is empty: write a text");
        assert_eq!(error("{count: 1, name: }").to_string(), "a.yaml:1:12: `name` is empty: write a text");
        let list = SourceFile::new("a.yaml", "- a\n- null\n").parse_yaml::<Vec<String>>().unwrap_err();
        assert_eq!(list.to_string(), "a.yaml:2:3: this is empty: write a text");
    }

    #[test]
    fn wrong_types_duplicates_and_broken_syntax_have_places() {
        assert_eq!((error("name: x\ncount: many\n").line, error("name: x\ncount: many\n").column), (2, 8));
        assert_eq!(error("name: x\nname: y\n").line, 2);
        assert!(error("name: [x\n").line > 0);
        assert!(error("count: 1\n").message.contains("`name` is missing"));
    }
}
