//! One OSCAL object each: observation, risk, finding, component, inventory item.
//!
//! A large estate has an observation for each of some 100,000 findings, so these borrow what they can.

use super::text::{Id, id, line, own_line, token};
use crate::plan::{CheckPlan, Plan};
use crate::recorded::Meta;
use crate::{TargetReport, escape, paths, words};
use annexa_model::{ControlRecord, ControlStatus, EvidenceKind, Finding, FindingStatus, ResourceRef};
use serde::Serialize;
use std::borrow::Cow;

/// The namespace of our properties.
const NS: &str = "urn:annexa:oscal";

/// Pieces of evidence that one observation names.
const EVIDENCE: usize = 20;

type Text<'p> = Cow<'p, str>;

/// Ids that stand in several objects, made once.
pub(super) struct Ids {
    tool: Id,
    /// For each finding that of its observation and that of its resource.
    observations: Vec<(Id, Id)>,
}

impl Ids {
    pub(super) fn new(findings: &[Finding]) -> Self {
        let of = |finding: &Finding| (id(&["observation", &finding.id]), resource_id(&finding.resource));
        Self { tool: id(&["tool", "annexa"]), observations: findings.iter().map(of).collect() }
    }
}

/// A property of ours.
#[derive(Serialize)]
pub(super) struct Prop<'p> {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns: Option<&'static str>,
    value: Text<'p>,
}

pub(super) fn prop<'p>(name: &'static str, value: &'p str) -> Prop<'p> {
    Prop { name, ns: Some(NS), value: line(value) }
}

#[derive(Serialize)]
struct Link {
    href: String,
    rel: &'static str,
}

/// What somebody or something is in a system: annexa itself, or a target.
#[derive(Serialize)]
pub(super) struct Component<'p> {
    uuid: Id,
    #[serde(rename = "type")]
    kind: &'static str,
    title: Text<'p>,
    description: Text<'p>,
    props: [Prop<'p>; 1],
    status: State,
}

#[derive(Serialize)]
struct State {
    state: &'static str,
}

/// annexa as a component, so that origins can name it.
pub(super) fn tool<'p>(plan: &'p Plan<'_>, ids: &Ids) -> Component<'p> {
    Component {
        uuid: ids.tool,
        kind: "software",
        title: "annexa".into(),
        description: "Asks the targets how they are configured, records the answers and derives the findings.".into(),
        props: [Prop { name: "version", ns: None, value: line(&plan.input.cover.engine_version) }],
        status: State { state: "operational" },
    }
}

pub(super) fn component(target: &TargetReport) -> Component<'_> {
    let identity = target.identity.as_ref();
    Component {
        uuid: id(&["target", &target.name]),
        kind: "system",
        title: line(&target.name),
        description: identity
            .map_or("nobody answered".into(), |i| own_line(format!("{} {}, asked by {}", i.label, i.id, i.caller))),
        props: [prop("kind", target.kind.as_str())],
        status: State { state: if identity.is_some() { "operational" } else { "other" } },
    }
}

#[derive(Serialize)]
pub(super) struct InventoryItem<'p> {
    uuid: Id,
    description: Text<'p>,
    props: [Prop<'p>; 3],
}

