use super::lines::{self, sort};
use super::{Evidence, EvidenceFile, EvidenceWriter, MemorySink, Sink};
use annexa_model::{Exchange, Failure, FailureKind, Kind, Request};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

fn exchange(target: &str, operation: &str, region: Option<&str>, path: &str) -> Exchange {
    let request = Request { method: "GET".to_owned(), path: path.to_owned(), parameters: Map::new(), body: None };
    Exchange {
        id: Exchange::id_of(target, operation, region, &request, 1),
        target: target.to_owned(),
        kind: Kind::Aws,
        operation: operation.to_owned(),
        region: region.map(str::to_owned),
        page: 1,
        request,
        asked_by: "me".to_owned(),
        asked_at: "2026-03-03T10:00:00Z".parse().unwrap(),
        attempts: 1,
        host: "localhost".to_owned(),
        tls: "no TLS".to_owned(),
        request_id: None,
        server_date: None,
        answer: None,
        failure: None,
        cuts: Vec::new(),
    }
}

fn path_of(target: &str, operation: &str, region: Option<&str>) -> String {
    EvidenceFile::of(&exchange(target, operation, region, "/")).path
}

#[test]
fn names_can_be_read() {
    assert_eq!(
        path_of("prod", "s3:GetBucketPolicy", Some("eu-central-1")),
        "aws/prod/s3.GetBucketPolicy.eu-central-1.jsonl"
    );
    assert_eq!(path_of("prod", "GET /orgs/{org}/hooks", None), "aws/prod/GET.orgs.org.hooks.jsonl");
    assert_eq!(path_of("prod", "list apps/v1 deployments", None), "aws/prod/list.apps.v1.deployments.jsonl");
    assert_eq!(path_of("fleet/111122223333", "sts:X", None), "aws/fleet.111122223333/sts.X.jsonl");
    // Windows keeps these names for devices, whatever follows the first dot
    assert!(path_of("nul", "con.x", None).starts_with("aws/nul-"));
    assert!(path_of("nul", "con.x", None).contains("/_con.x-"));
    assert_ne!(path_of("a", "stra\u{df}e", None), path_of("a", "stra\u{e9}e", None));
}

#[test]
fn a_target_that_looks_like_a_path_stays_below_its_folder() {
    for target in ["..", "../..", "/etc", "", ".", "a/../../b", "c:\\x"] {
        let path = path_of(target, "..", Some("../.."));
        assert!(path.starts_with("aws/") && !path.contains("..") && !path.contains("//"), "{path}");
    }
}

proptest! {
    #[test]
    fn no_name_leads_elsewhere(target in "\\PC{0,300}", operation in "\\PC{0,300}", region in proptest::option::of("\\PC{0,80}")) {
        let path = path_of(&target, &operation, region.as_deref());
        let parts: Vec<&str> = path.split('/').collect();
        prop_assert_eq!(parts.len(), 3, "{}", path);
        for part in parts {
            prop_assert!(!part.is_empty() && part.len() <= 150 && !part.starts_with('.') && !part.ends_with('.'), "{}", part);
            prop_assert!(part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)), "{}", part);
            prop_assert!(!part.contains(".."), "{}", part);
        }
    }

    #[test]
    fn texts_that_lose_something_keep_different_names(one in "[a\u{e4}%*]{1,8}", other in "[a\u{e4}%*]{1,8}") {
        prop_assert_eq!(path_of("t", &one, None) == path_of("t", &other, None), one == other);
    }

    #[test]
    fn different_requests_have_different_ids(
        one in ("[ab]{0,2}", "[ab]{0,2}", proptest::option::of("[ab]{1,2}"), "/[ab?=]{0,3}", 1..3_u32, proptest::option::of(0..2_i32)),
        other in ("[ab]{0,2}", "[ab]{0,2}", proptest::option::of("[ab]{1,2}"), "/[ab?=]{0,3}", 1..3_u32, proptest::option::of(0..2_i32)),
    ) {
        let id = |(identity, operation, region, path, page, body): &(String, String, Option<String>, String, u32, Option<i32>)| {
            let body = body.map(Value::from);
            let request = Request { method: "GET".to_owned(), path: path.clone(), parameters: Map::new(), body };
            Exchange::id_of(identity, operation, region.as_deref(), &request, *page)
        };
        prop_assert_eq!(id(&one) == id(&other), one == other);
    }
}

#[test]
fn lines_are_sorted_as_the_model_says() {
    let mut exchanges: Vec<Exchange> =
        (0..200).map(|n| exchange("t", "o", None, &format!("/{}", n * 37 % 200))).collect();
    exchanges[7].page = 2;
    exchanges[8].request.body = Some(json!({"b": 1}));
    let evidence = Evidence::from_exchanges(exchanges.clone());
    exchanges.sort_by(Exchange::sort_order);
    assert_eq!(evidence.of_target(Kind::Aws, "t").unwrap(), exchanges);
    assert_eq!(evidence.of_target(Kind::Github, "t").unwrap(), []);
}

#[test]
fn of_one_id_the_last_complete_exchange_stays() {
    let at = |second: u32, whole: bool| {
        let mut exchange = exchange("t", "o", None, "/");
        exchange.asked_at = format!("2026-03-03T10:00:{second:02}Z").parse().unwrap();
        let failure = Failure { kind: FailureKind::Timeout, code: None, message: String::new() };
        exchange.failure = (!whole).then_some(failure);
        exchange
    };
    let (first, second, late) = (at(1, true), at(2, true), at(3, false));
    let kept = Evidence::from_exchanges(vec![second.clone(), late.clone(), first, second.clone()]);
    assert_eq!(kept.of_target(Kind::Aws, "t").unwrap(), [second]);
    assert_eq!(Evidence::from_exchanges(vec![late.clone()]).of_target(Kind::Aws, "t").unwrap(), [late]);
}

