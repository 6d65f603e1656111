//! What can go wrong while a report is written.

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template does not parse.
    #[error("template `{name}` can't be read: {problem}")]
    Template {
        /// The template.
        name: String,
        /// The parser's message.
        problem: String,
    },
    /// A template prints a value without escaping it.
    #[error(
        "template `{name}`, line {line}: every value is escaped and attributes have quotes, so that nothing in a bundle can become HTML"
    )]
    Unescaped {
        /// The template.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// A page could not be rendered.
    #[error("page `{page}` can't be rendered: {problem}")]
    Render {
        /// The page.
        page: String,
        /// The engine's message.
        problem: String,
    },
    /// JSON could not be written.
    #[error("JSON can't be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The output could not be written.
    #[error("the output can't be written: {0}")]
    Write(#[from] std::io::Error),
}
