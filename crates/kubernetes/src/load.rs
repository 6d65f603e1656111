//! From rule files to kinds and types. Every error has its place in the file.

use crate::facts;
use crate::kinds::{Kind, Kinds, NEVER, Scope, TypeRules};
use crate::shape::{BadShape, NamedShapes, Shape};
use annexa_model::{Relation, RuleFiles};
use annexa_source::{Diagnostic, SourceFile};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One Kubernetes kind: one file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    kind: String,
    resource: String,
    served_as: Vec<String>,
    #[serde(default)]
    scope: Scope,
    feeds: String,
    without: String,
    keep: BTreeMap<String, Value>,
    #[serde(default)]
    pod: Option<String>,
    #[serde(default)]
    annotations: Vec<String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    functions: Vec<String>,
    #[serde(default)]
    relations: BTreeMap<String, RelationFile>,
}

/// A type that several kinds feed, or none: one file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeFile {
    #[serde(rename = "type")]
    name: String,
    title: String,
    #[serde(default)]
    functions: Vec<String>,
    #[serde(default)]
    relations: BTreeMap<String, RelationFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapesFile {
    annotations: BTreeSet<String>,
    annotation_prefixes: BTreeSet<String>,
    shapes: NamedShapes,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationFile {
    to: String,
    here: String,
    there: String,
    many: bool,
}

impl Kinds {
    /// Reads `kubernetes/` of a tree of rule files. All errors at once, each with its place.
    pub(crate) fn load(rules: &RuleFiles) -> Result<Kinds, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut kinds = Kinds::default();
        let mut named = NamedShapes::new();
        match source(rules, "kubernetes/shapes.yaml").and_then(|file| file.parse_yaml::<ShapesFile>()) {
            Ok(shapes) => {
                kinds.annotations = shapes.annotations;
                kinds.annotation_prefixes = shapes.annotation_prefixes;
                named = shapes.shapes;
            }
            Err(error) => errors.push(error),
        }
        for (path, _) in rules.below("kubernetes/types/") {
            if let Err(error) = source(rules, path).and_then(|file| kinds.add_type(&file)) {
                errors.push(error);
            }
        }
        for (path, _) in rules.below("kubernetes/kinds/") {
            if let Err(error) = source(rules, path).and_then(|file| kinds.add_kind(&file, &named)) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(kinds) } else { Err(errors) }
    }

    fn add_type(&mut self, file: &SourceFile) -> Result<(), Diagnostic> {
        let parsed: TypeFile = file.parse_yaml()?;
        check_functions(file, &parsed.functions)?;
        let rules =
            TypeRules { title: parsed.title, functions: parsed.functions, relations: relations(parsed.relations) };
        match self.types.insert(parsed.name.clone(), rules) {
            Some(_) => Err(at_word(file, &parsed.name, format!("another file has the type `{}` already", parsed.name))),
            None => Ok(()),
        }
    }

    fn add_kind(&mut self, file: &SourceFile, named: &NamedShapes) -> Result<(), Diagnostic> {
        let parsed: KindFile = file.parse_yaml()?;
        if NEVER.contains(&parsed.resource.as_str()) || parsed.resource.contains('/') {
            let message = format!("`{}` is never asked: its contents may be secrets", parsed.resource);
            return Err(at_word(file, &parsed.resource, message));
        }
        if parsed.served_as.is_empty() || !parsed.served_as.iter().all(|api| is_api(api)) || !is_word(&parsed.resource)
        {
            return Err(at_word(file, "served_as", "an API is written `v1` or `apps/v1`, a resource `deployments`"));
        }
        if !is_word(&parsed.kind) || !parsed.feeds.starts_with("kubernetes.") {
            return Err(at_word(
                file,
                &parsed.feeds,
                "a kind has a name, and feeds a type that begins with `kubernetes.`",
            ));
        }
        check_functions(file, &parsed.functions)?;
        let keep = parse_keep(file, parsed.keep, named)?;
        for (fact, path) in parsed.facts.iter().chain(parsed.pod.iter().map(|path| (&parsed.kind, path))) {
            if keep.at(path).is_none() {
                return Err(at_word(file, path, format!("`{fact}` is `{path}`, which `keep` does not keep")));
            }
        }
        match (parsed.title, self.types.contains_key(&parsed.feeds)) {
            (Some(title), false) => {
                let rules = TypeRules { title, functions: parsed.functions, relations: relations(parsed.relations) };
                self.types.insert(parsed.feeds.clone(), rules);
            }
            (None, true) if parsed.functions.is_empty() && parsed.relations.is_empty() => {}
            (None, false) => {
                let message =
                    format!("the type `{}` has no title: write `title` here, or a file below types/", parsed.feeds);
                return Err(at_word(file, &parsed.feeds, message)
                    .with_nearest(&parsed.feeds, self.types.keys().map(String::as_str)));
            }
            _ => {
                let message = format!("`{}` has its title, functions and relations elsewhere", parsed.feeds);
                return Err(at_word(file, &parsed.feeds, message));
            }
        }
        let kind = Kind {
            name: parsed.kind.clone(),
            resource: parsed.resource,
            served_as: parsed.served_as,
            scope: parsed.scope,
            feeds: parsed.feeds,
            without: parsed.without,
            keep,
            pod: parsed.pod,
            annotations: parsed.annotations.into_iter().collect(),
            facts: parsed.facts,
        };
        match self.kinds.insert(parsed.kind.clone(), kind) {
            Some(_) => Err(at_word(file, &parsed.kind, format!("another file has the kind `{}` already", parsed.kind))),
            None => Ok(()),
        }
    }
}

