//! An error with its place in a file.

use std::fmt;
use std::sync::Arc;

/// A file's name and text, kept for errors that point into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as people know it.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// A file from its path and text.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// An error at a place in this file. Line and column count characters from 1; 0 means unknown.
    pub fn error(&self, line: u64, column: u64, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            file: self.clone(),
            line,
            column,
            length: self.word_length(line, column),
            message: message.into(),
            help: None,
        }
    }

    /// An error at the place of a spanned value.
    pub fn error_at<T>(&self, place: &crate::Spanned<T>, message: impl Into<String>) -> Diagnostic {
        let location = place.referenced;
        self.error(location.line(), location.column(), message)
    }

    /// Byte offset of a place, for renderers that want one.
    #[must_use]
    pub fn offset(&self, line: u64, column: u64) -> usize {
        let mut start = 0;
        for (number, text) in self.text.split_inclusive('\n').enumerate() {
            if number as u64 + 1 == line {
                let skip: usize = text.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
                return start + skip;
            }
            start += text.len();
        }
        start.min(self.text.len())
    }

    /// How many characters the word at a place has: what an error underlines.
    fn word_length(&self, line: u64, column: u64) -> u64 {
        let offset = self.offset(line, column);
        let rest = self.text.get(offset..).unwrap_or("");
        let length = rest.chars().take_while(|c| c.is_alphanumeric() || "_-.*/".contains(*c)).count();
        length.max(1) as u64
    }
}

/// An error that points to a place in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    /// The file.
    pub file: SourceFile,
    /// Line from 1; 0 when unknown.
    pub line: u64,
    /// Column in characters from 1; 0 when unknown.
    pub column: u64,
    /// How many characters to underline.
    pub length: u64,
    /// What is wrong.
    pub message: String,
    /// What to do, often the nearest valid word.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Adds what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the nearest of some valid words, or the list of them when none is near.
    #[must_use]
    pub fn with_nearest<'a>(mut self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        self.help = match crate::nearest(word, candidates.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if candidates.is_empty() => None,
            None if candidates.len() <= 24 => Some(format!("valid here: {}", candidates.join(", "))),
            None => None,
        };
        self
    }

    /// Underlines this many characters.
    #[must_use]
    pub fn with_length(mut self, length: u64) -> Self {
        self.length = length.max(1);
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.path)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}
