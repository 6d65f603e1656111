//! Hostile data through the whole pipeline: whatever a provider, a colleague or a commit calls a thing, it stays text.

use crate::browser::browse;
use crate::denied::tape;
use crate::formats::{validate_all, write_all};
use crate::program::{demo, files, lines, outside_python, run, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Strings that try to leave the place where they stand.
fn hostile() -> Vec<String> {
    let mut strings: Vec<String> = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus=alert(1) x='",
        "</td></tr></table><iframe src=javascript:alert(1)>",
        "<!-- <style>*{display:none}</style>",
        "javascript:alert(1)",
        "=HYPERLINK(\"http://127.0.0.1:9/?\"&A1,\"here\")",
        "a;=cmd|' /C calc'!A0",
        "\t@SUM(1+1)",
        "＝1+1",
        "-2+3\r\n=1+1",
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31mred",
        "\u{9b}31mC1\u{85}next",
        "\u{202e}gnp.exe\u{2066}\u{200b}",
        "../../../../etc/passwd",
        "..\\..\\windows\\system32",
        "/etc/passwd",
        "C:\\a\u{0}b",
        "] ](http://127.0.0.1:9) ![x](http://127.0.0.1:9/x) `code` **bold** @everyone",
        "| a | b |\n|---|---|\n# heading\n- list",
        "]]>&amp;&lt;&#0;<![CDATA[",
        "{{7*7}} ${7*7} {0} {1} %s%n %00 #{x}",
        "::error file=x::message\n::set-output name=x::y",
        "\u{ffff}\u{fffe}\u{fdd0}\u{feff}",
        "-- \"; DROP TABLE findings; 'quoted' \\",
        ".",
        "..",
        " ",
        "",
        "CON",
    ]
    .map(str::to_owned)
    .to_vec();
    strings.push("a̐éö̲".repeat(200));
    strings
}

/// A string of 1 MB; some lists get one.
fn huge() -> String {
    "W<b>".repeat(256 * 1024)
}

/// Strings that people may write, by their keys.
const FREE: [&str; 22] = [
    "name",
    "title",
    "description",
    "summary",
    "display_name",
    "slug",
    "app_slug",
    "body",
    "message",
    "label",
    "labels",
    "Value",
    "Description",
    "value",
    "key",
    "branch",
    "environment",
    "text",
    "ref",
    "image",
    "secret_type_display_name",
    "owner",
];

/// Renames what a clone of an item is called, all over.
fn rename(value: &mut Value, to: &str) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if FREE.contains(&key.as_str()) => *text = to.to_owned(),
                    other => rename(other, to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, to)),
        _ => {}
    }
}

/// Lists that are large in the demo get a clone for each hostile string, with an id of its own.
fn clones(items: &mut Vec<Value>, id: &[&str], with_huge: bool) {
    let Some(first) = items.last().filter(|item| item.is_object()).cloned() else { return };
    let strings = hostile().into_iter().chain(with_huge.then(huge));
    for (number, string) in strings.enumerate() {
        let mut clone = first.clone();
        rename(&mut clone, &string);
        for key in id {
            match clone.get_mut(key) {
                Some(Value::Number(n)) => *n = (n.as_u64().unwrap() + 5_000 + number as u64).into(),
                Some(Value::String(text)) => text.push_str(&format!("-hostile-{number}")),
                _ => {}
            }
        }
        if let Some(metadata) = clone.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("uid".to_owned(), json!(format!("hostile-{number}")));
            metadata.insert("labels".to_owned(), json!({string.as_str(): string, "app": string}));
            metadata.insert("annotations".to_owned(), json!({string.as_str(): string}));
        }
        items.push(clone);
    }
}

/// An element's text in an XML answer: each occurrence gets the next hostile string, as the provider would escape it.
fn retext(xml: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let strings = hostile();
    let mut out = String::new();
    let mut rest = xml;
    let mut number = element.len();
    while let Some((before, after)) = rest.split_once(&open) {
        let Some((_, tail)) = after.split_once(&close) else { break };
        out.push_str(before);
        out.push_str(&open);
        for c in strings[number % strings.len()].chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                // what XML can't hold no provider can send
                c if c.is_control() && !matches!(c, '\n' | '\t' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
                c => out.push(c),
            }
        }
        out.push_str(&close);
        number += 1;
        rest = tail;
    }
    out + rest
}

