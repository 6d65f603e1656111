//! Shapes of every reading operation of AWS, for descriptions that users write.

use crate::description::named_operations;
use annexa_model::RuleFiles;
use annexa_source::{Diagnostic, SourceFile};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::{Cursor, Read};

static LIBRARY: &[u8] = include_bytes!("../shapes/library.zip");

/// Adds `aws/shapes/<name>.json` for each `aws/services/<name>.yaml` that has none: the operations that it names.
///
/// Call it after the user's own descriptions were added and before [`crate::Aws::load`]; a bundle then carries the
/// shapes that its answers were read with.
pub fn add_shapes(rules: &mut RuleFiles) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut added = Vec::new();
    for (path, bytes) in rules.below("aws/services/") {
        let Some(stem) = path.strip_prefix("aws/services/").and_then(|name| name.strip_suffix(".yaml")) else {
            continue;
        };
        let shapes_path = format!("aws/shapes/{stem}.json");
        if rules.get(&shapes_path).is_some() {
            continue;
        }
        let source = SourceFile::new(path, String::from_utf8_lossy(bytes).into_owned());
        match shapes(&source, stem) {
            Ok(shapes) => added.push((shapes_path, shapes)),
            Err(mut found) => problems.append(&mut found),
        }
    }
    for (path, shapes) in added {
        rules.insert(path, shapes.into_bytes());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn shapes(source: &SourceFile, stem: &str) -> Result<String, Vec<Diagnostic>> {
    let (service, operations) = named_operations(source).map_err(|problem| vec![problem])?;
    let service = service.unwrap_or_else(|| stem.to_owned());
    let broken =
        |problem: String| vec![source.error(0, 0, format!("the shapes of `{service}` can't be read: {problem}"))];
    let mut archive = zip::ZipArchive::new(Cursor::new(LIBRARY)).map_err(|error| broken(error.to_string()))?;
    let name = format!("{service}.json");
    if archive.index_for_name(&name).is_none() {
        let names: Vec<String> =
            archive.file_names().flatten().filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
        let problem = source
            .error(0, 0, format!("AWS has no service `{service}`"))
            .with_nearest(&service, names.iter().map(String::as_str));
        return Err(vec![problem]);
    }
    let mut text = String::new();
    let mut file = archive.by_name(&name).map_err(|error| broken(error.to_string()))?;
    file.read_to_string(&mut text).map_err(|error| broken(error.to_string()))?;
    let mut model: Value = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
    let known = model["operations"].as_object().cloned().unwrap_or_default();
    let problems: Vec<Diagnostic> = operations
        .iter()
        .filter(|operation| !known.contains_key(&operation.name))
        .map(|operation| {
            let message = format!("`{service}` has no reading operation `{}`", operation.name);
            source
                .error(operation.line, operation.column, message)
                .with_nearest(&operation.name, known.keys().map(String::as_str))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let wanted: BTreeSet<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    prune(&mut model, &wanted);
    Ok(model.to_string())
}

/// Keeps some operations and the shapes that they reach.
fn prune(model: &mut Value, wanted: &BTreeSet<&str>) {
    let mut open = Vec::new();
    if let Some(operations) = model["operations"].as_object_mut() {
        operations.retain(|name, _| wanted.contains(name.as_str()));
        for operation in operations.values() {
            open.extend(["input", "output"].iter().filter_map(|key| operation[*key].as_str().map(str::to_owned)));
        }
    }
    let shapes = model["shapes"].as_object().cloned().unwrap_or_default();
    let mut kept = Map::new();
    while let Some(name) = open.pop() {
        let Some(shape) = shapes.get(&name).filter(|_| !kept.contains_key(&name)) else { continue };
        let members = shape["members"].as_object().into_iter().flatten().map(|(_, member)| member);
        let parts = ["list", "key", "value"].iter().filter_map(|part| shape.get(*part));
        open.extend(
            members.chain(parts).filter_map(|member| member.as_str().or(member["shape"].as_str())).map(str::to_owned),
        );
        kept.insert(name, shape.clone());
    }
    kept.sort_keys();
    model["shapes"] = Value::Object(kept);
}
