//! Single calls, checks, findings and controls.

use annexa_model::{
    Answer, CheckSummary, ControlReason, ControlRecord, ControlStatus, Edition, EvidenceKind, Exchange, Finding,
    FindingStatus, Kind, Request, ResourceRef, Severity, StatusCounts, Strength, Timestamp, finding_id, sha256_hex,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn exchange(operation: &str, kind: Kind, target: &str, subject: &str, body: Value) -> Exchange {
    let mut parameters = Map::new();
    parameters.insert("Bucket".to_owned(), json!(subject));
    let request = Request {
        method: "GET".to_owned(),
        path: format!("/{}?publicAccessBlock", subject.replace(' ', "%20")),
        parameters,
        body: None,
    };
    Exchange {
        id: Exchange::id_of("111122223333", operation, Some("eu-central-1"), &request, 1),
        target: target.to_owned(),
        kind,
        operation: operation.to_owned(),
        region: (kind == Kind::Aws).then(|| "eu-central-1".to_owned()),
        page: 1,
        request,
        asked_by: "arn:aws:sts::111122223333:assumed-role/annexa/nightly".to_owned(),
        asked_at: time("2026-11-24T02:04:11Z"),
        attempts: 1,
        host: "s3.eu-central-1.amazonaws.com".to_owned(),
        tls: format!("sha256:{}", sha256_hex("certificate")),
        request_id: Some("7QHABCDT2".to_owned()),
        server_date: Some("Tue, 24 Nov 2026 02:04:11 GMT".to_owned()),
        answer: Some(Answer { status: 200, headers: Map::new(), content_type: "application/json".to_owned(), body }),
        failure: None,
        cuts: Vec::new(),
    }
}

pub(crate) fn check(
    id: &str,
    title: &str,
    severity: Severity,
    kind: EvidenceKind,
    resource_type: &str,
    controls: &[(&str, Strength)],
) -> CheckSummary {
    let reason = |strength| ControlReason {
        strength,
        reason: "who may read is limited by a switch that policies can’t undo".to_owned(),
    };
    CheckSummary {
        id: id.to_owned(),
        title: title.to_owned(),
        severity,
        evidence: kind,
        resource_type: resource_type.to_owned(),
        controls: controls.iter().map(|(id, strength)| ((*id).to_owned(), reason(*strength))).collect(),
        why: "One wrong line publishes the data; the switch makes that line harmless.".to_owned(),
        fix: BTreeMap::from([
            ("cli".to_owned(), "aws s3api put-public-access-block --bucket NAME --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true".to_owned()),
            ("text".to_owned(), "Switch the block on for the account; then no bucket needs its own.".to_owned()),
        ]),
        see: vec!["aws:s3:GetPublicAccessBlock".to_owned()],
        rule: "account.block_public_access.all || resource.block_public_access.all".to_owned(),
        file: format!("checks/{}.yaml", id.replace('.', "/")),
        digest: sha256_hex(id),
        origin: "library".to_owned(),
    }
}

pub(crate) fn finding(
    check: &CheckSummary,
    target: &str,
    name: &str,
    status: FindingStatus,
    evidence: Vec<String>,
) -> Finding {
    let id = format!("arn:aws:s3:::{name}");
    let message = match status {
        FindingStatus::Pass => format!("{name} is closed to the public"),
        FindingStatus::Unknown => "AccessDenied on s3:GetPublicAccessBlock".to_owned(),
        FindingStatus::NotApplicable => format!("{name} is a directory bucket"),
        FindingStatus::Manual => "people must show it".to_owned(),
        FindingStatus::Fail => {
            format!("{name} can be opened to everyone: neither the bucket nor its account blocks public access")
        }
    };
    let mut observed = Map::new();
    observed.insert("block_public_access.BlockPublicPolicy".to_owned(), json!(status == FindingStatus::Pass));
    observed.insert("account.block_public_access".to_owned(), Value::Null);
    let two = check.controls.keys().cloned().collect();
    Finding {
        id: finding_id(&check.id, &check.resource_type, &id),
        check: check.id.clone(),
        status,
        severity: check.severity,
        target: target.to_owned(),
        resource: ResourceRef {
            kind: check.resource_type.clone(),
            id,
            name: name.to_owned(),
            region: Some("eu-central-1".to_owned()),
            account: Some("111122223333".to_owned()),
            namespace: None,
        },
        message,
        observed,
        evidence_kind: check.evidence,
        evidence,
        gaps: Vec::new(),
        controls: BTreeMap::from([("2022".to_owned(), two), ("2013".to_owned(), vec!["A.9.4.1".to_owned()])]),
        exception: None,
    }
}

/// Ids of the controls of both editions and some clauses.
pub(super) fn ids() -> Vec<(Edition, String, &'static str)> {
    let mut ids = Vec::new();
    for (theme, group, n) in
        [(5, "organizational", 37), (6, "people", 8), (7, "physical", 14), (8, "technological", 34)]
    {
        ids.extend((1..=n).map(|i| (Edition::E2022, format!("A.{theme}.{i}"), group)));
    }
    ids.extend(
        ["4.1", "4.3", "5.2", "6.1.2", "7.5.2", "9.1", "10.2"].map(|id| (Edition::E2022, id.to_owned(), "clause")),
    );
    let categories: [(u8, &[u8]); 14] = [
        (5, &[2]),
        (6, &[5, 2]),
        (7, &[2, 3, 1]),
        (8, &[4, 3, 3]),
        (9, &[2, 6, 1, 5]),
        (10, &[2]),
        (11, &[6, 9]),
        (12, &[4, 1, 1, 4, 1, 2, 1]),
        (13, &[3, 4]),
        (14, &[3, 9, 1]),
        (15, &[3, 2]),
        (16, &[7]),
        (17, &[3, 1]),
        (18, &[5, 3]),
    ];
    for (domain, sizes) in categories {
        for (category, n) in sizes.iter().enumerate() {
            ids.extend(
                (1..=*n).map(|i| (Edition::E2013, format!("A.{domain}.{}.{i}", category + 1), "a domain of 2013")),
            );
        }
    }
    ids
}

pub(super) fn control(
    edition: Edition,
    id: &str,
    group: &str,
    checks: &[CheckSummary],
    findings: &[Finding],
) -> ControlRecord {
    let with = |strength| -> Vec<String> {
        let speaks = |check: &&CheckSummary| match edition {
            Edition::E2022 => check.controls.get(id).is_some_and(|c| c.strength == strength),
            Edition::E2013 => id == "A.9.4.1" && check.controls.values().any(|c| c.strength == strength),
        };
        checks.iter().filter(speaks).map(|check| check.id.clone()).collect()
    };
    let (direct_checks, supporting_checks) = (with(Strength::Direct), with(Strength::Supporting));
    let mut direct = StatusCounts::default();
    for finding in findings.iter().filter(|finding| direct_checks.contains(&finding.check)) {
        match finding.status {
            FindingStatus::Pass => direct.pass += 1,
            FindingStatus::Fail if finding.exception.is_some() => direct.accepted += 1,
            FindingStatus::Fail => direct.fail += 1,
            FindingStatus::Unknown => direct.unknown += 1,
            FindingStatus::NotApplicable => direct.not_applicable += 1,
            FindingStatus::Manual => direct.manual += 1,
        }
    }
    let status = match () {
        () if id == "A.7.12" => ControlStatus::Excluded,
        () if direct.fail > 0 => ControlStatus::Deviation,
        () if direct.unknown > 0 => ControlStatus::Incomplete,
        () if !direct_checks.is_empty() => ControlStatus::Supported,
        () if !supporting_checks.is_empty() => ControlStatus::Partial,
        () if id.len().is_multiple_of(2) => ControlStatus::Manual,
        () => ControlStatus::None,
    };
    ControlRecord {
        edition,
        id: id.to_owned(),
        title: format!("A subject of security, number {}", id.trim_start_matches("A.")),
        group: group.to_owned(),
        corresponds_to: match (edition, id) {
            (Edition::E2022, "A.8.3") => vec!["A.9.4.1".to_owned()],
            (Edition::E2013, "A.9.4.1") => vec!["A.8.3".to_owned()],
            _ => Vec::new(),
        },
        applicable: (id != "A.5.1").then_some(id != "A.7.12"),
        justification: (id == "A.7.12").then(|| "there is no cabling of our own".to_owned()),
        stated_in: Some("soa.yaml line 214".to_owned()),
        status,
        sentence: format!(
            "{} of {} findings that speak directly to this control pass.",
            direct.pass,
            direct.pass + direct.fail + direct.unknown
        ),
        not_covered:
            "Whether the granted people need what they can read; services outside the targets; paper. People show that."
                .to_owned(),
        question: "Who can reach which information, and what technically stops everyone else?".to_owned(),
        direct,
        supporting: StatusCounts::default(),
        evidence_kinds: Vec::new(),
        manual_evidence: if id == "A.5.2" {
            vec!["Minutes of the security board, 3 March 2026, valid until 3 March 2027".to_owned()]
        } else {
            Vec::new()
        },
        direct_checks,
        supporting_checks,
    }
}
