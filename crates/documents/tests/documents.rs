//! Documents, registers and their history, read from real repositories.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, dead_code, reason = "tests")]

mod company;

use annexa_documents::DocumentsCollector;
use annexa_model::{FailureKind, Field, ScalarKind, SetState};
use annexa_tape::{Collector, Privacy, Redactor};
use company::{Company, KEY, extract, scan};
use serde_json::{Value, json};

const POLICY: &str = "---\nid: P-1\ntitle: Access control policy\nkind: policy\nowner: ada\nversion: \"1.0\"\nstatus: approved\napproved_by: [bo]\napproved_on: 2026-01-05\nnext_review: 2027-01-04\napplies_to: [A.5.15, \"5.2\", A.5.99, \"aws:prod\"]\n---\n# Access\n\nOnly who needs access gets it. Ask ops@example.org.\n";
const PEOPLE: &str = "meta:\n  id: R-1\n  title: People\n  owner: ada\n  next_review: 2026-12-01\npeople:\n  - {person: ada, name: Ada Example, email: ada@example.org, github: ada-gh, status: active, salary: '100000'}\n  - {person: bo, email: Bo@Example.org, aws_user: bo, status: leaver, left_on: 2026-01-31}\n";

fn company() -> Company {
    let company = Company::new();
    company.write("policies/access.md", POLICY);
    company.write("registers/people.yaml", PEOPLE);
    company.write("README.md", "# Our ISMS\n");
    company.write(".github/CODEOWNERS", "* @acme/all\n/policies/ @acme/security\n");
    company.commit(5, "Access policy\n\nApproved-by: Bo <bo@example.org>");
    company
}

#[test]
fn a_policy_has_facts_of_front_matter_body_and_history() {
    let company = company();
    company.git(&["remote", "add", "origin", "https://user:ghs_secret@github.com/acme/isms.git"], 1);
    let scan = company.scan();
    let id = "isms/policies/access.md";
    let resource = scan.resource(id);
    assert_eq!((resource.kind.as_str(), resource.name.as_str()), ("document.policy", "Access control policy"));
    assert_eq!(scan.fact(id, "/approved_on"), json!("2026-01-05T00:00:00Z"));
    assert_eq!(scan.fact(id, "/approved_by"), json!(["bo"]));
    assert_eq!(scan.fact(id, "/version"), json!("1.0"));
    assert_eq!(scan.fact(id, "/review"), json!({"max_days": 366, "interval_days": 364}));
    assert_eq!(
        scan.fact(id, "/front_matter"),
        json!({"state": "present", "missing": [], "unknown_keys": [], "problems": []})
    );
    assert_eq!(scan.fact(id, "/controls"), json!({"known": ["A.5.15", "5.2"], "unknown": ["A.5.99"]}));
    assert_eq!(scan.fact(id, "/body/headings"), json!(["Access"]));
    assert_eq!(scan.fact(id, "/work_tree"), json!("committed"));
    assert_eq!(scan.fact(id, "/repository/name"), json!("acme/isms"));
    assert_eq!(scan.fact(id, "/history/grade"), json!("claimed"));
    let bo = Redactor::new(Privacy::Default, KEY).personal("bo@example.org");
    assert_eq!(scan.fact(id, "/history/last_body_change/approved_by"), json!([bo]));
    assert_eq!(scan.fact(id, "/history/last_body_change/authored_at"), json!("2026-01-05T09:00:00Z"));
    assert_eq!(scan.fact(id, "/codeowners"), json!(["@acme/security"]));
    assert_eq!(scan.extraction.gaps, []);
    let read = scan.exchanges.iter().find(|exchange| exchange.operation == "read document").unwrap();
    let command = annexa_documents::reproduce(read).unwrap();
    assert_eq!(command, "cat policies/access.md && git log --follow --patch -- policies/access.md");
    assert!(!scan.text().contains("ghs_secret"));
    let identity = scan.extraction.identity.clone().unwrap();
    assert_eq!((identity.label.as_str(), identity.id.len()), ("git commit", 40));
    assert_eq!(identity.notes, ["origin github.com/acme/isms", "branch main"]);
}

