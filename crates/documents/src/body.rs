//! What a document's body says about itself: headings, placeholders, links, and a digest that ignores blanks.

use annexa_model::sha256_hex;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

/// How many headings, links or placeholders are listed.
const MAX_ITEMS: usize = 200;

/// The digest by which a body is compared with another version of itself: SHA-256 over its words with single
/// blanks between, so that line breaks and re-indenting are no change.
pub(crate) fn digest(body: &str) -> String {
    let words: Vec<&str> = body.split_whitespace().collect();
    sha256_hex(words.join(" "))
}

/// The fact `body` of a document. `line` is the file's line where the body begins.
pub(crate) fn describe(body: &str, line: u64, placeholders: &[String]) -> Value {
    let (headings, links, words) = outline(body);
    let hits = placeholder_hits(body, line, placeholders);
    json!({
        "words": words,
        "empty": words == 0,
        "headings": headings,
        "links": links,
        "placeholders": hits,
    })
}

/// Headings, link targets, and the number of words outside headings.
fn outline(body: &str) -> (Vec<String>, Vec<String>, u64) {
    let (mut headings, mut links, mut words) = (Vec::new(), Vec::new(), 0_u64);
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(text) = heading.take()
                    && headings.len() < MAX_ITEMS
                {
                    headings.push(text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) if links.len() < MAX_ITEMS => links.push(dest_url.into_string()),
            Event::Text(text) | Event::Code(text) => match &mut heading {
                Some(heading) => heading.push_str(&text),
                None => words += text.split_whitespace().count() as u64,
            },
            _ => {}
        }
    }
    (headings, links, words)
}

fn placeholder_hits(body: &str, first_line: u64, placeholders: &[String]) -> Vec<Value> {
    let mut hits = Vec::new();
    for (number, line) in body.lines().enumerate() {
        let folded = line.to_lowercase();
        for word in placeholders {
            if hits.len() < MAX_ITEMS && contains_word(&folded, &word.to_lowercase()) {
                hits.push(json!({"text": word, "line": first_line + number as u64}));
            }
        }
    }
    hits
}

/// Whether a line holds a placeholder as a word of its own: `todo` is none in `mastodon`.
fn contains_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        let starts = word.chars().next().is_some_and(char::is_alphanumeric);
        let ends = word.chars().next_back().is_some_and(char::is_alphanumeric);
        let inside = (starts && part_of_word(before)) || (ends && part_of_word(after));
        !inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_no_change_and_words_are() {
        assert_eq!(digest("a  b\r\nc\n"), digest("a b c"));
        assert_ne!(digest("a b c"), digest("a b d"));
    }

    #[test]
    fn a_body_is_described() {
        let words = ["TODO".to_owned(), "<company>".to_owned()];
        let body = describe("# Access\n\nSee [rules](rules.md) of Mastodon.\nTODO: <Company> name\n", 5, &words);
        assert_eq!(body["headings"], json!(["Access"]));
        assert_eq!(body["links"], json!(["rules.md"]));
        assert_eq!(body["placeholders"], json!([{"text": "TODO", "line": 8}, {"text": "<company>", "line": 8}]));
        assert_eq!(body["empty"], json!(false));
        assert_eq!(describe("# Only a heading\n", 1, &words)["empty"], json!(true));
    }
}
