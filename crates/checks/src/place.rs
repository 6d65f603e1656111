//! From a place in an expression to the place in the file that holds it.

use annexa_source::{Diagnostic, SourceFile, Spanned};

/// A text inside a YAML file: an expression, a template, a path.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) file: SourceFile,
    pub(crate) text: String,
    /// A `!` at the start of the value was taken for a YAML tag.
    pub(crate) tagged: bool,
    line: u64,
    column: u64,
}

impl Text {
    pub(crate) fn new(file: &SourceFile, spanned: &Spanned<String>) -> Self {
        let location = spanned.referenced;
        let (line, column) = (location.line(), location.column());
        let end = file.offset(line, column);
        let before = file.text.get(..end).unwrap_or("").lines().last().unwrap_or("");
        let tagged = before.rsplit_once(": ").is_some_and(|(_, value)| value.trim_start().starts_with('!'));
        Self { file: file.clone(), text: spanned.value.clone(), tagged, line, column }
    }

    /// An error at a byte of the text.
    pub(crate) fn error(&self, byte: usize, message: impl Into<String>) -> Diagnostic {
        let (line, column) = self.place(byte);
        self.file.error(line, column, message)
    }

    /// The line and column in the file of a byte of the text.
    ///
    /// YAML folds lines, doubles quotes and knows escapes, so the text and the file are walked side by side.
    fn place(&self, byte: usize) -> (u64, u64) {
        let start = self.file.offset(self.line, self.column);
        let mut source =
            Cursor { rest: self.file.text.get(start..).unwrap_or(""), line: self.line, column: self.column };
        let quote = source.peek().filter(|c| matches!(c, '"' | '\''));
        if quote.is_some() && !self.text.starts_with(['"', '\'']) || quote == Some('"') && is_double_quoted(source.rest)
        {
            source.next();
        }
        let mut text = self.text.char_indices().peekable();
        while let Some((at, expected)) = text.next() {
            if expected.is_whitespace() {
                if at >= byte {
                    break;
                }
                source.skip_blanks();
                while text.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                    text.next();
                }
                continue;
            }
            source.skip_blanks();
            if at >= byte || !source.step_over(expected, quote) {
                break;
            }
        }
        (source.line, source.column)
    }
}

/// Whether a YAML scalar that starts with `"` is a quoted one, and not an expression in a block that starts with a string.
fn is_double_quoted(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or("");
    line.trim_end().ends_with('"') && line.len() > 1
}

struct Cursor<'a> {
    rest: &'a str,
    line: u64,
    column: u64,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Steps over one character of the text as the file writes it; `false` when the two don't agree.
    fn step_over(&mut self, expected: char, quote: Option<char>) -> bool {
        match (self.peek(), quote) {
            (Some('\\'), Some('"')) => {
                self.next();
                let digits = match self.next() {
                    Some('x') => 2,
                    Some('u') => 4,
                    Some('U') => 8,
                    _ => 0,
                };
                for _ in 0..digits {
                    self.next();
                }
                true
            }
            (Some('\''), Some('\'')) if expected == '\'' => {
                self.next();
                self.next();
                true
            }
            (Some(found), _) if found == expected => {
                self.next();
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct File {
        pass: Spanned<String>,
    }

    /// Where the word `typo` of the expression is said to be.
    fn place(yaml: &str) -> (u64, u64) {
        let file = SourceFile::new("a.yaml", yaml);
        let parsed: File = file.parse_yaml().unwrap();
        let text = Text::new(&file, &parsed.pass);
        let byte = text.text.find("typo").unwrap();
        let error = text.error(byte, "x");
        (error.line, error.column)
    }

    /// Where it is.
    fn truth(yaml: &str) -> (u64, u64) {
        let (line, text) = yaml.lines().enumerate().find(|(_, l)| l.contains("typo")).unwrap();
        let column = text[..text.find("typo").unwrap()].chars().count();
        (line as u64 + 1, column as u64 + 1)
    }

    #[test]
    fn every_style_of_yaml_scalar_keeps_its_places() {
        for yaml in [
            "pass: resource.typo == 1\n",
            "pass:   resource.name == 'ä' || resource.typo\n",
            "pass: resource.a ||\n    resource.b &&\n      typo\n",
            "pass: |\n  resource.a ||\n    resource.typo == 'x'\n",
            "pass: >-\n  resource.a ||\n  resource.b\n\n  && typo\n",
            "pass: 'resource.a == ''x'' && typo'\n",
            "pass: \"resource.a == \\\"x\\\" && \\u0061 && typo\"\n",
            "pass: \"resource.a &&\n   typo\"\n",
            "pass: |\n  \"x\" in resource.a &&\n  typo\n",
        ] {
            assert_eq!(place(yaml), truth(yaml), "{yaml}");
        }
    }
}
