//! Cutting: of a good answer stays what the descriptions name; of an error, its message.

use crate::describe::{Operation, Route, Shape, Word};
use annexa_model::Cut;
use annexa_tape::{Redacted, Redactor};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What stands in place of a secret, as GitHub itself writes it.
pub(crate) const MASK: &str = "********";

/// Cuts an answer's body down to what its operation keeps.
pub(crate) fn redact(operation: Option<&Operation>, status: StatusCode, body: &[u8], redactor: &Redactor) -> Redacted {
    let cut_whole = |reason: &str| Redacted {
        body: Bytes::new(),
        cuts: vec![Cut { pointer: String::new(), reason: reason.to_owned(), fact: None }],
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Redacted { body: Bytes::new(), cuts: Vec::new() };
    }
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return cut_whole("not JSON") };
    let Some(operation) = operation else { return cut_whole("not allow-listed") };
    let mut cutter = Cutter { redactor, cuts: BTreeMap::new() };
    let graphql = matches!(operation.route, Route::Graphql { .. });
    let kept = if status.is_success() && !(graphql && json.get("message").is_some()) {
        cutter.keep(&operation.keep, json, "")
    } else {
        cutter.error(&json)
    };
    let cuts = cutter.cuts.into_iter().map(|((pointer, reason), fact)| Cut { pointer, reason, fact: fact.into() });
    Redacted { body: Bytes::from(kept.to_string().into_bytes()), cuts: cuts.collect() }
}

/// What was cut, by place (`*` for any item of a list) and reason.
struct Cutter<'a> {
    redactor: &'a Redactor,
    cuts: BTreeMap<(String, String), Fact>,
}

/// What can be said of cut values without showing them.
#[derive(Default)]
struct Fact {
    members: BTreeMap<String, ()>,
    set: bool,
}

impl From<Fact> for Option<String> {
    fn from(fact: Fact) -> Self {
        match (fact.set, fact.members.len()) {
            (true, _) => Some("a value was set".to_owned()),
            (false, 0) => None,
            (false, 1) => Some("1 member".to_owned()),
            (false, n) => Some(format!("{n} members")),
        }
    }
}

impl Cutter<'_> {
    fn keep(&mut self, shape: &Shape, value: Value, place: &str) -> Value {
        match (shape, value) {
            (_, Value::Null) => Value::Null,
            (Shape::Value(Word::Any), value) => self.anything(value, place),
            (Shape::Value(word), value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                self.scalar(*word, value, place)
            }
            (Shape::List(shape), Value::Array(items)) => {
                let place = format!("{place}/*");
                Value::Array(items.into_iter().map(|item| self.keep(shape, item, &place)).collect())
            }
            (Shape::Map(shape), Value::Object(members)) => {
                let place = format!("{place}/*");
                Value::Object(members.into_iter().map(|(key, value)| (key, self.keep(shape, value, &place))).collect())
            }
            (Shape::Object(_), Value::Object(members)) => self.members(shape, members, place),
            (_, _) => {
                self.cut(place, "not of the form that the description names").members.insert(String::new(), ());
                Value::Null
            }
        }
    }

    fn members(&mut self, shape: &Shape, members: Map<String, Value>, place: &str) -> Value {
        let known = shape.members();
        let mut kept = Map::new();
        for (key, value) in members {
            match known.get(key.as_str()) {
                Some(shape) => {
                    let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                    let value = self.keep(shape, value, &place);
                    kept.insert(key, value);
                }
                None => {
                    self.cut(place, "not allow-listed").members.insert(key, ());
                }
            }
        }
        Value::Object(kept)
    }

    fn scalar(&mut self, word: Word, value: Value, place: &str) -> Value {
        let Value::String(text) = value else { return if word == Word::Presence { self.mask(place) } else { value } };
        match word {
            Word::Presence if text.is_empty() => Value::String(text),
            Word::Presence => self.mask(place),
            Word::Host => self.host(&text, place),
            Word::Personal => {
                let pseudonym = self.redactor.personal(&text);
                self.pseudonym(&text, pseudonym, place)
            }
            Word::Login => {
                let pseudonym = self.redactor.login(&text);
                self.pseudonym(&text, pseudonym, place)
            }
            _ if looks_like_token(&text) => self.mask(place),
            _ => Value::String(text),
        }
    }

    fn mask(&mut self, place: &str) -> Value {
        self.cut(place, "secret").set = true;
        Value::String(MASK.to_owned())
    }

    fn pseudonym(&mut self, text: &str, pseudonym: String, place: &str) -> Value {
        if pseudonym != text {
            self.cut(place, "personal");
        }
        Value::String(pseudonym)
    }

    /// Scheme, host and port. Paths of hook addresses are passwords too (chat services).
    fn host(&mut self, text: &str, place: &str) -> Value {
        let origin =
            url::Url::parse(text).ok().filter(url::Url::has_host).map(|url| url.origin().ascii_serialization());
        let kept = origin.unwrap_or_default();
        if kept != text {
            self.cut(place, "secret").set = true;
        }
        Value::String(kept)
    }

    fn anything(&mut self, value: Value, place: &str) -> Value {
        match value {
            Value::String(text) if looks_like_token(&text) => self.mask(place),
            Value::Array(items) => {
                let place = format!("{place}/*");
                Value::Array(items.into_iter().map(|item| self.anything(item, &place)).collect())
            }
            Value::Object(members) => {
                let place = format!("{place}/*");
                Value::Object(members.into_iter().map(|(key, value)| (key, self.anything(value, &place))).collect())
            }
            other => other,
        }
    }

    /// Of an error: its message and where it is explained. Messages name the caller's address now and then.
    fn error(&mut self, body: &Value) -> Value {
        let mut kept = Map::new();
        for key in ["message", "documentation_url", "status"] {
            if let Some(text) = body.get(key).and_then(Value::as_str) {
                let text = self.without_addresses(text);
                kept.insert(key.to_owned(), text.into());
            }
        }
        Value::Object(kept)
    }

    fn without_addresses(&mut self, text: &str) -> String {
        let mut words = Vec::new();
        for word in text.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':');
            let bare = bare.trim_end_matches(':');
            if bare.parse::<IpAddr>().is_ok() {
                let pseudonym = self.redactor.personal(bare);
                if pseudonym != bare {
                    self.cut("/message", "personal");
                }
                words.push(word.replace(bare, &pseudonym));
            } else if looks_like_token(bare) {
                self.cut("/message", "secret").set = true;
                words.push(MASK.to_owned());
            } else {
                words.push(word.to_owned());
            }
        }
        words.join(" ")
    }

    fn cut(&mut self, place: &str, reason: &str) -> &mut Fact {
        self.cuts.entry((place.to_owned(), reason.to_owned())).or_default()
    }
}

