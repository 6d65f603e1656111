//! `annexa report`: a bundle in another format. Everything is derived again from the evidence, never copied.

use crate::again::{Again, Wanted};
use crate::bundles;
use crate::cli::{ReportArgs, ReportFormat};
use crate::console::Console;
use crate::failure::{DONE, Failure};
use annexa_report::{ReportInput, Templates};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn run(arguments: &ReportArgs, console: &Console) -> Result<u8, Failure> {
    if arguments.template.is_some() && arguments.format != ReportFormat::Html {
        return Err(Failure::usage("--template is for --format html"));
    }
    let bundle = bundles::open(&arguments.bundle, &arguments.opening)?;
    let again = Again::derive(&bundle, &Wanted::default())?;
    let pages = again.pages()?;
    let input = pages.input();
    match arguments.format {
        ReportFormat::Html => html(arguments, &input, console),
        ReportFormat::Oscal => text(arguments, &oscal(&input)?, console),
        ReportFormat::Markdown => text(arguments, &markdown(&input)?, console),
    }
}

fn html(arguments: &ReportArgs, input: &ReportInput<'_>, console: &Console) -> Result<u8, Failure> {
    let Some(out) = &arguments.out else {
        return Err(Failure::usage("--format html writes a folder").help("name it with --out"));
    };
    let own = arguments.template.as_deref().map(own_templates).transpose()?.unwrap_or_default();
    let templates = Templates::with_own(&own).map_err(bundles::rendering)?;
    for page in annexa_report::render(input, &templates) {
        let (path, bytes) = page.map_err(bundles::rendering)?;
        save(&out.join(path), &bytes)?;
    }
    console.say(&format!("Wrote {}", out.join("index.html").display()));
    Ok(DONE)
}

fn oscal(input: &ReportInput<'_>) -> Result<String, Failure> {
    let bytes = annexa_report::oscal(input).map_err(bundles::rendering)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn markdown(input: &ReportInput<'_>) -> Result<String, Failure> {
    let templates = Templates::built_in().map_err(bundles::rendering)?;
    annexa_report::markdown(input, templates).map_err(bundles::rendering)
}

/// The templates of a folder, by their paths in it.
fn own_templates(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut templates = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(current) = waiting.pop() {
        let unreadable = |error: std::io::Error| Failure::usage(format!("--template {}: {error}", current.display()));
        for entry in std::fs::read_dir(&current).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "hbs") {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                templates.insert(name, std::fs::read_to_string(&path).map_err(unreadable)?);
            }
        }
    }
    Ok(templates)
}

fn text(arguments: &ReportArgs, text: &str, console: &Console) -> Result<u8, Failure> {
    match &arguments.out {
        Some(path) => {
            save(path, text.as_bytes())?;
            console.say(&format!("Wrote {}", path.display()));
        }
        None => console.data(text)?,
    }
    Ok(DONE)
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))
}
