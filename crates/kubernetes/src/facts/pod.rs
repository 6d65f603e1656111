//! What a pod spec says of its containers, volumes and images.

use super::{at, boolean, items, list, object, security, string};
use crate::kinds::Kinds;
use annexa_model::{Field, ScalarKind};
use serde_json::{Map, Value, json};

/// The three lists of containers and how a container of each is called. Leaving out the second or third is the classic
/// miss.
pub(crate) const CONTAINERS: [(&str, &str); 3] =
    [("containers", "container"), ("initContainers", "init_container"), ("ephemeralContainers", "ephemeral_container")];

/// Sockets through which a container could ask the node's runtime for anything.
const SOCKETS: [&str; 7] = [
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/cri-dockerd.sock",
    "/run/podman/podman.sock",
];

/// All containers of a pod, each as it is written, with what it really runs with.
pub(crate) fn containers(pod: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (list, kind) in CONTAINERS {
        for container in pod.get("spec").into_iter().flat_map(|spec| items(spec, list)) {
            let mut facts = container.as_object().cloned().unwrap_or_default();
            facts.insert("container_kind".to_owned(), json!(kind));
            facts.insert("effective".to_owned(), security::effective(pod, container));
            let image = container.get("image").and_then(Value::as_str).unwrap_or("");
            facts.insert("image_reference".to_owned(), image_reference(image));
            all.push(Value::Object(facts));
        }
    }
    all
}

/// What checks see of [`containers`].
pub(crate) fn containers_field(kinds: &Kinds) -> Field {
    let shape = kinds.kinds.get("Pod").and_then(|pod| pod.keep.at("spec.containers")).map(crate::shape::Shape::field);
    let Some(Field::List(container)) = shape else { return list(Field::Any) };
    let Field::Object(mut members) = *container else { return list(Field::Any) };
    members.insert("container_kind".to_owned(), string());
    members.insert("effective".to_owned(), security::field());
    let text = || string();
    let parts =
        [("registry", text()), ("repository", text()), ("tag", text()), ("digest", text()), ("latest", boolean())];
    members.insert("image_reference".to_owned(), object(&parts));
    list(Field::Object(members))
}

/// The parts of an image's name. `host:5000/app` has a port and no tag; without a host the runtime's default registry
/// is meant.
pub(crate) fn image_reference(image: &str) -> Value {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match name[last..].find(':') {
        Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
        None => (name, None),
    };
    let first = repository.split_once('/').map(|(first, _)| first);
    let registry = first.filter(|host| host.contains(['.', ':']) || *host == "localhost");
    let path = registry.map_or(repository, |registry| &repository[registry.len() + 1..]);
    let mut parts = Map::new();
    let found = [("registry", registry), ("repository", Some(path)), ("tag", tag), ("digest", digest)];
    parts.extend(found.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))));
    let latest = digest.is_none() && tag.is_none_or(|tag| tag.is_empty() || tag == "latest");
    parts.insert("latest".to_owned(), json!(latest));
    Value::Object(parts)
}

/// Each place of a pod where something that reads like a secret is written out.
pub(crate) fn literal_secrets(pod: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (list, _) in CONTAINERS {
        for container in pod.get("spec").into_iter().flat_map(|spec| items(spec, list)) {
            let name = container.get("name").and_then(Value::as_str).unwrap_or("");
            let mut add = |place: String, why: Option<&Value>, rule: Option<&Value>| {
                found.push(json!({"container": name, "place": place, "why": why, "rule": rule}));
            };
            for variable in items(container, "env") {
                let value = variable.get("value");
                if value.and_then(|value| value.get("secret")) == Some(&Value::Bool(true)) {
                    let place = format!("env {}", variable.get("name").and_then(Value::as_str).unwrap_or(""));
                    add(place, value.and_then(|value| value.get("why")), value.and_then(|value| value.get("rule")));
                }
            }
            for path in literal_places() {
                let Some(written) = at(container, &path) else { continue };
                for secret in items(written, "secrets") {
                    let place = format!("{path}[{}]", secret.get("at").unwrap_or(&Value::Null));
                    add(place, secret.get("why"), written.get("rule"));
                }
            }
        }
    }
    found
}

fn literal_places() -> Vec<String> {
    let mut places = vec!["command".to_owned(), "args".to_owned()];
    for handler in ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"] {
        places.push(format!("{handler}.exec.command"));
        places.push(format!("{handler}.httpGet.httpHeaders"));
    }
    places
}