/// Makes an exchange of the demo's tape hostile.
fn poison(exchange: &mut Value) -> bool {
    let operation = exchange["operation"].as_str().unwrap().to_owned();
    let kind = exchange["kind"].as_str().unwrap().to_owned();
    exchange["request_id"] = json!("\u{1b}[31m<script>alert(1)</script>");
    let Some(body) = exchange.pointer_mut("/answer/body") else { return true };
    match (kind.as_str(), body) {
        ("aws", Value::String(xml)) if xml.starts_with("<?xml") => {
            for element in
                ["groupName", "groupDescription", "Value", "value", "Description", "description", "PolicyName", "Tags"]
            {
                *xml = retext(xml, element);
            }
        }
        ("aws" | "documents", body) => {
            let strings = hostile();
            rename(body, &strings[operation.len() % strings.len()]);
        }
        ("kubernetes", body) => {
            if let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) {
                clones(items, &[], operation.ends_with(" namespaces"));
            }
        }
        ("github", Value::Array(items)) if !operation.ends_with("/repos") => {
            clones(items, &["id", "number", "node_id"], operation.ends_with("/hooks"))
        }
        ("github", Value::Object(members)) => {
            for items in members.values_mut().filter_map(Value::as_array_mut) {
                clones(items, &["id", "number", "node_id"], operation.ends_with("/secrets"));
            }
        }
        _ => {}
    }
    true
}

/// What a terminal shows: text alone.
fn printable(what: &str, text: &str) {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    if let Some(c) = text.chars().find(bad) {
        let line = text.lines().find(|line| line.contains(c)).unwrap_or_default();
        panic!("{what} prints {c:?}: {:?}", line.chars().take(300).collect::<String>());
    }
}

/// Runs the program; whatever it says must be fit for a terminal.
fn quiet_run(folder: &Path, arguments: &[&str], statuses: &[i32]) -> String {
    let output = run(folder, arguments);
    let (out, err) = texts(&output);
    let status = output.status.code().unwrap();
    let what = arguments.join(" ");
    assert!(statuses.contains(&status), "{what}: {status}\n{out}\n{err}");
    let data = ["--json", "sarif", "junit", "csv", "oscal"].iter().any(|word| what.contains(word));
    printable(&what, &err);
    if !data {
        printable(&what, &out);
    }
    out
}

/// The files of a folder beside those of the output.
fn beside(folder: &Path, out: &str) -> BTreeSet<String> {
    files(folder).into_keys().filter(|name| !name.starts_with(out)).collect()
}

/// Everything that reads a bundle reads a hostile one.
fn every_reader(folder: &Path, bundle: &str) {
    quiet_run(folder, &["verify", bundle], &[0]);
    quiet_run(folder, &["reperform", bundle], &[0]);
    let demo = demo().display().to_string();
    quiet_run(folder, &["diff", &demo, bundle], &[0]);
    quiet_run(folder, &["report", bundle, "--format", "html", "--out", "pages"], &[0]);
    let findings = lines(&folder.join(bundle).join("findings.jsonl"));
    let formats = tempfile::tempdir().unwrap();
    write_all(&folder.join(bundle), formats.path());
    validate_all(formats.path(), findings.len());
    let summary = std::fs::read_to_string(formats.path().join("report.md")).unwrap();
    printable("the job summary", &summary);
    assert!(!summary.contains("<script") && !summary.contains("<img") && !summary.contains("](http"), "{summary}");
    let pages = folder.join(bundle).display().to_string();
    outside_python("validate_html.py", &[&pages, &demo]);
}

#[test]
fn hostile_answers_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    tape(folder.path(), poison);
    let before = beside(folder.path(), "hostile");
    let demo = demo().display().to_string();
    let arguments = ["scan", "--replay", "tape", "--previous", &demo, "--out", "hostile"];
    quiet_run(folder.path(), &arguments, &[3]);
    assert_eq!(before, beside(folder.path(), "hostile"), "something was written beside the bundle");

    let bundle = folder.path().join("hostile");
    let findings = lines(&bundle.join("findings.jsonl"));
    for (kind, at_least) in [("aws", 1), ("kubernetes", 20), ("github", 20), ("documents", 1)] {
        let of_kind: Vec<&Value> = findings.iter().filter(|f| f["check"].as_str().unwrap().starts_with(kind)).collect();
        let strings = hostile();
        let reached = strings.iter().filter(|s| s.len() > 2).filter(|string| {
            of_kind.iter().any(|f| {
                f["resource"]["name"].as_str().unwrap().contains(string.as_str())
                    || f["message"].as_str().unwrap().contains(string.as_str())
                    || f["observed"].to_string().contains(string.as_str())
            })
        });
        let reached = reached.count();
        assert!(reached >= at_least, "only {reached} hostile strings reached a finding of {kind}");
    }
    every_reader(folder.path(), "hostile");
    let checks = largest(&bundle, "checks/");
    let exchanges = largest(&bundle, "exchanges/");
    let pages = ["index.html", "changes.html", "inventory.html", "gaps.html", "open.html", &checks, &exchanges];
    browse(&bundle, &pages.map(str::to_owned));
}

