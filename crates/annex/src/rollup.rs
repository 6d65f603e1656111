//! From findings to what a bundle shows for each control.

use crate::{Catalogue, Entry, Level, ManualEvidence, Statement, sentence};
use annexa_model::{
    CheckSummary, ControlRecord, ControlStatus, Edition, Finding, FindingStatus, StatusCounts, Strength, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the roll-up works on.
#[derive(Clone, Copy, Debug)]
pub struct RollUp<'a> {
    /// Annex A and the clauses.
    pub catalogue: &'a Catalogue,
    /// The checks that were selected and for which a target of the scan can answer.
    pub checks: &'a [CheckSummary],
    /// Their findings, with exceptions applied.
    pub findings: &'a [Finding],
    /// The Statement of Applicability, if there is one.
    pub statement: Option<&'a Statement>,
    /// What people handed in.
    pub manual: &'a ManualEvidence,
    /// The time of the scan.
    pub as_of: Timestamp,
}

/// The results of one check.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CheckResult {
    pub counts: StatusCounts,
}

/// What speaks to a control.
pub(crate) struct Speaks<'a> {
    pub direct: Vec<(&'a CheckSummary, CheckResult)>,
    pub supporting: Vec<(&'a CheckSummary, CheckResult)>,
}

impl Speaks<'_> {
    pub(crate) fn direct_counts(&self) -> StatusCounts {
        self.direct.iter().fold(StatusCounts::default(), |sum, (_, result)| plus(sum, result.counts))
    }

    pub(crate) fn supporting_counts(&self) -> StatusCounts {
        self.supporting.iter().fold(StatusCounts::default(), |sum, (_, result)| plus(sum, result.counts))
    }

    /// Direct checks with a pass, or an accepted fail.
    pub(crate) fn passing(&self) -> usize {
        self.direct.iter().filter(|(_, result)| result.counts.pass + result.counts.accepted > 0).count()
    }

    /// Direct checks that gave no finding at all.
    pub(crate) fn silent(&self) -> usize {
        self.direct.iter().filter(|(_, result)| total(result.counts) == 0).count()
    }
}

/// Rolls findings up to controls: the 2022 controls, the clauses, then the 2013 controls, in the standard's order.
#[must_use]
pub fn roll_up(input: RollUp<'_>) -> Vec<ControlRecord> {
    let results = results(input.findings);
    let mut speaks: BTreeMap<&str, Speaks<'_>> = BTreeMap::new();
    for check in input.checks {
        let result = results.get(check.id.as_str()).copied().unwrap_or_default();
        for (control, reason) in &check.controls {
            let of_control = speaks.entry(control).or_insert_with(nothing);
            match reason.strength {
                Strength::Direct => of_control.direct.push((check, result)),
                Strength::Supporting => of_control.supporting.push((check, result)),
            }
        }
    }
    let (new, old): (Vec<&Entry>, Vec<&Entry>) =
        input.catalogue.entries().iter().partition(|e| e.edition == Edition::E2022);
    let none = nothing();
    let mut records: Vec<ControlRecord> =
        new.into_iter().map(|entry| record(&input, entry, speaks.get(entry.id.as_str()).unwrap_or(&none))).collect();
    let projected: Vec<ControlRecord> = old.into_iter().map(|entry| project(entry, &records, &speaks)).collect();
    records.extend(projected);
    records
}

fn nothing<'a>() -> Speaks<'a> {
    Speaks { direct: Vec::new(), supporting: Vec::new() }
}

fn results(findings: &[Finding]) -> BTreeMap<&str, CheckResult> {
    let mut results: BTreeMap<&str, CheckResult> = BTreeMap::new();
    for finding in findings {
        let counts = &mut results.entry(&finding.check).or_default().counts;
        match (finding.status, &finding.exception) {
            (FindingStatus::Pass, _) => counts.pass += 1,
            (FindingStatus::Fail, None) => counts.fail += 1,
            (FindingStatus::Fail, Some(_)) => counts.accepted += 1,
            (FindingStatus::Unknown, _) => counts.unknown += 1,
            (FindingStatus::NotApplicable, _) => counts.not_applicable += 1,
            (FindingStatus::Manual, _) => counts.manual += 1,
        }
    }
    results
}

