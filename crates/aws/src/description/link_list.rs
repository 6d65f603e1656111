//! Links the lists of resource types.

use super::catalog::{Step, StepSource};
use super::fields::{entered, field_at};
use super::file::StepSpec;
use super::link_call::{CallKeys, Draft};
use super::link_type::TypeLinker;
use super::path::{Path, Ref};
use super::schema::output_field;
use annexa_model::Field;
use annexa_source::Location;
use std::collections::BTreeMap;

impl<'a> TypeLinker<'a> {
    pub(super) fn steps(
        &mut self,
        draft: &'a Draft,
        type_name: &str,
        steps: &'a [StepSpec],
        place: Location,
        fields: &mut BTreeMap<String, Field>,
    ) -> Option<Vec<Step>> {
        let mut linked = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let last = index + 1 == steps.len();
            let default_name = type_name.rsplit('.').next().unwrap_or(type_name);
            let name = step
                .name
                .clone()
                .unwrap_or_else(|| if last { default_name.to_owned() } else { format!("step_{}", index + 1) });
            let (source, output) = self.step_source(draft, step, place, fields)?;
            let items = Path::parse(step.items.as_ref().map_or("", |items| &items.value));
            let field = match (&output, &step.items) {
                (_, None) => output.clone(),
                (Field::Object(members), Some(written)) => match field_at(members, &items) {
                    Ok(field) => entered(field).clone(),
                    Err(error) => {
                        let message = format!("the answer has no `{}`", written.value);
                        let valid = error.valid.iter().map(String::as_str);
                        self.problems.push(draft.source.error_at(written, message).with_nearest(&error.step, valid));
                        return None;
                    }
                },
                (other, Some(_)) => other.clone(),
            };
            let batch = match (&step.into, &step.batch) {
                (Some(into), batch) if index > 0 => {
                    Some((into.value.clone(), batch.as_ref().map_or(1, |batch| batch.value.clamp(1, 1000))))
                }
                (None, None) => None,
                _ => {
                    let message = "`into` and `batch` belong to a step that takes the items of the step before";
                    self.problems.push(draft.source.error(place.line(), place.column(), message));
                    return None;
                }
            };
            if batch.is_some() {
                // the items of the step before are asked together, so no single one of them belongs to an item of this step
                if let Some(Step { name, .. }) = linked.last() {
                    fields.remove(name);
                }
            }
            fields.insert(name.clone(), field);
            linked.push(Step { source, items, name, batch });
        }
        Some(linked)
    }

    fn step_source(
        &mut self,
        draft: &'a Draft,
        step: &'a StepSpec,
        place: Location,
        fields: &BTreeMap<String, Field>,
    ) -> Option<(StepSource, Field)> {
        match (&step.call, &step.shared) {
            (Some(call), None) => {
                let keys = CallKeys::from(step);
                let def = draft.call(&call.value, call.referenced, &keys, &BTreeMap::new(), self.problems)?;
                for path in step.bind.values() {
                    self.check_ref(draft, &Ref::parse(&path.value), path.referenced, fields);
                }
                let output = output_field(&draft.model, &def.operation, &def.decode, &def.columns);
                Some((StepSource::Call(Box::new(def)), output))
            }
            (None, Some(name)) => {
                let output = self.shared_field(draft, &name.value, name.referenced)?;
                Some((StepSource::Shared(name.value.clone()), output))
            }
            _ => {
                let message = "a step has either `call` or `shared`";
                self.problems.push(draft.source.error(place.line(), place.column(), message));
                None
            }
        }
    }
}
