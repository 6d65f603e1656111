//! Keeps of an answer what shapes name, and records what is cut: one record a place and reason, with a count.

use crate::kinds::{Kind, Kinds};
use crate::literal;
use crate::shape::Shape;
use annexa_model::{Cut, ScalarKind};
use annexa_tape::{Redacted, Redactor};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many places of an answer are recorded one by one; the rest is counted together.
const MAX_CUTS: usize = 100;
/// The longest text that is kept of an error that is no `Status`.
const MAX_ERROR_TEXT: usize = 200;

const NOT_NAMED: &str = "not allow-listed";
const SECRET: &str = "secret";
const PERSONAL: &str = "personal";
const OF_OWNER: &str = "part of its owner";

/// Cuts one answer.
pub(crate) struct Cutter<'a> {
    kinds: &'a Kinds,
    /// The kind that is listed; none for discovery.
    kind: Option<&'a Kind>,
    redactor: &'a Redactor,
    counts: BTreeMap<(String, &'static str), u64>,
    path: String,
}

impl<'a> Cutter<'a> {
    pub(crate) fn new(kinds: &'a Kinds, kind: Option<&'a Kind>, redactor: &'a Redactor) -> Self {
        Self { kinds, kind, redactor, counts: BTreeMap::new(), path: String::new() }
    }

    /// Cuts a list of objects (`DeploymentList`): each item by the shape of its kind.
    pub(crate) fn list(&mut self, body: Value) -> Value {
        let (Some(kind), Value::Object(members)) = (self.kind, body) else { return Value::Null };
        let mut kept = Map::new();
        let is_asked = members.get("kind").and_then(Value::as_str) == Some(format!("{}List", kind.name).as_str());
        if !is_asked {
            // something else than what was asked: its kind alone says enough
            kept.extend(
                members.get("kind").filter(|kind| kind.is_string()).map(|kind| ("kind".to_owned(), kind.clone())),
            );
            self.here(NOT_NAMED);
            return Value::Object(kept);
        }
        for (key, value) in members {
            let value = match (key.as_str(), value) {
                ("kind" | "apiVersion", value @ Value::String(_)) => Some(value),
                ("metadata", Value::Object(metadata)) => Some(list_metadata(&metadata)),
                // an empty list may be written as `null`; anything else that is no list is left out, and the answer is
                // judged as wrong
                ("items", Value::Null) => Some(Value::Array(Vec::new())),
                ("items", Value::Array(objects)) => Some(self.step("/items/*", |cutter| cutter.objects(kind, objects))),
                (other, _) => self.cut(&format!("/{}", escape(other)), NOT_NAMED),
            };
            if let Some(value) = value {
                kept.insert(key, value);
            }
        }
        Value::Object(kept)
    }

    fn objects(&mut self, kind: &Kind, objects: Vec<Value>) -> Value {
        let mut kept = Vec::with_capacity(objects.len());
        for mut object in objects {
            if self.kinds.folds(kind, &object) {
                // what its owner says is enough; most pods and replica sets of a cluster are of this sort
                if let Some(members) = object.as_object_mut() {
                    members.retain(|key, _| key == "metadata");
                    self.count("/spec", OF_OWNER);
                }
            }
            kept.extend(self.keep(&kind.keep, object, None));
        }
        Value::Array(kept)
    }

    /// Cuts any other object by a shape.
    pub(crate) fn object(&mut self, shape: &Shape, body: Value) -> Value {
        self.keep(shape, body, None).unwrap_or(Value::Null)
    }

    /// A place at which a value stands for another one.
    pub(crate) fn replaced(&mut self, pointer: &str, reason: &'static str) {
        self.count(pointer, reason);
    }

    /// The body with the records of what is not in it any more.
    pub(crate) fn finish(self, body: &Value) -> Redacted {
        let mut cuts = Vec::new();
        let mut more = 0;
        for ((pointer, reason), count) in self.counts {
            if cuts.len() < MAX_CUTS {
                let fact = if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
                cuts.push(Cut { pointer, reason: reason.to_owned(), fact: Some(fact) });
            } else {
                more += count;
            }
        }
        if more > 0 {
            let fact = Some(format!("{more} more values at other places"));
            cuts.push(Cut { pointer: String::new(), reason: NOT_NAMED.to_owned(), fact });
        }
        Redacted { body: Bytes::from(body.to_string()), cuts }
    }

