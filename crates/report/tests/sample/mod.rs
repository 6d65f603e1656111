//! A made-up company with every state in it, and one hostile name for each way out of a page.
#![allow(dead_code, clippy::unwrap_used, reason = "shared by several tests, which use a part of it each")]

mod company;
mod parts;

use annexa_annex::ExceptionUse;
use annexa_model::{
    Answer, CheckSummary, ControlRecord, Cut, EvidenceKind, Exchange, Failure, FailureKind, Finding, FindingStatus,
    Gap, Kind, Reason, Resource, ResourceSet, SetState, Severity, Strength, Unobserved, UnobservedState, sha256_hex,
    short_hash,
};
use annexa_report::{Changes, Cover, Exchanges, Recorded, RecordedHead, ReportInput, TargetReport};
use company::{changes, cover, exceptions, targets};
pub(crate) use parts::{check, exchange, finding};
use parts::{control, ids};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A name that tries to leave its page.
pub(crate) const HOSTILE: &str =
    "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{7*7}}\u{202e}gnp\u{0}\u{1b}[31m";

pub(crate) struct Sample {
    pub(crate) cover: Cover,
    pub(crate) targets: Vec<TargetReport>,
    pub(crate) controls: Vec<ControlRecord>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) checks: Vec<CheckSummary>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) sets: Vec<ResourceSet>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) exceptions: Vec<ExceptionUse>,
    pub(crate) changes: Option<Changes>,
    pub(crate) tape: Tape,
}

#[derive(Default)]
pub(crate) struct Tape {
    exchanges: BTreeMap<String, (Exchange, String, u64)>,
    lines: BTreeMap<String, u64>,
}

impl Exchanges for Tape {
    fn head(&self, id: &str) -> Option<RecordedHead<'_>> {
        let Recorded { exchange, file, line, digest } = self.get(id)?;
        let line_of = serde_json::to_string(exchange.as_ref()).unwrap();
        Some(RecordedHead { exchange: serde_json::from_str(&line_of).unwrap(), file, line, digest })
    }

    fn get(&self, id: &str) -> Option<Recorded<'_>> {
        let (exchange, file, line) = self.exchanges.get(id)?;
        let digest = sha256_hex(serde_json::to_string(exchange).unwrap());
        Some(Recorded {
            exchange: Cow::Borrowed(exchange),
            file: Cow::Borrowed(file),
            line: *line,
            digest: digest.into(),
        })
    }
}

impl Tape {
    /// Records a call; gives its id.
    pub(crate) fn add(&mut self, exchange: Exchange) -> String {
        let operation = exchange.operation.replace([':', ' ', '/'], ".");
        let file = format!("evidence/{}/{}/{operation}.jsonl", exchange.kind, exchange.target);
        let line = self.lines.entry(file.clone()).or_default();
        *line += 1;
        let id = exchange.id.clone();
        self.exchanges.insert(id.clone(), (exchange, file, *line));
        id
    }
}

pub(crate) fn reproduce(exchange: &Exchange) -> Option<String> {
    (exchange.kind == Kind::Aws).then(|| {
        let bucket = exchange.request.parameters.get("Bucket").and_then(Value::as_str).unwrap_or("BUCKET");
        format!("aws s3api get-public-access-block --bucket '{}'", bucket.replace('\'', "'\\''"))
    })
}

impl Sample {
    pub(crate) fn input(&self) -> ReportInput<'_> {
        ReportInput {
            cover: &self.cover,
            targets: &self.targets,
            controls: &self.controls,
            findings: &self.findings,
            checks: &self.checks,
            gaps: &self.gaps,
            sets: &self.sets,
            resources: &self.resources,
            exceptions: &self.exceptions,
            changes: self.changes.as_ref(),
            exchanges: &self.tape,
            reproduce: &reproduce,
        }
    }
}