/// The largest page in a folder that holds a hostile string.
fn largest(bundle: &Path, folder: &str) -> String {
    let files = files(bundle);
    let pages = files.iter().filter(|(name, bytes)| {
        name.starts_with(folder) && name.ends_with(".html") && String::from_utf8_lossy(bytes).contains("&lt;script&gt;")
    });
    pages.max_by_key(|(_, bytes)| bytes.len()).unwrap().0.clone()
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=<script>alert(1)</script>",
            "-c",
            "user.email=a@b.example",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_AUTHOR_DATE", "2026-02-01T10:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-02-01T10:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
}

/// A folder of documents whose file names, front matter, cells and commit messages are hostile, and a link out of it.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let isms = folder.path().join("isms");
    for part in ["policies", "registers"] {
        std::fs::create_dir_all(isms.join(part)).unwrap();
    }
    std::fs::write(folder.path().join("outside.md"), "---\nkind: policy\ntitle: canary-outside\n---\ncanary-outside\n")
        .unwrap();
    std::os::unix::fs::symlink("../../outside.md", isms.join("policies/link.md")).unwrap();
    std::os::unix::fs::symlink("../..", isms.join("policies/up")).unwrap();
    git(&isms, &["init", "--quiet", "--initial-branch=main"]);
    let mut rows = "id,name,status\n".to_owned();
    for (number, string) in hostile().iter().chain([&huge()]).enumerate() {
        let name: String = string.chars().filter(|c| !matches!(c, '/' | '\0')).take(60).collect();
        let name = format!("{}{number}.md", name.trim_matches('.'));
        let front =
            json!({"kind": "policy", "title": string, "owner": string, "version": string, "id": format!("P-{number}")});
        std::fs::write(isms.join("policies").join(name), format!("---\n{front}\n---\n# {string}\n\n{string}\n"))
            .unwrap();
        rows.push_str(&format!("P{number},\"{}\",active\n", string.replace('"', "\"\"").replace('\0', "")));
        if number % 8 == 0 {
            git(&isms, &["add", "--all"]);
            let message: String = string.chars().filter(|c| *c != '\0').take(5_000).collect();
            git(&isms, &["commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", &message]);
        }
    }
    std::fs::write(isms.join("registers/people.csv"), rows).unwrap();
    git(&isms, &["add", "--all"]);
    git(&isms, &["commit", "--quiet", "--message", "=cmd|' /C calc'!A0 \u{202e} \u{1b}[31m"]);
    let config = "organization: \"<script>alert(1)</script> =1+1 \\e[31m\"\nedition: \"2022\"\ntargets:\n  - {name: isms, kind: documents, path: ./isms}\n";
    std::fs::write(folder.path().join("annexa.yaml"), config).unwrap();
    folder
}

#[test]
fn hostile_documents_stay_text() {
    let folder = documents();
    let before = beside(folder.path(), "hostile");
    quiet_run(folder.path(), &["-vv", "scan", "--out", "hostile"], &[0, 3]);
    assert_eq!(before, beside(folder.path(), "hostile"), "something was written beside the bundle");
    let bundle = folder.path().join("hostile");
    let resources = lines(&bundle.join("resources.jsonl"));
    let policies = resources.iter().filter(|r| r["type"] == "document.policy").count();
    assert!(policies + 3 >= hostile().len(), "only {policies} of {} hostile documents were read", hostile().len());
    for (name, bytes) in files(&bundle) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary-outside"), "{name} holds what lies outside the folder");
    }
    every_reader(folder.path(), "hostile");
    let pages =
        ["index.html".to_owned(), "open.html".to_owned(), largest(&bundle, "checks/"), largest(&bundle, "exchanges/")];
    browse(&bundle, &pages);
}
