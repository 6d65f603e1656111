//! What fact functions may look at besides their own object: small indexes over some kinds.

use super::{Missing, selector};
use crate::extract::resource_id;
use crate::listing::Listing;
use annexa_model::SetState;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// API groups whose policies also separate networks, and which are not read.
const OTHER_POLICY_GROUPS: [&str; 5] =
    ["cilium.io", "crd.antrea.io", "crd.projectcalico.org", "policy.networking.k8s.io", "projectcalico.org"];

/// One kind's list without its objects.
#[derive(Clone, Debug)]
pub(crate) struct ListInfo {
    pub(crate) state: SetState,
    pub(crate) evidence: Vec<String>,
}

impl ListInfo {
    /// Why objects may be missing; nothing when the list is whole.
    pub(crate) fn missing(&self) -> Option<Missing> {
        match &self.state {
            SetState::Complete | SetState::NotApplicable { .. } => None,
            SetState::Partial { reason, gap } | SetState::Unobserved { reason, gap } => {
                Some(Missing { reason: reason.clone(), gap: Some(gap.clone()) })
            }
        }
    }
}

/// A NetworkPolicy, as far as others need it.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) spec: Value,
}

impl Policy {
    /// Whether it isolates its pods in a direction (`Ingress`, `Egress`). Without `policyTypes` ingress is always
    /// meant, egress when there are rules for it.
    pub(crate) fn isolates(&self, direction: &str) -> bool {
        match self.spec.get("policyTypes").and_then(Value::as_array).filter(|types| !types.is_empty()) {
            Some(types) => types.iter().any(|kind| kind == direction),
            None => direction == "Ingress" || self.rules(direction).next().is_some(),
        }
    }

    pub(crate) fn rules(&self, direction: &str) -> impl Iterator<Item = &Value> {
        super::items(&self.spec, if direction == "Ingress" { "ingress" } else { "egress" })
    }

    pub(crate) fn selects(&self, labels: Option<&Value>) -> bool {
        selector::matches(self.spec.get("podSelector"), labels)
    }
}

/// A PodDisruptionBudget, as far as others need it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) name: String,
    selector: Option<Value>,
    /// `{}` selects all pods in `policy/v1`, and none in `policy/v1beta1`.
    empty_selects_all: bool,
}

impl Budget {
    pub(crate) fn selects(&self, labels: Option<&Value>) -> bool {
        let Some(selector) = &self.selector else { return false };
        let empty = selector::matches_all(Some(selector));
        if empty { self.empty_selects_all } else { selector::matches(Some(selector), labels) }
    }
}

/// A role, as far as others need it.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) rules: Vec<Value>,
    pub(crate) labels: Option<Value>,
    pub(crate) aggregation: Option<Value>,
    pub(crate) cluster: bool,
}

/// A binding, as far as others need it.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) role: String,
    pub(crate) cluster: bool,
    pub(crate) subjects: Vec<Value>,
}

/// Indexes over the kinds that fact functions look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) policies: BTreeMap<String, Vec<Policy>>,
    pub(crate) budgets: BTreeMap<String, Vec<Budget>>,
    /// `automountServiceAccountToken` by namespace and name.
    pub(crate) service_accounts: BTreeMap<(String, String), Option<bool>>,
    /// By resource id.
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) bound: BTreeSet<String>,
    /// Provider ids and label keys of nodes that tell who runs the cluster.
    pub(crate) node_marks: BTreeSet<String>,
}

impl Index {
    /// Adds a kind's objects. Kinds that nobody looks at are passed over.
    pub(crate) fn add(&mut self, kind: &str, cluster: &str, listing: &Listing) {
        for listed in &listing.objects {
            let object = &listed.object;
            let text = |path: &str| super::at(object, path).and_then(Value::as_str).unwrap_or("").to_owned();
            let (namespace, name) = (text("metadata.namespace"), text("metadata.name"));
            match kind {
                "NetworkPolicy" => {
                    let spec = object.get("spec").cloned().unwrap_or(Value::Null);
                    self.policies.entry(namespace).or_default().push(Policy { name, spec });
                }
                "PodDisruptionBudget" => {
                    let selector = super::at(object, "spec.selector").cloned();
                    let empty_selects_all = !listing.api.ends_with("/v1beta1");
                    self.budgets.entry(namespace).or_default().push(Budget { name, selector, empty_selects_all });
                }
                "ServiceAccount" => {
                    let automount = object.get("automountServiceAccountToken").and_then(Value::as_bool);
                    self.service_accounts.insert((namespace, name), automount);
                }
                "Role" | "ClusterRole" => {
                    let role = Role {
                        rules: super::items(object, "rules").cloned().collect(),
                        labels: super::at(object, "metadata.labels").cloned(),
                        aggregation: object.get("aggregationRule").cloned(),
                        cluster: kind == "ClusterRole",
                    };
                    self.roles.insert(resource_id(cluster, kind, &namespace, &name), role);
                }
                "RoleBinding" | "ClusterRoleBinding" => {
                    let role = super::rbac::role_id(cluster, object, &namespace);
                    self.bound.insert(role.clone());
                    let subjects = super::items(object, "subjects").cloned().collect();
                    self.bindings.push(Binding { role, cluster: kind == "ClusterRoleBinding", subjects });
                }
                "Node" => {
                    let provider = text("spec.providerID");
                    self.node_marks.insert(provider.split(':').next().unwrap_or("").to_owned());
                    let labels = super::at(object, "metadata.labels").and_then(Value::as_object);
                    self.node_marks.extend(labels.into_iter().flatten().map(|(key, _)| key.clone()));
                }
                _ => {}
            }
        }
    }
}

/// All that fact functions may look at.
pub(crate) struct World<'a> {
    /// UID of kube-system, or a word for the target where nobody knows it.
    pub(crate) cluster: &'a str,
    pub(crate) index: &'a Index,
    /// By kind.
    pub(crate) lists: &'a BTreeMap<String, ListInfo>,
    /// Major and minor version of the server, where known.
    pub(crate) version: Option<(u32, u32)>,
    /// Why the version is not known.
    pub(crate) version_missing: Missing,
    /// The API groups that the server has.
    pub(crate) groups: &'a BTreeSet<String>,
    /// Gap of the policies that are not read.
    pub(crate) unread_policies: &'a str,
}

impl World<'_> {
    /// Why objects of these kinds may be missing; nothing when the lists are whole.
    pub(crate) fn missing(&self, kinds: &[&str]) -> Option<Missing> {
        let never = || Some(Missing { reason: "never asked".to_owned(), gap: None });
        kinds.iter().find_map(|kind| self.lists.get(*kind).map_or_else(never, ListInfo::missing))
    }

    /// The policies of a namespace.
    pub(crate) fn policies(&self, namespace: &str) -> &[Policy] {
        self.index.policies.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Why `no policy` is not known: a list that is not whole, or policies of another API that nobody read.
    pub(crate) fn policies_missing(&self) -> Option<Missing> {
        self.missing(&["NetworkPolicy"]).or_else(|| {
            let other = other_policy_group(self.groups)?;
            let reason = format!("the cluster also has network policies of {other}, which are not read");
            Some(Missing { reason, gap: Some(self.unread_policies.to_owned()) })
        })
    }
}

/// A group of policies that are not read.
pub(crate) fn other_policy_group(groups: &BTreeSet<String>) -> Option<&'static str> {
    OTHER_POLICY_GROUPS.into_iter().find(|group| groups.contains(*group))
}