#[test]
fn rows_are_resources_and_join_with_pseudonyms_of_other_targets() {
    let scan = company().scan();
    let redactor = Redactor::new(Privacy::Default, KEY);
    let (ada, bo) = ("isms/registers/people.yaml#ada", "isms/registers/people.yaml#bo");
    assert_eq!(scan.fact(ada, "/email"), json!(redactor.personal("ada@example.org")));
    assert_eq!(scan.fact(ada, "/aliases"), json!([redactor.personal("ada@example.org"), "ada-gh", "ada"]));
    assert_eq!(scan.fact(ada, "/display_name"), json!("Ada Example"));
    assert_eq!(scan.fact(bo, "/status"), json!("leaver"));
    assert_eq!(scan.fact(bo, "/left_on"), json!("2026-01-31T00:00:00Z"));
    assert_eq!(
        scan.fact(bo, "/register"),
        json!({"path": "registers/people.yaml", "line": 8, "work_tree": "committed"})
    );
    assert_eq!(scan.fact("isms/registers/people.yaml", "/rows"), json!(2));
    assert_eq!(scan.set("register.person")["state"], json!("complete"));
    assert_eq!(scan.set("register.risk")["state"], json!("not_applicable"));
    let text = scan.text();
    for gone in ["100000", "ada@example.org", "Bo@Example.org", "ops@example.org"] {
        assert!(!text.contains(gone), "{gone}");
    }
    let register = scan.exchanges.iter().find(|e| e.operation == "read register").unwrap();
    assert!(register.cuts.iter().any(|cut| cut.reason.contains("no description names")));
    assert!(text.contains("\"salary\""), "the cut column is named");
}

#[test]
fn privacy_full_keeps_and_strict_takes_logins_too() {
    let full = company().scan_with(Privacy::Full).text();
    assert!(full.contains("ops@example.org") && full.contains("ada-gh") && !full.contains("100000"));
    let strict = company().scan_with(Privacy::Strict);
    assert!(!strict.text().contains("ada-gh") && !strict.text().contains("Ada Example"));
    let owner = strict.fact("isms/policies/access.md", "/owner");
    let people: Vec<Value> =
        strict.extraction.resources.iter().filter_map(|r| r.facts.get("person").cloned()).collect();
    assert!(people.contains(&owner), "joins hold");
}

#[test]
fn replay_needs_no_files_and_gives_the_same() {
    let company = company();
    let live = company.scan();
    let target = company.target();
    drop(company);
    let replayed = scan(target, Privacy::Default, Some(live.exchanges.clone()));
    assert_eq!(replayed.exchanges, live.exchanges);
    assert_eq!(replayed.extraction, live.extraction);
}

#[test]
fn body_changes_are_told_from_changes_of_front_matter_and_blanks() {
    let company = company();
    company
        .write("policies/access.md", POLICY.replace("owner: ada", "owner: bo").replace("access gets", "access\n gets"));
    company.commit(6, "New owner");
    company.write("policies/access.md", POLICY.replace("Only who", "Everybody who"));
    company.commit(9, "Silent change");
    company.git(&["mv", "policies/access.md", "policies/access-control.md"], 10);
    company.commit(10, "Rename");
    let scan = company.scan();
    let id = "isms/policies/access-control.md";
    assert_eq!(scan.fact(id, "/history/commits").as_array().unwrap().len(), 4);
    assert_eq!(scan.fact(id, "/history/last_body_change/committed_at"), json!("2026-01-09T09:00:00Z"));
    assert_eq!(scan.fact(id, "/history/last_commit/committed_at"), json!("2026-01-10T09:00:00Z"));
    let silent = scan.fact(id, "/history/body_changes_without_new_version");
    assert_eq!(silent.as_array().unwrap().len(), 1);
    assert_eq!(silent[0], scan.fact(id, "/history/last_body_change/commit"));
    company.write("policies/access-control.md", POLICY.replace("Only who", "Nobody who").replace("1.0", "1.1"));
    let dirty = company.scan();
    assert_eq!(dirty.fact(id, "/work_tree"), json!("changed"));
    assert_eq!(dirty.fact("isms/", "/uncommitted"), json!(["policies/access-control.md"]));
}

