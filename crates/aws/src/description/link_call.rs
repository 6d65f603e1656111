//! Checks one call of a description against the service's shapes.

use super::allow::is_read;
use super::catalog::{Binding, CallDef, Poll};
use super::codec::{Codec, ColumnKind};
use super::file::{DescriptionFile, FactForm, PollSpec, RegionScope, StepSpec, Words};
use super::path::{MemberPath, Ref};
use crate::shapes::ServiceModel;
use annexa_source::{Diagnostic, Location, SourceFile, Spanned};
use serde_json::Value;
use std::collections::BTreeMap;

/// Codes that can mean that the caller may not know: what they answer is never absent or not applicable by description.
const NEVER_EXPECTED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "ExpiredToken",
];

/// A description file on its way to a service.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) source: SourceFile,
    pub(crate) stem: String,
    pub(crate) file: DescriptionFile,
    pub(crate) model: ServiceModel,
}

/// The keys that calls in lists, facts and `shared` have in common.
pub(crate) struct CallKeys<'a> {
    pub(crate) bind: &'a BTreeMap<String, Spanned<String>>,
    pub(crate) with: &'a BTreeMap<String, Spanned<Value>>,
    pub(crate) into: Option<&'a Spanned<String>>,
    pub(crate) decode: &'a BTreeMap<String, Codec>,
    pub(crate) columns: Option<&'a BTreeMap<String, ColumnKind>>,
    pub(crate) absent_on: Option<&'a Spanned<Words>>,
    pub(crate) not_applicable_on: Option<&'a Spanned<Words>>,
    pub(crate) permission: Option<&'a String>,
    pub(crate) poll: Option<&'a Spanned<PollSpec>>,
    pub(crate) ask_globally: bool,
}

impl<'a> From<&'a StepSpec> for CallKeys<'a> {
    fn from(step: &'a StepSpec) -> Self {
        Self {
            bind: &step.bind,
            with: &step.with,
            into: step.into.as_ref(),
            decode: &step.decode,
            columns: None,
            absent_on: step.absent_on.as_ref(),
            not_applicable_on: step.not_applicable_on.as_ref(),
            permission: step.permission.as_ref(),
            poll: None,
            ask_globally: false,
        }
    }
}

impl<'a> From<&'a FactForm> for CallKeys<'a> {
    fn from(form: &'a FactForm) -> Self {
        Self {
            bind: &form.bind,
            with: &form.with,
            into: form.into.as_ref(),
            decode: &form.decode,
            columns: Some(&form.columns),
            absent_on: form.absent_on.as_ref(),
            not_applicable_on: form.not_applicable_on.as_ref(),
            permission: form.permission.as_ref(),
            poll: form.poll.as_ref(),
            ask_globally: form.ask_in == Some(RegionScope::Global),
        }
    }
}

impl Draft {
    /// The prefix of the service's IAM actions.
    fn iam_prefix(&self) -> &str {
        self.file.iam_prefix.as_deref().unwrap_or(&self.model.signing_name)
    }

    fn full_name(&self, operation: &str) -> String {
        format!("{}:{operation}", self.model.service)
    }

