//! Links resource types: their lists, facts, paths and lookups.

use super::catalog::{FactDef, NamedFact, Origin, Scope, Service, SharedDef, TypeDef};
use super::fields::field_at;
use super::file::{FactSpec, OnePer, TypeSpec, Words};
use super::link::scope;
use super::link_call::Draft;
use super::order::ordered;
use super::path::{Path, Ref};
use super::schema::output_field;
use annexa_model::{Field, ScalarKind, TypeSchema};
use annexa_source::{Diagnostic, Location, Spanned};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words that stand for a resource's own surroundings in paths.
const WORDS: [&str; 4] = ["account", "partition", "region", "target"];

pub(crate) struct TypeLinker<'a> {
    pub(crate) drafts: &'a [Draft],
    pub(crate) services: &'a BTreeMap<String, Arc<Service>>,
    pub(crate) problems: &'a mut Vec<Diagnostic>,
}

/// A type's facts as written, with the file that each stands in.
type Written<'a> = BTreeMap<&'a str, (&'a Draft, &'a Spanned<FactSpec>, &'a BTreeMap<String, Spanned<String>>)>;

impl<'a> TypeLinker<'a> {
    pub(crate) fn types(&mut self) -> BTreeMap<String, TypeDef> {
        let mut types = BTreeMap::new();
        let drafts = self.drafts;
        for draft in drafts {
            for (name, spec) in &draft.file.types {
                if let Some(def) = self.type_def(draft, name, spec)
                    && types.insert(name.clone(), def).is_some()
                {
                    self.problems
                        .push(draft.source.error_at(spec, format!("the type `{name}` stands in another file already")));
                }
            }
            for (name, extension) in &draft.file.extends {
                let known: Vec<&str> =
                    drafts.iter().flat_map(|draft| draft.file.types.keys().map(String::as_str)).collect();
                if !known.contains(&name.as_str()) {
                    let message = format!("there is no type `{name}` to extend");
                    self.problems.push(draft.source.error_at(extension, message).with_nearest(name, known));
                }
            }
        }
        types
    }

    fn type_def(&mut self, draft: &'a Draft, name: &str, spec: &'a Spanned<TypeSpec>) -> Option<TypeDef> {
        let place = spec;
        let spec = &spec.value;
        let mut fields: BTreeMap<String, Field> =
            WORDS.iter().map(|word| ((*word).to_owned(), Field::Scalar(ScalarKind::String))).collect();
        let origin = match (&spec.one_per, &spec.list) {
            (Some(one), None) => Origin::OnePer(*one),
            (None, Some(steps)) => {
                Origin::List(self.steps(draft, name, &steps.value.0, steps.referenced, &mut fields)?)
            }
            _ => {
                self.problems.push(draft.source.error_at(place, "a type has either `list` or `one_per`"));
                return None;
            }
        };
        let written = self.written(draft, name, spec);
        let region: Vec<Path> =
            spec.region.iter().flat_map(|paths| paths.value.0.iter().map(|path| Path::parse(path))).collect();
        let mut facts = Vec::new();
        for (fact, (file, written, inherited)) in &written {
            if let Some(def) = self.fact(file, written, inherited) {
                fields.insert((*fact).to_owned(), def.1.clone());
                let (name, service) = ((*fact).to_owned(), file.stem.clone());
                facts.push(NamedFact { name, service, for_region: false, def: def.0 });
            }
        }
        self.check_paths(draft, spec, &written, &facts, &fields);
        let facts = ordered(facts, &region).unwrap_or_else(|names| {
            let message = format!("the facts {} need each other in a circle", names.join(", "));
            self.problems.push(draft.source.error_at(place, message));
            Vec::new()
        });
        let id = match (&spec.id, &origin) {
            (Some(id), _) => Ref::parse(&id.value),
            (None, Origin::OnePer(OnePer::Account)) => Ref::parse("arn:{partition}:iam::{account}:root"),
            (None, Origin::OnePer(OnePer::Region)) => {
                Ref::parse("arn:{partition}:ec2:{region}:{account}:region/{region}")
            }
            (None, Origin::List(_)) => {
                let help = "its ARN: a path (`user.Arn`) or a text (`arn:{partition}:s3:::{bucket.Name}`)";
                self.problems
                    .push(draft.source.error_at(place, format!("the type `{name}` has no `id`")).with_help(help));
                return None;
            }
        };
        let scope = match spec.one_per {
            Some(OnePer::Account) => Scope::Global,
            Some(OnePer::Region) => Scope::Regional,
            None => scope(spec.region_scope.unwrap_or(draft.file.region_scope)),
        };
        for word in WORDS {
            fields.remove(word);
        }
        Some(TypeDef {
            name: name.to_owned(),
            title: spec.title.clone(),
            service: draft.stem.clone(),
            scope,
            origin,
            id,
            label: spec.name.as_ref().map(|label| Ref::parse(&label.value)),
            region,
            counted: self.counted(draft, spec),
            facts,
            schema: TypeSchema { name: name.to_owned(), title: spec.title.clone(), fields, relations: BTreeMap::new() },
        })
    }

    /// The facts of a type from its own file and from those that extend it.
    fn written(&mut self, draft: &'a Draft, name: &str, spec: &'a TypeSpec) -> Written<'a> {
        let mut written: Written<'a> = BTreeMap::new();
        for (fact, form) in &spec.facts {
            written.insert(fact, (draft, form, &spec.bind));
        }
        for other in self.drafts {
            let Some(extension) = other.file.extends.get(name) else { continue };
            for (fact, form) in &extension.value.facts {
                if written.insert(fact, (other, form, &extension.value.bind)).is_some() {
                    self.problems.push(other.source.error_at(form, format!("`{name}` has a fact `{fact}` already")));
                }
            }
        }
        written
    }

    /// What a shared entry of a file gives.
    pub(super) fn shared_field(&mut self, draft: &Draft, name: &str, place: Location) -> Option<Field> {
        let shared = &self.services.get(&draft.stem)?.shared;
        match shared.get(name) {
            Some(SharedDef::Call(call)) => {
                Some(output_field(&draft.model, &call.operation, &call.decode, &call.columns))
            }
            Some(SharedDef::Function { function, .. }) => Some((function.field)()),
            None => {
                let message = format!("this file shares no `{name}`");
                let known = draft.file.shared.keys().map(String::as_str);
                self.problems.push(draft.source.error(place.line(), place.column(), message).with_nearest(name, known));
                None
            }
        }
    }

    /// Every path that facts, id, name and region name must lead somewhere.
    fn check_paths(
        &mut self,
        draft: &Draft,
        spec: &TypeSpec,
        written: &Written<'_>,
        facts: &[NamedFact],
        fields: &BTreeMap<String, Field>,
    ) {
        for text in spec.id.iter().chain(&spec.name).chain(spec.bind.values()) {
            self.check_ref(draft, &Ref::parse(&text.value), text.referenced, fields);
        }
        self.check_words(draft, spec.region.as_ref(), fields);
        for (name, (file, fact, inherited)) in written {
            let form = &fact.value.0;
            let texts = form.bind.values().chain(form.for_each.as_ref()).chain(form.by.values());
            for text in texts {
                self.check_ref(file, &Ref::parse(&text.value), text.referenced, fields);
            }
            self.check_words(file, form.of.as_ref(), fields);
            for (parameter, path) in *inherited {
                if !facts.iter().any(|fact| binds(&fact.def, parameter)) {
                    let message = format!("no call of this type has a parameter `{parameter}`");
                    let problem = file.source.error_at(path, message);
                    if !self.problems.contains(&problem) && written.keys().next() == Some(name) {
                        self.problems.push(problem);
                    }
                }
            }
        }
    }

    fn check_words(&mut self, draft: &Draft, words: Option<&Spanned<Words>>, fields: &BTreeMap<String, Field>) {
        let Some(words) = words else { return };
        for word in &words.value.0 {
            self.check_ref(draft, &Ref::Path(Path::parse(word)), words.referenced, fields);
        }
    }

    pub(super) fn check_ref(
        &mut self,
        draft: &Draft,
        reference: &Ref,
        place: Location,
        fields: &BTreeMap<String, Field>,
    ) {
        for path in reference.paths() {
            if let Err(error) = field_at(fields, path) {
                let message = format!("the path `{path}` leads nowhere at `{}`", error.step);
                let valid = error.valid.iter().map(String::as_str);
                self.problems
                    .push(draft.source.error(place.line(), place.column(), message).with_nearest(&error.step, valid));
            }
        }
    }

    fn counted(&mut self, draft: &Draft, spec: &TypeSpec) -> Option<(String, Path)> {
        let counted = spec.counted.as_ref()?;
        let (shared, path) = Path::parse(&counted.value).split_first().map(|(first, rest)| (first.to_owned(), rest))?;
        let output = self.shared_field(draft, &shared, counted.referenced)?;
        if let Field::Object(members) = &output
            && field_at(members, &path).is_err()
        {
            self.problems.push(draft.source.error_at(counted, format!("`{shared}` has no `{path}`")));
            return None;
        }
        Some((shared, path))
    }
}

fn binds(def: &FactDef, parameter: &str) -> bool {
    match def {
        FactDef::Call { call, .. } => call.bindings.iter().any(|(name, _)| name == parameter),
        _ => false,
    }
}
