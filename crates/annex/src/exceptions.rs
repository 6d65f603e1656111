//! Accepted deviations and accepted gaps, each with reason, owner, approver and expiry date.

use annexa_model::{Date, Finding, FindingStatus, Gap, Timestamp};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use globset::{GlobBuilder, GlobMatcher};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An accepted deviation or gap.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The company's own id.
    pub id: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// The last day on which it covers anything.
    pub expires: Date,
    /// Where it stands: `exceptions.yaml line 12`.
    pub stated_in: String,
    /// What it accepts, in words.
    pub subject: String,
    check: Option<GlobMatcher>,
    gap: Option<GlobMatcher>,
    target: Option<GlobMatcher>,
    resource: Option<GlobMatcher>,
}

/// What an exception did in a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionUse {
    /// The exception's id.
    pub id: String,
    /// What it accepts, in words.
    pub subject: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// The last day on which it covers anything.
    pub expires: Date,
    /// Where it stands.
    pub stated_in: String,
    /// Whether it ran out before the scan.
    pub expired: bool,
    /// How many failing findings it covers.
    pub findings: u64,
    /// How many gaps it covers.
    pub gaps: u64,
}

/// All exceptions of a company, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    list: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    exceptions: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    #[serde(default)]
    check: Option<Spanned<String>>,
    #[serde(default)]
    gap: Option<Spanned<String>>,
    #[serde(default)]
    target: Option<Spanned<String>>,
    #[serde(default)]
    resource: Option<Spanned<String>>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    approver: Spanned<String>,
    expires: Spanned<Date>,
}

impl Exceptions {
    /// Reads a file of exceptions; `check_ids` are those that exist.
    pub fn parse(file: &SourceFile, check_ids: &[&str]) -> Result<Self, Vec<Diagnostic>> {
        let raw: Raw = file.parse_yaml().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        let mut seen = BTreeMap::new();
        let mut list = Vec::new();
        for row in raw.exceptions {
            if let Some(first) = seen.insert(row.id.value.clone(), row.id.referenced.line()) {
                let error = file.error_at(&row.id, format!("two exceptions have the id `{}`", row.id.value));
                errors.push(error.with_help(format!("the first one stands in line {first}")));
            }
            match exception(file, row, check_ids) {
                Ok(exception) => list.push(exception),
                Err(mut found) => errors.append(&mut found),
            }
        }
        if errors.is_empty() { Ok(Self { list }) } else { Err(errors) }
    }

    /// Marks the failing findings and the gaps that an exception covers at a time, and says what each exception did.
    /// The status of a finding stays as it is. An expired exception covers nothing.
    pub fn apply(&self, findings: &mut [Finding], gaps: &mut [Gap], as_of: Timestamp) -> Vec<ExceptionUse> {
        let today = as_of.to_zoned(TimeZone::UTC).date();
        self.list
            .iter()
            .map(|exception| {
                let expired = exception.expires < today;
                let (mut covered, mut accepted) = (0, 0);
                if !expired {
                    for finding in findings.iter_mut().filter(|f| f.exception.is_none() && exception.covers(f)) {
                        finding.exception = Some(exception.id.clone());
                        covered += 1;
                    }
                    for gap in gaps.iter_mut().filter(|g| g.exception.is_none() && exception.accepts(g)) {
                        gap.exception = Some(exception.id.clone());
                        accepted += 1;
                    }
                }
                exception.used(expired, covered, accepted)
            })
            .collect()
    }
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        let resource = &finding.resource;
        finding.status == FindingStatus::Fail
            && self.check.as_ref().is_some_and(|c| c.is_match(&finding.check))
            && self.target.as_ref().is_none_or(|t| t.is_match(&finding.target))
            && self.resource.as_ref().is_none_or(|r| r.is_match(&resource.id) || r.is_match(&resource.name))
    }

    fn accepts(&self, gap: &Gap) -> bool {
        self.gap.as_ref().is_some_and(|g| g.is_match(&gap.operation))
            && self.target.as_ref().is_none_or(|t| t.is_match(&gap.target))
            && self.resource.as_ref().is_none_or(|r| r.is_match(&gap.subject))
    }

    fn used(&self, expired: bool, findings: u64, gaps: u64) -> ExceptionUse {
        ExceptionUse {
            id: self.id.clone(),
            subject: self.subject.clone(),
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            approver: self.approver.clone(),
            expires: self.expires,
            stated_in: self.stated_in.clone(),
            expired,
            findings,
            gaps,
        }
    }
}

