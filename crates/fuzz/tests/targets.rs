//! Every target over its seeds and over random changes of them: the same ones in every run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use annexa_fuzz::{Mutator, Target, targets};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Changed inputs for each target, unless `ANNEXA_FUZZ_ROUNDS` says another number.
const ROUNDS: usize = 60;

fn rounds() -> usize {
    std::env::var("ANNEXA_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// Runs one input; a panic names it.
fn run(target: &Target, input: &[u8]) {
    let input = &input[..input.len().min(target.max_len)];
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = folder.join(format!("{}-crash", target.name));
        std::fs::write(&file, input).unwrap();
        let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        panic!(
            "{}: {}\nrun it again: cargo xtask fuzz {} {}",
            target.name,
            why.unwrap_or("a panic without words"),
            target.name,
            file.display()
        );
    }
}

fn check(names: &[&str]) {
    for name in names {
        let target = annexa_fuzz::target(name).unwrap();
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let mut mutator = Mutator::new(u64::from_le_bytes(*b"annexa!!"));
        for input in [&b""[..], b"\0", b"\xff\xff\xff\xff\xff\xff"] {
            run(target, input);
        }
        // all seeds of a target with many would take minutes without optimization
        seeds.iter().step_by(1 + seeds.len() / 40).for_each(|seed| run(target, seed));
        for _ in 0..rounds() {
            let mut input = seeds[mutator.below(seeds.len())].clone();
            let other = &seeds[mutator.below(seeds.len())];
            mutator.change(&mut input, other, target.words);
            run(target, &input);
        }
    }
}

macro_rules! groups {
    ($($test:ident: $($name:literal),+;)+) => {
        const GROUPS: &[&[&str]] = &[$(&[$($name),+]),+];
        $(
            #[test]
            fn $test() {
                check(&[$($name),+]);
            }
        )+
    };
}

groups! {
    answers: "aws-answer", "kubernetes-answer", "github-answer";
    tapes: "tape";
    files_of_people: "document", "register", "yaml", "inputs";
    rules: "check-file", "cel", "rules";
    bundles: "bundle-zip", "bundle-manifest", "bundle-envelope", "bundle-lines";
}

#[test]
fn every_target_is_in_a_group() {
    let grouped = || GROUPS.iter().copied().flatten();
    for target in targets() {
        assert_eq!(grouped().filter(|name| **name == target.name).count(), 1, "{}", target.name);
    }
    assert_eq!(grouped().count(), targets().len());
}
