//! Takes secrets and e-mail addresses out of a document's text.

use annexa_tape::Redactor;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// The text that stands where a secret was. Valid in YAML, Markdown and CSV alike.
const CUT: &str = "(cut-secret)";

/// A text after cutting.
pub(crate) struct Cleaned {
    pub(crate) text: String,
    /// How many secrets were cut.
    pub(crate) secrets: u64,
    /// How many e-mail addresses became pseudonyms.
    pub(crate) emails: u64,
}

/// Shapes that only secrets have: keys of well-known providers, private keys, and `password: …` with a value.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"|\b(?:ghp|gho|ghu|ghs|ghr)_[0-9A-Za-z]{20,}",
        r"|\bgithub_pat_[0-9A-Za-z_]{20,}",
        r"|\bglpat-[0-9A-Za-z_-]{16,}",
        r"|\bxox[abeprs]-[0-9A-Za-z-]{10,}",
        r"|\b[rs]k_live_[0-9A-Za-z]{16,}",
        r"|\bAIza[0-9A-Za-z_-]{30,}",
        r"|\bAGE-SECRET-KEY-1[0-9A-Z]{20,}",
        r"|\beyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]*",
        r"|\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@",
    ))
    .ok()
});

/// `password: hunter2!x` and the like; prose such as "password: at least 12 characters" has no such value.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|pwd|secret|token|api[_-]?key|secret[_-]?access[_-]?key)["']?\s*[:=]\s*["']?)([^\s"'<>()|,;]{8,})"#,
    )
    .ok()
});

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}").ok());

/// Cuts secrets, and makes pseudonyms of e-mail addresses.
pub(crate) fn cut(text: &str, redactor: &Redactor) -> Cleaned {
    let (Some(secret), Some(assigned), Some(email)) = (&*SECRET, &*ASSIGNED, &*EMAIL) else {
        return Cleaned { text: CUT.to_owned(), secrets: 1, emails: 0 };
    };
    let (mut secrets, mut emails) = (0, 0);
    let text = secret.replace_all(text, |_: &Captures<'_>| {
        secrets += 1;
        CUT
    });
    let text = assigned.replace_all(&text, |found: &Captures<'_>| {
        if looks_random(&found[2]) {
            secrets += 1;
            format!("{}{CUT}", &found[1])
        } else {
            found[0].to_owned()
        }
    });
    let text = email.replace_all(&text, |found: &Captures<'_>| {
        let new = redactor.personal(&found[0]);
        emails += u64::from(new != found[0]);
        new
    });
    Cleaned { text: text.into_owned(), secrets, emails }
}

/// Whether a value after `password:` is one, and no word or date: letters together with digits or signs.
fn looks_random(value: &str) -> bool {
    let letters = value.chars().any(char::is_alphabetic);
    let others = value.chars().any(|c| c.is_ascii_digit() || "!$%&*+/=?@^~".contains(c));
    letters && others && value != CUT
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_tape::Privacy;

    fn clean(text: &str) -> Cleaned {
        cut(text, &Redactor::new(Privacy::Default, [1; 32]))
    }

    #[test]
    fn secrets_are_cut_and_prose_stays() {
        for secret in [
            "AKIAABCDEFGHIJKLMNOP",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nMIIabc",
            "db_password = hunter2hunter2",
            "postgres://app:s3cretpass@db.internal/x",
        ] {
            let cleaned = clean(&format!("before {secret} after"));
            assert_eq!(cleaned.secrets, 1, "{secret}");
            let value = secret.rsplit([' ', '\n']).next().unwrap_or(secret);
            assert!(!cleaned.text.contains(value), "{}", cleaned.text);
        }
        let prose = "Password: at least 12 characters. Tokens: rotate them. The secret: nobody knows.";
        assert_eq!(clean(prose).text, prose);
    }

    #[test]
    fn emails_become_the_pseudonym_that_other_targets_use() {
        let redactor = Redactor::new(Privacy::Default, [1; 32]);
        let cleaned = clean("Ask Ada@Example.org, or ops@example.org.");
        let expected =
            format!("Ask {}, or {}.", redactor.personal("ada@example.org"), redactor.personal("ops@example.org"));
        assert_eq!((cleaned.text, cleaned.emails), (expected, 2));
        let all = cut("ada@example.org", &Redactor::new(Privacy::Full, [1; 32]));
        assert_eq!((all.text.as_str(), all.emails), ("ada@example.org", 0));
    }
}
