//! How long a large bundle takes. Not run by default: `cargo test --release -p annexa-bundle -- --ignored --nocapture size`.

use crate::sample::{cover, finding, key, resource, seal};
use annexa_bundle::{VerifiedBundle, VerifyOptions, Writer, diff};
use annexa_model::{Finding, FindingStatus, Resource};
use serde_json::json;
use std::time::Instant;

#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_lines() {
    let place = tempfile::tempdir().unwrap();
    let public = key().public().unwrap();
    let options = VerifyOptions { key: Some(&public), library: None };
    for name in ["e", "e.zip"] {
        let path = place.path().join(name);
        let begin = Instant::now();
        let mut writer = Writer::create(&path).unwrap();
        let body = "x".repeat(1500);
        for service in 0..50 {
            let exchange = |n: u32| json!({"id": format!("{service}-{n}"), "operation": "s3:GetBucketPolicy", "answer": {"status": 200, "body": {"Policy": body, "n": n}}});
            let file = format!("evidence/aws/prod/s3.Get{service}.eu-central-1.jsonl");
            writer.add_records::<serde_json::Value>(&file, (0..500).map(exchange)).unwrap();
        }
        let id = |n: u32| format!("arn:aws:s3:::bucket-{n}");
        writer
            .add_records::<Finding>("findings.jsonl", (0..100_000).map(|n| finding("aws.s3.one", &id(n), "pass")))
            .unwrap();
        writer.add_records::<Resource>("resources.jsonl", (0..20_000).map(|n| resource(&id(n)))).unwrap();
        for page in 0..2000 {
            writer.add(&format!("controls/{page}.html"), "<p>page</p>\n".repeat(2000).as_bytes()).unwrap();
        }
        println!("{name}: files written after {:?}", begin.elapsed());
        let written = writer.finish(cover(), &seal(Some(&key()))).unwrap();
        println!("{name}: {} lines, finished after {:?}", written.manifest.merkle.leaves, begin.elapsed());
        if path.is_file() {
            println!("{name}: {} bytes", path.metadata().unwrap().len());
        } else {
            println!("{name}: {} bytes", written.manifest.files.iter().map(|file| file.size).sum::<u64>());
        }
        let begin = Instant::now();
        let bundle = VerifiedBundle::open(&path, &options).unwrap();
        println!("{name}: verified in {:?}", begin.elapsed());
        let begin = Instant::now();
        let passes = bundle.records::<Finding>("findings.jsonl").unwrap();
        assert_eq!(passes.filter(|f| f.as_ref().unwrap().status == FindingStatus::Pass).count(), 100_000);
        println!("{name}: findings read in {:?}", begin.elapsed());
        let begin = Instant::now();
        assert_eq!(diff(&bundle, &bundle).unwrap().findings.same, 100_000);
        println!("{name}: compared with itself in {:?}", begin.elapsed());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