    fn keep(&mut self, shape: &Shape, value: Value, parent: Option<&Map<String, Value>>) -> Option<Value> {
        match (shape, value) {
            // `items: null` and the like mean the same as an absent member
            (_, Value::Null) => None,
            (Shape::Object(members), Value::Object(value)) => Some(self.members(members, value)),
            (Shape::List(item), Value::Array(values)) => {
                let values =
                    values.into_iter().filter_map(|value| self.step("/*", |cutter| cutter.keep(item, value, None)));
                Some(Value::Array(values.collect()))
            }
            (Shape::Map(shape), Value::Object(value)) => {
                let entries = value
                    .into_iter()
                    .filter_map(|(key, value)| Some((key, self.step("/*", |cutter| cutter.keep(shape, value, None))?)));
                Some(Value::Object(entries.collect()))
            }
            (Shape::Scalar(ScalarKind::Bool), value @ Value::Bool(_))
            | (Shape::Scalar(ScalarKind::Int | ScalarKind::Double), value @ Value::Number(_))
            | (Shape::Scalar(ScalarKind::String | ScalarKind::Timestamp), value @ Value::String(_))
            | (Shape::Value, value @ (Value::Number(_) | Value::String(_))) => Some(value),
            (Shape::Annotations, Value::Object(value)) => Some(self.annotations(value)),
            (Shape::SubjectName, Value::String(name)) => Some(Value::String(self.subject_name(name, parent))),
            (Shape::Literal, Value::String(value)) => {
                let name = parent.and_then(|parent| parent.get("name")).and_then(Value::as_str).unwrap_or("");
                self.here(SECRET);
                Some(literal::environment_value(name, &value))
            }
            (Shape::Arguments, Value::Array(values)) => {
                self.here(SECRET);
                Some(literal::arguments(&values))
            }
            (Shape::Headers, Value::Array(values)) => {
                self.here(SECRET);
                Some(literal::headers(&values))
            }
            (Shape::Set, _) => {
                self.here(NOT_NAMED);
                Some(Value::Bool(true))
            }
            _ => {
                self.here("not of the kind that it should be");
                None
            }
        }
    }

    fn members(&mut self, shapes: &BTreeMap<String, Shape>, value: Map<String, Value>) -> Value {
        let siblings: Map<String, Value> = ["name", "kind"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), value.get(*key).filter(|v| v.is_string())?.clone())))
            .collect();
        let mut kept = Map::new();
        for (key, value) in value {
            let place = format!("/{}", escape(&key));
            let value = match shapes.get(&key) {
                Some(shape) => self.step(&place, |cutter| cutter.keep(shape, value, Some(&siblings))),
                None => self.cut(&place, NOT_NAMED),
            };
            if let Some(value) = value {
                kept.insert(key, value);
            }
        }
        Value::Object(kept)
    }

    /// All keys; values of the allow-list only. The key of a cut value stands with `null`.
    fn annotations(&mut self, value: Map<String, Value>) -> Value {
        let mut kept = Map::new();
        for (key, value) in value {
            let allowed = self.kinds.annotations.contains(&key)
                || self.kind.is_some_and(|kind| kind.annotations.contains(&key))
                || self.kinds.annotation_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()));
            let value = match value {
                Value::String(text) if allowed => Value::String(self.person(text, "/*")),
                _ => {
                    self.count("/*", NOT_NAMED);
                    Value::Null
                }
            };
            kept.insert(key, value);
        }
        Value::Object(kept)
    }

    /// Names of users may be a person's; service accounts and groups are none.
    fn subject_name(&mut self, name: String, parent: Option<&Map<String, Value>>) -> String {
        let kind = parent.and_then(|parent| parent.get("kind")).and_then(Value::as_str).unwrap_or("User");
        if kind != "User" || name.starts_with("system:") {
            return name;
        }
        if name.contains('@') { self.person(name, "") } else { self.redactor.login(&name) }
    }

    /// An e-mail address becomes a pseudonym.
    fn person(&mut self, text: String, place: &str) -> String {
        if !text.contains('@') {
            return text;
        }
        let name = self.redactor.personal(&text);
        if name != text {
            self.count(place, PERSONAL);
        }
        name
    }

    fn step<T>(&mut self, place: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(place);
        let result = inside(self);
        self.path.truncate(length);
        result
    }

    fn cut(&mut self, place: &str, reason: &'static str) -> Option<Value> {
        self.count(place, reason);
        None
    }

    fn here(&mut self, reason: &'static str) {
        self.count("", reason);
    }

    fn count(&mut self, place: &str, reason: &'static str) {
        *self.counts.entry((format!("{}{place}", self.path), reason)).or_default() += 1;
    }
}

