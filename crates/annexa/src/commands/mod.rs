//! One file a command.

mod checks;
mod controls;
mod demo;
mod diff;
mod init;
mod keygen;
mod permissions;
mod reperform;
mod report;
mod scan;
mod verify;

use crate::cli::Command;
use crate::console::Console;
use crate::failure::Failure;

/// Runs a command to its exit status.
pub(crate) fn run(command: &Command, console: &Console) -> Result<u8, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, console),
        Command::Init(arguments) => init::run(arguments, console),
        Command::Scan(arguments) => scan::run(arguments, console),
        Command::Verify(arguments) => verify::run(arguments, console),
        Command::Reperform(arguments) => reperform::run(arguments, console),
        Command::Report(arguments) => report::run(arguments, console),
        Command::Diff(arguments) => diff::run(arguments, console),
        Command::Controls(arguments) => controls::run(arguments, console),
        Command::Checks(arguments) => checks::run(arguments, console),
        Command::Permissions(arguments) => permissions::run(arguments, console),
        Command::Keygen(arguments) => keygen::run(arguments, console),
    }
}
