//! `annexa verify`: is a bundle whole and unchanged, and whose signature does it bear.

use crate::bundles;
use crate::cli::VerifyArgs;
use crate::console::Console;
use crate::failure::{DONE, Failure, MISMATCH};
use annexa_bundle::{PublicKey, VerifyOptions};

pub(crate) fn run(arguments: &VerifyArgs, console: &Console) -> Result<u8, Failure> {
    let key = arguments.key.as_deref().map(PublicKey::load).transpose().map_err(bundles::failure)?;
    let library = bundles::library();
    let options = VerifyOptions { key: key.as_ref(), library: Some(&library) };
    let report = annexa_bundle::verify(&arguments.bundle, &options).map_err(bundles::failure)?;
    if arguments.json {
        console.json(&report)?;
    } else {
        console.data(&report.to_text())?;
    }
    Ok(if report.is_good() { DONE } else { MISMATCH })
}