    /// Links a call. `place` is where it stands, `inherited` are the parameters that its type gives to all calls.
    pub(crate) fn call(
        &self,
        operation: &str,
        place: Location,
        keys: &CallKeys<'_>,
        inherited: &BTreeMap<String, Spanned<String>>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<CallDef> {
        if !self.known_operation(operation, place, problems) {
            return None;
        }
        let bindings = self.bindings(operation, place, keys, inherited, problems);
        let default_permission = || format!("{}:{operation}", self.iam_prefix());
        let decode = keys.decode.iter().chain(&self.file.decode);
        Some(CallDef {
            service: self.stem.clone(),
            operation: operation.to_owned(),
            bindings,
            decode: decode.map(|(path, codec)| (MemberPath::parse(path), *codec)).collect(),
            columns: keys.columns.cloned().unwrap_or_default(),
            absent_on: self.codes(keys.absent_on, problems),
            not_applicable_on: {
                let mut codes = self.codes(keys.not_applicable_on, problems);
                codes.extend(self.codes(self.file.not_applicable_on.as_ref(), problems));
                codes
            },
            permission: keys.permission.cloned().unwrap_or_else(default_permission),
            poll: keys.poll.and_then(|poll| self.poll(poll, problems)),
            ask_globally: keys.ask_globally,
        })
    }

    fn known_operation(&self, operation: &str, place: Location, problems: &mut Vec<Diagnostic>) -> bool {
        let at = |message: String| self.source.error(place.line(), place.column(), message);
        if !self.model.operations.contains_key(operation) {
            let message = format!("`{}` has no operation `{operation}` in its shapes", self.model.service);
            let known = self.model.operations.keys().map(String::as_str);
            problems.push(at(message).with_nearest(operation, known));
            return false;
        }
        match is_read(&self.full_name(operation)) {
            Ok(()) => true,
            Err(why) => {
                let message = format!("`{operation}` is never asked: {why}");
                problems.push(at(message).with_help(
                    "operations that begin with Get, List, Describe, BatchGet, Lookup or Head can be asked",
                ));
                false
            }
        }
    }

    fn bindings(
        &self,
        operation: &str,
        place: Location,
        keys: &CallKeys<'_>,
        inherited: &BTreeMap<String, Spanned<String>>,
        problems: &mut Vec<Diagnostic>,
    ) -> Vec<(String, Binding)> {
        let no_members = BTreeMap::new();
        let members = self.model.input(operation).unwrap_or(&no_members);
        let mut bindings: BTreeMap<String, Binding> = BTreeMap::new();
        for (name, path) in inherited.iter().filter(|(name, _)| members.contains_key(*name)) {
            bindings.insert(name.clone(), Binding::Ref(Ref::parse(&path.value)));
        }
        let mut unknown = |name: &str, location: Location| {
            let message = format!("`{operation}` has no parameter `{name}`");
            let names = members.keys().map(String::as_str);
            problems.push(self.source.error(location.line(), location.column(), message).with_nearest(name, names));
        };
        for (name, path) in keys.bind {
            match members.contains_key(name) {
                true => drop(bindings.insert(name.clone(), Binding::Ref(Ref::parse(&path.value)))),
                false => unknown(name, path.referenced),
            }
        }
        for (name, value) in keys.with {
            match members.contains_key(name) {
                true => drop(bindings.insert(name.clone(), Binding::Value(value.value.clone()))),
                false => unknown(name, value.referenced),
            }
        }
        if let Some(into) = keys.into.filter(|into| !members.contains_key(&into.value)) {
            unknown(&into.value, into.referenced);
        }
        let input = self.model.operations.get(operation).and_then(|operation| operation.input.as_ref());
        let required = input.and_then(|input| self.model.shapes.get(input)).map_or(&[][..], |shape| &shape.required);
        for name in required {
            let filled = bindings.contains_key(name) || keys.into.is_some_and(|into| into.value == *name);
            if !filled {
                let message = format!("`{operation}` needs the parameter `{name}`");
                let help = format!("add `for: {{{name}: …}}` with the path of its value, or `with:` for a fixed one");
                problems.push(self.source.error(place.line(), place.column(), message).with_help(help));
            }
        }
        bindings.into_iter().collect()
    }

    fn codes(&self, codes: Option<&Spanned<Words>>, problems: &mut Vec<Diagnostic>) -> Vec<String> {
        let Some(codes) = codes else { return Vec::new() };
        if let Some(code) = codes.value.0.iter().find(|code| NEVER_EXPECTED.contains(&code.as_str())) {
            let message =
                format!("`{code}` says nothing of the resource: the call was refused, so the fact is not known");
            problems.push(self.source.error_at(codes, message));
        }
        codes.value.0.clone()
    }

    fn poll(&self, poll: &Spanned<PollSpec>, problems: &mut Vec<Diagnostic>) -> Option<Poll> {
        let operation = &poll.value.call;
        if !self.known_operation(&operation.value, operation.referenced, problems) {
            return None;
        }
        let default_permission = || format!("{}:{}", self.iam_prefix(), operation.value);
        Some(Poll {
            operation: operation.value.clone(),
            until: poll.value.until.clone(),
            permission: poll.value.permission.clone().unwrap_or_else(default_permission),
        })
    }
}
