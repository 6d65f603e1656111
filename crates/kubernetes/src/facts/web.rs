//! Facts of services and ingresses.

use super::{Fact, FactFunction, Subject, World, at, boolean, items, list, string, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) static FUNCTIONS: &[FactFunction] = &[
    FactFunction { name: "internal_load_balancer", field: |_| boolean(), needs: &[], compute: internal_load_balancer },
    FactFunction { name: "hosts_without_tls", field: |_| list(string()), needs: &[], compute: hosts_without_tls },
    FactFunction { name: "snippet_annotations", field: |_| list(string()), needs: &[], compute: snippet_annotations },
];

/// Whether the cloud is told to give the load balancer an address inside only.
fn internal_load_balancer(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let annotations = at(subject.object, "metadata.annotations");
    let value =
        |key: &str| annotations.and_then(|annotations| annotations.get(key)?.as_str()).unwrap_or("").to_lowercase();
    let aws = value("service.beta.kubernetes.io/aws-load-balancer-internal");
    let internal = !matches!(aws.as_str(), "" | "false" | "0.0.0.0/0")
        && value("service.beta.kubernetes.io/aws-load-balancer-scheme") != "internet-facing"
        || value("service.beta.kubernetes.io/aws-load-balancer-scheme") == "internal"
        || value("service.beta.kubernetes.io/azure-load-balancer-internal") == "true"
        || value("networking.gke.io/load-balancer-type") == "internal"
        || value("cloud.google.com/load-balancer-type") == "internal";
    Fact::Known(json!(internal))
}

/// The hosts of an ingress that none of its certificates is for; `*` is any host.
fn hosts_without_tls(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let spec = subject.object.get("spec").unwrap_or(&Value::Null);
    let mut hosts: BTreeSet<&str> =
        items(spec, "rules").map(|rule| rule.get("host").and_then(Value::as_str).unwrap_or("*")).collect();
    if hosts.is_empty() {
        // a default backend alone answers for every host
        hosts.insert("*");
    }
    // an entry without hosts is for all of them
    let for_all = items(spec, "tls").any(|tls| texts(tls, "hosts").next().is_none());
    let certified: Vec<&str> = items(spec, "tls").flat_map(|tls| texts(tls, "hosts")).collect();
    let open = hosts.into_iter().filter(|host| !for_all && !certified.iter().any(|name| is_for(name, host)));
    Fact::Known(json!(open.collect::<Vec<_>>()))
}

/// Whether a certificate's name is for a host; a wildcard stands for one label.
fn is_for(name: &str, host: &str) -> bool {
    let wild = name
        .strip_prefix("*.")
        .is_some_and(|domain| host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain));
    name == host || wild
}

/// Annotations that put configuration of their own into the proxy.
fn snippet_annotations(subject: &Subject<'_>, _: &World<'_>) -> Fact {
    let keys = at(subject.object, "metadata.annotations").and_then(Value::as_object).into_iter().flatten();
    let mut snippets: Vec<&String> =
        keys.map(|(key, _)| key).filter(|key| key.ends_with("-snippet") || key.ends_with("-snippets")).collect();
    snippets.sort();
    Fact::Known(json!(snippets))
}

#[cfg(test)]
mod tests {
    use super::is_for;

    #[test]
    fn a_wildcard_is_for_one_label() {
        assert!(is_for("*.example.org", "a.example.org") && is_for("a.example.org", "a.example.org"));
        assert!(!is_for("*.example.org", "a.b.example.org") && !is_for("*.example.org", "example.org"));
        assert!(is_for("*.example.org", "*.example.org"));
    }
}
