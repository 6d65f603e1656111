//! What is said of the company as a whole.

use super::parts::time;
use annexa_annex::ExceptionUse;
use annexa_model::{ControlStatus, Edition, Finding, FindingStatus, Identity, Kind, sha256_hex};
use annexa_report::{
    Changes, ControlChange, Cover, FindingChange, GapChange, HostReport, Previous, RulesReport, Selection,
    TargetReport, TypeCount,
};

pub(super) fn changes(findings: &[Finding]) -> Changes {
    let change = |finding: &Finding, before, now| FindingChange {
        id: finding.id.clone(),
        check: finding.check.clone(),
        target: finding.target.clone(),
        resource: finding.resource.clone(),
        before,
        now,
        message: finding.message.clone(),
        accepted_before: None,
        accepted_now: None,
    };
    let fail = Some(FindingStatus::Fail);
    Changes {
        findings: vec![
            change(&findings[36], None, Some(FindingStatus::Fail)),
            change(&findings[0], Some(FindingStatus::Fail), Some(FindingStatus::Pass)),
            FindingChange { id: "gone".to_owned(), ..change(&findings[1], Some(FindingStatus::Pass), None) },
            FindingChange { accepted_now: Some("EX-1".to_owned()), ..change(&findings[37], fail, fail) },
            FindingChange { accepted_before: Some("EX-3".to_owned()), ..change(&findings[41], fail, fail) },
        ],
        resources_new: vec![findings[36].resource.clone()],
        resources_gone: vec![findings[1].resource.clone()],
        controls: vec![ControlChange {
            edition: Edition::E2022,
            id: "A.8.3".to_owned(),
            before: ControlStatus::Supported,
            now: ControlStatus::Deviation,
        }],
        rules: vec!["checks/aws/iam/user-has-mfa.yaml".to_owned()],
        gaps: vec![GapChange {
            id: "not here".to_owned(),
            target: "prod".to_owned(),
            operation: "s3:GetPublicAccessBlock".to_owned(),
            subject: "bucket finance-drop".to_owned(),
            accepted_before: Some("EX-3".to_owned()),
            accepted_now: None,
        }],
    }
}

pub(super) fn cover() -> Cover {
    Cover {
        organization: "Example GmbH".to_owned(),
        as_of: time("2026-11-24T02:00:00Z"),
        observed: Some((time("2026-11-24T02:00:04Z"), time("2026-11-24T02:06:51Z"))),
        period: Some((annexa_model::Date::constant(2026, 1, 1), annexa_model::Date::constant(2026, 12, 31))),
        edition: Edition::E2022,
        selection: Selection::default(),
        signed_by: Some("ci@example · key 3f9a07c2".to_owned()),
        sequence: 7,
        previous: Some(Previous {
            sequence: 6,
            digest: sha256_hex("previous"),
            as_of: Some(time("2026-11-23T00:00:00Z")),
        }),
        engine_version: "0.1.0".to_owned(),
        rules: RulesReport {
            release: "0.1.0".to_owned(),
            own: vec!["checks/own/x.yaml".to_owned()],
            changed: Vec::new(),
            left_out: vec!["checks/aws/a/b.yaml".to_owned()],
        },
        privacy: "default".to_owned(),
        replayed: None,
        evidence_digest: sha256_hex("evidence"),
    }
}

pub(super) fn targets() -> Vec<TargetReport> {
    let host = |host: &str, provider_own| HostReport {
        host: host.to_owned(),
        tls: vec![format!("sha256:{}", sha256_hex(host))],
        provider_own,
    };
    let identity = |id: &str, label: &str, caller: &str| {
        Some(Identity {
            id: id.to_owned(),
            label: label.to_owned(),
            caller: caller.to_owned(),
            notes: vec!["partition aws".to_owned()],
        })
    };
    let count = |kind: &str, title: &str, found, counted| TypeCount {
        kind: kind.to_owned(),
        title: title.to_owned(),
        found,
        asked: found + 1,
        answered: found,
        denied: 1,
        excluded: 1,
        counted,
    };
    let target = |name: &str, kind, identity, hosts, types| TargetReport {
        name: name.to_owned(),
        kind,
        identity,
        hosts,
        clock_difference: Some(0.4),
        asked: 2310,
        answered: 2309,
        denied: 1,
        failed: 0,
        left_out: Vec::new(),
        types,
    };
    vec![
        target(
            "prod",
            Kind::Aws,
            identity("111122223333", "AWS account", "arn:aws:sts::111122223333:assumed-role/annexa/nightly"),
            vec![host("s3.eu-central-1.amazonaws.com", true), host("127.0.0.1:5000", false)],
            vec![count("aws.s3.bucket", "S3 bucket", 41, Some(42)), count("aws.iam.user", "IAM user", 0, None)],
        ),
        target("shop", Kind::Kubernetes, None, Vec::new(), Vec::new()),
        target(
            "acme",
            Kind::Github,
            identity("O_kgDOA0", "organization node id", "App 80412"),
            vec![host("api.github.com", true)],
            vec![count("github.repository", "repository", 1, Some(61))],
        ),
        target(
            "isms",
            Kind::Documents,
            identity("4be791", "git commit", "local files"),
            Vec::new(),
            vec![count("document.policy", "policy", 1, None)],
        ),
    ]
}

pub(super) fn exceptions() -> Vec<ExceptionUse> {
    let one = |id: &str, expires: &str, expired, used| ExceptionUse {
        id: id.to_owned(),
        subject: "bucket www-assets is public".to_owned(),
        reason: "public website, static files".to_owned(),
        owner: "web team".to_owned(),
        approver: "CISO".to_owned(),
        expires: expires.parse().unwrap(),
        expired,
        findings: used,
        gaps: 0,
        stated_in: "exceptions.yaml line 3".to_owned(),
    };
    vec![one("EX-1", "2027-01-31", false, 1), one("EX-2", "2026-12-03", false, 0), one("EX-3", "2026-10-01", true, 0)]
}
