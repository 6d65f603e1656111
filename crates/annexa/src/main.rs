//! annexa: evidence for ISO/IEC 27001 Annex A that an auditor can read, verify and derive again.
#![doc = include_str!("../README.md")]

mod again;
mod bundles;
mod changes;
mod cli;
mod collect;
mod commands;
mod config;
mod console;
mod cover;
mod derive;
mod failure;
mod fetch;
mod inputs;
mod interrupt;
mod place;
mod progress;
mod rules;
mod scan;
mod stages;
mod summary;
mod text;
mod upload;

use clap::Parser;
use cli::{Cli, LogFormat, OutputOptions};
use console::Console;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Whatever is read, derived and rendered is many small texts, on all cores: with the C library's allocator, deriving a
/// large bundle again takes a fifth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.output);
    let console = Console::new(&cli.output);
    match commands::run(&cli.command, &console) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            console.always(failure.to_string().trim_end());
            ExitCode::from(failure.status())
        }
    }
}

/// The log goes to stderr: warnings, with `-v` what happens, with `-vv` every call. Never headers, never bodies.
fn start_log(options: &OutputOptions) {
    let level = match options.verbose {
        0 => "error",
        1 => "warn,annexa=info,annexa_tape=info,annexa_aws=info,annexa_kubernetes=info,annexa_github=info",
        _ => "warn,annexa=debug,annexa_tape=debug,annexa_aws=debug,annexa_kubernetes=debug,annexa_github=debug",
    };
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_writer(std::io::stderr);
    // colours are for terminals; a file or a CI log gets the bare text
    let log = log.with_ansi(std::io::stderr().is_terminal());
    match options.log_format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
