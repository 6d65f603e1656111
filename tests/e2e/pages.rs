//! The pages, read as an auditor's script would: with nothing of ours.

use crate::program::{demo, files};
use std::collections::BTreeSet;

/// What stands in the element that answers a question, tags taken out.
fn answer(page: &str, question: u32) -> Option<String> {
    let start = page.find(&format!("data-question=\"{question}\""))?;
    let inner = &page[start + page[start..].find('>')? + 1..];
    let mut text = String::new();
    let mut inside = true;
    for c in inner.chars().take(4000) {
        match c {
            '<' => inside = false,
            '>' => inside = true,
            c if inside => text.push(c),
            _ => {}
        }
    }
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn every_control_page_answers_the_ten_questions() {
    let mut pages = 0;
    for (name, bytes) in files(demo()).into_iter().filter(|(name, _)| name.starts_with("controls/A.")) {
        let page = String::from_utf8(bytes).unwrap();
        for question in 1..=10 {
            let answer =
                answer(&page, question).unwrap_or_else(|| panic!("{name} does not answer question {question}"));
            assert!(answer.chars().filter(|c| c.is_alphabetic()).count() > 10, "{name}, question {question}: {answer}");
        }
        pages += 1;
    }
    assert!(pages >= 93, "only {pages} control pages");
}

#[test]
fn pages_ask_nothing_of_the_network_and_run_nothing() {
    for (name, bytes) in files(demo()).into_iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = String::from_utf8(bytes).unwrap();
        let lower = page.to_lowercase();
        assert!(!lower.contains("<script"), "{name} holds a script");
        for attribute in ["src=\"http", "href=\"http", " onclick=", " onload=", " onerror=", "@import", "url(http"] {
            assert!(!lower.contains(attribute), "{name} holds {attribute}");
        }
        assert!(lower.contains("content-security-policy"), "{name} has no policy");
        assert!(page.len() <= 500 * 1024, "{name} has {} bytes", page.len());
    }
}

#[test]
fn every_link_leads_somewhere() {
    let all = files(demo());
    let mut broken = BTreeSet::new();
    for (name, bytes) in all.iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = String::from_utf8_lossy(bytes);
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { name.clone() } else { resolve(name, path) };
            let found = all.get(&target);
            let anchored = anchor.is_empty()
                || found.is_some_and(|bytes| String::from_utf8_lossy(bytes).contains(&format!("id=\"{anchor}\"")));
            if found.is_none() || !anchored {
                broken.insert(format!("{name} → {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{} broken links: {:#?}", broken.len(), broken.iter().take(20).collect::<Vec<_>>());
}

fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn the_index_says_the_fixed_words() {
    let index = std::fs::read_to_string(demo().join("index.html")).unwrap();
    let words = "it does not show that the answers came from the provider, nor that all targets are here";
    assert!(index.split_whitespace().collect::<Vec<_>>().join(" ").contains(words));
    assert!(index.contains("not signed"));
}