#[test]
fn targets_that_share_a_file_do_not_mix() {
    let (mut slash, mut dot) = (exchange("a/b", "o", None, "/"), exchange("a.b", "o", None, "/"));
    slash.id = "same".to_owned();
    dot.id = "same".to_owned();
    assert_eq!(EvidenceFile::of(&slash), EvidenceFile::of(&dot));
    let evidence = Evidence::from_exchanges(vec![slash.clone(), dot.clone()]);
    assert_eq!(evidence.of_target(Kind::Aws, "a.b").unwrap(), std::slice::from_ref(&dot));
    assert_eq!(evidence.find("a/b", "same").unwrap(), Some(slash));
    assert_eq!(evidence.find("a.b", "same").unwrap(), Some(dot));
    assert_eq!(evidence.find("c", "same").unwrap(), None);
}

#[test]
fn operations_are_told_apart_and_have_all_their_regions() {
    let wanted = [exchange("t", "ec2:List", Some("us-east-1"), "/"), exchange("t", "ec2:List", None, "/")];
    let others = [
        exchange("t", "ec2.List", None, "/1"),
        exchange("t", "ec2:List.more", None, "/"),
        exchange("u", "ec2:List", None, "/"),
    ];
    let evidence = Evidence::from_exchanges([&wanted[..], &others[..]].concat());
    // by path: `ec2.List.jsonl` comes before `ec2.List.us-east-1.jsonl`
    let found = evidence.of_operation(Kind::Aws, "t", "ec2:List").unwrap();
    assert_eq!(found, [wanted[1].clone(), wanted[0].clone()]);
    assert_eq!(evidence.get(&others[2].id).unwrap().as_ref(), Some(&others[2]));
    assert_eq!(evidence.get("unknown").unwrap(), None);
}

#[test]
fn disk_and_memory_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, memory) = (EvidenceWriter::create(folder.path()).unwrap(), MemorySink::new());
    // more operations than files may be open, in turns; two of them differ only in case
    for round in 0..3 {
        for n in 0..150 {
            let name = if n % 2 == 0 { format!("op{}", n / 2) } else { format!("OP{}", n / 2) };
            let exchange = exchange("t", &name, None, &format!("/{}", 9 - round));
            writer.keep(&exchange).unwrap();
            memory.keep(&exchange).unwrap();
        }
    }
    writer.close().unwrap();
    let on_disk = Evidence::open(folder.path()).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        on_disk.paths().map(|path| (path.to_owned(), on_disk.read(path).unwrap().into_owned())).collect();
    assert_eq!(files, memory.files().unwrap());
    assert_eq!(files.len(), 75);
    assert_eq!(on_disk.exchanges().map(Result::unwrap).collect::<Vec<_>>().len(), 450);
    assert!(writer.keep(&exchange("t", "o", None, "/")).is_err(), "closed is closed");
    let all: BTreeSet<_> = fs::read_dir(folder.path().join("aws/t")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(all.len(), 75, "nothing else is left behind");
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let writer = EvidenceWriter::create(&folder.path().join("evidence")).unwrap();
    writer.keep(&exchange("t", "o", None, "/")).unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("evidence/aws/t/o.jsonl"), 0o600, "already while it is written");
    writer.close().unwrap();
    assert_eq!((mode("evidence/aws/t/o.jsonl"), mode("evidence/aws/t")), (0o600, 0o700));
}

#[test]
fn evidence_of_two_scans_does_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), "").unwrap();
    let error = EvidenceWriter::create(folder.path()).unwrap_err();
    assert!(error.to_string().contains("is not empty"), "{error}");
}

#[test]
fn a_line_that_is_cut_off_is_named() {
    let mut file = Vec::new();
    for path in ["/a", "/b", "/c"] {
        file.extend(lines::write(&exchange("t", "o", None, path)).unwrap());
    }
    file.truncate(file.len() - 20);
    let message = "evidence file aws/t/o.jsonl, line 3: no exchange (the line is cut off): ";
    let sorted = sort("aws/t/o.jsonl", &file).unwrap_err();
    assert!(sorted.to_string().starts_with(message), "{sorted}");
    let evidence = Evidence::from_files(BTreeMap::from([("aws/t/o.jsonl".to_owned(), file)]));
    for error in [evidence.of_target(Kind::Aws, "t").unwrap_err(), evidence.get("x").unwrap_err()] {
        assert!(error.to_string().starts_with(message), "{error}");
    }
    assert!(evidence.exchanges().next().unwrap().is_err());
    let junk = Evidence::from_files(BTreeMap::from([("aws/t/o.jsonl".to_owned(), b"{}\n\xff\n".to_vec())]));
    let error = junk.of_file("aws/t/o.jsonl").unwrap_err();
    assert!(
        error.to_string().starts_with("evidence file aws/t/o.jsonl, line 1: no exchange: missing field"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn links_are_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("aws/t")).unwrap();
    fs::write(folder.path().join("elsewhere"), "x").unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("aws/t/o.jsonl")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("aws/t"), folder.path().join("aws/u")).unwrap();
    assert_eq!(Evidence::open(folder.path()).unwrap().paths().count(), 0);
}
