//! What a commit says of itself. All of it is set by whoever made it: a claim, no proof.

use annexa_tape::Redactor;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A commit object, as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commit {
    author: Person,
    committer: Person,
    parents: usize,
    /// The commit carries a signature. It is not verified here.
    signed: bool,
    /// Values of `Approved-by:` lines at the end of the message.
    approved_by: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Person {
    name: String,
    email: String,
    at: Option<Timestamp>,
}

/// Reads a commit object.
pub(crate) fn parse(bytes: &[u8]) -> Commit {
    let text = String::from_utf8_lossy(bytes);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut commit = Commit::default();
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("author", person)) => commit.author = parse_person(person),
            Some(("committer", person)) => commit.committer = parse_person(person),
            Some(("parent", _)) => commit.parents += 1,
            Some(("gpgsig" | "gpgsig-sha256", _)) => commit.signed = true,
            _ => {}
        }
    }
    let last_paragraph = message.trim_end().rsplit("\n\n").next().unwrap_or("");
    for line in last_paragraph.lines().take(50) {
        if let Some((key, value)) = line.split_once(':')
            && key.trim().eq_ignore_ascii_case("approved-by")
        {
            commit.approved_by.push(value.trim().chars().take(200).collect());
        }
    }
    commit
}

/// `Ada Example <ada@example.org> 1767225600 +0100`
fn parse_person(text: &str) -> Person {
    let Some((name, rest)) = text.split_once('<') else { return Person::default() };
    let (email, time) = rest.split_once('>').unwrap_or((rest, ""));
    let seconds = time.split_whitespace().next().and_then(|s| s.parse().ok());
    let at = seconds.and_then(|s| Timestamp::from_second(s).ok());
    Person { name: name.trim().to_owned(), email: email.trim().to_owned(), at }
}

impl Commit {
    /// The commit as it is recorded, with pseudonyms for persons.
    pub(crate) fn to_json(&self, id: &str, redactor: &Redactor) -> Value {
        let approved_by: Vec<String> = self.approved_by.iter().map(|value| approver(value, redactor)).collect();
        json!({
            "commit": id,
            "author": self.author.to_json(redactor),
            "authored_at": self.author.at,
            "committer": self.committer.to_json(redactor),
            "committed_at": self.committer.at,
            "merge": self.parents > 1,
            "signature": if self.signed { "present, not verified" } else { "none" },
            "approved_by": approved_by,
        })
    }
}

impl Person {
    fn to_json(&self, redactor: &Redactor) -> Value {
        json!({"name": redactor.personal(&self.name), "email": redactor.personal(&self.email)})
    }
}

/// An approver by e-mail where the line has one, because only that joins with other registers.
fn approver(value: &str, redactor: &Redactor) -> String {
    let person = parse_person(value);
    if !person.email.is_empty() {
        redactor.personal(&person.email)
    } else if crate::columns::looks_like_email(value) || value.contains(' ') {
        redactor.personal(value)
    } else {
        redactor.login(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_tape::Privacy;
    use proptest::prelude::*;

    #[test]
    fn a_commit_is_read_and_persons_become_pseudonyms() {
        let object = b"tree 1\nparent 2\nauthor Ada E <ada@example.org> 1767225600 +0100\ncommitter Bo <bo@example.org> 1767225700 +0000\ngpgsig -----BEGIN\n x\n\nPolicy\n\nText\n\nApproved-by: Bo <bo@example.org>\nApproved-by: carl\n";
        let redactor = Redactor::new(Privacy::Default, [3; 32]);
        let value = parse(object).to_json("abc", &redactor);
        assert_eq!(value["authored_at"], json!("2026-01-01T00:00:00Z"));
        assert_eq!(value["author"]["email"], json!(redactor.personal("ada@example.org")));
        assert_eq!(value["approved_by"], json!([redactor.personal("bo@example.org"), "carl"]));
        assert_eq!(value["signature"], json!("present, not verified"));
        assert_eq!(value["merge"], json!(false));
        assert!(!value.to_string().contains("Ada"));
    }

    #[test]
    fn nonsense_is_an_empty_commit() {
        assert_eq!(parse(b"\xff\x00"), Commit::default());
        assert_eq!(parse(b"author x 99999999999999999999").author, Person::default());
    }

    proptest! {
        #[test]
        fn no_object_makes_it_panic(object in prop::collection::vec(any::<u8>(), 0..300)) {
            parse(&object).to_json("abc", &Redactor::new(Privacy::Default, [3; 32]));
        }

        #[test]
        fn no_line_like_that_of_a_commit_makes_it_panic(
            lines in prop::collection::vec("(author|committer|parent|gpgsig|approved-by:|) ?[^<>\n]{0,9}<?[^<>\n]{0,9}>? ?-?[0-9]{0,25} ?[+-]?[0-9]{0,5}\n{0,2}", 0..12),
        ) {
            let commit = parse(lines.concat().as_bytes());
            prop_assert!(commit.approved_by.iter().all(|name| name.chars().count() <= 200));
            commit.to_json("abc", &Redactor::new(Privacy::Strict, [3; 32]));
        }
    }
}
