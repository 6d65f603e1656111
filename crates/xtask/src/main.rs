//! The project's own tasks. `cargo xtask` lists them.
//!
//! `cargo xtask test` is what CI runs; it installs what it needs below `target/tools`.

mod bench;
mod demo_tape;
mod fuzz;
mod lint_ci;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;
mod setup;
mod shapes;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test             everything that CI runs: format, lints, tests, check examples, audit, generated files
cargo xtask setup            install what the tests need below target/tools (Python, npm and apt packages, a Kubernetes API server)
cargo xtask lint-ci          lint workflows, the action, the container file and scripts
cargo xtask demo-tape        record fixtures/demo/tape anew from the test servers
cargo xtask fuzz [--seconds N] [TARGET...]
                             run the fuzz targets of crates/fuzz, each for N seconds (default 60; see its README)
cargo xtask shapes [FOLDER]  make crates/aws/shapes anew from botocore's models (default: those of target/tools/venv)
cargo xtask bench aws        annexa beside Prowler on one account of a test server: CPU, memory, requests a check
cargo xtask bench reperform  how many resources a second `annexa reperform` derives again, of more than 100,000
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let result = match task.as_str() {
        "test" => test::run(),
        "setup" => setup::run(),
        "lint-ci" => lint_ci::run(),
        "demo-tape" => demo_tape::run(),
        "fuzz" => fuzz::run(arguments),
        "bench" => bench::run(arguments.next().as_deref()),
        "shapes" => shapes(arguments.next()),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            run::say(&message);
            ExitCode::FAILURE
        }
    }
}

/// The models' folder as given, or that of the botocore which `setup` installed.
fn shapes(models: Option<String>) -> Result<(), String> {
    let models = match models {
        Some(folder) => PathBuf::from(folder),
        None => std::fs::read_dir(setup::tools().join("venv/lib"))
            .map_err(|error| format!("target/tools/venv: {error}; run `cargo xtask setup` first"))?
            .filter_map(|entry| Some(entry.ok()?.path().join("site-packages/botocore/data")))
            .find(|folder| folder.is_dir())
            .ok_or("botocore is not in target/tools/venv; run `cargo xtask setup` first")?,
    };
    let aws = root().join("crates/aws");
    shapes::run(&models, &aws.join("services"), &aws.join("shapes"))?;
    shapes::library(&models, &aws.join("shapes/library.zip"))
}

/// The root of the workspace.
fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map_or_else(|| PathBuf::from("."), PathBuf::from)
}
