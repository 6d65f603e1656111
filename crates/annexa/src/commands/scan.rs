//! `annexa scan`: reads everything that people wrote, then asks.

use crate::bundles::{self, Opened};
use crate::cli::ScanArgs;
use crate::config::Config;
use crate::console::Console;
use crate::derive::glob_set;
use crate::failure::{DONE, Failure, INCOMPLETE, MISMATCH};
use crate::inputs::{Inputs, Recording};
use crate::place::Place;
use crate::rules::{self, Rules};
use crate::scan::{self, Outcome, Plan, Tape};
use crate::summary;
use crate::text::{counted, printable};
use crate::upload::Upload;
use annexa_bundle::{BundleError, Manifest, Recipients, SaltSeed, SigningKey, short_id};
use annexa_model::{Finding, FindingStatus, Selection, Severity, Target, Timestamp, sha256_hex};
use annexa_tape::Limits;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) fn run(arguments: &ScanArgs, console: &Console) -> Result<u8, Failure> {
    let (plan, upload) = plan(arguments, Timestamp::now(), console)?;
    let mut outcome = scan::run(plan, console)?;
    let sent = upload.map(|upload| upload.send(console));
    if let Some(Ok(stored)) = &sent {
        outcome.stored = Some(stored.clone());
    }
    // before the error of an upload, for the findings are there all the same
    summary::print(&outcome, console);
    sent.transpose()?;
    let status = status(&outcome, arguments.fail_on, arguments.allow_incomplete);
    if let Some(severity) = arguments.fail_on.filter(|_| status == INCOMPLETE) {
        match open_at(&outcome, severity) {
            0 => {}
            n => console.say(&format!(
                "{} at or above {severity}; the exit status is {INCOMPLETE} because the scan is incomplete",
                counted(n as u64, "open fail", "open fails")
            )),
        }
    }
    Ok(status)
}

/// Reads and checks everything before the first call.
fn plan(arguments: &ScanArgs, now: Timestamp, console: &Console) -> Result<(Plan, Option<Upload>), Failure> {
    let recipients = recipients(&arguments.encrypt_to)?;
    let config = Config::read(&arguments.config)?;
    let rules = Rules::load(rules::with_own(&config)?)?;
    let inputs = Inputs::read(&config, &rules)?;
    let targets = selected_targets(&config, &arguments.target)?;
    check_patterns(&rules, &arguments.only)?;
    let key = signing_key(&config)?;
    let previous =
        arguments.previous.as_deref().map(|path| bundles::open_in_scan(path, &arguments.opening)).transpose()?;
    let replayed =
        arguments.replay.as_deref().map(|path| bundles::open_in_scan(path, &arguments.opening)).transpose()?;
    let as_of = replayed.as_ref().map_or(now, |bundle| bundle.manifest().as_of);
    let previous = checked_previous(previous, &config)?;
    let place = Place::of(arguments.out.as_deref(), recipients.is_some(), as_of)?;
    if replayed.is_none() {
        config.check_documents(&targets)?;
    }
    let (out, upload) = match place {
        Place::Here(path) => (path, None),
        Place::Locker(url) => {
            let upload = Upload::prepare(url, &config.locker, console)?;
            (upload.path(), Some(upload))
        }
    };
    let plan = Plan {
        selection: selection(arguments),
        tape: match &replayed {
            Some(bundle) => Tape::Replay(bundles::evidence(bundle)?, recording(bundle.manifest())),
            None => Tape::Live,
        },
        concurrency: usize::from(arguments.concurrency),
        limits: Limits { patience: Duration::from_secs(arguments.patience.into()), ..Limits::default() },
        out,
        recipients,
        pseudonym_key: pseudonym_key(&config)?,
        salts: SaltSeed::random().map_err(|error| Failure::usage(format!("no randomness for the salts: {error}")))?,
        previous,
        config,
        rules,
        inputs,
        targets,
        as_of,
        key,
    };
    Ok((plan, upload))
}

fn recording(of: &Manifest) -> Recording {
    let (sequence, digest) = (of.sequence, short_id(&of.digest));
    Recording { recording: format!("bundle {sequence} of {}, digest {digest}", of.organization) }
}

/// Those who can open the bundle: recipients, and files that list them.
fn recipients(named: &[String]) -> Result<Option<Recipients>, Failure> {
    let mut recipients = Recipients::default();
    for text in named {
        // a private key given by mistake is no file name either, and is never shown
        let is_key = text.starts_with("age1") || text.starts_with("ssh-") || text.starts_with("AGE-");
        let added = if is_key || !Path::new(text).exists() {
            recipients.add(text)
        } else {
            recipients.add_file(Path::new(text))
        };
        added.map_err(|error| {
            Failure::usage(format!("--encrypt-to: {}", printable(&error.to_string())))
                .help("age1… as `age-keygen -y key.txt` prints it, or a file with one a line")
        })?;
    }
    Ok((!recipients.is_empty()).then_some(recipients))
}

fn selection(arguments: &ScanArgs) -> Selection {
    if arguments.target.is_empty() && arguments.only.is_empty() {
        return Selection::Full;
    }
    Selection::Partial { targets: arguments.target.clone(), checks: arguments.only.clone() }
}

