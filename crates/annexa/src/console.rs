//! What people see while a command works: messages on stderr, data on stdout.

use crate::cli::OutputOptions;
use crate::failure::Failure;
use std::io::{IsTerminal, Write};

/// Where messages and data go.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    quiet: bool,
    terminal: bool,
}

impl Console {
    /// A console for the options of the command line.
    pub(crate) fn new(options: &OutputOptions) -> Self {
        Self { quiet: options.quiet, terminal: std::io::stderr().is_terminal() && options.verbose == 0 }
    }

    /// Whether a progress line may be drawn.
    pub(crate) fn draws(&self) -> bool {
        self.terminal && !self.quiet
    }

    /// Says something to the person who waits.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            self.always(message);
        }
    }

    /// Says something even when quiet.
    pub(crate) fn always(&self, message: &str) {
        // nobody is left to tell when stderr is gone
        let _ = writeln!(std::io::stderr(), "{message}");
    }

    /// Writes data to stdout. A reader that closed the pipe has seen enough.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| if text.ends_with('\n') { Ok(()) } else { stdout.write_all(b"\n") });
        match written.and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::usage(format!("stdout can't be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Stdout, for data that is written while it is made.
    pub(crate) fn stdout(&self) -> impl Write + use<> {
        Stdout(std::io::stdout().lock())
    }

    /// Writes a value to stdout as JSON for people and programs.
    pub(crate) fn json<T: serde::Serialize>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::usage(format!("not JSON: {error}")))?;
        self.data(&text)
    }
}

/// Stdout. A reader that closed the pipe has seen enough: what comes after goes nowhere.
struct Stdout(std::io::StdoutLock<'static>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}
