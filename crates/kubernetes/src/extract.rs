//! Says what a cluster's exchanges mean. Pure: no clock, no I/O but reading the evidence.

use crate::dialect::{api_path, list_operation};
use crate::discovery::{Discovery, Served};
use crate::facts::{self, Index, Missing, World};
use crate::kinds::{Kind, Kinds};
use crate::listing::{self, Listed, Listing};
use crate::resources::Maker;
use annexa_model::{
    Exchange, Extraction, FailureKind, Gap, Identity, Kind as TargetKind, KubernetesSettings, Request, Resource,
    ResourceSet, SetState, Target,
};
use annexa_tape::Evidence;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds that fact functions look at, see [`Index::add`].
const INDEXED: [&str; 8] = [
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "Node",
];

/// The id of an object in all scans: cluster, kind, namespace, name. Names of objects hold no `/`.
pub(crate) fn resource_id(cluster: &str, kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{cluster}/{kind}/{name}")
    } else {
        format!("{cluster}/{kind}/{namespace}/{name}")
    }
}

/// Reads the lists of a target out of its evidence.
struct Reader<'a> {
    target: &'a Target,
    evidence: &'a Evidence,
    discovery: Discovery,
    /// Discovery's exchanges, for lists of kinds that are not served.
    discovered_by: Vec<String>,
    /// What the ids of exchanges were made with, once the cluster was known.
    cluster: Option<String>,
    gaps: BTreeMap<String, Gap>,
}

/// Puts an extraction together.
pub(crate) fn extract(
    kinds: &Kinds,
    target: &Target,
    settings: &KubernetesSettings,
    evidence: &Evidence,
) -> Extraction {
    let mut reader = Reader::new(kinds, target, evidence);
    let version = reader.question("/version", "the server's version");
    let namespaces = kinds.kinds.get("Namespace").map(|kind| reader.list(kind));
    let system = namespaces
        .as_ref()
        .and_then(|listing| listing.objects.iter().find(|listed| text(&listed.object, "name") == "kube-system"));
    reader.cluster = system.map(|listed| text(&listed.object, "uid").to_owned()).filter(|uid| !uid.is_empty());
    let cluster = reader.cluster.clone().unwrap_or_else(|| format!("target:{}", target.name));

    let (mut index, mut lists) = (Index::default(), BTreeMap::new());
    for kind in INDEXED.iter().filter_map(|name| kinds.kinds.get(*name)) {
        let listing = reader.list(kind);
        index.add(&kind.name, &cluster, &listing);
        lists.insert(kind.name.clone(), facts::ListInfo { state: listing.state, evidence: listing.evidence });
    }
    let groups = reader.discovery.groups();
    let unread = unread_policies(target, &cluster, &groups);
    let world = World {
        cluster: &cluster,
        index: &index,
        lists: &lists,
        version: version.answer.as_ref().and_then(facts::version_numbers),
        version_missing: version.missing.clone(),
        groups: &groups,
        unread_policies: unread.as_ref().map_or("", |gap| gap.id.as_str()),
    };
    let maker = Maker { kinds, target, settings, world: &world };
    let mut extraction = Extraction {
        identity: identity(reader.cluster.as_deref(), system, &version, &reader),
        ..Extraction::default()
    };
    for (name, rules) in &kinds.types {
        let mut set = SetParts::default();
        for kind in kinds.feeding(name) {
            let listing = reader.list(kind);
            let before = extraction.resources.len();
            extraction
                .resources
                .extend(listing.objects.iter().filter_map(|listed| maker.resource(kind, &rules.functions, listed)));
            set.add(listing.state, listing.evidence, &extraction.resources[before..]);
        }
        if kinds.feeding(name).next().is_none() {
            let made = maker.cluster(
                name,
                &rules.functions,
                &version.answer,
                version.exchange.as_deref(),
                namespaces.as_ref(),
            );
            let evidence = namespaces.as_ref().map(|listing| listing.evidence.clone()).unwrap_or_default();
            let state = cluster_state(reader.cluster.is_some(), namespaces.as_ref());
            set.add(state, evidence, made.as_slice());
            extraction.resources.extend(made);
        }
        extraction.sets.push(set.finish(name, target));
    }
    let used = |gap: &Gap| {
        extraction.resources.iter().flat_map(|r| &r.unobserved).any(|u| u.reason.gap.as_deref() == Some(&gap.id))
    };
    let mut gaps = reader.gaps;
    if let Some(gap) = unread.filter(used) {
        gaps.insert(gap.id.clone(), gap);
    }
    extraction.gaps = gaps.into_values().collect();
    extraction
}

