//! The protocols `query` and `ec2`: parameters as a form.

use super::request::{Draft, percent, text};
use crate::shapes::{Meaning, Member, Protocol, ServiceModel};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(crate) fn draft(
    model: &ServiceModel,
    operation: &str,
    members: &BTreeMap<String, Member>,
    parameters: &Map<String, Value>,
) -> Draft {
    let mut form =
        Form { model, pairs: vec![("Action".into(), operation.into()), ("Version".into(), model.api_version.clone())] };
    form.structure("", members, parameters);
    let body: Vec<String> =
        form.pairs.iter().map(|(name, value)| format!("{}={}", percent(name, false), percent(value, false))).collect();
    Draft {
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: Bytes::from(body.join("&")),
        ..Draft::default()
    }
}

struct Form<'a> {
    model: &'a ServiceModel,
    pairs: Vec<(String, String)>,
}

impl Form<'_> {
    fn structure(&mut self, prefix: &str, members: &BTreeMap<String, Member>, values: &Map<String, Value>) {
        for (name, value) in values {
            if let Some(member) = members.get(name) {
                let wire = self.member_name(name, member);
                let path = if prefix.is_empty() { wire } else { format!("{prefix}.{wire}") };
                self.value(&path, member, value);
            }
        }
    }

    /// ec2 has names of its own: the query name, else the wire name with a capital letter.
    fn member_name(&self, name: &str, member: &Member) -> String {
        if self.model.protocol != Protocol::Ec2 {
            return member.name.clone().unwrap_or_else(|| name.to_owned());
        }
        if let Some(query) = &member.query_name {
            return query.clone();
        }
        let wire = member.name.as_deref().unwrap_or(name);
        let mut letters = wire.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn value(&mut self, path: &str, member: &Member, value: &Value) {
        match (self.model.meaning(&member.shape), value) {
            (Meaning::Structure(members), Value::Object(values)) => self.structure(path, members, values),
            (Meaning::List(item), Value::Array(items)) => self.list(path, member, item, items),
            (Meaning::Map(key, item), Value::Object(entries)) => {
                let prefix = if self.model.flattened(member) { path.to_owned() } else { format!("{path}.entry") };
                for (index, (name, entry)) in entries.iter().enumerate() {
                    let place = format!("{prefix}.{}", index + 1);
                    let key = format!("{place}.{}", key.name.as_deref().unwrap_or("key"));
                    self.pairs.push((key, name.clone()));
                    self.value(&format!("{place}.{}", item.name.as_deref().unwrap_or("value")), item, entry);
                }
            }
            (_, value) => self.pairs.push((path.to_owned(), text(value))),
        }
    }

    fn list(&mut self, path: &str, member: &Member, item: &Member, items: &[Value]) {
        if items.is_empty() && self.model.protocol == Protocol::Query {
            self.pairs.push((path.to_owned(), String::new()));
        }
        let prefix = if self.model.protocol == Protocol::Ec2 {
            path.to_owned()
        } else if self.model.flattened(member) {
            match (&item.name, path.rsplit_once('.')) {
                (Some(name), Some((parent, _))) => format!("{parent}.{name}"),
                (Some(name), None) => name.clone(),
                (None, _) => path.to_owned(),
            }
        } else {
            format!("{path}.{}", item.name.as_deref().unwrap_or("member"))
        };
        for (index, value) in items.iter().enumerate() {
            self.value(&format!("{prefix}.{}", index + 1), item, value);
        }
    }
}