fn selected_targets(config: &Config, patterns: &[String]) -> Result<Vec<Target>, Failure> {
    let names: Vec<&str> = config.targets.iter().map(|t| t.name.as_str()).collect();
    for pattern in patterns {
        check_pattern("--target", pattern, "target", &names)?;
    }
    let globs = glob_set(patterns);
    let selected = |target: &&Target| patterns.is_empty() || globs.is_match(&target.name);
    Ok(config.targets.iter().filter(selected).cloned().collect())
}

fn check_patterns(rules: &Rules, patterns: &[String]) -> Result<(), Failure> {
    let ids: Vec<&str> = rules.check_ids().collect();
    patterns.iter().try_for_each(|pattern| check_pattern("--only", pattern, "check", &ids))
}

/// A pattern that matches nothing is a mistake, not an empty scan.
fn check_pattern(option: &str, pattern: &str, what: &str, names: &[&str]) -> Result<(), Failure> {
    let glob = globset::Glob::new(pattern)
        .map_err(|error| Failure::usage(format!("{option} {pattern}: this is no pattern: {}", error.kind())))?
        .compile_matcher();
    if names.iter().any(|name| glob.is_match(name)) {
        return Ok(());
    }
    let failure = Failure::usage(format!("{option} {pattern}: no {what} has a name like this"));
    Err(match annexa_source::nearest(pattern, names.iter().copied()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None if what == "check" => failure.help("`annexa checks list` shows all"),
        None => failure.help(format!("there are: {}", names.join(", "))),
    })
}

/// The key from the environment, else the one of the configuration.
fn signing_key(config: &Config) -> Result<Option<SigningKey>, Failure> {
    if let Some(path) = key_in_environment() {
        return SigningKey::load(&path).map(Some).map_err(bundles::failure);
    }
    let Some(input) = &config.signing_key else { return Ok(None) };
    if !input.path.exists() {
        let key = input.path.display();
        let error = config.error_at(input, format!("the key {key} does not exist"));
        return Err(error.with_help(format!("`annexa keygen --out {key}` makes one")).into());
    }
    let error = |error: BundleError| config.error_at(input, printable(&error.to_string())).into();
    SigningKey::load(&input.path).map(Some).map_err(error)
}

fn key_in_environment() -> Option<PathBuf> {
    std::env::var_os("ANNEXA_SIGNING_KEY").filter(|v| !v.is_empty()).map(PathBuf::from)
}

fn key_path(config: &Config) -> Option<PathBuf> {
    key_in_environment().or_else(|| config.signing_key.as_ref().map(|key| key.path.clone()))
}

/// The key of pseudonyms: its own file, else made from the signing key, so that pseudonyms stay the same from scan to
/// scan. Without either they hold for this scan alone.
fn pseudonym_key(config: &Config) -> Result<[u8; 32], Failure> {
    let named = std::env::var_os("ANNEXA_PSEUDONYM_KEY").filter(|v| !v.is_empty()).map(PathBuf::from);
    let Some(path) = named.or_else(|| key_path(config)) else {
        return random_key();
    };
    let bytes = read_key(&path)?;
    let mut text = b"annexa pseudonyms 1\0".to_vec();
    text.extend(bytes);
    let digest = sha256_hex(&text);
    let mut key = [0; 32];
    for (place, pair) in key.iter_mut().zip(digest.as_bytes().chunks(2)) {
        *place = std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
    }
    Ok(key)
}

fn read_key(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("the key {} can't be read: {error}", path.display())))
}

fn random_key() -> Result<[u8; 32], Failure> {
    use rand::TryRng;
    let mut key = [0; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut key)
        .map_err(|error| Failure::usage(format!("no randomness for pseudonyms: {error}")))?;
    Ok(key)
}

/// A bundle of another organization is no previous one.
fn checked_previous(previous: Option<Opened>, config: &Config) -> Result<Option<Opened>, Failure> {
    if let Some(other) = previous.as_ref().map(|b| &b.manifest().organization).filter(|o| **o != config.organization) {
        let text = format!("--previous: that bundle is of `{other}`, this scan is of `{}`", config.organization);
        return Err(Failure::usage(text).help("name the last bundle of this organization, or leave --previous out"));
    }
    Ok(previous)
}

/// 3 wins over 1.
pub(crate) fn status(outcome: &Outcome, fail_on: Option<Severity>, allow_incomplete: bool) -> u8 {
    let open_gaps = outcome.derived.gaps.iter().any(|gap| gap.exception.is_none());
    if (open_gaps || outcome.interrupted) && !allow_incomplete {
        return INCOMPLETE;
    }
    if fail_on.is_some_and(|severity| open_at(outcome, severity) > 0) { MISMATCH } else { DONE }
}

/// How many fails of a severity or above no exception covers.
fn open_at(outcome: &Outcome, severity: Severity) -> usize {
    let open = |f: &&Finding| f.status == FindingStatus::Fail && f.exception.is_none() && f.severity >= severity;
    outcome.derived.findings.iter().filter(open).count()
}
