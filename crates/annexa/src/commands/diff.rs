//! `annexa diff`: what is different between two bundles.

use crate::bundles;
use crate::cli::DiffArgs;
use crate::console::Console;
use crate::failure::{DONE, Failure, MISMATCH};

pub(crate) fn run(arguments: &DiffArgs, console: &Console) -> Result<u8, Failure> {
    let old = bundles::open(&arguments.old, &arguments.opening)?;
    let new = bundles::open(&arguments.new, &arguments.opening)?;
    let diff = annexa_bundle::diff(&old, &new).map_err(bundles::failure)?;
    if arguments.json {
        console.json(&diff)?;
    } else {
        console.data(&diff.to_text())?;
    }
    Ok(if arguments.exit_code && !diff.is_empty() { MISMATCH } else { DONE })
}