fn record(input: &RollUp<'_>, entry: &Entry, speaks: &Speaks<'_>) -> ControlRecord {
    let stated = input.statement.and_then(|s| s.controls.get(&entry.id));
    let (current, manual_evidence) = input.manual.of_control(&entry.id, input.as_of);
    let status =
        if stated.is_some_and(|s| !s.applicable) { ControlStatus::Excluded } else { status(entry, speaks, current) };
    let sentence = match (status, stated) {
        (ControlStatus::Excluded, Some(s)) => sentence::excluded(s),
        _ => sentence::of_status(status, speaks, manual_evidence.len(), current),
    };
    ControlRecord {
        edition: entry.edition,
        id: entry.id.clone(),
        title: entry.title.clone(),
        group: entry.group.clone(),
        corresponds_to: entry.corresponds_to.clone(),
        applicable: stated.map(|s| s.applicable),
        justification: stated.map(|s| s.justification.clone()).filter(|j| !j.is_empty()),
        stated_in: stated.map(|s| s.stated_in.clone()),
        status,
        sentence,
        not_covered: sentence::not_covered(entry, speaks),
        question: entry.question.clone(),
        direct: speaks.direct_counts(),
        supporting: speaks.supporting_counts(),
        direct_checks: ids(&speaks.direct),
        supporting_checks: ids(&speaks.supporting),
        evidence_kinds: evidence_kinds(speaks),
        manual_evidence,
    }
}

fn status(entry: &Entry, speaks: &Speaks<'_>, handed_in: bool) -> ControlStatus {
    let direct = speaks.direct_counts();
    let supporting = speaks.supporting_counts();
    let asks_people = handed_in || direct.manual + supporting.manual > 0;
    if direct.fail > 0 {
        ControlStatus::Deviation
    } else if direct.unknown > 0 || speaks.silent() > 0 {
        ControlStatus::Incomplete
    } else if direct.pass > 0 && direct.manual == 0 {
        ControlStatus::Supported
    } else if direct.pass + direct.accepted + supporting.pass + supporting.fail + supporting.accepted > 0 {
        ControlStatus::Partial
    } else if supporting.unknown > 0 {
        // nothing at all could be read
        ControlStatus::Incomplete
    } else if asks_people || matches!(entry.level, Level::None | Level::PartialDocuments | Level::FullDocuments) {
        ControlStatus::Manual
    } else {
        ControlStatus::None
    }
}

/// A 2013 control shows the first of these that one of its 2022 successors shows.
fn project(entry: &Entry, records: &[ControlRecord], speaks: &BTreeMap<&str, Speaks<'_>>) -> ControlRecord {
    let successors: Vec<&ControlRecord> = records.iter().filter(|r| entry.corresponds_to.contains(&r.id)).collect();
    let any = |status: ControlStatus| successors.iter().any(|r| r.status == status);
    let applied = successors.iter().filter(|r| r.status != ControlStatus::Excluded);
    let status = if successors.iter().all(|r| r.status == ControlStatus::Excluded) {
        ControlStatus::Excluded
    } else if any(ControlStatus::Deviation) {
        ControlStatus::Deviation
    } else if any(ControlStatus::Incomplete) {
        ControlStatus::Incomplete
    } else if applied.clone().all(|r| r.status == ControlStatus::Supported) {
        ControlStatus::Supported
    } else if any(ControlStatus::Supported) || any(ControlStatus::Partial) {
        ControlStatus::Partial
    } else if any(ControlStatus::Manual) {
        ControlStatus::Manual
    } else {
        ControlStatus::None
    };
    // a check that speaks to two successors counts once
    let mut merged = nothing();
    let of_successors = successors.iter().filter_map(|r| speaks.get(r.id.as_str()));
    for of_one in of_successors {
        for (check, result) in &of_one.direct {
            if !merged.direct.iter().any(|(c, _)| c.id == check.id) {
                merged.direct.push((check, *result));
            }
        }
        for (check, result) in &of_one.supporting {
            if !merged.supporting.iter().any(|(c, _)| c.id == check.id) {
                merged.supporting.push((check, *result));
            }
        }
    }
    let direct_ids: BTreeSet<&str> = merged.direct.iter().map(|(c, _)| c.id.as_str()).collect();
    merged.supporting.retain(|(c, _)| !direct_ids.contains(c.id.as_str()));
    ControlRecord {
        edition: entry.edition,
        id: entry.id.clone(),
        title: entry.title.clone(),
        group: entry.group.clone(),
        corresponds_to: entry.corresponds_to.clone(),
        applicable: applicable(&successors),
        justification: None,
        stated_in: None,
        status,
        sentence: sentence::projected(&successors),
        not_covered: sentence::not_covered(entry, &merged),
        question: entry.question.clone(),
        direct: merged.direct_counts(),
        supporting: merged.supporting_counts(),
        direct_checks: ids(&merged.direct),
        supporting_checks: ids(&merged.supporting),
        evidence_kinds: evidence_kinds(&merged),
        manual_evidence: successors.iter().flat_map(|r| r.manual_evidence.clone()).collect(),
    }
}

