//! What goes where: findings by check, exchanges by file, the parts of long lists. Made once, before any page.

use crate::input::ReportInput;
use crate::recorded::Files;
use crate::{chrome, escape, parts, paths, recorded, words};
use annexa_annex::ExceptionUse;
use annexa_model::{CheckSummary, ControlRecord, Edition, Finding, FindingStatus, Resource, StatusCounts, by_cause};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// Everything that pages need to find each other.
pub(crate) struct Plan<'a> {
    pub(crate) input: ReportInput<'a>,
    /// Sorted by id.
    pub(crate) checks: Vec<CheckPlan<'a>>,
    check_at: HashMap<&'a str, usize>,
    /// For each finding the part of its check's page.
    part_of: Vec<usize>,
    /// Open fails and unknowns, the worst first.
    pub(crate) open: Vec<usize>,
    finding_at: HashMap<&'a str, usize>,
    resources: Resources<'a>,
    pub(crate) files: Files,
    exceptions: BTreeMap<&'a str, &'a ExceptionUse>,
    /// Hosts that are not the provider's own, with their targets; named on every page.
    pub(crate) foreign_hosts: Vec<String>,
    pub(crate) gap_parts: Vec<Range<usize>>,
    gap_at: HashMap<&'a str, usize>,
    /// For each gap that has its cause in another one that cause, and for each cause what follows from it.
    pub(crate) cause_of: BTreeMap<usize, usize>,
    pub(crate) following: BTreeMap<usize, Vec<usize>>,
}

/// A check with its findings.
pub(crate) struct CheckPlan<'a> {
    pub(crate) id: &'a str,
    /// None for a finding whose check the input does not describe.
    pub(crate) summary: Option<&'a CheckSummary>,
    /// Indexes into the findings, in the order of the page: what is open first, passes last.
    pub(crate) findings: Vec<usize>,
    pub(crate) counts: StatusCounts,
    pub(crate) parts: Vec<Range<usize>>,
    /// The page's path without its ending.
    pub(crate) base: String,
}

impl CheckPlan<'_> {
    /// The positive statement.
    pub(crate) fn title(&self) -> &str {
        self.summary.map_or(self.id, |s| s.title.as_str())
    }

    /// The check's first page.
    pub(crate) fn page(&self) -> String {
        paths::part(&self.base, 0)
    }
}

impl<'a> Plan<'a> {
    pub(crate) fn new(input: ReportInput<'a>) -> Self {
        // the two halves of the work, side by side
        let (files, ((checks, part_of), resources)) = rayon::join(
            || recorded::read(&input),
            || {
                let checks = plan_checks(&input);
                let part_of = parts_of(&checks, input.findings.len());
                ((checks, part_of), Resources::of(input.findings))
            },
        );
        let check_at = checks.iter().enumerate().map(|(at, check)| (check.id, at)).collect();
        let following: BTreeMap<usize, Vec<usize>> =
            by_cause(input.gaps).into_iter().filter(|(_, all)| !all.is_empty()).collect();
        Self {
            cause_of: following.iter().flat_map(|(&cause, all)| all.iter().map(move |&at| (at, cause))).collect(),
            following,
            checks,
            check_at,
            part_of,
            open: open(input.findings),
            finding_at: input.findings.iter().enumerate().map(|(at, finding)| (finding.id.as_str(), at)).collect(),
            resources,
            files,
            exceptions: input.exceptions.iter().map(|e| (e.id.as_str(), e)).collect(),
            foreign_hosts: chrome::foreign_hosts(input.targets),
            gap_parts: parts::split(input.gaps.iter().map(crate::page::gaps::size)),
            gap_at: input.gaps.iter().enumerate().map(|(at, gap)| (gap.id.as_str(), at)).collect(),
            input,
        }
    }

    /// A check by its id.
    pub(crate) fn check(&self, id: &str) -> Option<&CheckPlan<'a>> {
        self.check_at.get(id).and_then(|&at| self.checks.get(at))
    }

    /// Where a finding stands.
    pub(crate) fn finding_href(&self, at: usize) -> Option<String> {
        let finding = self.input.findings.get(at)?;
        let check = self.check(&finding.check)?;
        Some(format!("{}#{}", paths::part(&check.base, *self.part_of.get(at)?), paths::anchor('f', &finding.id)))
    }

    /// Where the finding with this id stands, if it is in this bundle.
    pub(crate) fn finding_href_by_id(&self, id: &str) -> Option<String> {
        self.finding_at.get(id).and_then(|&at| self.finding_href(at))
    }

    /// The findings about a resource.
    pub(crate) fn findings_of<'p>(&'p self, resource: &'p Resource) -> &'p [usize] {
        let place = self.resources.by_id.get(&(resource.kind.as_str(), resource.id.as_str()));
        place.and_then(|&place| self.resources.findings.get(place)).map_or(&[], Vec::as_slice)
    }

    /// A number for the resource that a finding is about: the same one for all findings about it.
    pub(crate) fn resource_of(&self, finding: usize) -> usize {
        self.resources.of_finding[finding]
    }

    /// Whether no finding before this one is about its resource.
    pub(crate) fn is_first_of_resource(&self, finding: usize) -> bool {
        self.resources.findings[self.resource_of(finding)].first() == Some(&finding)
    }

    /// Where an exchange stands, if the bundle holds it.
    pub(crate) fn exchange_href(&self, id: &str) -> Option<String> {
        self.files.meta(id).map(|meta| meta.href.clone())
    }

    /// Where a gap stands.
    pub(crate) fn gap_href(&self, id: &str) -> Option<String> {
        let at = *self.gap_at.get(id)?;
        let part = self.gap_parts.iter().position(|range| range.contains(&at))?;
        Some(format!("{}#{}", paths::part("gaps", part), paths::anchor('g', id)))
    }

    /// Whether a control or clause has a page. 2013 clauses have numbers, but no pages.
    pub(crate) fn has_control(&self, edition: Edition, id: &str) -> bool {
        self.input.controls.iter().any(|control| control.edition == edition && control.id == id)
    }

    /// An exception of the company's.
    pub(crate) fn exception(&self, id: &str) -> Option<&'a ExceptionUse> {
        self.exceptions.get(id).copied()
    }

    /// The checks that speak to a control, direct ones first, each once: by the correspondence of the editions, a check
    /// can speak to a 2013 control directly and as support.
    pub(crate) fn checks_of(&self, control: &ControlRecord) -> Vec<(&CheckPlan<'a>, bool)> {
        let direct = control.direct_checks.iter().map(|id| (id, true));
        let supporting = control.supporting_checks.iter().map(|id| (id, false));
        let mut seen = BTreeSet::new();
        direct
            .chain(supporting)
            .filter(|(id, _)| seen.insert(id.as_str()))
            .filter_map(|(id, direct)| self.check(id).map(|check| (check, direct)))
            .collect()
    }

    /// Gaps without those that follow from another one.
    pub(crate) fn causes(&self) -> impl Iterator<Item = usize> {
        (0..self.input.gaps.len()).filter(|at| !self.cause_of.contains_key(at))
    }

    /// How many gaps no exception accepts.
    pub(crate) fn open_gaps(&self) -> usize {
        self.input.gaps.iter().filter(|gap| gap.exception.is_none()).count()
    }
}

