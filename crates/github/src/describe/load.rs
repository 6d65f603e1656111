//! Reads the description files, and says with file, line and column what is wrong with one.

use super::operation::PathTemplate;
use super::{Descriptions, Fact, Found, On, Operation, Query, Route, Shape, TypeFile, Word};
use crate::functions;
use annexa_model::RuleFiles;
use annexa_source::{Diagnostic, SourceFile, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of the description files.
const FOLDER: &str = "github/types/";

impl Descriptions {
    /// Reads `github/types/*.yaml` and nothing else.
    pub(crate) fn load(files: &RuleFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut read: Vec<(SourceFile, TypeFile)> = Vec::new();
        for (path, bytes) in files.below(FOLDER).filter(|(path, _)| path.ends_with(".yaml")) {
            let Ok(text) = std::str::from_utf8(bytes) else {
                errors.push(SourceFile::new(path, "").error(0, 0, "this file is not UTF-8"));
                continue;
            };
            let source = SourceFile::new(path, text);
            match source.parse_yaml::<TypeFile>() {
                Ok(file) => read.push((source, file)),
                Err(error) => errors.push(error),
            }
        }
        let (identity, operation) = super::query::identity();
        let mut operations = BTreeMap::from([operation]);
        for (source, file) in &read {
            check_type(source, file, &read, &mut errors);
            add_operations(source, file, &mut operations, &mut errors);
        }
        let types = in_order(read, &mut errors);
        if errors.is_empty() { Ok(Self { types, operations, identity }) } else { Err(errors) }
    }
}

/// Puts each type after those below which it is found.
fn in_order(mut files: Vec<(SourceFile, TypeFile)>, errors: &mut Vec<Diagnostic>) -> Vec<TypeFile> {
    let mut types: Vec<TypeFile> = Vec::new();
    while !files.is_empty() {
        let known: BTreeSet<String> = types.iter().map(|file| file.name.value.clone()).collect();
        let ready = |file: &TypeFile| {
            file.found.iter().filter_map(|found| found.each.as_ref()).all(|each| known.contains(&each.value))
        };
        let (now, later): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, file)| ready(file));
        if now.is_empty() {
            for (source, file) in &later {
                errors.push(source.error_at(
                    &file.name,
                    format!("`{}` is found below itself, or below no known type", file.name.value),
                ));
            }
            break;
        }
        types.extend(now.into_iter().map(|(_, file)| file));
        files = later;
    }
    types
}

fn check_type(source: &SourceFile, file: &TypeFile, all: &[(SourceFile, TypeFile)], errors: &mut Vec<Diagnostic>) {
    let types: Vec<&str> = all.iter().map(|(_, file)| file.name.value.as_str()).collect();
    let known_type = |name: &Spanned<String>, errors: &mut Vec<Diagnostic>| {
        if !types.contains(&name.value.as_str()) {
            errors.push(
                source
                    .error_at(name, format!("there is no type `{}`", name.value))
                    .with_nearest(&name.value, types.iter().copied()),
            );
        }
    };
    if types.iter().filter(|name| **name == file.name.value).count() > 1 {
        errors.push(source.error_at(&file.name, format!("two files describe `{}`", file.name.value)));
    }
    for found in &file.found {
        if let Some(each) = &found.each {
            known_type(each, errors);
        }
        if !file.facts.contains_key(&found.fact.value) {
            let error = source.error_at(&found.fact, format!("there is no fact `{}`", found.fact.value));
            errors.push(error.with_nearest(&found.fact.value, file.facts.keys().map(String::as_str)));
        }
    }
    for relation in file.relations.values() {
        known_type(&relation.to, errors);
    }
    for template in [&file.id, &file.label] {
        for place in template.value.places() {
            let first = place.split('.').next().unwrap_or("");
            let known = first == "org"
                || first == "parent"
                || file.facts.contains_key(first)
                || parameters(file, all).contains(first);
            if !known {
                errors.push(source.error_at(template, format!("`{place}` is no fact and no parameter")));
            }
        }
    }
    for (name, fact) in &file.facts {
        check_fact(source, file, name, fact, errors);
        let gathered = fact.gather.as_ref().map(|gather| gather.name.as_str());
        for get in fact.get.iter().chain(fact.lookup.as_ref().map(|lookup| &lookup.get)) {
            check_path(source, get, gathered, &parameters(file, all), errors);
        }
    }
    for get in file.found.iter().filter_map(|found| found.get.as_ref()) {
        check_path(source, get, None, &parameters(file, all), errors);
    }
}

