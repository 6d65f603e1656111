//! Does a text read like a secret? Decided while the answer passes, because the text itself is not kept.
//!
//! A verdict is stored with [`RULE`], the version of the words below; a change of them raises it.

use serde_json::{Value, json};

/// The version of these rules.
pub(crate) const RULE: u32 = 1;

/// Words that name a secret, when they are a whole word of a name (`DB_PASSWORD`, `apiKey`).
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "credentials",
    "secretkey",
    "authkey",
    "encryptionkey",
];

/// Last words that say that the value tells where the secret is, or something about it.
const HARMLESS_ENDS: [&str; 22] = [
    "file",
    "path",
    "dir",
    "name",
    "url",
    "uri",
    "id",
    "header",
    "ttl",
    "expiry",
    "expiration",
    "timeout",
    "length",
    "enabled",
    "type",
    "policy",
    "provider",
    "rotation",
    "mount",
    "host",
    "issuer",
    "endpoint",
];

/// Beginnings that only secrets have: cloud keys, tokens of well-known services, PEM keys, JSON web tokens.
const SECRET_BEGINNINGS: [&str; 17] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "rk_live_",
    "AIza",
    "eyJhbGci",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN RSA PRIVATE KEY",
    "-----BEGIN EC PRIVATE KEY",
];

/// Why a value under a name reads like a secret, or nothing.
pub(crate) fn verdict(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim();
    if value.is_empty() || is_reference(value) {
        return None;
    }
    if looks_like_secret(value) {
        return Some("the value looks like a secret");
    }
    (names_a_secret(name) && !is_switch(value)).then_some("the name reads like a secret")
}

/// Why one argument of a command line reads like a secret. `before` is the argument before it.
fn argument_verdict(before: Option<&str>, argument: &str) -> Option<&'static str> {
    if let Some((name, value)) = argument.split_once('=') {
        return verdict(name.trim_start_matches('-'), value);
    }
    match before.filter(|flag| flag.starts_with('-') && !flag.contains('=')) {
        Some(flag) if !argument.starts_with('-') => verdict(flag.trim_start_matches('-'), argument),
        _ => verdict("", argument),
    }
}

/// What is kept of a command line: how long it is, and which places read like a secret.
pub(crate) fn arguments(written: &[Value]) -> Value {
    let texts: Vec<&str> = written.iter().map(|value| value.as_str().unwrap_or("")).collect();
    let mut secrets = Vec::new();
    for (at, argument) in texts.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| texts[before]);
        // a shell script in one argument: each word may be an assignment or a flag
        let words: Vec<&str> = argument.split_whitespace().collect();
        let in_words = || {
            words.iter().enumerate().find_map(|(i, word)| argument_verdict(i.checked_sub(1).map(|b| words[b]), word))
        };
        if let Some(why) =
            argument_verdict(before, argument).or_else(|| if words.len() > 1 { in_words() } else { None })
        {
            secrets.push(json!({"at": at, "why": why}));
        }
    }
    json!({"count": written.len(), "secrets": secrets, "rule": RULE})
}

/// What is kept of HTTP headers (`[{name, value}]`): their names, and which values read like a secret.
pub(crate) fn headers(written: &[Value]) -> Value {
    let text = |header: &Value, key: &str| header.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let mut secrets = Vec::new();
    for (at, header) in written.iter().enumerate() {
        let (name, value) = (text(header, "name"), text(header, "value"));
        let why = if name.eq_ignore_ascii_case("authorization") && !value.is_empty() {
            Some("the header carries credentials")
        } else {
            verdict(&name, &value)
        };
        if let Some(why) = why {
            secrets.push(json!({"at": at, "why": why}));
        }
    }
    let names: Vec<String> = written.iter().map(|header| text(header, "name")).collect();
    json!({"names": names, "secrets": secrets, "rule": RULE})
}

