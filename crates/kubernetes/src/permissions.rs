//! The least rights that a scan needs, as a ClusterRole, and the command that asks the same without annexa.

use crate::kinds::{Kind, Kinds};
use annexa_model::Exchange;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The ClusterRole, with a comment on what is lost without each rule.
pub(crate) fn cluster_role(kinds: &Kinds) -> String {
    let mut text = String::from(
        "# What annexa asks of a cluster: lists, nothing else. No secrets, no config maps, no logs, no subresources,\n\
         # no watch. /version and discovery are open to every authenticated user. Where a rule is left out, the\n\
         # findings that need it are `unknown`; the rest stays.\n\
         # Bind it with: kubectl create clusterrolebinding annexa --clusterrole=annexa --serviceaccount=NAMESPACE:NAME\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: annexa\nrules:\n",
    );
    let mut rules: BTreeMap<(&str, Vec<&str>), Vec<&Kind>> = BTreeMap::new();
    for kind in kinds.kinds.values() {
        rules.entry((&kind.feeds, groups(kind))).or_default().push(kind);
    }
    for ((feeds, groups), mut kinds) in rules {
        kinds.sort_by(|a, b| a.resource.cmp(&b.resource));
        let _ = writeln!(text, "  # {feeds}");
        for kind in &kinds {
            let _ = writeln!(text, "  #   without {}: {}", kind.resource, kind.without);
        }
        let quoted = |words: Vec<&str>| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let resources = kinds.iter().map(|kind| kind.resource.as_str()).collect();
        let _ = writeln!(text, "  - apiGroups: [{}]", quoted(groups));
        let _ = writeln!(text, "    resources: [{}]", quoted(resources));
        let _ = writeln!(text, "    verbs: [\"list\"]");
    }
    text
}

fn groups(kind: &Kind) -> Vec<&str> {
    let mut groups: Vec<&str> = kind.served_as.iter().map(|api| crate::kinds::group_of(api)).collect();
    groups.dedup();
    groups
}

/// The kubectl command that asks the same. A later page is asked by asking for the whole list.
pub(crate) fn reproduce(exchange: &Exchange) -> String {
    let path = exchange.request.path.split('?').next().unwrap_or("/");
    format!("kubectl get --raw '{}'", path.replace('\'', "'\\''"))
}
