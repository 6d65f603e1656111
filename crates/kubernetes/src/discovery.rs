//! What the server serves: which API version a kind is asked in. Read the same way while collecting and afterwards.

use crate::dialect::api_path;
use crate::kinds::{Kind, Kinds, group_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How a kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// In this version: `apps/v1`.
    As(String),
    /// The server said what it serves, and this is not among it.
    Not,
    /// Discovery of this path gave no answer, so nobody knows.
    Unknown(String),
}

/// Discovery's answers by path; `None` where a question had no usable answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Discovery {
    answers: BTreeMap<String, Option<Value>>,
}

impl Discovery {
    pub(crate) fn add(&mut self, path: &str, answer: Option<Value>) {
        self.answers.insert(path.to_owned(), answer);
    }

    /// The paths to ask, once `/apis` has answered: each API version that the kinds name and the server serves. Where
    /// `/apis` had no answer all are tried.
    pub(crate) fn paths(&self, kinds: &Kinds, needed: &BTreeSet<String>) -> BTreeSet<String> {
        let apis = kinds.kinds.values().filter(|kind| needed.contains(&kind.name)).flat_map(|kind| &kind.served_as);
        apis.filter(|api| self.serves_version(api) != Some(false)).map(|api| api_path(api)).collect()
    }

    /// All API groups that the server has, where it said so.
    pub(crate) fn groups(&self) -> BTreeSet<String> {
        let groups =
            self.answers.get("/apis").and_then(Option::as_ref).and_then(|answer| answer.get("groups")?.as_array());
        let name = |group: &Value| group.get("name").and_then(Value::as_str).map(str::to_owned);
        groups.into_iter().flatten().filter_map(name).collect()
    }

    /// The version that a kind is asked in: the first of its versions that has it.
    pub(crate) fn served(&self, kind: &Kind) -> Served {
        let mut unknown = None;
        for api in &kind.served_as {
            if self.serves_version(api) == Some(false) {
                continue;
            }
            match self.answers.get(&api_path(api)) {
                Some(Some(answer)) if has_resource(answer, &kind.resource) => return Served::As(api.clone()),
                Some(Some(_)) => {}
                Some(None) | None => unknown = unknown.or(Some(api_path(api))),
            }
        }
        unknown.map_or(Served::Not, Served::Unknown)
    }

    /// Whether `/apis` lists a version; nothing when it does not say. The core's `v1` is not listed there.
    fn serves_version(&self, api: &str) -> Option<bool> {
        if group_of(api).is_empty() {
            return Some(true);
        }
        let answer = self.answers.get("/apis")?.as_ref()?;
        let groups = answer.get("groups")?.as_array()?;
        let versions = groups.iter().filter_map(|group| group.get("versions")?.as_array()).flatten();
        Some(versions.filter_map(|version| version.get("groupVersion")?.as_str()).any(|version| version == api))
    }
}

fn has_resource(answer: &Value, resource: &str) -> bool {
    let resources = answer.get("resources").and_then(Value::as_array);
    resources.into_iter().flatten().any(|entry| {
        let lists =
            entry.get("verbs").and_then(Value::as_array).is_none_or(|verbs| verbs.iter().any(|verb| verb == "list"));
        entry.get("name").and_then(Value::as_str) == Some(resource) && lists
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_served_version_wins_and_silence_is_not_absence() {
        let kinds = Kinds::load(&crate::rules()).unwrap();
        let cron_job = &kinds.kinds["CronJob"];
        let mut discovery = Discovery::default();
        assert_eq!(discovery.served(cron_job), Served::Unknown("/apis/batch/v1".to_owned()));
        let version = |v: &str| json!({"groupVersion": v});
        discovery.add(
            "/apis",
            Some(json!({"groups": [{"name": "batch", "versions": [version("batch/v1"), version("batch/v1beta1")]}]})),
        );
        discovery.add("/apis/batch/v1", Some(json!({"resources": [{"name": "jobs", "verbs": ["list"]}]})));
        discovery.add("/apis/batch/v1beta1", None);
        assert_eq!(discovery.served(cron_job), Served::Unknown("/apis/batch/v1beta1".to_owned()));
        discovery.add("/apis/batch/v1beta1", Some(json!({"resources": [{"name": "cronjobs", "verbs": ["list"]}]})));
        assert_eq!(discovery.served(cron_job), Served::As("batch/v1beta1".to_owned()));
        assert_eq!(discovery.served(&kinds.kinds["NetworkPolicy"]), Served::Not);
        assert_eq!(discovery.groups(), BTreeSet::from(["batch".to_owned()]));
    }
}
