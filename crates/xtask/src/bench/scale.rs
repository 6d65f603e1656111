//! One account's recorded answers, many times over: each copy is another account, with ids of its own.

use annexa_bundle::{Cover, SaltSeed, Seal, Writer};
use annexa_model::{Edition, Exchange, Selection};
use std::path::{Path, PathBuf};

/// A bundle of the large seed's account.
pub(super) struct Template {
    pub bundle: PathBuf,
    pub account: String,
    /// The target's name in that bundle.
    pub target: String,
}

/// The name and account of a copy.
pub(super) fn copy_of(number: usize) -> (String, String) {
    (format!("account-{number:04}"), format!("5555{number:08}"))
}

/// Writes a bundle whose evidence holds that many copies, to be replayed.
pub(super) fn tape(template: &Template, copies: usize, out: &Path) -> Result<(), String> {
    let problem = |error: annexa_bundle::BundleError| format!("{}: {error}", out.display());
    let mut writer = Writer::create(out).map_err(problem)?;
    let from = template.bundle.join("evidence/aws").join(&template.target);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&from).map_err(|error| format!("{}: {error}", from.display()))? {
        files.push(entry.map_err(|error| format!("{}: {error}", from.display()))?.path());
    }
    files.sort();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.file_name().unwrap_or_default();
        for number in 1..=copies {
            let copied = copied(template, &text, number).map_err(|error| format!("{}: {error}", file.display()))?;
            let folder = writer.evidence_folder().join("aws").join(copy_of(number).0);
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            std::fs::write(folder.join(name), copied).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
    }
    for name in ["findings.jsonl", "resources.jsonl", "gaps.jsonl"] {
        writer.add(name, b"").map_err(problem)?;
    }
    writer.add_controls([]).map_err(problem)?;
    let manifest = super::read_json(&template.bundle.join("manifest.json"))?;
    let as_of = manifest["as_of"].as_str().unwrap_or_default();
    let cover = Cover {
        organization: "Nordwind Demo".to_owned(),
        edition: Edition::E2022,
        selection: Selection::Full,
        period: None,
        as_of: as_of.parse().map_err(|error| format!("manifest.json: as_of: {error}"))?,
        privacy: "default".to_owned(),
        targets: Vec::new(),
    };
    writer.finish(cover, &Seal { key: None, previous: None, salts: SaltSeed::fixed([0; 32]) }).map_err(problem)?;
    Ok(())
}

/// The lines of an evidence file as another account's.
fn copied(template: &Template, text: &str, number: usize) -> Result<String, String> {
    let (name, account) = copy_of(number);
    // buckets have names of their own all over AWS; the length stays, and with it the order of lines
    let text = text.replace(&template.account, &account).replace("large-", &format!("l{number:04}-"));
    let mut copied = String::with_capacity(text.len());
    for line in text.lines() {
        let mut exchange: Exchange = serde_json::from_str(line).map_err(|error| error.to_string())?;
        exchange.target.clone_from(&name);
        // who answers was not known before the first answer
        let identity = if exchange.asked_by == "unknown" { format!("target:{name}") } else { account.clone() };
        exchange.id = Exchange::id_of(
            &identity,
            &exchange.operation,
            exchange.region.as_deref(),
            &exchange.request,
            exchange.page,
        );
        copied.push_str(&serde_json::to_string(&exchange).map_err(|error| error.to_string())?);
        copied.push('\n');
    }
    Ok(copied)
}
