//! `annexa keygen`: a key pair for signing.

use crate::bundles;
use crate::cli::KeygenArgs;
use crate::console::Console;
use crate::failure::{DONE, Failure};

pub(crate) fn run(arguments: &KeygenArgs, console: &Console) -> Result<u8, Failure> {
    let files = annexa_bundle::keygen(&arguments.out).map_err(bundles::failure)?;
    console.say(&format!(
        "Private key: {} (keep it where only the scan reads it)\nPublic key:  {} (give it to the auditor by another way than the bundle)\nKey id:      {}",
        files.private.display(),
        files.public.display(),
        files.key_id
    ));
    Ok(DONE)
}