/// What is kept of an environment variable's value.
pub(crate) fn environment_value(name: &str, value: &str) -> Value {
    match verdict(name, value) {
        Some(why) => json!({"literal": true, "secret": true, "why": why, "rule": RULE}),
        None => json!({"literal": true, "secret": false, "rule": RULE}),
    }
}

fn names_a_secret(name: &str) -> bool {
    let words = words_of(name);
    let joined = |from: usize| words[from..].iter().take(2).map(String::as_str).collect::<String>();
    let hit = (0..words.len()).any(|i| {
        let word = words[i].as_str();
        SECRET_WORDS.contains(&word) || SECRET_WORDS.contains(&joined(i).as_str()) || word.ends_with("password")
    });
    hit && !words.last().is_some_and(|last| HARMLESS_ENDS.contains(&last.as_str()))
}

/// `dbPassword`, `DB_PASSWORD`, `db-password` → `db`, `password`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for character in name.chars() {
        let starts_word = character.is_uppercase() && lower_before;
        lower_before = character.is_lowercase();
        if (starts_word || !character.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn looks_like_secret(value: &str) -> bool {
    SECRET_BEGINNINGS.iter().any(|beginning| value.starts_with(beginning) && value.len() >= 16)
        || has_password_in_url(value)
}

/// `postgres://user:password@host/db`
fn has_password_in_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let user_info = authority.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        let password = user_info.split_once(':').map_or("", |(_, password)| password);
        scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
            && !password.is_empty()
            && !is_reference(password)
    })
}

/// `$(VARIABLE)` and `${VARIABLE}` name a value, they are none.
fn is_reference(value: &str) -> bool {
    let variable =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    value.starts_with("$(") && value.ends_with(')')
        || value.starts_with("${") && value.ends_with('}')
        || value.strip_prefix('$').is_some_and(variable)
}

fn is_switch(value: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "0", "1", "none"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_that_read_like_secrets() {
        for (name, value) in [
            ("DB_PASSWORD", "x7"),
            ("apiKey", "abc"),
            ("MY_API_KEY", "abc"),
            ("github-token", "abc"),
            ("DSN", "postgres://app:hunter2@db/x"),
            ("A", "AKIAIOSFODNN7EXAMPLE"),
        ] {
            assert!(verdict(name, value).is_some(), "{name}={value}");
        }
        for (name, value) in [
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD_FILE", "/run/x"),
            ("TOKEN_TTL", "300"),
            ("SECRET_NAME", "db"),
            ("REQUIRE_PASSWORD", "true"),
            ("DB_PASSWORD", "$(FROM_SECRET)"),
            ("DSN", "postgres://app@db/x"),
            ("DSN", "postgres://app:$(PASSWORD)@db/x"),
            ("KEYBOARD", "de"),
            ("TOKENIZER", "bpe"),
        ] {
            assert_eq!(verdict(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn command_lines_keep_places_only() {
        let kept =
            arguments(&["--user".into(), "app".into(), "--password".into(), "hunter2".into(), "--token=abc".into()]);
        assert_eq!(kept["count"], 5);
        assert_eq!(kept["secrets"][0]["at"], 3);
        assert_eq!(kept["secrets"][1]["at"], 4);
        assert!(!kept.to_string().contains("hunter2"));
        let script = arguments(&["sh".into(), "-c".into(), "PGPASSWORD=hunter2 psql --password hunter2".into()]);
        assert_eq!(script["secrets"][0]["at"], 2);
    }

    #[test]
    fn headers_keep_names_only() {
        let kept = headers(&[
            json!({"name": "Authorization", "value": "Basic eDp5"}),
            json!({"name": "Accept", "value": "a/b"}),
        ]);
        assert_eq!(kept["names"], json!(["Authorization", "Accept"]));
        assert_eq!(kept["secrets"].as_array().map(Vec::len), Some(1));
        assert!(!kept.to_string().contains("eDp5"));
    }
}