/// Each name in a path must have a value.
fn check_path(
    source: &SourceFile,
    get: &Spanned<String>,
    gathered: Option<&str>,
    known: &BTreeSet<String>,
    errors: &mut Vec<Diagnostic>,
) {
    let Some(path) = PathTemplate::parse(&get.value) else { return };
    for name in path.parameters().filter(|name| !known.contains(*name) && gathered != Some(name)) {
        let error = source.error_at(get, format!("`{{{name}}}` has no value here"));
        errors.push(error.with_nearest(name, known.iter().map(String::as_str)));
    }
}

fn check_fact(source: &SourceFile, file: &TypeFile, name: &str, fact: &Fact, errors: &mut Vec<Diagnostic>) {
    let sources = [fact.get.is_some(), fact.query.is_some(), fact.lookup.is_some(), fact.function.is_some()];
    if !fact.missing.is_empty() && matches!(fact.fields, Shape::List(_)) {
        errors.push(source.error_at(&file.name, format!("the fact `{name}` is a list: `missing` is for objects")));
    }
    if let Some(gather) = &fact.gather
        && !file.facts.contains_key(&gather.from.value)
    {
        let error = source.error_at(&gather.from, format!("there is no fact `{}`", gather.from.value));
        errors.push(error.with_nearest(&gather.from.value, file.facts.keys().map(String::as_str)));
    }
    let part = file.found.iter().any(|found| found.fact.value == name && (found.part.is_some() || found.get.is_some()));
    let count = sources.into_iter().filter(|one| *one).count();
    if count > 1 || (count == 0 && !part) {
        let message = format!("the fact `{name}` needs exactly one of `get`, `query`, `lookup` and `function`");
        errors.push(source.error_at(&file.name, message));
    }
    for member in fact.fields.forbidden() {
        let message = format!("the fact `{name}` asks for `{member}`, which holds a secret");
        errors.push(
            source.error_at(&file.name, message).with_help("write `presence` in place of its type, or leave it out"),
        );
    }
    if let Some(function) = &fact.function
        && functions::named(&function.value).is_none()
    {
        let error = source.error_at(function, format!("there is no function `{}`", function.value));
        errors.push(error.with_nearest(&function.value, functions::names()));
    }
    for of in fact.of.iter().filter(|of| !file.facts.contains_key(&of.value)) {
        let error = source.error_at(of, format!("there is no fact `{}`", of.value));
        errors.push(error.with_nearest(&of.value, file.facts.keys().map(String::as_str)));
    }
}

/// The names that paths of a type's calls may use: its own and those of all types above it.
fn parameters(file: &TypeFile, all: &[(SourceFile, TypeFile)]) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["org".to_owned()]);
    let mut waiting = vec![file];
    let mut seen = BTreeSet::new();
    while let Some(file) = waiting.pop() {
        if !seen.insert(file.name.value.as_str()) {
            continue;
        }
        names.extend(file.parameters.keys().cloned());
        let above = file.found.iter().filter_map(|found| found.each.as_ref());
        waiting.extend(
            above.filter_map(|each| all.iter().map(|(_, file)| file).find(|file| file.name.value == each.value)),
        );
    }
    names
}

