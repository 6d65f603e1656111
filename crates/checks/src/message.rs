//! Message templates: plain text with `{{path}}`.

use crate::expr::Paths;
use crate::place::Text;
use crate::refs::{Ref, Resolver};
use annexa_source::Diagnostic;

/// A message with places for facts.
#[derive(Debug, Default)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Fact(Ref),
}

impl Template {
    /// Reads a template; each path is resolved against the schema.
    pub(crate) fn compile(
        text: &Text,
        resolver: &Resolver<'_, '_>,
        paths: &mut Paths,
        errors: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut parts = Vec::new();
        let source = text.text.trim_end();
        let mut from = 0;
        while let Some(open) = source.get(from..).and_then(|rest| rest.find("{{")).map(|skip| from + skip) {
            let Some(close) = source.get(open..).and_then(|rest| rest.find("}}")).map(|skip| open + skip) else {
                errors.push(text.error(open, "`{{` without `}}`"));
                return Self { parts };
            };
            parts.push(Part::Text(source.get(from..open).unwrap_or("").to_owned()));
            let inner = source.get(open + 2..close).unwrap_or("");
            let start = open + 2 + (inner.len() - inner.trim_start().len());
            match resolver.resolve(inner.trim(), text, start, paths) {
                Ok(found) => parts.push(Part::Fact(found)),
                Err(error) => errors.push(error),
            }
            from = close + 2;
        }
        parts.push(Part::Text(source.get(from..).unwrap_or("").to_owned()));
        Self { parts }
    }

    /// The message, with what `show` says of each path.
    pub(crate) fn render(&self, mut show: impl FnMut(&Ref) -> String) -> String {
        let mut message = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => message.push_str(text),
                Part::Fact(fact) => message.push_str(&show(fact)),
            }
        }
        message.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The facts that it shows.
    pub(crate) fn refs(&self) -> impl Iterator<Item = &Ref> {
        self.parts.iter().filter_map(|part| match part {
            Part::Fact(fact) => Some(fact),
            Part::Text(_) => None,
        })
    }
}
