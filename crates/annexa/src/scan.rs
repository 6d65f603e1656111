//! The whole way of a scan: collect, derive, render, write. `demo` goes it too, on an embedded tape.

use crate::again::for_each_file;
use crate::bundles::Opened;
use crate::collect::{Asking, collect};
use crate::config::Config;
use crate::console::Console;
use crate::cover::{About, Pages};
use crate::derive::{Derived, Subject, derive};
use crate::failure::Failure;
use crate::inputs::{CHANGES, Inputs};
use crate::progress::Calls;
use crate::rules::{Rules, looked_at};
use crate::{bundles, changes, interrupt};
use annexa_bundle::{Recipients, SaltSeed, Seal, SigningKey, Writer, Written};
use annexa_locker::Stored;
use annexa_model::{ENGINE_VERSION, Period, Selection, Target, Timestamp};
use annexa_report::Changes;
use annexa_tape::{Evidence, Limits, Privacy, Redactor, Stop};
use std::path::PathBuf;
use std::sync::Arc;

/// Where answers come from.
pub(crate) enum Tape {
    /// The providers.
    Live,
    /// Recorded evidence.
    Replay(Evidence),
}

/// A scan that is ready to begin: everything that people wrote was read and found good.
pub(crate) struct Plan {
    pub config: Config,
    pub rules: Rules,
    pub inputs: Inputs,
    pub targets: Vec<Target>,
    pub selection: Selection,
    pub as_of: Timestamp,
    pub tape: Tape,
    pub concurrency: usize,
    /// Deadlines, retries and sizes.
    pub limits: Limits,
    pub out: PathBuf,
    /// Those who can open the bundle; none: it is not encrypted.
    pub recipients: Option<Recipients>,
    pub previous: Option<Opened>,
    pub key: Option<SigningKey>,
    /// The key of pseudonyms.
    pub pseudonym_key: [u8; 32],
    pub salts: SaltSeed,
}

/// What a scan gave.
pub(crate) struct Outcome {
    pub derived: Derived,
    /// Remarks on what the company handed in.
    pub notes: Vec<String>,
    pub written: Written,
    pub interrupted: bool,
    /// What the locker says of the bundle, when it went there.
    pub stored: Option<Stored>,
}

/// Runs a scan to its bundle.
pub(crate) fn run(plan: Plan, console: &Console) -> Result<Outcome, Failure> {
    let writer = match &plan.recipients {
        Some(recipients) => Writer::create_encrypted(&plan.out, recipients.clone()),
        None => Writer::create(&plan.out),
    };
    let writer = writer.map_err(bundles::failure)?;
    if plan.out.exists() {
        console.say(&format!("The bundle at {} will be replaced by the new one.", plan.out.display()));
    }
    let calls = Arc::new(Calls::new(console));
    let stop = Stop::new();
    let asking = Asking {
        as_of: plan.as_of,
        base_dir: plan.config.base_dir.clone(),
        concurrency: plan.concurrency,
        limits: plan.limits.clone(),
        redactor: Redactor::new(plan.config.privacy, plan.pseudonym_key),
        replay: match &plan.tape {
            Tape::Live => None,
            Tape::Replay(evidence) => Some(evidence.clone()),
        },
        progress: calls.clone(),
        stop: stop.clone(),
    };
    let wanted = wanted_types(&plan);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("no threads to work with: {error}")))?;
    let collected = runtime.block_on(async {
        interrupt::pulls(stop.clone(), console.clone());
        collect(&asking, &plan.rules, &plan.targets, wanted.as_deref(), writer.evidence_folder()).await
    });
    calls.finish();
    collected?;
    publish(plan, writer, stop.is_pulled())
}

