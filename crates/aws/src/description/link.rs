//! From description files to a catalogue: everything that a description names must exist.

use super::catalog::{
    CallDef, Catalog, FactDef, OperationUse, Operations, Origin, Scope, Service, SharedDef, StepSource,
};
use super::file::{DescriptionFile, FactForm, FactSpec, RegionScope};
use super::link_call::{CallKeys, Draft};
use super::link_type::TypeLinker;
use super::path::{MemberPath, Path};
use crate::caller::Endpoints;
use crate::facts::{FUNCTIONS, function};
use crate::shapes::ServiceModel;
use annexa_model::RuleFiles;
use annexa_source::{Diagnostic, SourceFile, Spanned};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads and links all descriptions below `aws/`.
pub(crate) fn link(rules: &RuleFiles) -> Result<Catalog, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let endpoints = endpoints(rules).map_err(|problem| vec![problem])?;
    let drafts: Vec<Draft> =
        rules.below("aws/services/").filter_map(|(path, bytes)| draft(rules, path, bytes, &mut problems)).collect();
    let mut services = BTreeMap::new();
    for draft in &drafts {
        services.insert(draft.stem.clone(), Arc::new(service(draft, &mut problems)));
    }
    let mut types = TypeLinker { drafts: &drafts, services: &services, problems: &mut problems }.types();
    if problems.is_empty() {
        TypeLinker { drafts: &drafts, services: &services, problems: &mut problems }.lookups(&mut types);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut catalog =
        Catalog { services, types, operations: Operations::default(), endpoints, unasked: BTreeSet::new() };
    catalog.operations = operations(&drafts, &catalog);
    Ok(catalog)
}

fn endpoints(rules: &RuleFiles) -> Result<Endpoints, Diagnostic> {
    let path = "aws/shapes/partitions.json";
    let problem = |message: String| SourceFile::new(path, "").error(0, 0, message);
    let bytes = rules.get(path).ok_or_else(|| problem("this file is missing".to_owned()))?;
    serde_json::from_slice(bytes).map_err(|error| problem(error.to_string()))
}