fn parse_keep(file: &SourceFile, written: BTreeMap<String, Value>, named: &NamedShapes) -> Result<Shape, Diagnostic> {
    let mut written: serde_json::Map<String, Value> = written.into_iter().collect();
    written.entry("metadata").or_insert_with(|| Value::String("metadata".to_owned()));
    written.insert("apiVersion".to_owned(), Value::String("string".to_owned()));
    written.insert("kind".to_owned(), Value::String("string".to_owned()));
    Shape::parse(&Value::Object(written), named).map_err(|BadShape { word, problem }| {
        let words = Shape::WORDS.into_iter().chain(named.keys().map(String::as_str));
        at_word(file, &word, format!("{problem}: `{word}`")).with_nearest(&word, words)
    })
}

fn relations(written: BTreeMap<String, RelationFile>) -> BTreeMap<String, Relation> {
    let relation = |r: RelationFile| Relation { to: r.to, here: r.here, there: r.there, many: r.many };
    written.into_iter().map(|(name, r)| (name, relation(r))).collect()
}

fn check_functions(file: &SourceFile, functions: &[String]) -> Result<(), Diagnostic> {
    match functions.iter().find(|name| facts::function(name).is_none()) {
        Some(unknown) => {
            let known = facts::FUNCTIONS.iter().flat_map(|group| group.iter()).map(|function| function.name);
            Err(at_word(file, unknown, format!("unknown fact function `{unknown}`")).with_nearest(unknown, known))
        }
        None => Ok(()),
    }
}

fn source(rules: &RuleFiles, path: &str) -> Result<SourceFile, Diagnostic> {
    let empty = |message: &str| Err(SourceFile::new(path, "").error(0, 0, message));
    match rules.get(path).map(std::str::from_utf8) {
        Some(Ok(text)) => Ok(SourceFile::new(path, text)),
        Some(Err(_)) => empty("not UTF-8 text"),
        None => empty("the file is missing"),
    }
}

/// An error at the first place where a word stands in a file.
fn at_word(file: &SourceFile, word: &str, message: impl Into<String>) -> Diagnostic {
    let found = file.text.lines().enumerate().find_map(|(line, text)| {
        let at = text.find(word).filter(|_| !word.is_empty() && !text.trim_start().starts_with('#'))?;
        Some((line as u64 + 1, text[..at].chars().count() as u64 + 1))
    });
    let (line, column) = found.unwrap_or((1, 1));
    file.error(line, column, message)
}

/// `v1`, `apps/v1`
fn is_api(api: &str) -> bool {
    let mut parts = api.split('/');
    let first = parts.next().is_some_and(is_word);
    first && parts.next().is_none_or(is_word) && parts.next().is_none()
}

/// A group, version, resource or kind name: it becomes part of a path.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') && !word.contains("..")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use annexa_model::{Field, ScalarKind};

    fn with(path: &str, text: &str) -> RuleFiles {
        let mut rules = RuleFiles::new();
        rules.insert(path, text.as_bytes().to_vec());
        rules.extend(crate::rules());
        rules
    }

    #[test]
    fn the_embedded_kinds_load_and_are_consistent() {
        let kinds = Kinds::load(&crate::rules()).unwrap();
        assert!(kinds.kinds.len() >= 18);
        let types: BTreeSet<&String> = kinds.types.keys().collect();
        for (name, rules) in &kinds.types {
            for relation in rules.relations.values() {
                assert!(types.contains(&relation.to), "{name}: {}", relation.to);
            }
        }
        let workload = kinds.schemas().into_iter().find(|schema| schema.name == "kubernetes.workload").unwrap();
        assert!(workload.fields.contains_key("replicas") && workload.fields.contains_key("pod_spec"));
    }

    #[test]
    fn a_new_kind_is_one_file() {
        let text = "kind: Lease\nresource: leases\nserved_as: [coordination.k8s.io/v1]\nfeeds: kubernetes.lease\ntitle: Lease\n\
                    without: x\nkeep: {spec: {holderIdentity: string}}\nfacts: {holder: spec.holderIdentity}\n";
        let kinds = Kinds::load(&with("kubernetes/kinds/lease.yaml", text)).unwrap();
        let lease = kinds.schemas().into_iter().find(|schema| schema.name == "kubernetes.lease").unwrap();
        assert_eq!(lease.fields.get("holder"), Some(&Field::Scalar(ScalarKind::String)));
    }

    #[test]
    fn wrong_files_are_errors_with_a_place() {
        let error = |text: &str| {
            let text = format!("kind: X\nfeeds: kubernetes.x\ntitle: x\nwithout: x\n{text}");
            Kinds::load(&with("kubernetes/kinds/x.yaml", &text)).unwrap_err()[0].to_string()
        };
        assert!(
            error("resource: secrets\nserved_as: [v1]\nkeep: {}\n").contains("x.yaml:5:11: `secrets` is never asked")
        );
        assert!(error("resource: xs\nserved_as: [v1]\nkeep: {a: strin}\n").contains("did you mean `string`?"));
        assert!(error("resource: xs\nserved_as: [v1]\nkeep: {}\nfacts: {a: b.c}\n").contains("does not keep"));
        assert!(
            error("resource: xs\nserved_as: [v1]\nkeep: {}\nfunctions: [contaners]\n")
                .contains("did you mean `containers`?")
        );
        assert!(error("resource: ../xs\nserved_as: [v1]\nkeep: {}\n").contains("never asked"));
        assert!(error("resource: xs\nserved_as: [a/b/v1]\nkeep: {}\n").contains("written `v1` or `apps/v1`"));
    }
}