#[test]
fn a_shallow_clone_knows_no_history_and_says_so() {
    let company = company();
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", company.path().display());
    company.write("policies/access.md", POLICY.replace("Only who", "Everybody who"));
    company.commit(9, "Change");
    company.git(&["clone", "-q", "--depth", "1", &url, &clone.path().join("c").to_string_lossy()], 9);
    let mut target = company.target();
    target.settings = annexa_model::Settings::Documents(annexa_model::DocumentsSettings {
        path: clone.path().join("c").to_string_lossy().into_owned(),
    });
    let scan = scan(target, Privacy::Default, None);
    assert_eq!(scan.fact("isms/policies/access.md", "/history"), Value::Null);
    assert!(scan.unobserved("isms/policies/access.md").contains(&"/history".to_owned()));
    assert!(scan.extraction.gaps[0].remedy.contains("fetch-depth: 0"));
}

#[test]
fn a_folder_without_git_has_no_history_and_that_is_known() {
    let company = Company::without_git();
    company.write("policies/access.md", POLICY);
    let scan = company.scan();
    assert_eq!(scan.fact("isms/policies/access.md", "/work_tree"), json!("no_git"));
    assert_eq!(scan.unobserved("isms/policies/access.md"), Vec::<String>::new());
    assert_eq!(scan.extraction.identity.unwrap().label, "folder without git");
    assert_eq!(scan.extraction.gaps, []);
}

#[test]
fn broken_files_are_gaps_with_their_lines() {
    let company = company();
    company.write("policies/broken.md", "---\nid: P-2\nowner: [ada\n---\ntext\n");
    company.write("policies/dates.md", POLICY.replace("2026-01-05", "5 Jan").replace("P-1", "P-3"));
    company.write("policies/latin.md", b"---\nid: P-4\n---\ncaf\xe9\n");
    company.write("registers/risks.csv", "id,title,owner\nR-1,Fire,ada\nR-2,Flood\n");
    company.write("registers/assets.yaml", "- {id: x\n");
    let scan = company.scan();
    let gaps: Vec<(&str, FailureKind, &str)> =
        scan.extraction.gaps.iter().map(|g| (g.subject.as_str(), g.kind, g.message.as_str())).collect();
    let has = |subject: &str, part: &str| {
        gaps.iter().any(|(s, kind, m)| *s == subject && *kind == FailureKind::Invalid && m.contains(part))
    };
    assert!(has("policies/broken.md", "line 3") || has("policies/broken.md", "line 4"), "{gaps:?}");
    assert!(has("policies/dates.md", "line 9, approved_on: `5 Jan` is not a day"), "{gaps:?}");
    assert!(has("policies/latin.md", "line 4: the text is not UTF-8"), "{gaps:?}");
    assert!(has("registers/risks.csv", "line 3: the row has 2 fields"), "{gaps:?}");
    assert!(has("registers/assets.yaml", "line"), "{gaps:?}");
    assert_eq!(scan.fact("isms/policies/broken.md", "/front_matter/state"), json!("invalid"));
    assert!(scan.unobserved("isms/policies/broken.md").contains(&"/owner".to_owned()));
    assert!(scan.unobserved("isms/policies/dates.md").contains(&"/approved_on".to_owned()));
    assert_eq!(scan.fact("isms/policies/dates.md", "/front_matter/missing"), json!([]));
    assert_eq!(scan.set("register.risk")["state"], json!("partial"));
    assert_eq!(scan.set("register.asset")["state"], json!("unobserved"));
    assert_eq!(scan.set("document.policy")["state"], json!("partial"));
}