/// Of a list's own metadata all is kept but links.
fn list_metadata(metadata: &Map<String, Value>) -> Value {
    let kept = ["resourceVersion", "continue", "remainingItemCount"];
    Value::Object(
        metadata.iter().filter(|(key, _)| kept.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect(),
    )
}

/// A text with a pseudonym in place of each e-mail address.
pub(crate) fn without_addresses(text: &str, redactor: &Redactor) -> String {
    let of_address = |c: char| c.is_alphanumeric() || ".-_+%".contains(c);
    let (mut kept, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('@') {
        let start =
            rest[..at].char_indices().rev().take_while(|(_, c)| of_address(*c)).last().map_or(at, |(start, _)| start);
        let end = rest[at + 1..].find(|c| !of_address(c)).map_or(rest.len(), |length| at + 1 + length);
        let end = start.max(at + 1).max(at + 1 + rest[at + 1..end].trim_end_matches('.').len());
        kept.push_str(&rest[..start]);
        let address = &rest[start..end];
        let whole = address.len() > 2 && !address.starts_with('@') && !address.ends_with('@');
        kept.push_str(&if whole { redactor.personal(address) } else { address.to_owned() });
        rest = &rest[end..];
    }
    kept + rest
}

/// What is kept of a `Status`, the API's form of an error. Its message may name who asked.
pub(crate) fn status(body: &Value, redactor: &Redactor) -> Value {
    let mut kept = Map::new();
    for key in ["kind", "apiVersion", "status", "message", "reason", "code"] {
        if let Some(value) = body.get(key).filter(|value| !value.is_object() && !value.is_array()) {
            let text = value.as_str().map(|text| Value::String(without_addresses(text, redactor)));
            kept.insert(key.to_owned(), text.unwrap_or_else(|| value.clone()));
        }
    }
    let details = ["name", "group", "kind", "retryAfterSeconds"].iter().filter_map(|key| {
        Some(((*key).to_owned(), body.get("details")?.get(*key).filter(|v| v.is_string() || v.is_number())?.clone()))
    });
    let details: Map<String, Value> = details.collect();
    if !details.is_empty() {
        kept.insert("details".to_owned(), Value::Object(details));
    }
    Value::Object(kept)
}

/// What is kept of an answer that is no JSON: a short plain text of the server's, otherwise nothing.
pub(crate) fn text(is_error: bool, content_type: &str, body: &Bytes) -> Redacted {
    let plain = content_type.is_empty() || content_type.starts_with("text/plain");
    match std::str::from_utf8(body) {
        Ok(text) if is_error && plain && text.len() <= MAX_ERROR_TEXT => {
            Redacted { body: body.clone(), cuts: Vec::new() }
        }
        _ => {
            let fact = Some(format!("{} bytes", body.len()));
            let cut = Cut { pointer: String::new(), reason: "not understood".to_owned(), fact };
            Redacted { body: Bytes::from(json!({}).to_string()), cuts: vec![cut] }
        }
    }
}

/// A key as a part of an RFC 6901 pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use annexa_tape::Privacy;
    use proptest::prelude::*;

    fn cut(kind: &str, body: Value) -> (Value, Vec<Cut>) {
        let kinds = Kinds::load(&crate::rules()).unwrap();
        let redactor = Redactor::new(Privacy::Default, [7; 32]);
        let mut cutter = Cutter::new(&kinds, Some(&kinds.kinds[kind]), &redactor);
        let kept = cutter.list(body);
        let redacted = cutter.finish(&kept);
        (serde_json::from_slice(&redacted.body).unwrap(), redacted.cuts)
    }

    #[test]
    fn no_canary_survives_and_cuts_are_counted_by_place() {
        let pod = json!({
            "metadata": {"name": "a", "managedFields": [{"x": "CANARY"}],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "CANARY", "owner": "Ada@Example.org"}},
            "spec": {"containers": [{"name": "c", "image": "i", "command": ["run", "CANARY"], "args": ["--password=CANARY"],
                "env": [{"name": "A_TOKEN", "value": "CANARY"}, {"name": "B", "value": "CANARY"}],
                "livenessProbe": {"exec": {"command": ["CANARY"]}, "httpGet": {"httpHeaders": [{"name": "Authorization", "value": "CANARY"}]}},
                "lifecycle": {"preStop": {"exec": {"command": ["CANARY"]}}},
                "securityContext": {"privileged": "CANARY"}, "unheard-of": {"x": "CANARY"}}],
                "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"k": "CANARY"}}, "flexVolume": {"options": "CANARY"}}]},
            "data": "CANARY"});
        let (kept, cuts) = cut(
            "Pod",
            json!({"kind": "PodList", "metadata": {"selfLink": "CANARY"}, "items": [pod.clone(), pod], "extra": "CANARY"}),
        );
        let text = kept.to_string();
        assert!(!text.contains("CANARY") && !text.contains("Ada@"), "{text}");
        let container = &kept["items"][1]["spec"]["containers"][0];
        assert_eq!(container["env"][0]["value"]["secret"], true);
        assert_eq!(container["env"][1]["value"], json!({"literal": true, "secret": false, "rule": 1}));
        assert_eq!(container["args"]["secrets"][0]["at"], 0);
        assert_eq!(
            kept["items"][0]["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"],
            Value::Null
        );
        assert!(kept["items"][0]["metadata"]["annotations"]["owner"].as_str().unwrap().starts_with("p-"));
        let env = cuts.iter().find(|cut| cut.pointer == "/items/*/spec/containers/*/env/*/value").unwrap();
        assert_eq!(env.fact.as_deref(), Some("4 values"));
        assert!(cuts.iter().any(|cut| cut.pointer == "/items/*/metadata/managedFields"));
    }

    #[test]
    fn of_owned_objects_only_the_name_stays() {
        let owner = |kind: &str| json!([{"kind": kind, "apiVersion": "apps/v1", "name": "o", "controller": true}]);
        let pod =
            |kind: &str| json!({"metadata": {"name": "p", "ownerReferences": owner(kind)}, "spec": {"nodeName": "n"}});
        let (kept, cuts) = cut("Pod", json!({"kind": "PodList", "items": [pod("ReplicaSet"), pod("Rollout")]}));
        assert_eq!((kept["items"][0].get("spec"), &kept["items"][1]["spec"]["nodeName"]), (None, &json!("n")));
        assert!(cuts.iter().any(|cut| cut.reason == OF_OWNER && cut.pointer == "/items/*/spec"));
    }

    #[test]
    fn the_number_of_records_is_bounded() {
        let members: Map<String, Value> = (0..5000).map(|i| (format!("m{i}"), json!(1))).collect();
        let (_, cuts) = cut("Pod", json!({"kind": "PodList", "items": [{"spec": members}]}));
        assert_eq!(cuts.len(), MAX_CUTS + 1);
        assert_eq!(cuts.last().unwrap().fact.as_deref(), Some("4900 more values at other places"));
    }

    #[test]
    fn people_in_bindings_become_pseudonyms_and_groups_stay() {
        let subjects = json!([{"kind": "User", "name": "ada@example.org"}, {"kind": "User", "name": "ada"}, {"kind": "Group", "name": "a@b"}]);
        let (kept, _) = cut("RoleBinding", json!({"kind": "RoleBindingList", "items": [{"subjects": subjects}]}));
        let names: Vec<&str> =
            kept["items"][0]["subjects"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
        assert!(names[0].starts_with("p-"));
        assert_eq!(&names[1..], ["ada", "a@b"]);
    }

    #[test]
    fn addresses_in_messages_become_pseudonyms() {
        let redactor = Redactor::new(Privacy::Default, [7; 32]);
        let clean = |text: &str| without_addresses(text, &redactor);
        let person = redactor.personal("jo.demo@shop.example");
        assert_eq!(clean("User \"jo.demo@shop.example\" cannot list"), format!("User \"{person}\" cannot list"));
        assert_eq!(clean("oidc:Jo.Demo@shop.example."), format!("oidc:{person}."));
        for text in ["", "@", "a@", "@b", "no address", "ä@@ö", "x @ y"] {
            assert_eq!(clean(text).chars().filter(|c| *c == '@').count() > 0, text.contains('@'), "{text}");
        }
    }

    #[test]
    fn error_pages_are_cut_and_short_texts_stay() {
        assert_eq!(text(true, "text/plain", &Bytes::from("service unavailable\n")).cuts, vec![]);
        assert_eq!(text(true, "text/html", &Bytes::from("<html>CANARY")).body, Bytes::from("{}"));
        assert_eq!(text(false, "text/plain", &Bytes::from("CANARY")).body, Bytes::from("{}"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let words = "spec|containers|env|name|value|metadata|annotations|command|items|kind|CANARY|.{0,6}";
        let leaf =
            prop_oneof![Just(json!("CANARY")), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
        leaf.prop_recursive(6, 64, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(words, inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever a pod holds where values are never kept, none of it comes through.
        #[test]
        fn no_answer_breaks_redaction(value in any_json(), text in ".{0,40}") {
            let container = json!({"env": [{"name": "A", "value": value}], "command": value, "lifecycle": value, "new": value});
            let pod = json!({"metadata": {"annotations": {"x": value}, "managedFields": value}, "spec": {"containers": [container]}, "data": value});
            let (kept, cuts) = cut("Pod", json!({"kind": "PodList", "items": [pod], "x": value}));
            prop_assert!(!kept.to_string().contains("CANARY"), "{kept}");
            cut("Pod", json!({"kind": "PodList", "items": [value]}));
            prop_assert!(cuts.len() <= MAX_CUTS + 1);
            without_addresses(&text, &Redactor::new(Privacy::Default, [7; 32]));
            crate::facts::image_parts(&text);
        }
    }
}