/// Resources that findings are about, by number.
struct Resources<'a> {
    by_id: HashMap<(&'a str, &'a str), usize>,
    /// The findings about each.
    findings: Vec<Vec<usize>>,
    of_finding: Vec<usize>,
}

impl<'a> Resources<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        let mut resources =
            Self { by_id: HashMap::new(), findings: Vec::new(), of_finding: Vec::with_capacity(findings.len()) };
        for (at, finding) in findings.iter().enumerate() {
            let id = (finding.resource.kind.as_str(), finding.resource.id.as_str());
            let number = *resources.by_id.entry(id).or_insert(resources.findings.len());
            if number == resources.findings.len() {
                resources.findings.push(Vec::new());
            }
            resources.findings[number].push(at);
            resources.of_finding.push(number);
        }
        resources
    }
}

/// For each finding the part of its check's page.
fn parts_of(checks: &[CheckPlan<'_>], findings: usize) -> Vec<usize> {
    let mut part_of = vec![0; findings];
    for check in checks {
        for (part, range) in check.parts.iter().enumerate() {
            for &finding in check.findings.get(range.clone()).unwrap_or_default() {
                part_of[finding] = part;
            }
        }
    }
    part_of
}

/// From here on [`attention`] is low: such findings are folded.
pub(crate) const FOLDED: u8 = 4;

/// An open fail, an unknown, an accepted fail, then what needs no attention.
pub(crate) fn attention(finding: &Finding) -> u8 {
    match finding.status {
        FindingStatus::Fail if finding.exception.is_none() => 0,
        FindingStatus::Unknown => 1,
        FindingStatus::Fail => 2,
        FindingStatus::Manual => 3,
        FindingStatus::Pass => 4,
        FindingStatus::NotApplicable => 5,
    }
}

fn open(findings: &[Finding]) -> Vec<usize> {
    let mut open: Vec<usize> = (0..findings.len()).filter(|&at| attention(&findings[at]) < 2).collect();
    open.sort_by_key(|&at| (attention(&findings[at]), words::badness(findings[at].severity), at));
    open
}

fn plan_checks<'a>(input: &ReportInput<'a>) -> Vec<CheckPlan<'a>> {
    let mut by_id: BTreeMap<&'a str, (Option<&'a CheckSummary>, Vec<usize>)> = BTreeMap::new();
    for check in input.checks {
        by_id.entry(&check.id).or_default().0 = Some(check);
    }
    for (at, finding) in input.findings.iter().enumerate() {
        by_id.entry(&finding.check).or_default().1.push(at);
    }
    by_id.into_par_iter().map(|(id, (summary, findings))| plan_check(input, id, summary, findings)).collect()
}

fn plan_check<'a>(
    input: &ReportInput<'a>,
    id: &'a str,
    summary: Option<&'a CheckSummary>,
    mut findings: Vec<usize>,
) -> CheckPlan<'a> {
    let finding = |at: &usize| &input.findings[*at];
    // the worst first, because an own check may give findings of several severities
    findings.sort_by_key(|at| (attention(finding(at)), words::badness(finding(at).severity), *at));
    let mut counts = StatusCounts::default();
    for at in &findings {
        let finding = finding(at);
        let count = match finding.status {
            FindingStatus::Pass => &mut counts.pass,
            FindingStatus::Fail if finding.exception.is_some() => &mut counts.accepted,
            FindingStatus::Fail => &mut counts.fail,
            FindingStatus::Unknown => &mut counts.unknown,
            FindingStatus::NotApplicable => &mut counts.not_applicable,
            FindingStatus::Manual => &mut counts.manual,
        };
        *count += 1;
    }
    let parts = parts::split(findings.iter().map(|at| crate::row::size(finding(at))));
    CheckPlan { id, summary, findings, counts, parts, base: format!("checks/{}", paths::slug(id)) }
}

/// The bytes of a link in a list.
pub(crate) fn link_size(text: &str) -> usize {
    240 + escape::html_len(&escape::cut(text, 120))
}