/// A small company, with everything that a report can show.
pub(crate) fn sample() -> Sample {
    let mut sample = Sample {
        cover: cover(),
        targets: targets(),
        controls: Vec::new(),
        findings: Vec::new(),
        checks: checks(),
        gaps: Vec::new(),
        sets: Vec::new(),
        resources: Vec::new(),
        exceptions: exceptions(),
        changes: None,
        tape: Tape::default(),
    };
    let account = sample.tape.add(exchange(
        "s3control:GetPublicAccessBlock",
        Kind::Aws,
        "prod",
        "account",
        json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": false}}),
    ));
    let mut buckets: Vec<(String, FindingStatus)> =
        (1..=36).map(|i| (format!("data-{i:02}"), FindingStatus::Pass)).collect();
    buckets.push(("logs-archive".to_owned(), FindingStatus::Fail));
    buckets.push(("www-assets".to_owned(), FindingStatus::Fail));
    buckets.push(("finance-drop".to_owned(), FindingStatus::Unknown));
    buckets.push((HOSTILE.to_owned(), FindingStatus::Fail));
    buckets.push(("dir--x-s3".to_owned(), FindingStatus::NotApplicable));
    for (name, status) in buckets {
        bucket(&mut sample, &name, status, &account);
    }
    documents_and_lists(&mut sample);
    sample.sets = sets(&account, &sample.gaps[0].id);
    sample.controls = ids()
        .iter()
        .map(|(edition, id, group)| control(*edition, id, group, &sample.checks, &sample.findings))
        .collect();
    sample.changes = Some(changes(&sample.findings));
    sample
}

fn documents_and_lists(sample: &mut Sample) {
    let graph = sample.tape.add(exchange(
        "query repositories",
        Kind::Github,
        "acme",
        "payments",
        json!({"data": {"repository": {"name": "payments", "reviewed": 328, "of": 340}}}),
    ));
    sample.findings.push(finding(&sample.checks[1], "acme", "payments", FindingStatus::Fail, vec![graph]));
    let policy = sample.tape.add(exchange(
        "READ",
        Kind::Documents,
        "isms",
        "policies/access.md",
        json!("title: Access policy\nowner: CISO\nBlockPublicPolicy: true\n\nWho may read what.\n"),
    ));
    sample.findings.push(finding(&sample.checks[2], "isms", "Access policy", FindingStatus::Pass, vec![policy]));
    let mut list = finding(
        &sample.checks[3],
        "prod",
        "users",
        FindingStatus::Unknown,
        vec![short_hash(&["a call that the bundle does not hold"])],
    );
    list.resource.id = "prod/eu-central-1/*".to_owned();
    sample.findings.push(list);
}

fn checks() -> Vec<CheckSummary> {
    vec![
        check(
            "aws.s3.bucket-blocks-public-access",
            "S3 buckets block public access",
            Severity::Critical,
            EvidenceKind::Implementation,
            "aws.s3.bucket",
            &[("A.8.3", Strength::Direct), ("A.8.12", Strength::Supporting)],
        ),
        check(
            "github.repository.changes-reviewed",
            "Changes to main were reviewed",
            Severity::High,
            EvidenceKind::Operation,
            "github.repository",
            &[("A.8.32", Strength::Direct)],
        ),
        check(
            "documents.policy-approved",
            "Policies are approved",
            Severity::Medium,
            EvidenceKind::Design,
            "document.policy",
            &[("A.5.1", Strength::Direct), ("5.2", Strength::Direct)],
        ),
        check(
            "aws.iam.user-has-mfa",
            "IAM users with a password have MFA",
            Severity::High,
            EvidenceKind::Implementation,
            "aws.iam.user",
            &[("A.8.5", Strength::Direct)],
        ),
    ]
}

/// One bucket: its call, its finding, its resource, and a gap where it could not be read.
fn bucket(sample: &mut Sample, name: &str, status: FindingStatus, account: &str) {
    let id = sample.tape.add(bucket_call(name, status));
    let mut one = finding(&sample.checks[0], "prod", name, status, vec![id.clone(), account.to_owned()]);
    if name == "www-assets" {
        one.exception = Some("EX-1".to_owned());
    }
    let mut unobserved = Vec::new();
    if status == FindingStatus::Unknown {
        one.gaps = vec![id.clone()];
        sample.gaps.push(gap(&id, &sample.checks[0].id));
        let reason = Reason { reason: "AccessDenied on s3:GetPublicAccessBlock".to_owned(), gap: Some(id.clone()) };
        unobserved.push(Unobserved {
            pointer: "/block_public_access".to_owned(),
            state: UnobservedState::Unobserved,
            reason,
        });
    }
    sample.resources.push(Resource {
        kind: "aws.s3.bucket".to_owned(),
        id: one.resource.id.clone(),
        name: name.to_owned(),
        target: "prod".to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        namespace: None,
        facts: Map::from_iter([("name".to_owned(), json!(name))]),
        unobserved,
        sources: BTreeMap::from([(String::new(), vec![id])]),
        excluded: None,
    });
    sample.findings.push(one);
}

