//! Cutting and pseudonyms.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How much of a person a bundle keeps (`privacy:` in annexa.yaml).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privacy {
    /// E-mail, display names and personal IP addresses become pseudonyms; logins and names in the company's own registers stay.
    #[default]
    Default,
    /// Everything stays.
    Full,
    /// Logins become pseudonyms too.
    Strict,
}

/// Makes pseudonyms with the organization's key, the same over all targets and registers, so that joins hold.
#[derive(Clone)]
pub struct Redactor {
    privacy: Privacy,
    key: [u8; 32],
}

impl Redactor {
    /// A redactor with the organization's key.
    #[must_use]
    pub fn new(privacy: Privacy, key: [u8; 32]) -> Self {
        Self { privacy, key }
    }

    /// The privacy in force.
    #[must_use]
    pub fn privacy(&self) -> Privacy {
        self.privacy
    }

    /// The pseudonym of a personal value (`p-` and 16 hexadecimal digits of an HMAC-SHA-256), or the value itself with `privacy: full`.
    ///
    /// The value is compared without case and outer blanks, so that `Ada@Example.org` and `ada@example.org ` are one person.
    #[must_use]
    pub fn personal(&self, value: &str) -> String {
        if self.privacy == Privacy::Full { value.to_owned() } else { self.pseudonym(value) }
    }

    /// The pseudonym of a login with `privacy: strict`, otherwise the login itself.
    #[must_use]
    pub fn login(&self, value: &str) -> String {
        if self.privacy == Privacy::Strict { self.pseudonym(value) } else { value.to_owned() }
    }

    fn pseudonym(&self, value: &str) -> String {
        let folded = value.trim().to_lowercase();
        if folded.is_empty() || is_pseudonym(&folded) {
            return value.to_owned();
        }
        // an HMAC takes a key of any length
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return "p-".to_owned() };
        mac.update(folded.as_bytes());
        format!("p-{}", hex::encode(&mac.finalize().into_bytes()[..8]))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("privacy", &self.privacy).finish_non_exhaustive()
    }
}

/// A pseudonym stays itself, so that redacting twice changes nothing.
fn is_pseudonym(text: &str) -> bool {
    text.strip_prefix("p-").is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(privacy: Privacy) -> Redactor {
        Redactor::new(privacy, [7; 32])
    }

    #[test]
    fn one_person_has_one_pseudonym() {
        let redactor = redactor(Privacy::Default);
        let pseudonym = redactor.personal("Ada@Example.org ");
        assert_eq!(pseudonym, redactor.personal("ada@example.org"));
        assert_eq!(pseudonym, redactor.personal(&pseudonym), "twice changes nothing");
        assert_ne!(pseudonym, redactor.personal("bob@example.org"));
        assert_ne!(pseudonym, Redactor::new(Privacy::Default, [8; 32]).personal("ada@example.org"));
        assert!(is_pseudonym(&pseudonym), "{pseudonym}");
    }

    #[test]
    fn what_only_looks_like_a_pseudonym_is_replaced() {
        assert_ne!(redactor(Privacy::Default).personal("p-somebody-else-xy"), "p-somebody-else-xy");
    }

    #[test]
    fn privacy_says_what_stays() {
        assert_eq!(redactor(Privacy::Full).personal("ada@example.org"), "ada@example.org");
        assert_eq!(redactor(Privacy::Default).login("ada"), "ada");
        assert_ne!(redactor(Privacy::Strict).login("ada"), "ada");
        assert_eq!(redactor(Privacy::Strict).personal(" "), " ");
    }
}
