//! Gaps: what could not be read, why, and how to close it.

use super::asker::Asker;
use super::list::Answered;
use super::{Set, Walk, pointer};
use crate::describe::{Ask, Meaning, On, TypeFile};
use crate::dialect::{error_kind, message};
use annexa_model::{Exchange, FailureKind, Gap, Reason, SetState, short_hash};
use serde_json::Value;
use std::sync::PoisonError;

impl<A: Asker> Walk<'_, A> {
    /// The body of a good answer, or what the answer says without one.
    pub(super) fn meaning<'e>(
        &self,
        exchange: &'e Exchange,
        on: &[On],
        holds: &impl Fn(&str) -> bool,
        ask: &Ask,
    ) -> Result<&'e Value, Answered> {
        if let Some(failure) = &exchange.failure {
            let status = exchange.answer.as_ref().map(|answer| answer.status);
            let text = match status.filter(|status| *status >= 400) {
                Some(status) if failure.code.as_deref() != Some(&status.to_string()) => failure.message.clone(),
                Some(status) => format!("{status} {}", failure.message),
                None => failure
                    .code
                    .as_ref()
                    .map_or_else(|| failure.message.clone(), |code| format!("{code}: {}", failure.message)),
            };
            return Err(Answered::Gap(self.gap(exchange, ask, failure.kind, &text)));
        }
        let Some(answer) = &exchange.answer else {
            return Err(Answered::Gap(self.gap(exchange, ask, FailureKind::NotAsked, "there is no answer")));
        };
        let says = message(&answer.body);
        let rules = on.iter().filter(|rule| rule.status == answer.status && rule.says(&says));
        let rule = rules.into_iter().find(|rule| rule.condition.as_ref().is_none_or(|path| holds(path)));
        match rule {
            Some(rule) if rule.is == Meaning::Denied => {}
            Some(rule) => return Err(Answered::Is(rule.is, rule.because.clone().unwrap_or(says))),
            None if answer.status < 300 => return Ok(&answer.body),
            None => {}
        }
        let text = format!("{} {says}", answer.status);
        Err(Answered::Gap(self.gap(exchange, ask, FailureKind::Denied, &text)))
    }

    /// The errors beside a query's data, as pointers below `data`.
    pub(super) fn graphql_errors(&self, exchange: &Exchange, ask: &Ask) -> Vec<(String, Reason)> {
        let errors = exchange.usable_body().and_then(|body| body.get("errors")).and_then(Value::as_array);
        let mut found = Vec::new();
        for error in errors.into_iter().flatten() {
            let code = error.get("type").and_then(Value::as_str).unwrap_or("");
            let path = error.get("path").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let at: String = path
                .iter()
                .map(|segment| {
                    segment.as_str().map_or_else(|| format!("/{segment}"), |name| format!("/{}", pointer::escape(name)))
                })
                .collect();
            let says = message(error);
            let text = if code.is_empty() { says.clone() } else { format!("{code}: {says}") };
            let reason = self.gap(exchange, ask, error_kind(code, &says), &text);
            found.push((at, reason));
        }
        found
    }

    /// Notes a gap; the same exchange has one, with its first message.
    pub(super) fn gap(&self, exchange: &Exchange, ask: &Ask, kind: FailureKind, text: &str) -> Reason {
        let header = exchange.answer.as_ref().and_then(|answer| answer.headers.get("x-accepted-github-permissions"));
        let wanted = header.and_then(Value::as_str).filter(|wanted| !wanted.is_empty()).map(str::to_owned);
        self.note(&exchange.id, wanted, ask, kind, text)
    }

    /// Notes a gap about a part of an answer that came.
    pub(super) fn gap_about(&self, exchange: &str, ask: &Ask, kind: FailureKind, text: &str) -> Reason {
        self.note(exchange, None, ask, kind, text)
    }

    fn note(&self, exchange: &str, wanted: Option<String>, ask: &Ask, kind: FailureKind, text: &str) -> Reason {
        let operation = self.descriptions.operations.get(&ask.operation);
        let permission = wanted.or_else(|| operation.and_then(|operation| operation.permission.clone()));
        let gap = Gap {
            id: exchange.to_owned(),
            target: self.target.to_owned(),
            operation: ask.operation.clone(),
            region: None,
            subject: ask.subject.clone(),
            kind,
            message: text.to_owned(),
            remedy: remedy(kind, permission.as_deref()),
            permission,
            checks: Vec::new(),
            exception: None,
        };
        self.keep(gap);
        Reason { reason: format!("{}: {text}", ask.operation), gap: Some(exchange.to_owned()) }
    }

    /// Fewer were listed than the organization counts.
    pub(super) fn uncounted(&self, file: &TypeFile, set: &Set, found: u64, counted: u64) -> SetState {
        let message = format!("the organization counts {counted}, the caller may see {found}");
        let id = set.evidence.first().cloned().unwrap_or_else(|| short_hash(&[self.target, &file.name.value]));
        let remedy = file.uncounted_remedy.clone().unwrap_or_else(|| "let the token see all of them".to_owned());
        let operation = file.found.iter().find_map(|found| {
            let fact = file.facts.get(&found.fact.value)?;
            fact.query.as_ref().map(|query| format!("query {}", query.name.value))
        });
        self.keep(Gap {
            id: id.clone(),
            target: self.target.to_owned(),
            operation: operation.unwrap_or_default(),
            region: None,
            subject: format!("{} of organization {}", file.title, self.organization),
            kind: FailureKind::Denied,
            message: message.clone(),
            permission: Some("access to all repositories".to_owned()),
            remedy,
            checks: Vec::new(),
            exception: None,
        });
        SetState::Partial { reason: message, gap: id }
    }

    fn keep(&self, gap: Gap) {
        let mut gaps = self.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        match gaps.get_mut(&gap.id) {
            None => {
                gaps.insert(gap.id.clone(), gap);
            }
            // calls run side by side: the message must not depend on which of them came first
            Some(old) if (&gap.message, &gap.subject) < (&old.message, &old.subject) => *old = gap,
            Some(_) => {}
        }
    }
}

/// How to close a gap, in a sentence.
fn remedy(kind: FailureKind, permission: Option<&str>) -> String {
    match kind {
        FailureKind::Denied | FailureKind::NotFound => match permission {
            Some(permission) => {
                format!("give the token or the App `{permission}`, or let an owner of the organization scan")
            }
            None => "let an owner of the organization scan".to_owned(),
        },
        FailureKind::Unauthenticated => "put a valid token into GITHUB_TOKEN, or renew the App's key".to_owned(),
        FailureKind::Throttled => {
            "scan again later, with less --concurrency, or as a GitHub App, which has a higher limit".to_owned()
        }
        FailureKind::NotAsked => "mend what kept the scan from asking, and scan again".to_owned(),
        FailureKind::NotOnTape => "record the tape again with this version".to_owned(),
        FailureKind::Interrupted => "let the scan run to its end".to_owned(),
        FailureKind::Rejected => "tell us: GitHub refused the request as wrong".to_owned(),
        FailureKind::Server
        | FailureKind::Connection
        | FailureKind::Timeout
        | FailureKind::Invalid
        | FailureKind::TooLarge => "scan again; if it stays, tell us with the provider's request id".to_owned(),
    }
}
