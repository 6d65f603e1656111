//! YAML as a tree that keeps each value's own characters and line.
//!
//! Registers hold account numbers such as `012345678901` and version numbers such as `1.10`; a YAML reader that turns
//! them into numbers loses the zeros. So scalars stay text here, and the register's description says what they mean.

use granit_parser::{Event, Parser, ScalarStyle};

/// How many nodes one file may have.
const MAX_NODES: usize = 500_000;
/// How deep one file may nest.
const MAX_DEPTH: usize = 32;

/// A value with the line where it begins, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: u64,
    pub(crate) value: Tree,
}

/// The three shapes of YAML; an empty value is a scalar without text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Scalar(Option<String>),
    List(Vec<Node>),
    Map(Vec<(String, u64, Node)>),
}

/// Where and why a text is not YAML that we read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) line: u64,
    pub(crate) message: String,
}

impl Node {
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[(String, u64, Node)] {
        match &self.value {
            Tree::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A map's value.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _, _)| name == key).map(|(_, _, node)| node)
    }

    /// A scalar's text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Tree::Scalar(text) => text.as_deref(),
            _ => None,
        }
    }

    /// The node as JSON with all scalars as text.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Tree::Scalar(text) => text.clone().map_or(serde_json::Value::Null, Into::into),
            Tree::List(items) => items.iter().map(Node::to_json).collect(),
            Tree::Map(entries) => {
                serde_json::Value::Object(entries.iter().map(|(key, _, node)| (key.clone(), node.to_json())).collect())
            }
        }
    }
}

/// Reads the first document of a text. `line_offset` is added to every line.
pub(crate) fn parse(text: &str, line_offset: u64) -> Result<Node, YamlError> {
    let options = granit_parser::options! { emit_comments: false };
    let mut reader = Reader { parser: Parser::new_from_str_with_options(text, options), line_offset, nodes: 0 };
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(Node { line: line_offset + 1, value: Tree::Scalar(None) }),
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            other => return reader.finish(other, line),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    line_offset: u64,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, u64), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.line_offset + span.start.line() as u64)),
            Some(Err(error)) => {
                let line = self.line_offset + error.marker().line() as u64;
                Err(YamlError { line, message: error.info() })
            }
            None => Ok((Event::StreamEnd, self.line_offset)),
        }
    }

    /// Reads the document's only node, then makes sure that nothing else follows it.
    fn finish(&mut self, event: Event<'a>, line: u64) -> Result<Node, YamlError> {
        let node = self.node(event, line, 0)?;
        loop {
            let (event, line) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(node),
                Event::DocumentEnd => {}
                _ => {
                    return Err(YamlError {
                        line,
                        message: "a second YAML document begins here; only one is read".to_owned(),
                    });
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, line: u64, depth: usize) -> Result<Node, YamlError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(YamlError { line, message: "the file has too many or too deeply nested values".to_owned() });
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => Tree::Scalar(scalar(text.into_owned(), style)),
            Event::SequenceStart(..) => Tree::List(self.list(depth)?),
            Event::MappingStart(..) => Tree::Map(self.map(depth)?),
            Event::Alias(_) => {
                return Err(YamlError {
                    line,
                    message: "aliases (`*name`) are not read here: write the value out".to_owned(),
                });
            }
            _ => return Err(YamlError { line, message: "a value is missing".to_owned() }),
        };
        Ok(Node { line, value })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            items.push(self.node(event, line, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, u64, Node)>, YamlError> {
        let mut entries: Vec<(String, u64, Node)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(entries);
            }
            let Event::Scalar(key, ..) = event else {
                return Err(YamlError { line, message: "a key must be a single word".to_owned() });
            };
            let key = key.into_owned();
            if !seen.insert(key.clone()) {
                return Err(YamlError { line, message: format!("the key `{}` stands here twice", shorten(&key)) });
            }
            let (event, value_line) = self.next()?;
            let node = self.node(event, value_line, depth + 1)?;
            entries.push((key, line, node));
        }
    }
}

fn scalar(text: String, style: ScalarStyle) -> Option<String> {
    let empty = matches!(style, ScalarStyle::Plain) && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
    (!empty).then_some(text)
}

/// A value in a message: not more of it than a person needs to find it.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn scalars_keep_their_characters_and_lines() {
        let node = parse("a: 012345678901\nb:\n  - 1.10\n  - ''\n  - ~\n", 4).unwrap();
        assert_eq!(node.get("a").unwrap().text(), Some("012345678901"));
        assert_eq!(node.get("a").unwrap().line, 5);
        assert_eq!(node.get("b").unwrap().to_json(), serde_json::json!(["1.10", "", null]));
    }

    #[test]
    fn what_is_not_read_is_an_error_with_its_line() {
        assert_eq!(parse("a: 1\na: 2\n", 0).unwrap_err().line, 2);
        assert_eq!(parse("a: &x 1\nb: *x\n", 0).unwrap_err().line, 2);
        assert!(parse("a: [1\n", 0).is_err());
        assert!(parse("a: 1\n---\nb: 2\n", 0).is_err());
        assert!(parse(&"[".repeat(100_000), 0).is_err());
    }
}
