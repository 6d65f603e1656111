//! Cuts secrets and puts pseudonyms in place of persons, by the shapes' marks and the descriptions' lists.

use super::{redact_json, redact_xml};
use crate::caller::CUT;
use crate::description::{Catalog, MemberPath, OperationUse, Service};
use crate::shapes::{Meaning, Member, Protocol, ServiceModel};
use annexa_model::Cut;
use annexa_tape::{Call, Redacted, Redactor};
use bytes::Bytes;
use http::StatusCode;

/// What is done with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Keep,
    Secret,
    Personal,
}

/// What to cut in the answers of one operation.
pub(crate) struct Rules<'a> {
    pub(crate) model: &'a ServiceModel,
    sensitive: &'a [MemberPath],
    personal: &'a [MemberPath],
    pub(crate) redactor: &'a Redactor,
}

impl Rules<'_> {
    /// What is done with the member at the end of a path of member names.
    pub(crate) fn fate(&self, member: &Member, path: &[&str]) -> Fate {
        let named = |paths: &[MemberPath]| paths.iter().any(|wanted| wanted.matches(path));
        // `personal` wins over the model's mark: a pseudonym hides the person and keeps joins
        if named(self.personal) {
            Fate::Personal
        } else if named(self.sensitive) || self.model.sensitive(member) {
            Fate::Secret
        } else {
            Fate::Keep
        }
    }
}

pub(crate) fn secret(pointer: String) -> Cut {
    Cut { pointer, reason: "secret".to_owned(), fact: Some("a value was set".to_owned()) }
}

pub(crate) fn personal(pointer: String) -> Cut {
    Cut { pointer, reason: "personal".to_owned(), fact: None }
}

fn whole(reason: &str) -> Redacted {
    let cut = Cut { pointer: String::new(), reason: reason.to_owned(), fact: None };
    Redacted { body: Bytes::from_static(CUT.as_bytes()), cuts: vec![cut] }
}

pub(crate) fn redact(catalog: &Catalog, call: &Call, status: StatusCode, body: Bytes, redactor: &Redactor) -> Redacted {
    let Some((service, used, name)) = catalog.operation(&call.operation) else {
        return whole("the operation is not known");
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Redacted { body, cuts: Vec::new() };
    }
    let Ok(text) = std::str::from_utf8(&body) else { return whole("not text") };
    if !status.is_success() {
        // an error says a code and a message; anything else is not AWS speaking
        let understood = crate::caller::error_answer(&serde_json::Value::String(text.to_owned()), None).is_some();
        return if understood { Redacted { body, cuts: Vec::new() } } else { whole("not an error of AWS") };
    }
    let redacted = answer(service, used, name, text, redactor);
    match redacted {
        Ok(None) => Redacted { body, cuts: Vec::new() },
        Ok(Some((text, cuts))) => Redacted { body: Bytes::from(text), cuts },
        Err(reason) => whole(&reason),
    }
}

/// The text with its cuts; none when nothing was cut.
fn answer(
    service: &Service,
    used: &OperationUse,
    name: &str,
    text: &str,
    redactor: &Redactor,
) -> Result<Option<(String, Vec<Cut>)>, String> {
    let model = &service.model;
    let rules = Rules { model, sensitive: &used.sensitive, personal: &used.personal, redactor };
    let operation = model.operations.get(name).ok_or("the operation is not known")?;
    let Some(members) = model.members(operation.output.as_ref()) else { return Ok(None) };
    let rest = matches!(model.protocol, Protocol::RestJson | Protocol::RestXml);
    let payload = operation.output.as_ref().filter(|_| rest).and_then(|output| {
        let name = model.shapes.get(output)?.payload.as_ref()?;
        members.get_key_value(name)
    });
    if let Some((name, member)) = payload
        && matches!(model.meaning(&member.shape), Meaning::Scalar(_))
    {
        return match rules.fate(member, &[name]) {
            Fate::Keep => Ok(None),
            Fate::Secret | Fate::Personal => Err("secret".to_owned()),
        };
    }
    match model.protocol {
        Protocol::Json | Protocol::RestJson => redact_json::redact(&rules, members, payload, text),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
            redact_xml::redact(&rules, operation, members, payload, text)
        }
    }
}