fn draft(rules: &RuleFiles, path: &str, bytes: &[u8], problems: &mut Vec<Diagnostic>) -> Option<Draft> {
    let stem = path.strip_prefix("aws/services/")?.strip_suffix(".yaml")?;
    let Ok(text) = std::str::from_utf8(bytes) else {
        problems.push(SourceFile::new(path, "").error(0, 0, "not UTF-8"));
        return None;
    };
    let source = SourceFile::new(path, text);
    let file: DescriptionFile = match source.parse_yaml() {
        Ok(file) => file,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let shapes_path = format!("aws/shapes/{stem}.json");
    let shapes = rules.get(&shapes_path).map(serde_json::from_slice::<ServiceModel>);
    match shapes {
        Some(Ok(model)) => Some(Draft { source, stem: stem.to_owned(), file, model }),
        Some(Err(error)) => {
            problems.push(source.error(0, 0, format!("its shapes in `{shapes_path}` can't be read: {error}")));
            None
        }
        None => {
            let service = file.service.as_deref().unwrap_or(stem);
            let message = format!("there are no shapes for the service `{service}` (`{shapes_path}`)");
            problems.push(source.error(0, 0, message).with_help("is it the name that the AWS command line uses?"));
            None
        }
    }
}

fn service(draft: &Draft, problems: &mut Vec<Diagnostic>) -> Service {
    let shared = draft.file.shared.iter().filter_map(|(name, fact)| {
        let form = &fact.value.0;
        let def = match (&form.call, &form.fact) {
            (Some(_), None) => SharedDef::Call(Box::new(call_of(draft, fact, &BTreeMap::new(), problems)?)),
            (None, Some(called)) => {
                let Some(function) = function(&called.value) else {
                    problems.push(unknown_function(draft, called));
                    return None;
                };
                let of = form.of.as_ref().map_or(&[][..], |of| &of.value.0);
                SharedDef::Function { function, of: of.iter().map(|path| Path::parse(path)).collect() }
            }
            _ => {
                problems.push(draft.source.error_at(fact, "a shared entry is a `call` or a `fact`"));
                return None;
            }
        };
        Some((name.clone(), def))
    });
    let shared: BTreeMap<String, SharedDef> = shared.collect();
    for (name, def) in &shared {
        let SharedDef::Function { of, .. } = def else { continue };
        for path in of {
            let first = path.steps.first().map_or("", String::as_str);
            if !matches!(shared.get(first), Some(SharedDef::Call(_))) {
                let place = &draft.file.shared[name];
                let message = format!("`{first}` is no shared call of this file");
                let calls =
                    shared.iter().filter(|(_, def)| matches!(def, SharedDef::Call(_))).map(|(name, _)| name.as_str());
                problems.push(draft.source.error_at(place, message).with_nearest(first, calls));
            }
        }
    }
    Service {
        title: draft.file.title.clone(),
        model: draft.model.clone(),
        scope: scope(draft.file.region_scope),
        shared,
    }
}

pub(crate) fn scope(scope: RegionScope) -> Scope {
    match scope {
        RegionScope::Regional => Scope::Regional,
        RegionScope::Global => Scope::Global,
    }
}

/// The call of a fact or shared entry.
pub(crate) fn call_of(
    draft: &Draft,
    fact: &Spanned<FactSpec>,
    inherited: &BTreeMap<String, Spanned<String>>,
    problems: &mut Vec<Diagnostic>,
) -> Option<CallDef> {
    let form: &FactForm = &fact.value.0;
    let call = form.call.as_ref()?;
    // the short form has no place of its own
    let place = if call.referenced.line() == 0 { fact.referenced } else { call.referenced };
    draft.call(&call.value, place, &CallKeys::from(form), inherited, problems)
}

pub(crate) fn unknown_function(draft: &Draft, called: &Spanned<String>) -> Diagnostic {
    let names = FUNCTIONS.iter().map(|function| function.name);
    draft
        .source
        .error_at(called, format!("there is no fact function `{}`", called.value))
        .with_nearest(&called.value, names)
}

/// Everything that the transport needs to know of each operation, over all files.
fn operations(drafts: &[Draft], catalog: &Catalog) -> Operations {
    let mut operations = Operations::default();
    let mut calls: Vec<&CallDef> = Vec::new();
    for service in catalog.services.values() {
        calls.extend(service.shared.values().filter_map(|shared| match shared {
            SharedDef::Call(call) => Some(&**call),
            SharedDef::Function { .. } => None,
        }));
    }
    for def in catalog.types.values() {
        if let Origin::List(steps) = &def.origin {
            calls.extend(steps.iter().filter_map(|step| match &step.source {
                StepSource::Call(call) => Some(&**call),
                StepSource::Shared(_) => None,
            }));
        }
        calls.extend(def.facts.iter().filter_map(|fact| match &fact.def {
            FactDef::Call { call, .. } => Some(&**call),
            _ => None,
        }));
    }
    for call in calls {
        let used = operations.0.entry(call.full_name(catalog)).or_default();
        used.service.clone_from(&call.service);
        used.expected_codes.extend(call.absent_on.iter().chain(&call.not_applicable_on).cloned());
        used.permissions.insert(call.permission.clone());
        add_cuts(drafts, &call.service, used);
        if let Some(poll) = &call.poll {
            let name = CallDef { operation: poll.operation.clone(), ..call.clone() }.full_name(catalog);
            let used = operations.0.entry(name).or_default();
            used.service.clone_from(&call.service);
            used.permissions.insert(poll.permission.clone());
            add_cuts(drafts, &call.service, used);
        }
    }
    operations
}

fn add_cuts(drafts: &[Draft], stem: &str, used: &mut OperationUse) {
    let Some(draft) = drafts.iter().find(|draft| draft.stem == stem) else { return };
    let paths = |words: &[Spanned<String>]| -> Vec<MemberPath> {
        words.iter().map(|word| MemberPath::parse(&word.value)).collect()
    };
    for path in paths(&draft.file.sensitive) {
        if !used.sensitive.contains(&path) {
            used.sensitive.push(path);
        }
    }
    for path in paths(&draft.file.personal) {
        if !used.personal.contains(&path) {
            used.personal.push(path);
        }
    }
}