/// GitHub's own tokens have prefixes, so that they can be found.
fn looks_like_token(text: &str) -> bool {
    const PREFIXES: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
    let word = |text: &str| text.len() >= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    parts.into_iter().any(|part| word(part) && PREFIXES.iter().any(|prefix| part.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Github;
    use annexa_tape::Privacy;

    fn cut(operation: &str, status: u16, body: &Value) -> (Value, Vec<Cut>) {
        let github = Github::load(&crate::rules()).unwrap();
        let redactor = Redactor::new(Privacy::Default, [7; 32]);
        let operation = github.descriptions.operations.get(operation);
        let status = StatusCode::from_u16(status).unwrap();
        let redacted = redact(operation, status, body.to_string().as_bytes(), &redactor);
        (serde_json::from_slice(&redacted.body).unwrap_or(Value::Null), redacted.cuts)
    }

    #[test]
    fn what_no_description_names_is_gone() {
        let body = serde_json::json!([{"id": 1, "temp_clone_token": "CANARY", "owner": {"email": "CANARY"}}]);
        let (kept, cuts) = cut("GET /orgs/{org}/repos", 200, &body);
        assert_eq!(kept, serde_json::json!([{"id": 1}]));
        assert_eq!(
            cuts[0],
            Cut { pointer: "/*".into(), reason: "not allow-listed".into(), fact: Some("2 members".into()) }
        );
    }

    #[test]
    fn hooks_keep_no_secret_and_no_address_but_the_host() {
        let config = serde_json::json!({"url": "https://u:CANARY@hooks.example.org/CANARY?k=CANARY", "secret": "CANARY", "insecure_ssl": "0"});
        let (kept, cuts) = cut("GET /orgs/{org}/hooks", 200, &serde_json::json!([{"id": 1, "config": config}]));
        assert_eq!(kept[0]["config"]["url"], "https://hooks.example.org");
        assert_eq!(kept[0]["config"]["secret"], MASK);
        assert!(!kept.to_string().contains("CANARY"));
        assert!(
            cuts.iter().any(|cut| cut.pointer == "/*/config/secret" && cut.fact.as_deref() == Some("a value was set"))
        );
    }

    #[test]
    fn errors_keep_their_message_without_addresses_and_tokens() {
        let token = format!("ghp_{}", "a1".repeat(18));
        let body =
            serde_json::json!({"message": format!("limit exceeded for 203.0.113.9. Token {token}"), "x": "CANARY"});
        let (kept, cuts) = cut("GET /orgs/{org}/hooks", 403, &body);
        let message = kept["message"].as_str().unwrap();
        assert!(message.starts_with("limit exceeded for p-") && message.ends_with(MASK), "{message}");
        assert_eq!(cuts.len(), 2);
    }

    #[test]
    fn a_body_that_is_no_json_is_cut_whole() {
        let github = Github::load(&crate::rules()).unwrap();
        let redactor = Redactor::new(Privacy::Default, [7; 32]);
        let operation = github.descriptions.operations.get("GET /orgs/{org}/hooks");
        let redacted = redact(operation, StatusCode::BAD_GATEWAY, b"<html>CANARY", &redactor);
        assert!(redacted.body.is_empty() && redacted.cuts[0].reason == "not JSON");
    }
}
