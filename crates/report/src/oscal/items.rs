//! One OSCAL object each: observation, risk, finding, component, inventory item.

use super::text::{line, token, uuid};
use crate::plan::{CheckPlan, Plan};
use crate::{TargetReport, escape, paths, words};
use annexa_model::{ControlRecord, ControlStatus, EvidenceKind, Finding, FindingStatus, ResourceRef};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The namespace of our properties.
const NS: &str = "urn:annexa:oscal";

/// Pieces of evidence that one observation names.
const EVIDENCE: usize = 20;

pub(super) fn prop(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NS, "value": line(value)})
}

/// annexa as a component, so that origins can name it.
pub(super) fn tool(plan: &Plan<'_>) -> Value {
    json!({
        "uuid": tool_id(), "type": "software", "title": "annexa",
        "description": "Asks the targets how they are configured, records the answers and derives the findings.",
        "props": [{"name": "version", "value": line(&plan.input.cover.engine_version)}],
        "status": {"state": "operational"},
    })
}

pub(super) fn component(target: &TargetReport) -> Value {
    let identity = target.identity.as_ref();
    let description = identity
        .map_or_else(|| "nobody answered".to_owned(), |i| format!("{} {}, asked by {}", i.label, i.id, i.caller));
    json!({
        "uuid": target_id(&target.name), "type": "system", "title": line(&target.name), "description": line(&description),
        "props": [prop("kind", target.kind.as_str())],
        "status": {"state": if identity.is_some() { "operational" } else { "other" }},
    })
}

/// Each resource that a finding is about, once.
pub(super) fn inventory<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = Value> + 'p {
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let findings = plan.input.findings.iter();
    findings.filter(move |f| seen.insert((&f.resource.kind, &f.resource.id))).map(|finding| {
        let resource = &finding.resource;
        json!({
            "uuid": resource_id(resource),
            "description": line(&resource.name),
            "props": [prop("type", &resource.kind), prop("id", &resource.id), prop("target", &finding.target)],
        })
    })
}

pub(super) fn observation(plan: &Plan<'_>, at: usize) -> Value {
    let finding = &plan.input.findings[at];
    let title = plan.check(&finding.check).map_or(finding.check.as_str(), CheckPlan::title);
    let metas = finding.evidence.iter().filter_map(|id| plan.files.meta(id));
    let collected = metas.map(|meta| meta.asked_at).max().unwrap_or(plan.input.cover.as_of);
    let mut observation = json!({
        "uuid": observation_id(finding),
        "title": line(title),
        "description": line(&finding.message),
        "props": [prop("check", &finding.check), prop("status", finding.status.as_str()), prop("severity", finding.severity.as_str())],
        "methods": [if finding.evidence_kind == EvidenceKind::Design { "EXAMINE" } else { "TEST" }],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": tool_id()}]}],
        "subjects": [{"subject-uuid": resource_id(&finding.resource), "type": "inventory-item", "title": line(&finding.resource.name)}],
        "collected": words::instant(collected),
    });
    let evidence: Vec<Value> = finding.evidence.iter().take(EVIDENCE).filter_map(|id| evidence(plan, id)).collect();
    if !evidence.is_empty() {
        observation["relevant-evidence"] = Value::Array(evidence);
    }
    if let Some(href) = plan.finding_href(at) {
        observation["links"] = json!([{"href": format!("../{href}"), "rel": "reference"}]);
    }
    observation
}

/// The line of the evidence file, by RFC 5147's fragment for text, with its digest.
fn evidence(plan: &Plan<'_>, id: &str) -> Option<Value> {
    let meta = plan.files.meta(id)?;
    let (file, group) = (plan.files.files.get(meta.file)?, plan.files.groups.get(meta.group)?);
    let line_before = meta.line.saturating_sub(1);
    Some(json!({
        "href": format!("../{}#line={line_before},{}", paths::link(&file.path), meta.line),
        "description": line(&format!("{} on {}", group.operation, group.target)),
        "props": [prop("sha-256", &meta.digest), prop("exchange", id)],
    }))
}

/// Fails are risks; accepted ones too.
pub(super) fn is_risk(finding: &Finding) -> bool {
    finding.status == FindingStatus::Fail
}

pub(super) fn risk(plan: &Plan<'_>, at: usize) -> Value {
    let finding = &plan.input.findings[at];
    let check = plan.check(&finding.check);
    let why = check.and_then(|check| check.summary).map_or("Not stated.", |summary| summary.why.as_str());
    let mut props = vec![prop("severity", finding.severity.as_str())];
    if let Some(exception) = &finding.exception {
        props.push(prop("exception", exception));
    }
    json!({
        "uuid": risk_id(finding),
        "title": line(&format!("Not so: {}", check.map_or(finding.check.as_str(), |check| check.title()))),
        "description": line(&finding.message),
        "statement": line(&escape::cut(why, 500)),
        "props": props,
        "status": if finding.exception.is_some() { "deviation-approved" } else { "open" },
        "related-observations": [{"observation-uuid": observation_id(finding)}],
    })
}

/// Only what checks speak to can be satisfied or not.
pub(super) fn has_finding(control: &ControlRecord) -> bool {
    use ControlStatus::{Deviation, Incomplete, Partial, Supported};
    matches!(control.status, Supported | Deviation | Incomplete | Partial)
}

pub(super) fn finding(plan: &Plan<'_>, control: &ControlRecord) -> Value {
    let (state, reason) = match control.status {
        ControlStatus::Supported => ("satisfied", "pass"),
        ControlStatus::Deviation => ("not-satisfied", "fail"),
        _ => ("not-satisfied", "other"),
    };
    let checks = plan.checks_of(control);
    let findings = || checks.iter().flat_map(|(check, _)| &check.findings).map(|&at| &plan.input.findings[at]);
    let title = line(&format!("{} {}", control.id, control.title));
    let mut finding = json!({
        "uuid": uuid(&["finding", control.edition.as_str(), &control.id]),
        "title": title,
        "description": line(&control.sentence),
        "props": [prop("status", control.status.as_str())],
        "links": [{"href": format!("../{}", paths::control(control.edition, &control.id)), "rel": "reference"}],
        "target": {
            "type": "objective-id", "target-id": token(&control.id), "title": title,
            "status": {"state": state, "reason": reason, "remarks": line(&format!("annexa says {}. Not covered: {}", control.status, control.not_covered))},
        },
    });
    let observations: Vec<Value> = findings().map(|f| json!({"observation-uuid": observation_id(f)})).collect();
    if !observations.is_empty() {
        finding["related-observations"] = Value::Array(observations);
    }
    let risks: Vec<Value> = findings().filter(|f| is_risk(f)).map(|f| json!({"risk-uuid": risk_id(f)})).collect();
    if !risks.is_empty() {
        finding["related-risks"] = Value::Array(risks);
    }
    finding
}

fn tool_id() -> String {
    uuid(&["tool", "annexa"])
}

fn target_id(name: &str) -> String {
    uuid(&["target", name])
}

fn resource_id(resource: &ResourceRef) -> String {
    uuid(&["resource", &resource.kind, &resource.id])
}

fn observation_id(finding: &Finding) -> String {
    uuid(&["observation", &finding.id])
}

fn risk_id(finding: &Finding) -> String {
    uuid(&["risk", &finding.id])
}
