//! The crate's data files.

use annexa_model::RuleFiles;
use include_dir::{Dir, include_dir};

static SERVICES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/services");
static SHAPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shapes");

/// The service descriptions and shapes of the library, below `aws/`.
#[must_use]
pub fn rules() -> RuleFiles {
    let mut rules = RuleFiles::new();
    for (folder, files) in [("services", &SERVICES), ("shapes", &SHAPES)] {
        for file in files.files() {
            let name = file.path().to_string_lossy();
            if name.ends_with(".yaml") || name.ends_with(".json") {
                rules.insert(format!("aws/{folder}/{name}"), file.contents());
            }
        }
    }
    rules
}
