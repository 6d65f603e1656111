//! The whole way of a scan: collect, derive, render, write. `demo` goes it too, on an embedded tape.

use crate::again::write_all;
use crate::bundles::Opened;
use crate::collect::{Asking, collect};
use crate::config::Config;
use crate::console::Console;
use crate::cover::{About, Pages};
use crate::derive::{Derived, Subject, derive};
use crate::failure::Failure;
use crate::inputs::{CHANGES, Inputs, REPLAYED, Recording};
use crate::progress::Calls;
use crate::rules::{Rules, looked_at};
use crate::text::counted;
use crate::{bundles, changes, interrupt};
use annexa_annex::ExceptionUse;
use annexa_bundle::{Recipients, SaltSeed, Seal, SigningKey, Writer, Written};
use annexa_locker::Stored;
use annexa_model::{ENGINE_VERSION, Finding, FindingStatus, Gap, Period, Selection, Target, Timestamp};
use annexa_report::Changes;
use annexa_tape::{Evidence, Limits, Privacy, Redactor, Stop};
use std::path::PathBuf;
use std::sync::Arc;

/// Exceptions that do nothing: so many have a line in the terminal.
const NOTES: usize = 5;

/// Where answers come from.
pub(crate) enum Tape {
    /// The providers.
    Live,
    /// Recorded evidence, and whose it is.
    Replay(Evidence, Recording),
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
            Tape::Replay(evidence, _) => Some(evidence.clone()),
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
    // inputs, because the bundle alone could not derive them
    if let Some(changes) = &changes {
        plan.inputs.files.insert(CHANGES.to_owned(), json(changes)?);
    }
    if let Tape::Replay(_, recording) = &plan.tape {
        plan.inputs.files.insert(REPLAYED.to_owned(), json(recording)?);
    }
    write(&plan, &mut writer, &derived, &about, &evidence, changes)?;
    let notes = notes(&plan, &derived);
    let seal = Seal { key: plan.key.as_ref(), previous, salts: plan.salts };
    let written = writer.finish(bundle_cover(&about, &derived), &seal).map_err(bundles::failure)?;
    Ok(Outcome { derived, notes, written, interrupted, stored: None })
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::usage(format!("not JSON: {error}")))
}

/// Remarks on what the company handed in: what the Statement of Applicability does not mention, and exceptions that do
/// nothing any more.
fn notes(plan: &Plan, derived: &Derived) -> Vec<String> {
    let mut notes = plan.inputs.statement.as_ref().map(|statement| statement.notes.clone()).unwrap_or_default();
    let idle = |exception: &&ExceptionUse| exception.findings + exception.gaps == 0;
    let idle: Vec<&ExceptionUse> = derived.exceptions.iter().filter(idle).collect();
    let again = if idle.iter().any(|exception| exception.expired) { open_again(plan, derived) } else { Vec::new() };
    let here = if matches!(plan.selection, Selection::Full) { "" } else { " in this selection" };
    notes.extend(idle.iter().take(NOTES).map(|exception| {
        if !exception.expired {
            return format!("Exception {} covered nothing{here}.", exception.id);
        }
        let open = again.iter().find(|open| open.id == exception.id).map_or((0, 0), |open| (open.findings, open.gaps));
        let end = format!("Exception {} expired on {}", exception.id, exception.expires);
        match open {
            (0, 0) => format!("{end}; nothing{here} needs it."),
            (fails, 0) => format!("{end}; {} open again.", counted(fails, "fail is", "fails are")),
            (0, gaps) => format!("{end}; {} open again.", counted(gaps, "gap is", "gaps are")),
            (fails, gaps) => format!(
                "{end}; {} and {} are open again.",
                counted(fails, "fail", "fails"),
                counted(gaps, "gap", "gaps")
            ),
        }
    }));
    if idle.len() > NOTES {
        notes.push(format!(
            "… and {} more exceptions that cover nothing, on the page exceptions.html",
            idle.len() - NOTES
        ));
    }
    notes
}

/// What expired exceptions would cover of what is open, had they not expired.
fn open_again(plan: &Plan, derived: &Derived) -> Vec<ExceptionUse> {
    let is_open = |finding: &&Finding| finding.status == FindingStatus::Fail && finding.exception.is_none();
    let mut findings: Vec<Finding> = derived.findings.iter().filter(is_open).cloned().collect();
    let mut gaps: Vec<Gap> = derived.gaps.iter().filter(|gap| gap.exception.is_none()).cloned().collect();
    plan.inputs.exceptions.apply(&mut findings, &mut gaps, Timestamp::UNIX_EPOCH)
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
        replayed: match &plan.tape {
            Tape::Live => None,
            Tape::Replay(_, recording) => Some(recording.recording.clone()),
        },
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
    write_all(derived, &pages, writer)
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