#[test]
fn a_lost_exchange_is_never_an_absent_fact() {
    let company = company();
    let scan = company.scan();
    for lost in 0..scan.exchanges.len() {
        let mut exchanges = scan.exchanges.clone();
        let gone = exchanges.remove(lost);
        let extraction = extract(&company.target(), exchanges);
        assert!(!extraction.gaps.is_empty(), "{}", gone.operation);
        let whole = |kind: &str| extraction.sets.iter().any(|s| s.kind == kind && s.state == SetState::Complete);
        match gone.operation.as_str() {
            "read document" => assert!(!whole("document.policy")),
            "read register" => assert!(!whole("register.person")),
            "list files" => assert!(extraction.sets.iter().all(|s| matches!(s.state, SetState::Unobserved { .. }))),
            "read CODEOWNERS" => assert!(extraction.resources.iter().all(|r| !r.facts.contains_key("codeowners"))),
            _ => assert!(extraction.resources.iter().all(|r| !r.facts.contains_key("history"))),
        }
    }
}

#[test]
fn csv_scope_and_library() {
    let company = company();
    company.write("registers/scope.yaml", "accounts: [\"012345678901\"]\nexclusions:\n  - {account: \"999999999999\", kind: aws_account, reason: sandbox}\nacounts: []\n");
    company.write("registers/staff2.csv", "\u{feff}Person;E-Mail;Status\r\ncarl;Carl@Example.org;=cmd|x\r\n\r\n");
    company.write("registers/staff2.meta.yaml", "register: person\nowner: ada\n");
    company
        .write("policies/crypto.md", "---\ntitle: Cryptography policy\nowner: TODO\n---\nTODO write for <company>\n");
    let scan = company.scan();
    assert_eq!(scan.fact("isms/registers/scope.yaml#012345678901", "/in_scope"), json!(true));
    assert_eq!(scan.fact("isms/registers/scope.yaml#999999999999", "/in_scope"), json!(false));
    assert!(scan.extraction.gaps.iter().any(|g| g.message.contains("did you mean `accounts`?")));
    let carl = "isms/registers/staff2.csv#carl";
    assert!(scan.unobserved(carl).contains(&"/status".to_owned()));
    assert_eq!(scan.fact(carl, "/email"), json!(Redactor::new(Privacy::Default, KEY).personal("carl@example.org")));
    assert_eq!(scan.fact("isms/registers/staff2.csv", "/owner"), json!("ada"));
    assert_eq!(scan.fact("isms/", "/expected/cryptography_policy/placeholders"), json!(2));
    assert_eq!(scan.fact("isms/", "/expected/access_control_policy/found"), json!(true));
    assert_eq!(scan.fact("isms/policies/crypto.md", "/front_matter/missing").as_array().unwrap().len(), 7);
}

