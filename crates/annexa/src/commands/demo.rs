//! `annexa demo`: the whole pipeline on a recorded company that does not exist. No credentials, no network.

use crate::cli::DemoArgs;
use crate::config::Config;
use crate::console::Console;
use crate::failure::{DONE, Failure};
use crate::inputs::{Inputs, Recording};
use crate::rules::{self, Rules};
use crate::scan::{self, Plan, Tape};
use crate::summary;
use annexa_bundle::SaltSeed;
use annexa_model::{Selection, Timestamp};
use annexa_tape::Evidence;
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;

static COMPANY: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/demo/company");
static TAPE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/demo/tape");

pub(crate) fn run(arguments: &DemoArgs, console: &Console) -> Result<u8, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::usage(format!("no temporary folder: {error}")))?;
    let unpacked = COMPANY.extract(folder.path());
    unpacked.map_err(|error| Failure::usage(format!("the demo can't be unpacked: {error}")))?;
    let outcome = scan::run(plan(arguments, folder.path())?, console)?;
    summary::print(&outcome, console);
    console.say("Nordwind Demo does not exist. `annexa init` begins a configuration of your own.");
    Ok(DONE)
}

fn plan(arguments: &DemoArgs, folder: &Path) -> Result<Plan, Failure> {
    let config = Config::read(&folder.join("annexa.yaml"))?;
    let rules = Rules::load(rules::library())?;
    let inputs = Inputs::read(&config, &rules)?;
    Ok(Plan {
        targets: config.targets.clone(),
        config,
        rules,
        inputs,
        selection: Selection::Full,
        as_of: recorded_at()?,
        tape: Tape::Replay(tape(), Recording { recording: "the demo that comes with annexa".to_owned() }),
        concurrency: usize::from(arguments.concurrency),
        limits: annexa_tape::Limits::default(),
        out: arguments.out.clone(),
        recipients: None,
        previous: None,
        key: None,
        pseudonym_key: [0; 32],
        // a fixed seed: the demo gives the same bytes each time
        salts: SaltSeed::fixed([7; 32]),
    })
}

/// When the tape was recorded.
fn recorded_at() -> Result<Timestamp, Failure> {
    let text = TAPE.get_file("as_of").and_then(|file| file.contents_utf8()).unwrap_or_default();
    text.trim().parse().map_err(|error| Failure::usage(format!("the demo's tape has no time: {error}")))
}

fn tape() -> Evidence {
    let mut files = BTreeMap::new();
    let mut folders = vec![&TAPE];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        let lines = folder.files().filter(|file| file.path().extension().is_some_and(|e| e == "jsonl"));
        files.extend(lines.map(|file| (file.path().to_string_lossy().replace('\\', "/"), file.contents().to_vec())));
    }
    Evidence::from_files(files)
}