/// Without the UID of kube-system there is no cluster to speak of.
fn cluster_state(known: bool, namespaces: Option<&Listing>) -> SetState {
    match namespaces.map(|listing| &listing.state) {
        _ if known => SetState::Complete,
        Some(SetState::Partial { reason, gap } | SetState::Unobserved { reason, gap }) => {
            SetState::Unobserved { reason: reason.clone(), gap: gap.clone() }
        }
        _ => SetState::Unobserved {
            reason: "there is no namespace kube-system, so nobody knows which cluster it is".to_owned(),
            gap: String::new(),
        },
    }
}

/// The gap of network policies that annexa does not read.
fn unread_policies(target: &Target, cluster: &str, groups: &BTreeSet<String>) -> Option<Gap> {
    let group = facts::other_policy_group(groups)?;
    let operation = format!("list {group} policies");
    let request =
        Request { method: "GET".to_owned(), path: format!("/apis/{group}"), parameters: Map::new(), body: None };
    Some(Gap {
        id: Exchange::id_of(cluster, &operation, None, &request, 1),
        target: target.name.clone(),
        operation,
        region: None,
        subject: format!("network policies of {group}"),
        kind: FailureKind::NotAsked,
        message: format!(
            "annexa does not read the policies of {group}; they may separate what NetworkPolicies leave open"
        ),
        permission: None,
        remedy: "add default-deny NetworkPolicies, or show by hand what these policies do and accept the gap"
            .to_owned(),
        checks: Vec::new(),
        exception: None,
    })
}

/// The answer to a single question.
struct Question {
    answer: Option<Value>,
    exchange: Option<String>,
    missing: Missing,
}

impl<'a> Reader<'a> {
    fn new(kinds: &Kinds, target: &'a Target, evidence: &'a Evidence) -> Self {
        let mut reader = Self {
            target,
            evidence,
            discovery: Discovery::default(),
            discovered_by: Vec::new(),
            cluster: None,
            gaps: BTreeMap::new(),
        };
        let apis = kinds.kinds.values().flat_map(|kind| kind.served_as.iter().map(|api| api_path(api)));
        let paths: BTreeSet<String> = apis.chain(["/apis".to_owned()]).collect();
        for path in paths {
            for exchange in reader.exchanges(&format!("GET {path}")) {
                reader.discovered_by.push(exchange.id.clone());
                if exchange.failure.is_some() {
                    let gap = reader.discovery_gap(&exchange, &format!("what the server serves below {path}"));
                    reader.gaps.insert(gap.id.clone(), gap);
                }
                reader.discovery.add(&path, exchange.usable_body().cloned());
            }
        }
        reader
    }

    /// The exchanges of an operation. Evidence that can't be read is as good as lost: what is missing shows as gaps.
    fn exchanges(&self, operation: &str) -> Vec<Exchange> {
        self.evidence.of_operation(TargetKind::Kubernetes, &self.target.name, operation).unwrap_or_else(|error| {
            tracing::warn!(target_name = %self.target.name, operation, %error, "evidence can't be read");
            Vec::new()
        })
    }

    fn discovery_gap(&self, exchange: &Exchange, subject: &str) -> Gap {
        let (kind, message) = match &exchange.failure {
            Some(failure) => (failure.kind, listing::describe(failure.code.as_deref(), &failure.message)),
            None => (FailureKind::Invalid, "no answer".to_owned()),
        };
        let permission = format!("get {}", exchange.request.path);
        Gap {
            id: exchange.id.clone(),
            target: self.target.name.clone(),
            operation: exchange.operation.clone(),
            region: None,
            subject: subject.to_owned(),
            kind,
            message,
            remedy: listing::remedy(kind, &permission),
            permission: (kind == FailureKind::Denied).then_some(permission),
            checks: Vec::new(),
            exception: None,
        }
    }

