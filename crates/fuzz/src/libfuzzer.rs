//! The targets on libFuzzer. `cargo xtask fuzz` builds it and says by the environment what to do:
//! `ANNEXA_FUZZ_TARGET` names the target, `ANNEXA_FUZZ_SEEDS` a folder that gets its seeds and dictionary instead of a
//! run. Without a target it lists them all.

#![no_main]
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a tool of the project's own, started by `cargo xtask fuzz`"
)]

use annexa_fuzz::{Target, target, targets};
use std::path::Path;
use std::sync::OnceLock;

static CHOSEN: OnceLock<&Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: choose(),
    |data: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            (target.run)(data);
        }
    }
);

fn choose() {
    let Ok(name) = std::env::var("ANNEXA_FUZZ_TARGET") else {
        targets().iter().for_each(|target| println!("{} {}", target.name, target.max_len));
        std::process::exit(0);
    };
    let target = target(&name).expect("there is no target of this name");
    if let Some(folder) = std::env::var_os("ANNEXA_FUZZ_SEEDS") {
        write_seeds(target, Path::new(&folder));
        std::process::exit(0);
    }
    // what is loaded once is loaded before the clock of the first input runs
    (target.run)(b"");
    CHOSEN.get_or_init(|| target);
}

fn write_seeds(target: &Target, folder: &Path) {
    let escaped = |word: &str| word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let dictionary: String = target.words.iter().map(|word| format!("\"{}\"\n", escaped(word))).collect();
    std::fs::write(folder.join("words.dict"), dictionary).expect("the dictionary can be written");
    let seeds = folder.join("seeds");
    std::fs::create_dir_all(&seeds).expect("the folder of seeds can be made");
    for (number, seed) in (target.seeds)().into_iter().enumerate() {
        std::fs::write(seeds.join(format!("{number:04}")), seed).expect("a seed can be written");
    }
}