fn add_operations(
    source: &SourceFile,
    file: &TypeFile,
    operations: &mut BTreeMap<String, Operation>,
    errors: &mut Vec<Diagnostic>,
) {
    let mut add = |get: &Spanned<String>, keep: Shape, permission: Option<&String>, on: &[On]| {
        let Some(template) = PathTemplate::parse(&get.value) else {
            errors.push(source.error_at(get, format!("`{}` is no path such as `/orgs/{{org}}/hooks`", get.value)));
            return;
        };
        let name = template.operation();
        if let Some(member) = operations.get(&name).and_then(|old: &Operation| old.keep.contradiction(&keep)) {
            let message = format!("`{member}` of the answer to {name} is described in two ways");
            errors.push(source.error_at(get, message).with_help("say the same in all facts that rest on this call"));
        }
        let route = Route::Rest { segments: template.segments, query: template.query.into_iter().collect() };
        add_operation(
            operations,
            name,
            Operation {
                route,
                keep,
                permission: permission.cloned(),
                on: on.to_vec(),
                types: BTreeSet::from([file.name.value.clone()]),
            },
        );
    };
    for (name, fact) in &file.facts {
        let found = file.found.iter().any(|found| found.fact.value == *name);
        if let Some(get) = &fact.get {
            add(get, rest_answer(fact, found), fact.permission.as_ref(), &fact.on);
        }
        if let Some(lookup) = &fact.lookup {
            let mut item = Shape::object_of(&lookup.key, Shape::Value(Word::Any));
            if let Some(take) = &lookup.take {
                item = item.merge(&Shape::object_of(take, fact.fields.clone()));
            }
            add(&lookup.get, Shape::List(Box::new(item)), fact.permission.as_ref(), &fact.on);
        }
        for Found { get, permission, .. } in file.found.iter().filter(|found| found.fact.value == *name) {
            if let Some(get) = get {
                add(get, rest_answer(fact, true), permission.as_ref().or(fact.permission.as_ref()), &fact.on);
            }
        }
    }
    for fact in file.facts.values() {
        if let Some(query) = &fact.query {
            add_query(source, file, fact, query, operations, errors);
        }
    }
}

fn add_query(
    source: &SourceFile,
    file: &TypeFile,
    fact: &Fact,
    query: &Query,
    operations: &mut BTreeMap<String, Operation>,
    errors: &mut Vec<Diagnostic>,
) {
    let document = query.document(&fact.fields);
    if let Err(problem) = crate::dialect::read_only_operation(&document) {
        errors.push(source.error_at(&query.name, format!("the query can't be sent: {problem}")));
    }
    let name = format!("query {}", query.name.value);
    if operations.contains_key(&name) {
        errors.push(source.error_at(&query.name, format!("two queries have the name `{}`", query.name.value)));
    }
    operations.insert(
        name,
        Operation {
            route: Route::Graphql { document, root: query.root_key().to_owned() },
            keep: query.keep(&fact.fields),
            permission: fact.permission.clone(),
            on: Vec::new(),
            types: BTreeSet::from([file.name.value.clone()]),
        },
    );
}

/// What is kept of a REST answer to a fact's call.
fn rest_answer(fact: &Fact, found: bool) -> Shape {
    let inside = if found { Shape::List(Box::new(fact.fields.clone())) } else { fact.fields.clone() };
    match (&fact.at, &inside) {
        (Some(at), _) => Shape::object_of(at, inside).merge(&Shape::object_of("total_count", Shape::Value(Word::Int))),
        // the status says it
        (None, Shape::Value(_)) => Shape::Object(BTreeMap::new()),
        (None, _) => inside,
    }
}

/// Several facts may rest on one call: then it keeps what all of them want.
fn add_operation(operations: &mut BTreeMap<String, Operation>, name: String, new: Operation) {
    match operations.get_mut(&name) {
        None => {
            operations.insert(name, new);
        }
        Some(old) => {
            old.keep = old.keep.merge(&new.keep);
            old.permission = old.permission.take().or(new.permission);
            old.on.extend(new.on);
            old.types.extend(new.types);
            if let (Route::Rest { query, .. }, Route::Rest { query: more, .. }) = (&mut old.route, new.route) {
                query.extend(more);
            }
        }
    }
}
