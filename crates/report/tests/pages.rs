//! The pages of a made-up company: links, questions, hostile names, sizes, words.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod html;
mod sample;

use annexa_model::{FailureKind, Gap};
use annexa_report::{Templates, render};
use sample::{HOSTILE, Sample, sample};
use std::collections::{BTreeMap, BTreeSet};

type Pages = BTreeMap<String, String>;

fn pages(sample: &Sample) -> Pages {
    let mut pages = Pages::new();
    for page in render(&sample.input(), Templates::built_in().unwrap()) {
        let (path, bytes) = page.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(pages.insert(path.clone(), text).is_none(), "{path} is written twice");
    }
    pages
}

fn html_pages(pages: &Pages) -> impl Iterator<Item = (&String, &String)> {
    pages.iter().filter(|(path, _)| path.ends_with(".html"))
}

#[test]
fn every_link_leads_somewhere() {
    let links = check_links(&pages(&sample()));
    assert!(links > 3_000, "{links}");
}

/// Each link has its page and anchor. Gives how many there are.
fn check_links(pages: &Pages) -> usize {
    let ids: BTreeMap<&str, BTreeSet<String>> = html_pages(pages)
        .map(|(path, text)| {
            let all = html::attributes(text, "id");
            let unique: BTreeSet<String> = all.iter().cloned().collect();
            assert_eq!(all.len(), unique.len(), "{path} has an id twice");
            (path.as_str(), unique)
        })
        .collect();
    let mut links = 0;
    for (path, text) in html_pages(pages) {
        for href in html::attributes(text, "href") {
            links += 1;
            assert!(!href.contains(':'), "{path} links outside: {href}");
            let (file, anchor) = href.split_once('#').unwrap_or((&href, ""));
            let target = if file.is_empty() { path.clone() } else { html::resolve(path, file) };
            let of_bundle =
                ["evidence/", "rules/"].iter().any(|folder| target.starts_with(folder)) || target.ends_with(".jsonl");
            assert!(of_bundle || pages.contains_key(&target), "{path}: no page {target}");
            if !anchor.is_empty() {
                assert!(ids[target.as_str()].contains(anchor), "{path}: no anchor {href}");
            }
        }
        for id in html::attributes(text, "aria-labelledby") {
            assert!(ids[path.as_str()].contains(&id), "{path}: nothing is called {id}");
        }
    }
    links
}

/// A target that nobody answered for: its cause, and calls that follow from it.
fn unasked(target: &str, calls: usize) -> Vec<Gap> {
    let gap = |operation: String, kind| Gap {
        id: annexa_model::short_hash(&[target, &operation]),
        target: target.to_owned(),
        operation,
        region: None,
        subject: format!("the whole target {target}"),
        kind,
        message: "there are no credentials".to_owned(),
        permission: None,
        remedy: "set some".to_owned(),
        checks: vec!["aws.iam.user-has-mfa".to_owned()],
        exception: None,
    };
    let mut gaps = vec![gap(annexa_model::CONNECT.to_owned(), FailureKind::Unauthenticated)];
    gaps.extend((0..calls).map(|call| gap(format!("list things {call:03}"), FailureKind::NotAsked)));
    gaps
}

#[test]
fn what_follows_from_a_gap_stands_behind_it() {
    let mut sample = sample();
    sample.gaps.splice(0..0, unasked("acme", 450));
    let pages = pages(&sample);
    check_links(&pages);
    let words = "450 calls that were not made or not answered because of this";
    let index = html::text(&pages["index.html"]);
    assert!(index.contains(words) && !index.contains("list things"), "{index}");
    assert!(index.contains("2 of 452 shown here"), "{index}");
    let control = html::text(&pages["controls/A.8.5.html"]);
    assert!(control.contains(words) && !control.contains("list things 007"), "{control}");
    assert!(pages["gaps.html"].contains(" calls that were not made or not answered because of this</summary>"));
    assert!(html::text(&pages["gaps-2.html"]).contains("The cause: the whole target acme"));
    let all: usize = html_pages(&pages).map(|(_, text)| text.matches("<code>list things").count()).sum();
    assert_eq!(all, 450, "each stands once");
    let summary = annexa_report::markdown(&sample.input(), Templates::built_in().unwrap()).unwrap();
    assert!(summary.contains(words) && !summary.contains("list things"), "{summary}");
}

