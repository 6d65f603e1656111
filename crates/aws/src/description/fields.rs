//! Whether a path leads somewhere in a schema.

use super::path::Path;
use annexa_model::Field;
use std::collections::BTreeMap;

/// A path that leads nowhere: the step, and what would be valid there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoSuchField {
    pub(crate) step: String,
    pub(crate) valid: Vec<String>,
}

/// The field at a path below some named fields; lists on the way are entered.
pub(crate) fn field_at<'a>(fields: &'a BTreeMap<String, Field>, path: &Path) -> Result<&'a Field, NoSuchField> {
    let Some((first, rest)) = path.steps.split_first() else {
        return Err(NoSuchField { step: String::new(), valid: fields.keys().cloned().collect() });
    };
    let mut field = member(fields, first)?;
    for step in rest {
        field = match entered(field) {
            Field::Object(members) => member(members, step)?,
            Field::Map(value) => value,
            Field::Any => return Ok(&Field::Any),
            Field::Scalar(_) | Field::List(_) => return Err(NoSuchField { step: step.clone(), valid: Vec::new() }),
        };
    }
    Ok(field)
}

fn member<'a>(members: &'a BTreeMap<String, Field>, step: &str) -> Result<&'a Field, NoSuchField> {
    members.get(step).ok_or_else(|| NoSuchField { step: step.to_owned(), valid: members.keys().cloned().collect() })
}

/// A list's items, however deep lists are nested; anything else itself.
pub(crate) fn entered(field: &Field) -> &Field {
    match field {
        Field::List(item) => entered(item),
        other => other,
    }
}
