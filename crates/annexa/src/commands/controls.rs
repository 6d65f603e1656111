//! `annexa controls`: Annex A and what can be shown for it.

use crate::cli::{ControlsArgs, ControlsVerb};
use crate::console::Console;
use crate::failure::{DONE, Failure};
use crate::rules::{self, Rules};
use annexa_annex::{Entry, Level};
use annexa_checks::Check;
use annexa_model::{CheckSummary, Edition, Strength};
use serde_json::{Value, json};

pub(crate) fn run(arguments: &ControlsArgs, console: &Console) -> Result<u8, Failure> {
    let rules = Rules::load(rules::library())?;
    let checks: Vec<CheckSummary> = rules.checks.iter().map(Check::summary).collect();
    match &arguments.verb {
        ControlsVerb::List { edition, json } => {
            let entries = rules.catalogue.entries().iter().filter(|e| e.edition == *edition);
            if *json {
                let list: Vec<Value> = entries.map(|entry| as_json(entry, &checks)).collect();
                console.json(&list)?;
            } else {
                let lines: Vec<String> = entries
                    .map(|e| format!("{:<10} {:>3} checks  {}", e.id, speaking(e, &checks).count(), e.title))
                    .collect();
                console.data(&lines.join("\n"))?;
            }
        }
        ControlsVerb::Show { id, edition, json } => {
            // people say 8.15 for A.8.15; a clause of that number comes first
            let of_annex = || rules.catalogue.get(*edition, &format!("A.{id}"));
            let Some(entry) = rules.catalogue.get(*edition, id).or_else(of_annex) else {
                let ids = rules.catalogue.entries().iter().filter(|e| e.edition == *edition).map(|e| e.id.as_str());
                let failure = Failure::usage(format!("the {edition} edition has no control or clause {id}"));
                let other = if *edition == Edition::E2022 { Edition::E2013 } else { Edition::E2022 };
                if rules.catalogue.get(other, id).is_some() {
                    return Err(failure.help(format!("the {other} edition has one: add `--edition {other}`")));
                }
                return Err(match annexa_source::nearest(id, ids) {
                    Some(near) => failure.help(format!("did you mean {near}?")),
                    None => failure.help("`annexa controls list` shows all"),
                });
            };
            if *json {
                console.json(&as_json(entry, &checks))?;
            } else {
                console.data(&as_text(entry, &checks))?;
            }
        }
    }
    Ok(DONE)
}

/// The checks that speak to an entry; for 2013, to one of its successors.
fn speaking<'a>(
    entry: &'a Entry,
    checks: &'a [CheckSummary],
) -> impl Iterator<Item = (&'a CheckSummary, Strength, &'a str)> {
    let ids: Vec<&str> = match entry.edition {
        Edition::E2022 => vec![entry.id.as_str()],
        Edition::E2013 => entry.corresponds_to.iter().map(String::as_str).collect(),
    };
    checks.iter().filter_map(move |check| {
        let (_, reason) = check.controls.iter().find(|(id, _)| ids.contains(&id.as_str()))?;
        Some((check, reason.strength, reason.reason.as_str()))
    })
}

fn as_json(entry: &Entry, checks: &[CheckSummary]) -> Value {
    let checks: Vec<Value> = speaking(entry, checks)
        .map(|(check, strength, reason)| json!({"id": check.id, "title": check.title, "strength": strength, "reason": reason}))
        .collect();
    json!({
        "edition": entry.edition, "id": entry.id, "title": entry.title, "group": entry.group,
        "corresponds_to": entry.corresponds_to, "question": entry.question, "people": entry.people,
        "level": level_word(entry.level), "checks": checks,
    })
}

fn as_text(entry: &Entry, checks: &[CheckSummary]) -> String {
    let other = match entry.edition {
        Edition::E2022 => "2013",
        Edition::E2013 => "2022",
    };
    let mut text = format!("{} {} ({}, edition {})\n", entry.id, entry.title, entry.group, entry.edition);
    if !entry.corresponds_to.is_empty() {
        text.push_str(&format!("In {other}: {}\n", entry.corresponds_to.join(", ")));
    }
    text.push_str(&format!("\nAn auditor asks: {}\nA machine can read: {}\n", entry.question, level_word(entry.level)));
    text.push_str(&format!("People show: {}\n", entry.people));
    let speaking: Vec<_> = speaking(entry, checks).collect();
    text.push_str(&format!("\n{} checks speak to it:\n", speaking.len()));
    for (check, strength, reason) in speaking {
        let strength = if strength == Strength::Direct { "direct" } else { "supporting" };
        text.push_str(&format!("  {:<10} {}\n             {reason}\n", strength, check.id));
    }
    text
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::FullTechnical => "all of it, from APIs and registers",
        Level::FullDocuments => "all of it, from documents and their history",
        Level::PartialTechnical => "a part, from APIs",
        Level::PartialDocuments => "a part, from documents and imports",
        Level::None => "only that a file is there and has not expired",
    }
}
