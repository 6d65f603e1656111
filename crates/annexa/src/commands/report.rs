//! `annexa report`: a bundle in another format. Everything is derived again from the evidence, never copied.

use crate::again::{Again, Wanted};
use crate::bundles;
use crate::cli::{ReportArgs, ReportFormat};
use crate::console::Console;
use crate::failure::{DONE, Failure};
use annexa_report::{ReportError, ReportInput, Templates};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
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
        ReportFormat::Oscal => stream(arguments, console, |out| annexa_report::oscal_into(&input, out)),
        ReportFormat::Sarif => stream(arguments, console, |out| annexa_report::sarif_into(&input, out)),
        ReportFormat::Junit => stream(arguments, console, |out| annexa_report::junit_into(&input, out)),
        ReportFormat::Csv => stream(arguments, console, |out| annexa_report::csv_into(&input, out)),
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
            } else if path.extension().is_some_and(|e| e == "j2") {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                templates.insert(name, std::fs::read_to_string(&path).map_err(unreadable)?);
            }
        }
    }
    if templates.is_empty() {
        let what = format!("--template {}: there is no template in this folder", folder.display());
        return Err(Failure::usage(what).help("templates are called like the built-in ones: overview.html.j2"));
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

/// Writes while it is made. A file that could not be written whole is taken away again: half a table looks like a whole one.
fn stream(
    arguments: &ReportArgs,
    console: &Console,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>,
) -> Result<u8, Failure> {
    let Some(path) = &arguments.out else {
        let mut out = BufWriter::new(console.stdout());
        write(&mut out).and_then(|()| Ok(out.flush()?)).map_err(bundles::rendering)?;
        return Ok(DONE);
    };
    let failed =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{} can't be written: {error}", path.display()));
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| failed(&error))?;
    let mut out = BufWriter::new(File::create(path).map_err(|error| failed(&error))?);
    if let Err(error) = write(&mut out).and_then(|()| Ok(out.flush()?)) {
        if path.symlink_metadata().is_ok_and(|file| file.is_file()) {
            // what can't be taken away either is named by the error all the same
            let _ = std::fs::remove_file(path);
        }
        return Err(failed(&error));
    }
    console.say(&format!("Wrote {}", path.display()));
    Ok(DONE)
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))
}
