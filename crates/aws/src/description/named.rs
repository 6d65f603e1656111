//! Which operations a description names, before anything else is known of it.

use super::file::{DescriptionFile, FactSpec, StepSpec};
use annexa_source::{Diagnostic, Location, SourceFile, Spanned};

/// An operation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedOperation {
    pub(crate) name: String,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// The service that a description is of, when it says so, and the operations that it names.
pub(crate) fn named_operations(source: &SourceFile) -> Result<(Option<String>, Vec<NamedOperation>), Diagnostic> {
    let file: DescriptionFile = source.parse_yaml()?;
    let mut found = Vec::new();
    let own = file.types.values().flat_map(|spec| spec.value.facts.values());
    let added = file.extends.values().flat_map(|extension| extension.value.facts.values());
    for fact in file.shared.values().chain(own).chain(added) {
        of_fact(fact, &mut found);
    }
    let steps = file.types.values().filter_map(|spec| spec.value.list.as_ref()).flat_map(|steps| &steps.value.0);
    for StepSpec { call, .. } in steps {
        found.extend(call.iter().map(|call| named(&call.value, call.referenced)));
    }
    Ok((file.service, found))
}

fn of_fact(fact: &Spanned<FactSpec>, found: &mut Vec<NamedOperation>) {
    let form = &fact.value.0;
    if let Some(call) = &form.call {
        let place = if call.referenced.line() == 0 { fact.referenced } else { call.referenced };
        found.push(named(&call.value, place));
    }
    if let Some(poll) = &form.poll {
        found.push(named(&poll.value.call.value, poll.value.call.referenced));
    }
}

fn named(name: &str, place: Location) -> NamedOperation {
    NamedOperation { name: name.to_owned(), line: place.line(), column: place.column() }
}
