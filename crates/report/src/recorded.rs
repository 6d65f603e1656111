//! The exchanges behind a report: which file and page each stands on, and what groups of calls have in common.

use crate::body;
use crate::input::{RecordedHead, ReportInput};
use crate::{escape, parts, paths};
use annexa_model::{ExchangeHead, FailureKind, Finding, Kind, Timestamp};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// Findings that an exchange names; more are counted.
pub(crate) const USERS: usize = 8;

/// Values of a request that a group names; more are counted.
const FILTER_VALUES: usize = 3;

/// All exchanges that the report names.
pub(crate) struct Files {
    /// Sorted by path.
    pub(crate) files: Vec<File>,
    /// Sorted by file and line.
    pub(crate) metas: Vec<Meta>,
    /// By target and operation, sorted.
    pub(crate) groups: Vec<Group>,
    /// Reasons of cuts, sorted.
    pub(crate) reasons: Vec<String>,
    by_id: HashMap<String, usize>,
    /// For each finding its evidence, as indexes into `metas`; none for what the bundle does not hold.
    of_findings: Vec<Vec<Option<usize>>>,
}

/// An evidence file.
pub(crate) struct File {
    /// From the bundle's root.
    pub(crate) path: String,
    /// The same as a link.
    pub(crate) link: String,
    /// The page's path without its ending.
    pub(crate) base: String,
    /// Its exchanges, as indexes into `metas`.
    pub(crate) range: Range<usize>,
    /// Parts of that range, counted from its start.
    pub(crate) parts: Vec<Range<usize>>,
}

/// What is kept of an exchange in memory.
pub(crate) struct Meta {
    pub(crate) id: String,
    pub(crate) file: usize,
    pub(crate) line: u64,
    /// Of the line.
    pub(crate) digest: String,
    /// Where it stands on its page; some hundred thousand links lead there.
    pub(crate) href: String,
    pub(crate) group: usize,
    pub(crate) asked_at: Timestamp,
    pub(crate) failure: Option<FailureKind>,
    /// How often each reason cut something, as indexes into `reasons`.
    pub(crate) cuts: Vec<(usize, u64)>,
    /// The first findings that rest on it.
    pub(crate) users: Vec<usize>,
    /// How many findings rest on it.
    pub(crate) user_count: u64,
    size: usize,
}

/// Calls of one operation on one target.
pub(crate) struct Group {
    pub(crate) kind: Kind,
    pub(crate) target: String,
    pub(crate) operation: String,
    pub(crate) asked_by: BTreeSet<String>,
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) files: BTreeSet<usize>,
    pub(crate) filter: BTreeMap<String, Values>,
}

impl Group {
    fn new(exchange: &ExchangeHead) -> Self {
        Self {
            kind: exchange.kind,
            target: exchange.target.clone(),
            operation: exchange.operation.clone(),
            asked_by: BTreeSet::new(),
            hosts: BTreeSet::new(),
            files: BTreeSet::new(),
            filter: BTreeMap::new(),
        }
    }
}

/// The values of one parameter of a group's requests.
#[derive(Default)]
pub(crate) struct Values {
    pub(crate) some: BTreeSet<String>,
    pub(crate) more: bool,
}

impl Files {
    /// What is kept of an exchange; none when the bundle does not hold it.
    pub(crate) fn meta(&self, id: &str) -> Option<&Meta> {
        self.by_id.get(id).and_then(|&at| self.metas.get(at))
    }

    /// The evidence of a finding, as indexes into `metas`, in the finding's order.
    pub(crate) fn of_finding(&self, finding: usize) -> &[Option<usize>] {
        self.of_findings.get(finding).map_or(&[], Vec::as_slice)
    }

    /// The evidence of a finding.
    pub(crate) fn metas_of(&self, finding: usize) -> impl Iterator<Item = Option<&Meta>> {
        self.of_finding(finding).iter().map(|at| at.and_then(|at| self.metas.get(at)))
    }
}

/// Looks each exchange that the report names up once.
pub(crate) fn read(input: &ReportInput<'_>) -> Files {
    let mut wanted: Vec<(&str, Users)> = wanted(input).into_iter().collect();
    wanted.par_sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let read = |(id, users): (_, Users)| input.exchanges.head(id).map(|head| (size(&head.exchange), head, users));
    let found: Vec<_> = wanted.into_par_iter().filter_map(read).collect();
    let mut reader = Reader::default();
    found.into_iter().for_each(|(size, head, users)| reader.add(head, size, users));
    let mut files = reader.finish();
    let places = |finding: &Finding| finding.evidence.iter().map(|id| files.by_id.get(id).copied()).collect();
    files.of_findings = input.findings.par_iter().map(places).collect();
    files
}

/// The first findings that rest on an exchange, and how many do.
type Users = (Vec<usize>, u64);

/// The ids of the exchanges that the report names, each with the findings that rest on it.
fn wanted<'a>(input: &ReportInput<'a>) -> HashMap<&'a str, Users> {
    let mut wanted: HashMap<&'a str, Users> = HashMap::new();
    for (at, finding) in input.findings.iter().enumerate() {
        for id in &finding.evidence {
            let (users, count) = wanted.entry(id).or_default();
            *count += 1;
            if users.len() < USERS {
                users.push(at);
            }
        }
    }
    let gaps = input.gaps.iter().map(|gap| &gap.id);
    let sets = input.sets.iter().flat_map(|set| &set.evidence);
    let existence = input.resources.iter().filter_map(|resource| resource.sources.get("")).flatten();
    for id in gaps.chain(sets).chain(existence) {
        wanted.entry(id).or_default();
    }
    wanted
}

