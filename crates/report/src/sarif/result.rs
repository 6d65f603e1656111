//! A finding as a result.

use super::{Plan, message, rule, segment};
use crate::{body, escape, paths};
use annexa_model::{Finding, FindingStatus};
use serde_json::{Map, Value, json};

/// Lines of evidence that a result names.
const EVIDENCE: usize = 5;
/// Observed values that a result names.
const VALUES: usize = 8;

pub(super) fn result(plan: &Plan<'_>, at: usize) -> Value {
    let finding = &plan.input.findings[at];
    let accepted = plan.accepted.by(finding);
    let unknown = finding.status == FindingStatus::Unknown;
    // code scanning does not look at `kind` or `suppressions`: the text says it as well
    let lead = match (unknown, accepted.is_some()) {
        (true, false) => "Unknown, not passed: ",
        (true, true) => "Unknown, not passed; the gap is accepted: ",
        (false, true) => "Fails; accepted: ",
        (false, false) => "",
    };
    let mut result = json!({
        "ruleId": escape::line(&finding.check, 200),
        "ruleIndex": plan.rule_of.get(finding.check.as_str()),
        // SARIF 3.27.9: `open` is an evaluation without enough information; 3.27.10: its level must be `none`
        "kind": if unknown { "open" } else { "fail" },
        "level": if unknown { "none" } else { rule::level(finding.severity) },
        "message": {"text": message(&format!("{lead}{}", finding.message), 1_000)},
        "locations": [location(finding)],
        // code scanning looks at `primaryLocationLineHash` alone: one alert a finding, from scan to scan
        "partialFingerprints": {
            "primaryLocationLineHash": escape::line(&finding.id, 80),
            "annexaFindingId/v1": escape::line(&finding.id, 80),
        },
        "properties": properties(finding),
    });
    let evidence = evidence(plan, finding);
    if !evidence.is_empty() {
        result["relatedLocations"] = Value::Array(evidence);
    }
    if let Some(id) = accepted {
        let justification = message(&plan.accepted.sentence(id), 1_500);
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": justification}]);
    }
    result
}

/// Where it stands. Clouds and clusters have no files, but code scanning shows the file's path in its list of alerts, so
/// the path says which resource it is: `production/eu-central-1/aws.s3.bucket/logs`. Documents have their own path.
fn location(finding: &Finding) -> Value {
    let resource = &finding.resource;
    let own = resource.id.strip_prefix(&finding.target).and_then(|rest| rest.strip_prefix('/'));
    let parts: Vec<&str> = match own.and_then(|path| path.split('#').next()) {
        Some(path) if resource.kind.starts_with("document.") || resource.kind.starts_with("register.") => {
            std::iter::once(finding.target.as_str()).chain(path.split('/').filter(|part| !part.is_empty())).collect()
        }
        _ => {
            let place = resource.region.as_deref().or(resource.namespace.as_deref());
            std::iter::once(finding.target.as_str())
                .chain(place)
                .chain([resource.kind.as_str(), resource.name.as_str()])
                .collect()
        }
    };
    let uri: Vec<String> = parts.into_iter().take(20).map(segment).collect();
    json!({
        "physicalLocation": {"artifactLocation": {"uri": uri.join("/")}, "region": {"startLine": 1}},
        "logicalLocations": [{
            "name": escape::line(&resource.name, 200),
            "fullyQualifiedName": escape::line(&resource.id, 500),
            "kind": "resource",
        }],
    })
}

/// The lines of the bundle's evidence files.
fn evidence(plan: &Plan<'_>, finding: &Finding) -> Vec<Value> {
    let recorded = finding.evidence.iter().take(EVIDENCE).filter_map(|id| plan.input.exchanges.get(id));
    recorded
        .enumerate()
        .map(|(at, recorded)| {
            let what = format!("{} in the evidence bundle", recorded.exchange.operation);
            json!({
                "id": at + 1,
                "physicalLocation": {
                    "artifactLocation": {"uri": paths::link(&recorded.file)},
                    "region": {"startLine": recorded.line.max(1)},
                },
                "message": {"text": message(&what, 200)},
            })
        })
        .collect()
}

fn properties(finding: &Finding) -> Value {
    let observed: Map<String, Value> = finding
        .observed
        .iter()
        .take(VALUES)
        .map(|(name, value)| (escape::line(name, 100), Value::String(escape::line(&body::plain(value), 200))))
        .collect();
    let controls = |edition: &str| -> Vec<String> {
        let ids = finding.controls.get(edition).into_iter().flatten();
        ids.take(50).map(|id| escape::line(id, 40)).collect()
    };
    json!({
        "status": finding.status.as_str(),
        "severity": finding.severity.as_str(),
        "target": escape::line(&finding.target, 100),
        "resourceType": escape::line(&finding.resource.kind, 100),
        "resource": escape::line(&finding.resource.id, 500),
        "controls": {"2022": controls("2022"), "2013": controls("2013")},
        "observed": observed,
    })
}
