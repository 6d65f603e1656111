//! OSCAL assessment results: the same findings in the format that other assessment tools read.
//!
//! Facts of the format are those of NIST's OSCAL 1.1.2, assessment-results model. Written as a stream: a large estate's
//! file has as many observations as there are findings.

mod items;
mod text;

use crate::plan::Plan;
use crate::seq::Seq;
use crate::{ReportError, ReportInput, paths, words};
use annexa_model::{ControlRecord, ControlStatus};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use text::{id, line, token};

const VERSION: &str = "1.1.2";

/// Writes the OSCAL assessment results as JSON. Links are those of a file in the bundle's `oscal/` folder.
pub fn oscal_into(input: &ReportInput<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    write(&Plan::new(*input), out)
}

pub(crate) fn write(plan: &Plan<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    // most of what is written are single characters and short texts
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    Document(plan, &items::Ids::new(plan.input.findings)).serialize(&mut serde_json::Serializer::new(&mut out))?;
    Ok(out.flush()?)
}

/// The OSCAL assessment results as JSON; see [`oscal_into`].
pub fn oscal(input: &ReportInput<'_>) -> Result<Vec<u8>, ReportError> {
    let mut out = Vec::new();
    oscal_into(input, &mut out)?;
    Ok(out)
}

struct Document<'p, 'a>(&'p Plan<'a>, &'p items::Ids);

impl Serialize for Document<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("assessment-results", &Results(self.0, self.1))?;
        map.end()
    }
}

struct Results<'p, 'a>(&'p Plan<'a>, &'p items::Ids);

impl Serialize for Results<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cover = self.0.input.cover;
        let plan_id = id(&["assessment plan", &cover.evidence_digest]);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uuid", &id(&["assessment results", &cover.evidence_digest, &cover.sequence.to_string()]))?;
        map.serialize_entry(
            "metadata",
            &json!({
                "title": line(&format!("{}: evidence for {} Annex A", cover.organization, words::edition(cover.edition))),
                "last-modified": words::instant(cover.as_of),
                "version": cover.sequence.to_string(),
                "oscal-version": VERSION,
                "props": [items::prop("evidence-digest", &cover.evidence_digest), items::prop("engine-version", &cover.engine_version)],
            }),
        )?;
        map.serialize_entry("import-ap", &json!({"href": format!("#{plan_id}")}))?;
        map.serialize_entry("results", &[OneResult(self.0, self.1)])?;
        map.serialize_entry(
            "back-matter",
            &json!({"resources": [{
                "uuid": plan_id,
                "title": "The configuration as used",
                "description": "There is no OSCAL assessment plan; the configuration says what was to be assessed.",
                "rlinks": [{"href": "../inputs/annexa.yaml", "media-type": "application/yaml"}],
            }]}),
        )?;
        map.end()
    }
}

struct OneResult<'p, 'a>(&'p Plan<'a>, &'p items::Ids);

impl Serialize for OneResult<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (plan, ids) = (self.0, self.1);
        let cover = plan.input.cover;
        let (start, end) = cover.observed.unwrap_or((cover.as_of, cover.as_of));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uuid", &id(&["result", &cover.evidence_digest, &cover.sequence.to_string()]))?;
        map.serialize_entry("title", &format!("Evidence bundle {}", cover.sequence))?;
        map.serialize_entry(
            "description",
            "What was observed, and what each check says of it. A finding that could not be observed is never satisfied.",
        )?;
        map.serialize_entry("start", &words::instant(start))?;
        map.serialize_entry("end", &words::instant(end))?;
        map.serialize_entry("local-definitions", &Definitions(plan, ids))?;
        map.serialize_entry("reviewed-controls", &reviewed(plan))?;
        let findings = 0..plan.input.findings.len();
        if !findings.is_empty() {
            map.serialize_entry("observations", &Seq(|| findings.clone().map(|at| items::observation(plan, ids, at))))?;
        }
        if plan.input.findings.iter().any(items::is_risk) {
            let risks = || {
                findings
                    .clone()
                    .filter(|&at| items::is_risk(&plan.input.findings[at]))
                    .map(|at| items::risk(plan, ids, at))
            };
            map.serialize_entry("risks", &Seq(risks))?;
        }
        if controls(plan).any(items::has_finding) {
            map.serialize_entry(
                "findings",
                &Seq(|| controls(plan).filter(|c| items::has_finding(c)).map(|c| items::finding(plan, ids, c))),
            )?;
        }
        map.end()
    }
}

/// What observations name: annexa itself, the targets, the resources.
struct Definitions<'p, 'a>(&'p Plan<'a>, &'p items::Ids);

impl Serialize for Definitions<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (plan, ids) = (self.0, self.1);
        let targets = || plan.input.targets.iter().map(items::component);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("components", &Seq(|| std::iter::once(items::tool(plan, ids)).chain(targets())))?;
        if !plan.input.findings.is_empty() {
            map.serialize_entry("inventory-items", &Seq(|| items::inventory(plan, ids)))?;
        }
        map.end()
    }
}

fn controls<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p ControlRecord> {
    plan.input.controls.iter().filter(|control| control.edition == plan.input.cover.edition)
}

fn reviewed(plan: &Plan<'_>) -> Value {
    let select = |excluded: bool| -> Vec<Value> {
        let of = |c: &&ControlRecord| (c.status == ControlStatus::Excluded) == excluded;
        controls(plan).filter(of).map(|c| json!({"control-id": token(&c.id)})).collect()
    };
    let (included, excluded) = (select(false), select(true));
    let mut selection =
        json!({"description": format!("{}, Annex A and clauses", words::edition(plan.input.cover.edition))});
    if included.is_empty() {
        selection["include-all"] = json!({});
    } else {
        selection["include-controls"] = Value::Array(included);
    }
    if !excluded.is_empty() {
        selection["exclude-controls"] = Value::Array(excluded);
    }
    json!({
        "control-selections": [selection],
        "remarks": "A control without a finding has no evidence in this bundle or must be shown by people; that is neither satisfied nor not satisfied.",
        "links": [{"href": format!("../{}", paths::control_list(plan.input.cover.edition)), "rel": "reference"}],
    })
}
