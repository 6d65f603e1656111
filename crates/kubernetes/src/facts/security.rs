//! The security context that a container really gets: its own value wins over the pod's, even when it is the weaker
//! one.

use super::{boolean, list, object, string, texts};
use annexa_model::Field;
use serde_json::{Map, Value, json};

/// What [`effective`] gives.
pub(crate) fn field() -> Field {
    object(&[
        ("privileged", boolean()),
        ("run_as_non_root", boolean()),
        ("run_as_root", boolean()),
        ("allow_privilege_escalation", boolean()),
        ("read_only_root_filesystem", boolean()),
        ("added_capabilities", list(string())),
        ("dropped_capabilities", list(string())),
        ("drops_all_capabilities", boolean()),
        ("seccomp_profile", string()),
        ("apparmor_profile", string()),
        ("proc_mount", string()),
        ("host_process", boolean()),
    ])
}

/// What a container runs with. `pod` is the pod or its template, for the pod's security context and for annotations
/// that older clusters use.
pub(crate) fn effective(pod: &Value, container: &Value) -> Value {
    let contexts = Contexts {
        pod: pod.get("spec").and_then(|spec| spec.get("securityContext")),
        container: container.get("securityContext"),
        annotations: pod.get("metadata").and_then(|metadata| metadata.get("annotations")),
        name: container.get("name").and_then(Value::as_str).unwrap_or(""),
    };
    let user = contexts.either("runAsUser").and_then(Value::as_i64);
    let capabilities = |key: &str| -> Vec<String> {
        let of = contexts.container.and_then(|context| context.get("capabilities"));
        let mut names: Vec<String> = of.into_iter().flat_map(|of| texts(of, key)).map(capability).collect();
        names.sort();
        names.dedup();
        names
    };
    let (added, dropped) = (capabilities("add"), capabilities("drop"));
    let privileged = contexts.own_flag("privileged") == Some(true);
    // the kernel ignores the switch for these two, and the API server refuses `false` beside them
    let escalates = privileged || added.iter().any(|name| name == "SYS_ADMIN");
    let mut facts = Map::from_iter([
        ("privileged".to_owned(), json!(privileged)),
        (
            "run_as_non_root".to_owned(),
            json!(runs_as_non_root(user, contexts.either("runAsNonRoot").and_then(Value::as_bool))),
        ),
        ("run_as_root".to_owned(), json!(user == Some(0))),
        (
            "allow_privilege_escalation".to_owned(),
            json!(escalates || contexts.own_flag("allowPrivilegeEscalation") != Some(false)),
        ),
        ("read_only_root_filesystem".to_owned(), json!(contexts.own_flag("readOnlyRootFilesystem") == Some(true))),
        ("drops_all_capabilities".to_owned(), json!(dropped.iter().any(|name| name == "ALL"))),
        ("added_capabilities".to_owned(), json!(added)),
        ("dropped_capabilities".to_owned(), json!(dropped)),
        ("host_process".to_owned(), json!(contexts.windows_flag("hostProcess") == Some(true))),
        ("proc_mount".to_owned(), json!(contexts.own_text("procMount").unwrap_or("Default"))),
    ]);
    if let Some(profile) = contexts.seccomp(privileged) {
        facts.insert("seccomp_profile".to_owned(), json!(profile));
    }
    if let Some(profile) = contexts.apparmor() {
        facts.insert("apparmor_profile".to_owned(), json!(profile));
    }
    Value::Object(facts)
}

/// User 0 is root whatever else is said; another user is none; without a user only `runAsNonRoot` makes the kubelet
/// refuse root.
fn runs_as_non_root(user: Option<i64>, non_root: Option<bool>) -> bool {
    match user {
        Some(user) => user > 0,
        None => non_root == Some(true),
    }
}

/// Names come with and without `CAP_`.
fn capability(name: &str) -> String {
    let name = name.to_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

struct Contexts<'a> {
    pod: Option<&'a Value>,
    container: Option<&'a Value>,
    annotations: Option<&'a Value>,
    name: &'a str,
}

