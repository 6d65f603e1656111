#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod client;
mod collector;
mod credentials;
mod describe;
mod dialect;
mod functions;
mod permissions;
mod reproduce;
mod walk;

pub use collector::Github;
pub use permissions::TokenPermission;
pub use reproduce::reproduce;

use annexa_model::RuleFiles;
use include_dir::{Dir, include_dir};

static TYPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/types");

/// The description files, below `github/types/`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut files = RuleFiles::new();
    for file in TYPES.files() {
        if let Some(name) = file.path().file_name().and_then(|name| name.to_str()) {
            files.insert(format!("github/types/{name}"), file.contents());
        }
    }
    files
}