    /// Asks the evidence one question that has one answer.
    fn question(&mut self, path: &str, subject: &str) -> Question {
        let operation = format!("GET {path}");
        let exchange = self.exchanges(&operation).into_iter().next_back();
        if let Some(answer) = exchange.as_ref().and_then(|exchange| exchange.usable_body().cloned()) {
            let missing = Missing { reason: format!("{operation}: the answer does not say it"), gap: None };
            return Question { answer: Some(answer), exchange: exchange.map(|exchange| exchange.id), missing };
        }
        let gap = match &exchange {
            Some(exchange) => self.discovery_gap(exchange, subject),
            None => {
                let request =
                    Request { method: "GET".to_owned(), path: path.to_owned(), parameters: Map::new(), body: None };
                Gap {
                    id: Exchange::id_of(&format!("target:{}", self.target.name), &operation, None, &request, 1),
                    target: self.target.name.clone(),
                    operation: operation.clone(),
                    region: None,
                    subject: subject.to_owned(),
                    kind: FailureKind::NotAsked,
                    message: "it was never asked, or is not among the evidence".to_owned(),
                    permission: None,
                    remedy: listing::remedy(FailureKind::NotAsked, ""),
                    checks: Vec::new(),
                    exception: None,
                }
            }
        };
        let missing = Missing { reason: format!("{operation}: {}", gap.message), gap: Some(gap.id.clone()) };
        self.gaps.insert(gap.id.clone(), gap);
        Question { answer: None, exchange: exchange.map(|exchange| exchange.id), missing }
    }

    /// All objects of a kind.
    fn list(&mut self, kind: &Kind) -> Listing {
        let asked = |reader: &Self, api: &str| reader.exchanges(&list_operation(api, &kind.resource));
        let (api, exchanges) = match self.discovery.served(kind) {
            Served::Not => return Listing::not_served(kind, self.discovered_by.clone()),
            Served::As(api) => (api.clone(), asked(self, &api)),
            // nobody knows what is served: whatever was asked all the same
            Served::Unknown(_) => {
                let found = kind
                    .served_as
                    .iter()
                    .map(|api| (api.clone(), asked(self, api)))
                    .find(|(_, exchanges)| !exchanges.is_empty());
                found.unwrap_or_else(|| (kind.served_as.first().cloned().unwrap_or_default(), Vec::new()))
            }
        };
        let unknown = format!("target:{}", self.target.name);
        // the namespaces are asked before the cluster is known
        let identity = if kind.name == "Namespace" { &unknown } else { self.cluster.as_ref().unwrap_or(&unknown) };
        let listing = Listing::of(kind, &api, &self.target.name, identity, exchanges).settle();
        self.gaps.extend(listing.gaps.iter().map(|gap| (gap.id.clone(), gap.clone())));
        listing
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(key)?.as_str()).unwrap_or("")
}

fn identity(
    cluster: Option<&str>,
    system: Option<&Listed>,
    version: &Question,
    reader: &Reader<'_>,
) -> Option<Identity> {
    let exchange = system.and_then(|listed| reader.evidence.find(&reader.target.name, &listed.exchange).ok()?);
    let server = version.answer.as_ref().and_then(|answer| answer.get("gitVersion")?.as_str());
    Some(Identity {
        id: cluster?.to_owned(),
        label: "UID of kube-system".to_owned(),
        caller: exchange.map_or_else(|| "unknown".to_owned(), |exchange| exchange.asked_by),
        notes: server.map(|version| format!("Kubernetes {version}")).into_iter().collect(),
    })
}

/// The list of a type, which several kinds may feed.
#[derive(Default)]
struct SetParts {
    states: Vec<SetState>,
    evidence: BTreeSet<String>,
    found: u64,
    excluded: u64,
}

impl SetParts {
    fn add(&mut self, state: SetState, evidence: Vec<String>, resources: &[Resource]) {
        self.states.push(state);
        self.evidence.extend(evidence);
        self.found += resources.len() as u64;
        self.excluded += resources.iter().filter(|resource| resource.excluded.is_some()).count() as u64;
    }

    /// Whole when all lists are; unknown when nothing is known of any; kinds that are not served hold nothing.
    fn finish(self, kind: &str, target: &Target) -> ResourceSet {
        let lost = self.states.iter().find_map(|state| match state {
            SetState::Partial { reason, gap } | SetState::Unobserved { reason, gap } => {
                Some((reason.clone(), gap.clone()))
            }
            _ => None,
        });
        let something = self.states.iter().any(|state| matches!(state, SetState::Complete | SetState::Partial { .. }));
        let state = match (lost, something) {
            (Some((reason, gap)), true) => SetState::Partial { reason, gap },
            (Some((reason, gap)), false) => SetState::Unobserved { reason, gap },
            (None, true) => SetState::Complete,
            (None, false) => self.states.into_iter().next().unwrap_or(SetState::Complete),
        };
        ResourceSet {
            kind: kind.to_owned(),
            target: target.name.clone(),
            region: None,
            state,
            found: self.found,
            excluded: self.excluded,
            counted: None,
            evidence: self.evidence.into_iter().collect(),
        }
    }
}
