//! How a command ends when it can't do its work, and how that is told.

use annexa_source::Diagnostic;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use std::fmt;

/// Exit status: done.
pub(crate) const DONE: u8 = 0;
/// Exit status: findings at or above `--fail-on`, or something does not match.
pub(crate) const MISMATCH: u8 = 1;
/// Exit status: usage or configuration error, or the work could not be done.
pub(crate) const USAGE: u8 = 2;
/// Exit status: the scan is incomplete.
pub(crate) const INCOMPLETE: u8 = 3;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Mistakes in files that people wrote.
    Files(Vec<Diagnostic>),
    /// Examples inside check files that do not come out as they say.
    Examples(Vec<Diagnostic>),
    /// Anything else: what was attempted, on what, and what to do.
    Message {
        /// What went wrong.
        text: String,
        /// What to do.
        help: Option<String>,
        /// The exit status.
        status: u8,
    },
}

impl Failure {
    /// A usage error, or work that could not be done.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Message { text: text.into(), help: None, status: USAGE }
    }

    /// Something does not match.
    pub(crate) fn mismatch(text: impl Into<String>) -> Self {
        Self::Message { text: text.into(), help: None, status: MISMATCH }
    }

    /// Adds what to do.
    pub(crate) fn help(self, remedy: impl Into<String>) -> Self {
        match self {
            Self::Message { text, status, .. } => Self::Message { text, help: Some(remedy.into()), status },
            other => other,
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Files(_) => USAGE,
            Self::Examples(_) => MISMATCH,
            Self::Message { status, .. } => *status,
        }
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(errors: Vec<Diagnostic>) -> Self {
        Self::Files(errors)
    }
}

impl From<Diagnostic> for Failure {
    fn from(error: Diagnostic) -> Self {
        Self::Files(vec![error])
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(errors) | Self::Examples(errors) => {
                for error in errors {
                    write!(f, "{}", render(error))?;
                }
                Ok(())
            }
            Self::Message { text, help, .. } => {
                write!(f, "error: {text}")?;
                match help {
                    Some(help) => write!(f, "\n  help: {help}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A diagnostic with the lines of the file that it points to. The first line is greppable: `file:line:column: message`.
fn render(error: &Diagnostic) -> String {
    let head = format!("error: {}", crate::text::printable(&error.to_string()));
    if error.line == 0 {
        return head + "\n";
    }
    let offset = error.file.offset(error.line, error.column);
    let label = LabeledSpan::at(offset..offset + error.length as usize, "here");
    let report = miette::MietteDiagnostic::new(String::new()).with_label(label);
    let source = NamedSource::new(&*error.file.path, error.file.text.to_string());
    let mut frame = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_context_lines(1);
    let with_source = miette::Report::new(report).with_source_code(source);
    // without the frame the first line still says it all
    let _ = handler.render_report(&mut frame, with_source.as_ref());
    let frame: Vec<&str> = frame.lines().filter(|line| !line.trim().is_empty() && line.trim() != "×").collect();
    format!("{head}\n{}\n", frame.join("\n"))
}