fn bucket_call(name: &str, status: FindingStatus) -> Exchange {
    let mut call = exchange(
        "s3:GetPublicAccessBlock",
        Kind::Aws,
        "prod",
        name,
        json!({"Bucket": name, "BlockPublicAcls": true, "BlockPublicPolicy": status == FindingStatus::Pass, "Owner": {"DisplayName": "p-0123456789abcdef"}}),
    );
    call.cuts.push(Cut {
        pointer: "/Owner/DisplayName".to_owned(),
        reason: "personal".to_owned(),
        fact: Some("a pseudonym stands in its place".to_owned()),
    });
    if status == FindingStatus::Unknown {
        call.answer = Some(Answer {
            status: 403,
            headers: Map::new(),
            content_type: "application/xml".to_owned(),
            body: json!("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
        });
        call.failure = Some(Failure {
            kind: FailureKind::Denied,
            code: Some("AccessDenied".to_owned()),
            message: "the bucket’s own policy denies role/annexa".to_owned(),
        });
    }
    call
}

fn gap(id: &str, check: &str) -> Gap {
    Gap {
        id: id.to_owned(),
        target: "prod".to_owned(),
        operation: "s3:GetPublicAccessBlock".to_owned(),
        region: Some("eu-central-1".to_owned()),
        subject: "bucket finance-drop".to_owned(),
        kind: FailureKind::Denied,
        message: "AccessDenied: the bucket’s own policy denies role/annexa".to_owned(),
        permission: Some("s3:GetBucketPublicAccessBlock".to_owned()),
        remedy: "Allow role/annexa in that bucket’s policy.".to_owned(),
        checks: vec![check.to_owned()],
        exception: None,
    }
}

fn sets(account: &str, gap: &str) -> Vec<ResourceSet> {
    let set = |kind: &str, state: SetState, found: u64, counted: Option<u64>| ResourceSet {
        kind: kind.to_owned(),
        target: "prod".to_owned(),
        region: Some("eu-central-1".to_owned()),
        state,
        found,
        excluded: 1,
        counted,
        evidence: vec![account.to_owned()],
    };
    vec![
        set("aws.s3.bucket", SetState::Complete, 41, Some(42)),
        set(
            "aws.iam.user",
            SetState::Unobserved { reason: "AccessDenied on iam:ListUsers".to_owned(), gap: gap.to_owned() },
            0,
            None,
        ),
        set(
            "github.repository",
            SetState::Partial { reason: "page 2 was lost".to_owned(), gap: "not there".to_owned() },
            1,
            Some(61),
        ),
        set("document.policy", SetState::NotApplicable { reason: "no folder".to_owned() }, 0, None),
    ]
}

/// A company with `n` findings over 20 checks, one exchange for every second finding.
pub(crate) fn big(n: usize) -> Sample {
    let mut sample = sample();
    let checks: Vec<_> = (0..20)
        .map(|i| {
            check(
                &format!("aws.s3.question-{i}"),
                "S3 buckets are as they should be",
                Severity::High,
                EvidenceKind::Implementation,
                "aws.s3.bucket",
                &[("A.8.3", Strength::Direct), ("A.8.24", Strength::Direct)],
            )
        })
        .collect();
    let statuses = [FindingStatus::Pass, FindingStatus::Pass, FindingStatus::Fail, FindingStatus::Unknown];
    let mut last = Vec::new();
    let mut findings: Vec<Finding> = Vec::with_capacity(n);
    for i in 0..n {
        if i % 2 == 0 {
            let body = json!({"Bucket": format!("bucket-{i}"), "Rules": [{"Status": "Enabled", "Id": i}], "BlockPublicPolicy": false});
            last = vec![sample.tape.add(exchange("s3:GetBucket", Kind::Aws, "prod", &format!("bucket-{i}"), body))];
        }
        findings.push(finding(&checks[i % 20], "prod", &format!("bucket-{}", i / 20), statuses[i % 4], last.clone()));
    }
    let first = sample.resources[0].clone();
    sample.resources = (0..n / 20)
        .map(|i| Resource { id: format!("arn:aws:s3:::bucket-{i}"), name: format!("bucket-{i}"), ..first.clone() })
        .collect();
    for control in &mut sample.controls {
        if control.id == "A.8.3" || control.id == "A.9.4.1" || control.id == "A.8.24" {
            control.direct_checks = checks.iter().map(|check| check.id.clone()).collect();
        }
    }
    sample.checks = checks;
    sample.findings = findings;
    sample
}
