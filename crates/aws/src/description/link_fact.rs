//! Links the facts of resource types.

use super::catalog::{FactDef, ForEach};
use super::fields::{entered, field_at};
use super::file::FactSpec;
use super::link::{call_of, unknown_function};
use super::link_call::Draft;
use super::link_type::TypeLinker;
use super::path::{Path, Ref};
use super::schema::output_field;
use crate::facts::function;
use annexa_model::Field;
use annexa_source::Spanned;
use std::collections::BTreeMap;

impl<'a> TypeLinker<'a> {
    pub(super) fn fact(
        &mut self,
        draft: &'a Draft,
        written: &'a Spanned<FactSpec>,
        inherited: &BTreeMap<String, Spanned<String>>,
    ) -> Option<(FactDef, Field)> {
        let form = &written.value.0;
        match (&form.call, &form.merge, &form.fact) {
            (Some(_), None, None) => {
                let call = call_of(draft, written, inherited, self.problems)?;
                let field = output_field(&draft.model, &call.operation, &call.decode, &call.columns);
                let for_each = match (&form.for_each, &form.into) {
                    (None, None) => None,
                    (Some(values), Some(into)) => Some(ForEach {
                        values: Path::parse(&values.value),
                        into: into.value.clone(),
                        batch: form.batch.as_ref().map(|batch| batch.value.clamp(1, 1000)),
                    }),
                    _ => {
                        let message =
                            "`for_each` (a list's path) and `into` (the parameter that takes its values) go together";
                        self.problems.push(draft.source.error_at(written, message));
                        return None;
                    }
                };
                let field = if for_each.is_some() { Field::List(Box::new(field)) } else { field };
                Some((FactDef::Call { call: Box::new(call), for_each }, field))
            }
            (None, Some(merge), None) => self.merge(draft, merge, written),
            (None, None, Some(called)) => {
                let Some(function) = function(&called.value) else {
                    self.problems.push(unknown_function(draft, called));
                    return None;
                };
                let of: Vec<Path> =
                    form.of.iter().flat_map(|of| of.value.0.iter().map(|path| Path::parse(path))).collect();
                if of.len() != function.arguments {
                    let message = format!("`{}` takes {} facts, not {}", function.name, function.arguments, of.len());
                    self.problems.push(draft.source.error_at(called, message));
                }
                Some((FactDef::Function { function, of }, (function.field)()))
            }
            _ => {
                self.problems.push(draft.source.error_at(written, "a fact is one of `call`, `merge` or `fact`"));
                None
            }
        }
    }

    fn merge(
        &mut self,
        draft: &'a Draft,
        merge: &Spanned<String>,
        written: &Spanned<FactSpec>,
    ) -> Option<(FactDef, Field)> {
        let form = &written.value.0;
        let Some((shared, path)) =
            Path::parse(&merge.value).split_first().map(|(first, rest)| (first.to_owned(), rest))
        else {
            self.problems.push(draft.source.error_at(merge, "`merge` is `<shared call>.<path of its rows>`"));
            return None;
        };
        let output = self.shared_field(draft, &shared, merge.referenced)?;
        let row = match &output {
            Field::Object(members) if !path.steps.is_empty() => match field_at(members, &path) {
                Ok(field) => entered(field).clone(),
                Err(error) => {
                    let message = format!("`{shared}` has no `{path}`");
                    let valid = error.valid.iter().map(String::as_str);
                    self.problems.push(draft.source.error_at(merge, message).with_nearest(&error.step, valid));
                    return None;
                }
            },
            other => entered(other).clone(),
        };
        if form.by.is_empty() {
            self.problems
                .push(draft.source.error_at(written, "`merge` needs `by: {path in a row: path in the resource}`"));
        }
        for (there, here) in &form.by {
            if let Field::Object(members) = &row
                && let Err(error) = field_at(members, &Path::parse(there))
            {
                let valid = error.valid.iter().map(String::as_str);
                let message = format!("a row of `{}` has no `{there}`", merge.value);
                self.problems.push(draft.source.error_at(here, message).with_nearest(&error.step, valid));
            }
        }
        let by = form.by.iter().map(|(there, here)| (Path::parse(there), Ref::parse(&here.value))).collect();
        let field = if form.many { Field::List(Box::new(row)) } else { row };
        Some((FactDef::Merge { shared, path, by, many: form.many }, field))
    }
}