/// Derives everything from the evidence in the writer's folder, renders it and closes the bundle.
fn publish(mut plan: Plan, mut writer: Writer, interrupted: bool) -> Result<Outcome, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("the evidence that was just written can't be read: {error}"));
    let evidence = Evidence::open(&writer.evidence_folder()).map_err(unreadable)?;
    let subject = Subject {
        rules: &plan.rules,
        inputs: &plan.inputs,
        targets: &plan.targets,
        selection: &plan.selection,
        as_of: plan.as_of,
    };
    let derived = derive(&subject, &evidence).map_err(unreadable)?;
    let previous = plan.previous.as_ref().map(|bundle| bundle.as_previous());
    let about = about(&plan, previous.as_ref());
    let changes = match &plan.previous {
        Some(bundle) => Some(changes::since(bundle, &derived, &plan.rules.files)?),
        None => None,
    };
    if let Some(changes) = &changes {
        // an input, because the bundle alone could not derive it
        let bytes = serde_json::to_vec(changes).map_err(|error| Failure::usage(format!("not JSON: {error}")))?;
        plan.inputs.files.insert(CHANGES.to_owned(), bytes);
    }
    write(&plan, &mut writer, &derived, &about, &evidence, changes)?;
    let seal = Seal { key: plan.key.as_ref(), previous, salts: plan.salts };
    let written = writer.finish(bundle_cover(&about, &derived), &seal).map_err(bundles::failure)?;
    let notes = plan.inputs.statement.map(|statement| statement.notes).unwrap_or_default();
    Ok(Outcome { derived, notes, written, interrupted, stored: None })
}

fn about(plan: &Plan, previous: Option<&annexa_bundle::Previous>) -> About {
    About {
        organization: plan.config.organization.clone(),
        edition: plan.config.edition,
        period: plan.config.period.map(|p| Period { from: p.from, to: p.to }),
        selection: plan.selection.clone(),
        as_of: plan.as_of,
        privacy: privacy_word(plan.config.privacy).to_owned(),
        signed_by: plan.key.as_ref().and_then(SigningKey::public).map(|key| key.id()),
        sequence: previous.map_or(1, |p| p.sequence + 1),
        previous: previous.map(|p| p.digest.clone()),
        rules: bundles::compare(ENGINE_VERSION, &plan.rules.files),
    }
}

fn write(
    plan: &Plan,
    writer: &mut Writer,
    derived: &Derived,
    about: &About,
    evidence: &Evidence,
    changes: Option<Changes>,
) -> Result<(), Failure> {
    let pages = Pages::new(about, &plan.rules, &plan.targets, derived, evidence, changes)
        .map_err(|error| Failure::usage(format!("the evidence can't be read again: {error}")))?;
    let mut add = |path: &str, bytes: &[u8]| writer.add(path, bytes).map_err(bundles::failure);
    for (path, bytes) in &plan.inputs.files {
        add(&format!("inputs/{path}"), bytes)?;
    }
    for (path, bytes) in plan.rules.files.iter() {
        add(&format!("rules/{path}"), bytes)?;
    }
    for_each_file(derived, &pages, |path, bytes| add(path, &bytes))
}

/// What the manifest says of the scan.
fn bundle_cover(about: &About, derived: &Derived) -> annexa_bundle::Cover {
    let mut targets = derived.targets.clone();
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    annexa_bundle::Cover {
        organization: about.organization.clone(),
        edition: about.edition,
        selection: about.selection.clone(),
        period: about.period,
        as_of: about.as_of,
        privacy: about.privacy.clone(),
        targets,
    }
}

/// The resource types that a partial selection of checks needs; none: all.
fn wanted_types(plan: &Plan) -> Option<Vec<String>> {
    match &plan.selection {
        Selection::Partial { checks, .. } if !checks.is_empty() => {
            let patterns = crate::derive::glob_set(checks);
            let chosen = plan.rules.checks.iter().filter(|check| patterns.is_match(&check.id));
            Some(looked_at(chosen, &plan.rules.schemas).into_keys().collect())
        }
        _ => None,
    }
}

pub(crate) fn privacy_word(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Default => "default",
        Privacy::Full => "full",
        Privacy::Strict => "strict",
    }
}