#[test]
fn accepted_and_lapsed_fails_and_gaps_are_changes() {
    let pages = pages(&sample());
    let changes = html::text(&pages["changes.html"]);
    for words in [
        "Fails that are newly accepted 1 of 1",
        "✗ fail, accepted",
        "Fails that are no longer accepted 1 of 1",
        "1 gap no longer accepted",
        "s3:GetPublicAccessBlock bucket finance-drop (prod): no longer accepted, EX-3",
    ] {
        assert!(changes.contains(words), "no `{words}` in {changes}");
    }
    let index = html::text(&pages["index.html"]);
    assert!(index.contains("1 fail no longer accepted, 0 newly unknown, 1 fail newly accepted"), "{index}");
    assert!(index.contains("1 gap no longer accepted"), "{index}");
    // what 0.1 wrote has neither
    let old = r#"{"findings": [], "resources_new": [], "resources_gone": [], "controls": [], "rules": []}"#;
    assert_eq!(serde_json::from_str::<annexa_report::Changes>(old).unwrap(), annexa_report::Changes::default());
}

#[test]
fn a_replay_says_so_on_every_page() {
    let mut sample = sample();
    sample.cover.replayed = Some("the demo".to_owned());
    for (path, text) in html_pages(&pages(&sample)) {
        assert!(text.contains("answers were replayed from a recording: the demo"), "{path}");
    }
}

#[test]
fn links_and_values_say_what_they_are() {
    let mut sample = sample();
    sample.findings[36].observed.insert("summary".to_owned(), serde_json::json!({"a": "x".repeat(90), "b": 1}));
    sample.checks[0].fix.insert("cli".to_owned(), "aws s3 mend {{bucket.name}}".to_owned());
    let pages = pages(&sample);
    assert!(pages["open.html"].contains(">1 GetPublicAccessBlock</a>"));
    assert!(html::text(&pages["open.html"]).contains("summary 2 values (in findings.jsonl)"));
    let check = &pages["checks/aws.s3.bucket-blocks-public-access.html"];
    assert!(check.contains("aws s3 mend ‹name›") && check.contains("xxxxxxxxxx"));
    assert!(pages["controls/A.8.3.html"].contains("aws s3 mend ‹name›"));
    let mut calls = html_pages(&pages).filter(|(path, _)| path.starts_with("exchanges/"));
    assert!(calls.any(|(_, text)| text.contains("aws.s3.bucket-blocks-public-access for data-01</a>")));
}

#[test]
fn every_control_answers_the_ten_questions() {
    let sample = sample();
    let pages = pages(&sample);
    let controls: Vec<&String> = pages.keys().filter(|path| path.starts_with("controls/")).collect();
    assert_eq!(controls.len(), sample.controls.len());
    for path in controls {
        for question in 1..=10 {
            let answer = html::question(&pages[path], question);
            assert!(answer.len() > 40, "{path}, question {question}: {answer}");
        }
    }
    let page = &pages["controls/A.8.3.html"];
    let expected = [
        (1, ["s3:GetPublicAccessBlock", "assumed-role/annexa/nightly", "2026-11-24T02:04:11Z", "Bucket ="].as_slice()),
        (2, &["BlockPublicPolicy", "SHA-256", "line 37 of", "7QHABCDT2"]),
        (3, &["personal: 41 cuts in 41 answers", "Parts of 41 of 42"]),
        (4, &["41", "42", "differs", "1 of 42 calls failed, 1 of them denied", "AccessDenied"]),
        (5, &["checks/aws/s3/bucket-blocks-public-access.yaml", "account.block_public_access.all", "library"]),
        (
            6,
            &[
                "logs-archive",
                "✗ fail · critical",
                "? unknown",
                "block_public_access.BlockPublicPolicy false",
                "36 pass",
            ],
        ),
        (7, &["EX-1", "web team", "CISO (as claimed)", "31 January 2027"]),
        (8, &["People show that"]),
        (9, &["1 January 2026 to 31 December 2026", "one observation in it", "bundle 6, 26 hours earlier"]),
        (10, &["aws s3api get-public-access-block --bucket 'logs-archive'", "sha256sum -c SHA256SUMS", "sed -n 37p"]),
    ];
    for (question, words) in expected {
        let answer = html::question(page, question);
        for word in words {
            assert!(answer.contains(word), "question {question} does not say `{word}`: {answer}");
        }
    }
}