/// What checks see of [`literal_secrets`].
pub(crate) fn literal_secrets_field(_: &Kinds) -> Field {
    let rule = Field::Scalar(ScalarKind::Int);
    list(object(&[("container", string()), ("place", string()), ("why", string()), ("rule", rule)]))
}

/// Each folder or file of the node that a pod mounts. `read_only`: by all its containers.
pub(crate) fn host_paths(pod: &Value) -> Vec<Value> {
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let host = |volume: &Value| {
        let path = volume.get("hostPath")?.get("path")?.as_str()?.to_owned();
        let name = volume.get("name")?.as_str()?.to_owned();
        let containers = CONTAINERS.iter().flat_map(|(list, _)| items(spec, list));
        let mut mounts = containers
            .flat_map(|container| items(container, "volumeMounts"))
            .filter(|mount| mount.get("name") == volume.get("name"));
        let read_only = mounts.all(|mount| mount.get("readOnly") == Some(&Value::Bool(true)));
        Some(json!({"volume": name, "path": path, "read_only": read_only, "runtime_socket": reaches_socket(&path)}))
    };
    items(spec, "volumes").filter_map(host).collect()
}

/// What checks see of [`host_paths`].
pub(crate) fn host_paths_field(_: &Kinds) -> Field {
    list(object(&[("volume", string()), ("path", string()), ("read_only", boolean()), ("runtime_socket", boolean())]))
}

/// Whether a path is a runtime's socket or a folder above one.
fn reaches_socket(path: &str) -> bool {
    let mut clean = String::from("/");
    clean.push_str(&path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"));
    // /var/run is a link to /run
    let clean = if clean == "/var" {
        "/run"
    } else {
        clean.strip_prefix("/var").filter(|rest| rest.starts_with("/run")).unwrap_or(&clean)
    };
    let folder = format!("{}/", clean.trim_end_matches('/'));
    SOCKETS.iter().any(|socket| *socket == clean || socket.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_registries_tags_and_digests() {
        for (image, expected) in [
            ("nginx", json!({"repository": "nginx", "latest": true})),
            ("nginx:1.27", json!({"repository": "nginx", "tag": "1.27", "latest": false})),
            ("host:5000/app", json!({"registry": "host:5000", "repository": "app", "latest": true})),
            ("team/app:latest", json!({"repository": "team/app", "tag": "latest", "latest": true})),
            (
                "r.example/a/b:1@sha256:00",
                json!({"registry": "r.example", "repository": "a/b", "tag": "1", "digest": "sha256:00", "latest": false}),
            ),
            ("", json!({"repository": "", "latest": true})),
        ] {
            assert_eq!(image_reference(image), expected, "{image}");
        }
    }

    #[test]
    fn folders_above_a_socket_reach_it() {
        for path in ["/", "/run", "/var/run", "/var/run/docker.sock", "/run//containerd/", "/var"] {
            assert!(reaches_socket(path), "{path}");
        }
        for path in ["/var/log", "/runner", "/run/containerd2", "/var/lib"] {
            assert!(!reaches_socket(path), "{path}");
        }
    }

    #[test]
    fn init_and_ephemeral_containers_count() {
        let pod = json!({"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}], "ephemeralContainers": [{"name": "c"}]}});
        let kinds: Vec<Value> = containers(&pod).iter().map(|container| container["container_kind"].clone()).collect();
        assert_eq!(kinds, ["container", "init_container", "ephemeral_container"]);
    }

    #[test]
    fn secrets_are_found_in_every_place() {
        let secrets = json!({"count": 1, "secrets": [{"at": 0, "why": "w"}], "rule": 1});
        let pod = json!({"spec": {"initContainers": [{"name": "a", "env": [{"name": "T", "value": {"secret": true, "why": "w", "rule": 1}}, {"name": "U", "value": {"secret": false}}],
            "args": secrets, "lifecycle": {"preStop": {"exec": {"command": secrets}}}}]}});
        let places: Vec<Value> = literal_secrets(&pod).iter().map(|secret| secret["place"].clone()).collect();
        assert_eq!(places, ["env T", "args[0]", "lifecycle.preStop.exec.command[0]"]);
    }

    #[test]
    fn a_mount_is_read_only_when_all_its_mounts_are() {
        let pod = |read_only: bool| {
            json!({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/var/log"}}],
            "containers": [{"volumeMounts": [{"name": "v", "readOnly": true}]}, {"volumeMounts": [{"name": "v", "readOnly": read_only}]}]}})
        };
        assert_eq!(host_paths(&pod(true))[0]["read_only"], true);
        assert_eq!(host_paths(&pod(false))[0]["read_only"], false);
    }
}