/// Each resource that a finding is about, once.
pub(super) fn inventory<'p>(plan: &'p Plan<'_>, ids: &'p Ids) -> impl Iterator<Item = InventoryItem<'p>> + 'p {
    let findings = plan.input.findings.iter().enumerate();
    findings.filter(|(at, _)| plan.is_first_of_resource(*at)).map(|(at, finding)| {
        let resource = &finding.resource;
        InventoryItem {
            uuid: ids.observations[at].1,
            description: line(&resource.name),
            props: [prop("type", &resource.kind), prop("id", &resource.id), prop("target", &finding.target)],
        }
    })
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Observation<'p> {
    uuid: Id,
    title: Text<'p>,
    description: Text<'p>,
    props: [Prop<'p>; 3],
    methods: [&'static str; 1],
    origins: [Origin; 1],
    subjects: [Subject<'p>; 1],
    collected: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relevant_evidence: Vec<Evidence<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link; 1]>,
}

#[derive(Serialize)]
struct Origin {
    actors: [Actor; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Actor {
    #[serde(rename = "type")]
    kind: &'static str,
    actor_uuid: Id,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Subject<'p> {
    subject_uuid: Id,
    #[serde(rename = "type")]
    kind: &'static str,
    title: Text<'p>,
}

pub(super) fn observation<'p>(plan: &'p Plan<'_>, ids: &Ids, at: usize) -> Observation<'p> {
    let finding = &plan.input.findings[at];
    let (observation_id, resource_id) = ids.observations[at];
    let metas = || plan.files.metas_of(at);
    let collected = metas().flatten().map(|meta| meta.asked_at).max().unwrap_or(plan.input.cover.as_of);
    Observation {
        uuid: observation_id,
        title: line(plan.check(&finding.check).map_or(finding.check.as_str(), CheckPlan::title)),
        description: line(&finding.message),
        props: [
            prop("check", &finding.check),
            prop("status", finding.status.as_str()),
            prop("severity", finding.severity.as_str()),
        ],
        methods: [if finding.evidence_kind == EvidenceKind::Design { "EXAMINE" } else { "TEST" }],
        origins: [Origin { actors: [Actor { kind: "tool", actor_uuid: ids.tool }] }],
        subjects: [Subject { subject_uuid: resource_id, kind: "inventory-item", title: line(&finding.resource.name) }],
        collected: words::instant(collected),
        relevant_evidence: metas().take(EVIDENCE).flatten().filter_map(|meta| evidence(plan, meta)).collect(),
        links: plan.finding_href(at).map(|href| [Link { href: format!("../{href}"), rel: "reference" }]),
    }
}

#[derive(Serialize)]
struct Evidence<'p> {
    href: String,
    description: Text<'p>,
    props: [Prop<'p>; 2],
}

/// The line of the evidence file, by RFC 5147's fragment for text, with its digest.
fn evidence<'p>(plan: &'p Plan<'_>, meta: &'p Meta) -> Option<Evidence<'p>> {
    let (file, group) = (plan.files.files.get(meta.file)?, plan.files.groups.get(meta.group)?);
    let line_before = meta.line.saturating_sub(1);
    Some(Evidence {
        href: format!("../{}#line={line_before},{}", file.link, meta.line),
        description: own_line(format!("{} on {}", group.operation, group.target)),
        props: [prop("sha-256", &meta.digest), prop("exchange", &meta.id)],
    })
}

/// Fails are risks; accepted ones too.
pub(super) fn is_risk(finding: &Finding) -> bool {
    finding.status == FindingStatus::Fail
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Risk<'p> {
    uuid: Id,
    title: Text<'p>,
    description: Text<'p>,
    statement: Text<'p>,
    props: Vec<Prop<'p>>,
    status: &'static str,
    related_observations: [RelatedObservation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RelatedObservation {
    observation_uuid: Id,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RelatedRisk {
    risk_uuid: Id,
}

pub(super) fn risk<'p>(plan: &'p Plan<'_>, ids: &Ids, at: usize) -> Risk<'p> {
    let finding = &plan.input.findings[at];
    let check = plan.check(&finding.check);
    let why = check.and_then(|check| check.summary).map_or("Not stated.", |summary| summary.why.as_str());
    let exception = finding.exception.as_deref().map(|exception| prop("exception", exception));
    Risk {
        uuid: risk_id(finding),
        title: own_line(format!("Not so: {}", check.map_or(finding.check.as_str(), CheckPlan::title))),
        description: line(&finding.message),
        statement: own_line(escape::cut(why, 500).into_owned()),
        props: std::iter::once(prop("severity", finding.severity.as_str())).chain(exception).collect(),
        status: if finding.exception.is_some() { "deviation-approved" } else { "open" },
        related_observations: [RelatedObservation { observation_uuid: ids.observations[at].0 }],
    }
}

/// Only what checks speak to can be satisfied or not.
pub(super) fn has_finding(control: &ControlRecord) -> bool {
    use ControlStatus::{Deviation, Incomplete, Partial, Supported};
    matches!(control.status, Supported | Deviation | Incomplete | Partial)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ControlFinding<'p> {
    uuid: Id,
    title: Text<'p>,
    description: Text<'p>,
    props: [Prop<'p>; 1],
    links: [Link; 1],
    target: FindingTarget<'p>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_observations: Vec<RelatedObservation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_risks: Vec<RelatedRisk>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FindingTarget<'p> {
    #[serde(rename = "type")]
    kind: &'static str,
    target_id: String,
    title: Text<'p>,
    status: FindingState,
}

#[derive(Serialize)]
struct FindingState {
    state: &'static str,
    reason: &'static str,
    remarks: Text<'static>,
}

pub(super) fn finding<'p>(plan: &'p Plan<'_>, ids: &Ids, control: &'p ControlRecord) -> ControlFinding<'p> {
    let (state, reason) = match control.status {
        ControlStatus::Supported => ("satisfied", "pass"),
        ControlStatus::Deviation => ("not-satisfied", "fail"),
        _ => ("not-satisfied", "other"),
    };
    let checks = plan.checks_of(control);
    let findings = || checks.iter().flat_map(|(check, _)| &check.findings).copied();
    let title = own_line(format!("{} {}", control.id, control.title));
    ControlFinding {
        uuid: id(&["finding", control.edition.as_str(), &control.id]),
        title: title.clone(),
        description: line(&control.sentence),
        props: [prop("status", control.status.as_str())],
        links: [Link { href: format!("../{}", paths::control(control.edition, &control.id)), rel: "reference" }],
        target: FindingTarget {
            kind: "objective-id",
            target_id: token(&control.id),
            title,
            status: FindingState {
                state,
                reason,
                remarks: own_line(format!("annexa says {}. Not covered: {}", control.status, control.not_covered)),
            },
        },
        related_observations: findings()
            .map(|at| RelatedObservation { observation_uuid: ids.observations[at].0 })
            .collect(),
        related_risks: findings()
            .map(|at| &plan.input.findings[at])
            .filter(|finding| is_risk(finding))
            .map(|finding| RelatedRisk { risk_uuid: risk_id(finding) })
            .collect(),
    }
}

fn resource_id(resource: &ResourceRef) -> Id {
    id(&["resource", &resource.kind, &resource.id])
}

fn risk_id(finding: &Finding) -> Id {
    id(&["risk", &finding.id])
}
