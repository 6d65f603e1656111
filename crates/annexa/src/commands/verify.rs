//! `annexa verify`: is a bundle whole and unchanged, and whose signature does it bear.

use crate::bundles;
use crate::cli::VerifyArgs;
use crate::console::Console;
use crate::failure::{DONE, Failure, MISMATCH};
use crate::fetch::{Signals, fetch};
use crate::upload;
use annexa_bundle::{PublicKey, VerifyOptions, VerifyReport};
use annexa_locker::Stored;
use serde::Serialize;

/// The report, and where the bundle comes from.
#[derive(Serialize)]
struct Verified<'a> {
    #[serde(flatten)]
    report: &'a VerifyReport,
    /// What the locker says of the object; none when the bundle is on this disk.
    stored: Option<&'a Stored>,
    encrypted: bool,
}

pub(crate) fn run(arguments: &VerifyArgs, console: &Console) -> Result<u8, Failure> {
    let key = arguments.key.as_deref().map(PublicKey::load).transpose().map_err(bundles::failure)?;
    let library = bundles::library();
    let options = VerifyOptions { key: key.as_ref(), library: Some(&library) };
    let fetched = fetch(&arguments.bundle, &arguments.opening, Signals::Here)?;
    let mut report = annexa_bundle::verify(&fetched.path, &options).map_err(|error| fetched.failure(error))?;
    report.bundle = fetched.shown.clone();
    if arguments.json {
        console.json(&Verified { report: &report, stored: fetched.stored.as_ref(), encrypted: fetched.encrypted })?;
    } else {
        if let Some(stored) = &fetched.stored {
            console.data(&format!("In the locker: {}", upload::in_words(stored)))?;
        }
        console.data(&report.to_text())?;
    }
    Ok(if report.is_good() { DONE } else { MISMATCH })
}
