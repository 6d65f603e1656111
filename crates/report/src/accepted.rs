//! What the company has accepted, as the formats for other programs tell it.

use crate::{ReportInput, escape};
use annexa_annex::ExceptionUse;
use annexa_model::{Finding, FindingStatus};
use std::collections::BTreeMap;

/// The exceptions, and which gaps they accept.
pub(crate) struct Accepted<'a> {
    exceptions: BTreeMap<&'a str, &'a ExceptionUse>,
    /// Accepted gaps by target and id, with the exception.
    gaps: BTreeMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Accepted<'a> {
    pub(crate) fn new(input: &ReportInput<'a>) -> Self {
        let gaps = input.gaps.iter();
        Self {
            exceptions: input.exceptions.iter().map(|e| (e.id.as_str(), e)).collect(),
            gaps: gaps.filter_map(|g| Some(((g.target.as_str(), g.id.as_str()), g.exception.as_deref()?))).collect(),
        }
    }

    /// The exception that covers a fail, or that accepts every gap which leaves a finding unknown.
    pub(crate) fn by<'s>(&'s self, finding: &'s Finding) -> Option<&'s str> {
        match finding.status {
            FindingStatus::Fail => finding.exception.as_deref(),
            FindingStatus::Unknown => {
                let mut by = finding.gaps.iter().map(|gap| self.gaps.get(&(finding.target.as_str(), gap.as_str())));
                let first = *by.next()??;
                by.all(|exception| exception.is_some()).then_some(first)
            }
            _ => None,
        }
    }

    /// `Accepted by EX-1 until 2027-01-31: the reason (owner …, approver …; exceptions.yaml line 3)`.
    pub(crate) fn sentence(&self, id: &str) -> String {
        let Some(exception) = self.exceptions.get(id) else {
            return format!("Accepted by {}", escape::line(id, 100));
        };
        format!(
            "Accepted by {} until {}: {} (owner {}, approver {}; {})",
            escape::line(id, 100),
            exception.expires,
            escape::line(&exception.reason, 500),
            escape::line(&exception.owner, 100),
            escape::line(&exception.approver, 100),
            escape::line(&exception.stated_in, 200),
        )
    }
}