fn exception(file: &SourceFile, row: Row, check_ids: &[&str]) -> Result<Exception, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    if row.check.is_some() == row.gap.is_some() {
        let error =
            file.error_at(&row.id, format!("the exception `{}` must name either a check or a gap", row.id.value));
        errors.push(error.with_help(
            "`check: aws.s3.*` accepts failing findings, `gap: kms:GetKeyPolicy` accepts a call that is denied",
        ));
    }
    for (key, text) in [("reason", &row.reason), ("owner", &row.owner), ("approver", &row.approver)] {
        if text.value.trim().is_empty() {
            errors.push(file.error_at(text, format!("`{key}` is empty")));
        }
    }
    let mut glob = |pattern: &Option<Spanned<String>>| {
        let pattern = pattern.as_ref()?;
        match GlobBuilder::new(&pattern.value).literal_separator(false).backslash_escape(true).build() {
            Ok(glob) => Some(glob.compile_matcher()),
            Err(error) => {
                errors.push(file.error_at(pattern, format!("`{}` is no pattern: {}", pattern.value, error.kind())));
                None
            }
        }
    };
    let (check, gap, target, resource) = (glob(&row.check), glob(&row.gap), glob(&row.target), glob(&row.resource));
    if let (Some(matcher), Some(pattern)) = (&check, &row.check)
        && !check_ids.iter().any(|id| matcher.is_match(id))
    {
        let error = file.error_at(pattern, format!("no check is named `{}`", pattern.value));
        errors.push(error.with_nearest(&pattern.value, check_ids.iter().copied()));
    }
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let exception = Exception {
        stated_in: format!("{name} line {}", row.id.referenced.line()),
        subject: subject(&row),
        id: row.id.value,
        reason: row.reason.value,
        owner: row.owner.value,
        approver: row.approver.value,
        expires: row.expires.value,
        check,
        gap,
        target,
        resource,
    };
    if errors.is_empty() { Ok(exception) } else { Err(errors) }
}

/// `aws.s3.* in prod on arn:aws:s3:::www-*`.
fn subject(row: &Row) -> String {
    let what = match (&row.check, &row.gap) {
        (Some(check), _) => check.value.clone(),
        (None, Some(gap)) => format!("the call {}", gap.value),
        (None, None) => String::new(),
    };
    let target = row.target.as_ref().map(|t| format!(" in {}", t.value)).unwrap_or_default();
    let resource = row.resource.as_ref().map(|r| format!(" on {}", r.value)).unwrap_or_default();
    format!("{what}{target}{resource}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollup::tests::finding;

    const FILE: &str = "exceptions:\n- id: EX-1\n  check: aws.s3.*\n  resource: \"arn:aws:s3:::www-*\"\n  reason: public website\n  owner: web team\n  approver: head of security\n  expires: 2027-01-31\n";

    fn parse(text: &str) -> Result<Exceptions, Vec<Diagnostic>> {
        Exceptions::parse(&SourceFile::new("exceptions.yaml", text), &["aws.s3.bucket-blocks-public-access"])
    }

    fn apply(day: &str) -> (Vec<Finding>, ExceptionUse) {
        let mut findings = vec![
            finding("aws.s3.bucket-blocks-public-access", "arn:aws:s3:::www-assets", FindingStatus::Fail),
            finding("aws.s3.bucket-blocks-public-access", "arn:aws:s3:::logs", FindingStatus::Fail),
        ];
        let as_of: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        let used = parse(FILE).unwrap().apply(&mut findings, &mut [], as_of);
        (findings, used.into_iter().next().unwrap())
    }

    #[test]
    fn an_exception_covers_its_resource_until_its_last_day() {
        let (findings, used) = apply("2027-01-31");
        assert_eq!(findings[0].exception.as_deref(), Some("EX-1"));
        assert_eq!(findings[0].status, FindingStatus::Fail);
        assert_eq!(findings[1].exception, None);
        assert_eq!((used.expired, used.findings), (false, 1));
        let (findings, used) = apply("2027-02-01");
        assert_eq!(findings[0].exception, None);
        assert_eq!((used.expired, used.findings), (true, 0));
    }

    #[test]
    fn mistakes_have_a_place() {
        let first = |text: &str| parse(text).unwrap_err()[0].to_string();
        assert!(
            first(&FILE.replace("aws.s3.*", "aws.s4.buckets")).starts_with("exceptions.yaml:3:10: no check is named")
        );
        assert!(first(&FILE.replace("  expires: 2027-01-31\n", "")).contains("`expires` is missing"));
        assert!(first(&FILE.replace("2027-01-31", "soon")).starts_with("exceptions.yaml:8:12"));
        assert!(first(&FILE.replace("  check: aws.s3.*\n", "")).contains("either a check or a gap"));
        assert!(first(&FILE.replace("www-*", "www-[")).contains("is no pattern"));
    }
}