#[derive(Default)]
struct Reader {
    metas: Vec<(String, Meta)>,
    groups: Vec<Group>,
    /// Their places, by kind, target and operation.
    group_at: BTreeMap<Kind, HashMap<String, HashMap<String, usize>>>,
    reasons: BTreeMap<String, usize>,
}

impl Reader {
    fn add(&mut self, recorded: RecordedHead<'_>, size: usize, (users, user_count): Users) {
        let exchange = recorded.exchange;
        let group = self.group(&exchange);
        let mut cuts: BTreeMap<usize, u64> = BTreeMap::new();
        for cut in &exchange.cuts {
            let next = self.reasons.len();
            let reason = *self.reasons.entry(escape::cut(&cut.reason, 80).into_owned()).or_insert(next);
            *cuts.entry(reason).or_default() += 1;
        }
        let meta = Meta {
            id: exchange.id,
            file: 0,
            line: recorded.line,
            digest: recorded.digest.into_owned(),
            href: String::new(),
            group,
            asked_at: exchange.asked_at,
            failure: exchange.failure.as_ref().map(|failure| failure.kind),
            cuts: cuts.into_iter().collect(),
            users,
            user_count,
            size,
        };
        self.metas.push((recorded.file.into_owned(), meta));
    }

    fn group(&mut self, exchange: &ExchangeHead) -> usize {
        let known = self.group_at.get(&exchange.kind).and_then(|targets| targets.get(&exchange.target));
        let at = known.and_then(|operations| operations.get(&exchange.operation)).copied().unwrap_or_else(|| {
            let targets = self.group_at.entry(exchange.kind).or_default();
            let operations = targets.entry(exchange.target.clone()).or_default();
            operations.insert(exchange.operation.clone(), self.groups.len());
            self.groups.push(Group::new(exchange));
            self.groups.len() - 1
        });
        let group = &mut self.groups[at];
        keep(&mut group.asked_by, &exchange.asked_by);
        keep(&mut group.hosts, &exchange.host);
        for (name, value) in exchange.request.parameters.iter().take(20) {
            // nearly always the parameter is known, and so is that it had many values
            if group.filter.get(name).is_some_and(|values| values.more) {
                continue;
            }
            let values = group.filter.entry(name.clone()).or_default();
            let value = escape::cut(&body::plain(value), 60).into_owned();
            if values.some.len() < FILTER_VALUES {
                values.some.insert(value);
            } else if !values.some.contains(&value) {
                values.more = true;
            }
        }
        at
    }

    fn finish(mut self) -> Files {
        self.metas.par_sort_unstable_by(|(a, x), (b, y)| (a, x.line, &x.id).cmp(&(b, y.line, &y.id)));
        // groups and reasons came in the order of ids; they leave in their own
        let mut groups: Vec<(usize, Group)> = self.groups.into_iter().enumerate().collect();
        groups.sort_by(|(_, a), (_, b)| (a.kind, &a.target, &a.operation).cmp(&(b.kind, &b.target, &b.operation)));
        let (mut groups, new_group) = renumber(groups.into_iter());
        let (reasons, new_reason) = renumber(self.reasons.into_iter().map(|(reason, at)| (at, reason)));
        let mut files: Vec<File> = Vec::new();
        let mut metas: Vec<Meta> = Vec::with_capacity(self.metas.len());
        for (path, mut meta) in self.metas {
            if files.last().is_none_or(|file| file.path != path) {
                let (base, link) = (paths::exchanges(&path), paths::link(&path));
                files.push(File { path, link, base, range: metas.len()..metas.len(), parts: Vec::new() });
            }
            meta.file = files.len() - 1;
            meta.group = new_group.get(meta.group).copied().unwrap_or(0);
            for (reason, _) in &mut meta.cuts {
                *reason = new_reason.get(*reason).copied().unwrap_or(0);
            }
            if let Some(group) = groups.get_mut(meta.group) {
                group.files.insert(meta.file);
            }
            metas.push(meta);
            if let Some(file) = files.last_mut() {
                file.range.end = metas.len();
            }
        }
        for file in &mut files {
            file.parts = parts::split(metas[file.range.clone()].iter().map(|meta| meta.size));
            for (part, range) in file.parts.iter().enumerate() {
                let range = file.range.start + range.start..file.range.start + range.end;
                let page = paths::part(&file.base, part);
                metas[range]
                    .par_iter_mut()
                    .for_each(|meta| meta.href = format!("{page}#{}", paths::anchor('x', &meta.id)));
            }
        }
        let by_id = metas.iter().enumerate().map(|(at, meta)| (meta.id.clone(), at)).collect();
        Files { files, metas, groups, reasons, by_id, of_findings: Vec::new() }
    }
}

/// Keeps a few of many: a group names some callers and hosts, not thousands.
fn keep(set: &mut BTreeSet<String>, value: &str) {
    if set.len() < 8 && !set.contains(value) {
        set.insert(escape::cut(value, 200).into_owned());
    }
}

/// Values in their new order, and for each old number the new one.
fn renumber<T>(values: impl ExactSizeIterator<Item = (usize, T)>) -> (Vec<T>, Vec<usize>) {
    let mut new_of = vec![0; values.len()];
    let mut out = Vec::with_capacity(values.len());
    for (old, value) in values {
        if let Some(slot) = new_of.get_mut(old) {
            *slot = out.len();
        }
        out.push(value);
    }
    (out, new_of)
}

/// About how many bytes an exchange takes on its page.
fn size(exchange: &ExchangeHead) -> usize {
    let answer = exchange.answer.as_ref().map_or(0, |a| body::laid_out_len(a.body.get(), body::WHOLE));
    let request = exchange.request.body.as_ref().map_or(0, |b| body::laid_out_len(b.get(), body::WHOLE / 8));
    3_000 + answer + request + crate::exchange_view::size(exchange) + USERS * 60
}