impl<'a> Contexts<'a> {
    /// A member that both may have: the container's wins.
    fn either(&self, key: &str) -> Option<&'a Value> {
        self.container.and_then(|context| context.get(key)).or_else(|| self.pod.and_then(|context| context.get(key)))
    }

    /// A member that only containers have.
    fn own_flag(&self, key: &str) -> Option<bool> {
        self.container?.get(key)?.as_bool()
    }

    fn own_text(&self, key: &str) -> Option<&'a str> {
        self.container?.get(key)?.as_str()
    }

    fn windows_flag(&self, key: &str) -> Option<bool> {
        let of = |context: Option<&'a Value>| context?.get("windowsOptions")?.get(key)?.as_bool();
        of(self.container).or_else(|| of(self.pod))
    }

    fn annotation(&self, key: &str) -> Option<&'a str> {
        self.annotations?.get(key)?.as_str()
    }

    /// `RuntimeDefault`, `Localhost` or `Unconfined`; nothing when nobody chose. Privileged containers run unconfined.
    fn seccomp(&self, privileged: bool) -> Option<&'static str> {
        if privileged {
            return Some("Unconfined");
        }
        let written = self.either("seccompProfile").and_then(|profile| profile.get("type")?.as_str());
        // annotations before 1.19; they went away with 1.27
        let annotated = || {
            self.annotation(&format!("container.seccomp.security.alpha.kubernetes.io/{}", self.name))
                .or_else(|| self.annotation("seccomp.security.alpha.kubernetes.io/pod"))
        };
        profile(written.or_else(annotated)?)
    }

    fn apparmor(&self) -> Option<&'static str> {
        let written = self.either("appArmorProfile").and_then(|profile| profile.get("type")?.as_str());
        let annotated = || self.annotation(&format!("container.apparmor.security.beta.kubernetes.io/{}", self.name));
        profile(written.or_else(annotated)?)
    }
}

fn profile(written: &str) -> Option<&'static str> {
    match written {
        "RuntimeDefault" | "runtime/default" | "docker/default" => Some("RuntimeDefault"),
        "Localhost" => Some("Localhost"),
        "Unconfined" | "unconfined" => Some("Unconfined"),
        other if other.starts_with("localhost/") => Some("Localhost"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pod: Value, container: Value) -> Value {
        effective(
            &json!({"metadata": {"annotations": {"container.seccomp.security.alpha.kubernetes.io/c": "localhost/x"}}, "spec": {"securityContext": pod}}),
            &json!({"name": "c", "securityContext": container}),
        )
    }

    #[test]
    fn the_containers_value_wins_even_when_weaker() {
        let cases = [
            (json!({}), json!({}), false),
            (json!({"runAsNonRoot": true}), json!({}), true),
            (json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false}), false),
            (json!({"runAsNonRoot": true}), json!({"runAsUser": 0}), false),
            (json!({"runAsUser": 0}), json!({"runAsUser": 1000}), true),
            (json!({"runAsUser": 1000}), json!({"runAsUser": 0}), false),
            (json!({"runAsUser": 0}), json!({"runAsNonRoot": true}), false),
        ];
        for (pod, container, expected) in cases {
            assert_eq!(run(pod.clone(), container.clone())["run_as_non_root"], expected, "{pod} {container}");
        }
    }

    #[test]
    fn what_is_absent_is_the_weaker_default() {
        let facts = run(json!({}), json!({}));
        assert_eq!((&facts["allow_privilege_escalation"], &facts["privileged"]), (&json!(true), &json!(false)));
        assert_eq!(facts["read_only_root_filesystem"], false);
        assert_eq!(facts["drops_all_capabilities"], false);
        assert!(facts.get("apparmor_profile").is_none());
    }

    #[test]
    fn escalation_can_not_be_off_for_the_privileged() {
        assert_eq!(run(json!({}), json!({"allowPrivilegeEscalation": false}))["allow_privilege_escalation"], false);
        let admin =
            json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"], "drop": ["all"]}});
        let facts = run(json!({}), admin);
        assert_eq!(
            (&facts["allow_privilege_escalation"], &facts["drops_all_capabilities"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(
            run(json!({"seccompProfile": {"type": "RuntimeDefault"}}), json!({"privileged": true}))["seccomp_profile"],
            "Unconfined"
        );
    }

    #[test]
    fn old_annotations_count_when_no_field_does() {
        assert_eq!(run(json!({}), json!({}))["seccomp_profile"], "Localhost");
        assert_eq!(run(json!({"seccompProfile": {"type": "Unconfined"}}), json!({}))["seccomp_profile"], "Unconfined");
    }
}