#[test]
fn hostile_repositories_run_nothing() {
    let company = company();
    let mark = company.path().join("ran");
    let script = company.path().join("evil.sh");
    company.write("evil.sh", format!("#!/bin/sh\ntouch {}\ncat\n", mark.display()));
    let config = format!(
        "[core]\n\tfsmonitor = {0}\n\thooksPath = {0}\n\tsshCommand = {0}\n\tpager = {0}\n[filter \"x\"]\n\tclean = {0}\n\tsmudge = {0}\n\tprocess = {0}\n[diff \"x\"]\n\ttextconv = {0}\n\tcommand = {0}\n[diff]\n\texternal = {0}\n[gpg]\n\tprogram = {0}\n[log]\n\tshowSignature = true\n[alias]\n\trev-list = !{0}\n",
        script.display()
    );
    company.write(".gitattributes", "* filter=x diff=x\n");
    let old = std::fs::read_to_string(company.path().join(".git/config")).unwrap();
    company.write(".git/config", format!("{old}{config}"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("/etc", company.path().join("policies/etc")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", company.path().join("policies/passwd.md")).unwrap();
    }
    company.write("policies/access.md", POLICY.replace("Only", "Hardly"));
    let scan = company.scan();
    assert!(!mark.exists());
    assert_eq!(scan.fact("isms/policies/access.md", "/work_tree"), json!("changed"));
    assert!(!scan.text().contains("root:"));
    let gaps: Vec<&str> = scan.extraction.gaps.iter().map(|g| g.subject.as_str()).collect();
    assert_eq!(gaps, ["policies/etc", "policies/passwd.md"]);
}

#[test]
fn every_fact_is_in_the_schema() {
    let company = company();
    company.write("reports/audit.md", "---\nkind: report\nid: A-1\nheld_on: 2026-01-02\nauditor: carl\n---\nFine.\n");
    company
        .write("registers/risks.csv", "id,title,owner,likelihood,impact,level,treatment\nR-1,Fire,ada,2,3,6,modify\n");
    let scan = company.scan();
    let schemas = company::collector().schemas();
    for resource in &scan.extraction.resources {
        let schema = schemas.iter().find(|schema| schema.name == resource.kind).unwrap();
        for (name, value) in &resource.facts {
            let field = schema.fields.get(name).unwrap_or_else(|| panic!("{} has no fact {name}", resource.kind));
            fits(field, value, &format!("{}.{name}", resource.kind));
        }
        for name in resource.sources.keys().filter(|name| !name.is_empty()) {
            assert!(schema.fields.contains_key(name), "{} has a source for {name}", resource.kind);
        }
        for name in resource.facts.keys() {
            assert!(resource.sources.contains_key(name), "{} has no source for {name}", resource.kind);
        }
    }
    assert_eq!(scan.extraction.sets.len(), schemas.len());
}

fn fits(field: &Field, value: &Value, place: &str) {
    match (field, value) {
        (Field::Object(members), Value::Object(object)) => {
            for (name, value) in object {
                let field = members.get(name).unwrap_or_else(|| panic!("{place} has no member {name}"));
                fits(field, value, &format!("{place}.{name}"));
            }
        }
        (Field::List(of), Value::Array(items)) => items.iter().for_each(|item| fits(of, item, place)),
        (Field::Scalar(ScalarKind::Bool), Value::Bool(_)) => {}
        (Field::Scalar(ScalarKind::Int | ScalarKind::Double), Value::Number(_)) => {}
        (Field::Scalar(ScalarKind::String), Value::String(_)) => {}
        (Field::Scalar(ScalarKind::Timestamp), Value::String(text)) => {
            text.parse::<annexa_model::Timestamp>().unwrap();
        }
        _ => panic!("{place} is {value}"),
    }
}

#[test]
fn a_kind_of_register_is_one_file() {
    let company = company();
    company.write("registers/keys.csv", "key_no;holder;phone\n7;ada;+49 1\n");
    let mut all = company::all_rules();
    let kind = "title: door key\nnames: [keys]\nkey: key_no\nrequired: [key_no, holder]\ncolumns:\n  key_no: {alias: true}\n  holder: {login: true}\n";
    all.insert("documents/kinds/registers/door-key.yaml", kind.as_bytes().to_vec());
    let scan = company::scan_by(&DocumentsCollector::load(&all).unwrap(), company.target(), Privacy::Default, None);
    assert_eq!(scan.fact("isms/registers/keys.csv#7", "/holder"), json!("ada"));
    assert!(!scan.text().contains("+49"));
    assert_eq!(scan.set("register.door-key")["state"], json!("complete"));
}

#[test]
fn a_wrong_kind_is_an_error_with_its_file() {
    let load = |kind: &str| {
        let mut all = company::all_rules();
        all.insert("documents/kinds/registers/x.yaml", kind.as_bytes().to_vec());
        DocumentsCollector::load(&all).unwrap_err()[0].to_string()
    };
    assert_eq!(
        load("title: x\nnames: []\nkey: a\ncolums: {}\n"),
        "documents/kinds/registers/x.yaml:4:1: unknown key `colums` (did you mean `columns`?)"
    );
    assert!(load("title: x\nnames: []\nkey: b\ncolumns: {a: {}}\n").contains("`b` is named here, but is no column"));
    assert!(load("title: x\nnames: []\nkey: name\ncolumns: {name: {}}\n").contains("whose name is taken"));
}

#[test]
fn the_catalogue_of_annex_a_is_understood() {
    let mut all = annexa_documents::rules();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../annex/data");
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        all.insert(format!("annex/{name}"), std::fs::read(&path).unwrap());
    }
    let company = company();
    company.write("policies/old.md", POLICY.replace("A.5.99", "A.18.2.3, A.8.34, \"9.2.2\", \"9.2.9\""));
    let scan = company::scan_by(&DocumentsCollector::load(&all).unwrap(), company.target(), Privacy::Default, None);
    let controls = scan.fact("isms/policies/old.md", "/controls");
    assert_eq!(controls["unknown"], json!(["9.2.9"]));
    assert_eq!(controls["known"], json!(["A.5.15", "5.2", "A.18.2.3", "A.8.34", "9.2.2"]));
}

#[test]
fn large_and_odd_files_are_gaps_and_never_stop_the_scan() {
    let company = company();
    company.write("policies/long.md", format!("{}{}", POLICY.replace("P-1", "P-9"), "many words TODO\n".repeat(8000)));
    company.write("registers/risks.csv", vec![b'x'; 5 * 1024 * 1024]);
    company.write("policies/empty.md", "");
    company.write("registers/nda.csv", "");
    company.write("registers/training.yaml", "just text\n");
    let scan = company.scan();
    assert!(scan.unobserved("isms/policies/long.md").contains(&"/body/placeholders".to_owned()));
    assert_eq!(scan.fact("isms/policies/empty.md", "/body/empty"), json!(true));
    assert_eq!(scan.set("register.risk")["state"], json!("unobserved"));
    assert_eq!(scan.set("register.nda")["state"], json!("complete"));
    assert_eq!(scan.set("register.training")["state"], json!("partial"));
    let kinds: Vec<FailureKind> = scan.extraction.gaps.iter().map(|gap| gap.kind).collect();
    assert_eq!(kinds, [FailureKind::Invalid, FailureKind::TooLarge, FailureKind::Invalid]);
}

/// Each of very many rows with one key names some of the others, not all of them.
#[test]
fn rows_with_one_key_are_bounded() {
    let company = Company::new();
    company.write("registers/people.csv", format!("person,status\n{}", "ada,active\n".repeat(30_000)));
    let scan = company.scan();
    let rows: Vec<_> = scan.extraction.resources.iter().filter(|r| r.kind == "register.person").collect();
    assert_eq!(rows.len(), 30_000);
    let same: usize = rows.iter().map(|row| row.facts["same_key"].as_array().unwrap().len()).sum();
    assert_eq!(same, 30_000 * 20);
}

#[test]
fn a_stopped_scan_leaves_gaps_and_no_false_facts() {
    let company = company();
    let sink = std::sync::Arc::new(annexa_tape::MemorySink::new());
    let stop = annexa_tape::Stop::new();
    stop.pull();
    let as_of = "2026-02-01T00:00:00Z".parse().unwrap();
    let redactor = Redactor::new(Privacy::Default, KEY);
    let session = annexa_tape::Session::builder(company.target(), as_of, sink.clone(), redactor).stop(stop).build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(company::collector().collect(&session, None)).unwrap();
    let extraction = company::collector().extract(&company.target(), &sink.evidence().unwrap());
    assert!(extraction.gaps.iter().all(|gap| gap.kind == FailureKind::Interrupted));
    assert!(extraction.sets.iter().all(|set| matches!(set.state, SetState::Unobserved { .. })));
    assert!(extraction.resources.is_empty());
}

#[test]
fn a_folder_that_is_not_there_is_a_clear_error() {
    let mut target = company().target();
    target.settings =
        annexa_model::Settings::Documents(annexa_model::DocumentsSettings { path: "./nowhere".to_owned() });
    let session = annexa_tape::Session::builder(
        target,
        "2026-02-01T00:00:00Z".parse().unwrap(),
        std::sync::Arc::new(annexa_tape::MemorySink::new()),
        Redactor::new(Privacy::Default, KEY),
    )
    .build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(company::collector().collect(&session, None)).unwrap_err();
    assert!(error.to_string().contains("the folder ./nowhere can't be read"), "{error}");
}