#[test]
fn untrusted_text_stays_text() {
    let pages = pages(&sample());
    let mut seen = 0;
    for (path, text) in html_pages(&pages) {
        assert!(!text.contains("<script"), "{path}");
        assert!(!text.contains("<img"), "{path}");
        assert!(!text.contains(" style="), "{path}: inline style");
        assert!(
            !text.contains('\u{202e}') && !text.contains('\0') && !text.contains('\u{1b}'),
            "{path}: a hidden character"
        );
        for tag in html::tags(text) {
            let name = |a: &str| a.split('=').next().unwrap_or("").to_owned();
            assert!(!html::attribute_list(tag).iter().any(|a| name(a).starts_with("on")), "{path}: {tag}");
        }
        assert!(text.contains("Content-Security-Policy") && text.contains("default-src 'none'"), "{path}");
        seen += usize::from(text.contains("&lt;script&gt;"));
    }
    assert!(seen >= 5, "the hostile bucket {HOSTILE} is shown on {seen} pages only");
    assert!(pages["controls/A.8.3.html"].contains("[U+202E]gnp[U+0000][U+001B][31m"));
    assert!(pages["controls/A.8.3.html"].contains("{{7*7}}"));
}

#[test]
fn pages_are_sane_for_a_screen_reader() {
    for (path, text) in html_pages(&pages(&sample())) {
        assert_eq!(text.matches("<h1>").count(), 1, "{path}");
        assert_eq!(text.matches("<main id=\"content\">").count(), 1, "{path}");
        let mut last = 1;
        for level in html::tags(text).filter_map(html::heading_level) {
            assert!(level <= last + 1, "{path}: h{level} after h{last}");
            last = level;
        }
        assert!(!text.contains("<th>") && !text.contains("<th class"), "{path}: a header cell without scope");
        assert_eq!(text.matches("<table").count(), text.matches("</table>").count(), "{path}");
        assert_eq!(text.matches("<section").count(), text.matches("</section>").count(), "{path}");
    }
}

#[test]
fn foreign_hosts_and_missing_signatures_stand_on_every_page() {
    let mut sample = sample();
    sample.cover.signed_by = None;
    for (path, text) in html_pages(&pages(&sample)) {
        assert!(text.contains("127.0.0.1:5000"), "{path}");
        assert!(text.contains("not signed"), "{path}");
        assert!(text.contains(&sample.cover.evidence_digest), "{path}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(pages(&sample()), pages(&sample()));
}

#[test]
fn nothing_at_all_is_a_report_too() {
    let mut empty = sample();
    empty.controls.clear();
    empty.findings.clear();
    empty.checks.clear();
    empty.gaps.clear();
    empty.sets.clear();
    empty.resources.clear();
    empty.exceptions.clear();
    empty.targets.clear();
    empty.changes = None;
    empty.cover.observed = None;
    empty.cover.previous = None;
    empty.cover.period = None;
    let pages = pages(&empty);
    let index = html::text(&pages["index.html"]);
    assert!(index.contains("Nothing was observed, in 0 targets"), "{index}");
    assert!(index.contains("0 unknown of 0"), "{index}");
}

#[test]
fn the_overview_reads_well() {
    insta::assert_snapshot!(html::text(&pages(&sample())["index.html"]));
}

#[test]
fn a_control_without_evidence_reads_well() {
    insta::assert_snapshot!(html::text(&pages(&sample())["controls/A.7.12.html"]));
}

#[test]
fn gaps_and_exceptions_read_well() {
    let pages = pages(&sample());
    insta::assert_snapshot!(format!(
        "{}\n\n{}",
        html::text(&pages["gaps.html"]),
        html::text(&pages["exceptions.html"])
    ));
}