fn applicable(successors: &[&ControlRecord]) -> Option<bool> {
    let stated: Vec<bool> = successors.iter().filter_map(|r| r.applicable).collect();
    if stated.is_empty() { None } else { Some(stated.contains(&true)) }
}

fn ids(checks: &[(&CheckSummary, CheckResult)]) -> Vec<String> {
    let mut ids: Vec<String> = checks.iter().map(|(check, _)| check.id.clone()).collect();
    ids.sort();
    ids
}

fn evidence_kinds(speaks: &Speaks<'_>) -> Vec<String> {
    let answered = speaks.direct.iter().chain(&speaks.supporting);
    let kinds: BTreeSet<&str> = answered
        .filter(|(_, result)| result.counts.pass + result.counts.fail + result.counts.accepted > 0)
        .map(|(check, _)| check.evidence.as_str())
        .collect();
    kinds.into_iter().map(str::to_owned).collect()
}

pub(crate) fn total(counts: StatusCounts) -> u64 {
    counts.pass + counts.fail + counts.accepted + counts.unknown + counts.not_applicable + counts.manual
}

fn plus(a: StatusCounts, b: StatusCounts) -> StatusCounts {
    StatusCounts {
        pass: a.pass + b.pass,
        fail: a.fail + b.fail,
        accepted: a.accepted + b.accepted,
        unknown: a.unknown + b.unknown,
        not_applicable: a.not_applicable + b.not_applicable,
        manual: a.manual + b.manual,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use annexa_model::{ControlReason, EvidenceKind, ResourceRef, Severity};
    use proptest::prelude::*;

    pub(crate) fn finding(check: &str, resource: &str, status: FindingStatus) -> Finding {
        Finding {
            id: format!("{check}/{resource}"),
            check: check.to_owned(),
            status,
            severity: Severity::High,
            target: "prod".to_owned(),
            resource: ResourceRef {
                kind: "aws.s3.bucket".to_owned(),
                id: resource.to_owned(),
                name: resource.to_owned(),
                region: None,
                account: None,
                namespace: None,
            },
            message: String::new(),
            observed: serde_json::Map::new(),
            evidence_kind: EvidenceKind::Implementation,
            evidence: Vec::new(),
            gaps: Vec::new(),
            controls: BTreeMap::new(),
            exception: None,
        }
    }

    fn check(id: &str, control: &str, strength: Strength) -> CheckSummary {
        CheckSummary {
            id: id.to_owned(),
            title: "S3 buckets block public access".to_owned(),
            severity: Severity::High,
            evidence: EvidenceKind::Implementation,
            resource_type: "aws.s3.bucket".to_owned(),
            controls: [(control.to_owned(), ControlReason { strength, reason: "because".to_owned() })].into(),
            why: String::new(),
            fix: BTreeMap::new(),
            see: Vec::new(),
            rule: String::new(),
            file: String::new(),
            digest: String::new(),
            origin: "library".to_owned(),
        }
    }

    fn shown(
        checks: &[CheckSummary],
        findings: &[Finding],
        statement: Option<&Statement>,
        control: &str,
    ) -> ControlRecord {
        static CATALOGUE: std::sync::LazyLock<Catalogue> =
            std::sync::LazyLock::new(|| Catalogue::load(&crate::rules()).unwrap());
        let catalogue = &*CATALOGUE;
        let manual = ManualEvidence::default();
        let as_of = "2026-11-24T00:00:00Z".parse().unwrap();
        let records = roll_up(RollUp { catalogue, checks, findings, statement, manual: &manual, as_of });
        assert_eq!(records.iter().filter(|r| r.id.starts_with("A.")).count(), 93 + 114);
        records.into_iter().find(|r| r.id == control).unwrap()
    }

    #[test]
    fn the_first_status_that_holds_is_shown() {
        use FindingStatus::{Fail, Manual, NotApplicable, Pass, Unknown};
        let direct = [check("c", "A.8.3", Strength::Direct)];
        let status = |statuses: &[FindingStatus]| {
            let findings: Vec<Finding> =
                statuses.iter().enumerate().map(|(i, s)| finding("c", &format!("r{i}"), *s)).collect();
            shown(&direct, &findings, None, "A.8.3").status
        };
        assert_eq!(status(&[Pass, Unknown, Fail]), ControlStatus::Deviation);
        assert_eq!(status(&[Pass, Unknown]), ControlStatus::Incomplete);
        assert_eq!(status(&[]), ControlStatus::Incomplete);
        assert_eq!(status(&[Pass, NotApplicable]), ControlStatus::Supported);
        assert_eq!(status(&[NotApplicable]), ControlStatus::None);
        assert_eq!(status(&[Pass, Manual]), ControlStatus::Partial);
        assert_eq!(status(&[Manual]), ControlStatus::Manual);
        let supporting = [check("c", "A.8.3", Strength::Supporting)];
        let lost = [finding("c", "r", Unknown)];
        assert_eq!(shown(&supporting, &lost, None, "A.8.3").status, ControlStatus::Incomplete);
        assert_eq!(shown(&supporting, &[finding("c", "r", Fail)], None, "A.8.3").status, ControlStatus::Partial);
        assert_eq!(shown(&[], &[], None, "A.7.4").status, ControlStatus::Manual);
    }

    #[test]
    fn an_accepted_fail_is_no_deviation_and_is_named() {
        let checks = [check("c", "A.8.3", Strength::Direct)];
        let mut findings = vec![finding("c", "a", FindingStatus::Pass), finding("c", "b", FindingStatus::Fail)];
        findings[1].exception = Some("EX-1".to_owned());
        let record = shown(&checks, &findings, None, "A.8.3");
        assert_eq!(record.status, ControlStatus::Supported);
        assert!(record.sentence.contains("1 accepted"), "{}", record.sentence);
    }

    #[test]
    fn only_checks_that_pass_are_said_to_pass() {
        let checks = [check("a", "A.8.3", Strength::Direct), check("b", "A.8.3", Strength::Direct)];
        let of = |other: FindingStatus| [finding("a", "r", FindingStatus::Pass), finding("b", "r", other)];
        let supported = shown(&checks, &of(FindingStatus::NotApplicable), None, "A.8.3");
        assert!(supported.sentence.starts_with("1 of 2 direct checks passes"), "{}", supported.sentence);
        assert!(supported.sentence.contains("1 has nothing to judge here"), "{}", supported.sentence);
        let partial = shown(&checks, &of(FindingStatus::Manual), None, "A.8.3");
        assert!(partial.sentence.contains("1 asks people to judge"), "{}", partial.sentence);
    }

    #[test]
    fn the_statement_excludes_and_2013_is_projected() {
        let catalogue = Catalogue::load(&crate::rules()).unwrap();
        let file = annexa_source::SourceFile::new(
            "soa.yaml",
            "controls:\n- {id: A.8.3, applicable: false, justification: x}\n",
        );
        let statement = Statement::parse(&file, &catalogue).unwrap();
        let checks = [check("c", "A.8.3", Strength::Direct)];
        let findings = [finding("c", "a", FindingStatus::Fail)];
        assert_eq!(shown(&checks, &findings, Some(&statement), "A.8.3").status, ControlStatus::Excluded);
        let old = shown(&checks, &findings, None, "A.9.4.1");
        assert_eq!((old.status, old.direct.fail), (ControlStatus::Deviation, 1));
        assert!(old.sentence.contains("A.8.3 (deviation)"), "{}", old.sentence);
    }

    proptest! {
        #[test]
        fn one_more_unknown_never_makes_a_control_look_better(statuses in proptest::collection::vec(0usize..5, 0..6)) {
            let rank = |status: ControlStatus| match status {
                ControlStatus::Supported => 3,
                ControlStatus::Partial => 2,
                ControlStatus::Manual | ControlStatus::None => 1,
                _ => 0,
            };
            let checks = [check("c", "A.8.3", Strength::Direct)];
            let mut findings: Vec<Finding> =
                statuses.iter().enumerate().map(|(i, s)| finding("c", &format!("r{i}"), FindingStatus::ALL[*s])).collect();
            let before = rank(shown(&checks, &findings, None, "A.8.3").status);
            findings.push(finding("c", "lost", FindingStatus::Unknown));
            prop_assert!(rank(shown(&checks, &findings, None, "A.8.3").status) <= before);
        }
    }
}
