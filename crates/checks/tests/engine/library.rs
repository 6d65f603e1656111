//! The built-in library as files. The program's own tests lint it against the real types and run its examples.

use crate::test_schemas::{resource, schema};
use annexa_checks::{Checks, rules};
use annexa_model::SetState;
use serde_json::json;

#[test]
fn check_files_stay_short_and_stand_below_their_folder() {
    for (path, bytes) in rules().iter() {
        let lines = String::from_utf8_lossy(bytes).lines().count();
        assert!(lines <= 60, "{path} has {lines} lines");
        assert!(path.starts_with("checks/") && path.ends_with(".yaml"), "{path}");
    }
}

const PRIVILEGED: &str = "each: test.workload
let:
  privileged: resource.containers.filter(container, container.effective.privileged)
pass: privileged == []
observe: [containers.name, containers.kind]
fail: \"{{name}} runs {{privileged}}\"
";
const BLOCKED: &str = "each: test.bucket
pass: account.blocked || resource.blocked
";

/// Prints resources a second; run with `--ignored --nocapture`, for a figure that counts in release.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let types = [
        schema(
            "test.workload",
            &json!({"containers": [{"name": "string", "kind": "string", "effective": {"privileged": "bool"}}]}),
            &[],
        ),
        schema("test.bucket", &json!({"blocked": "bool"}), &[("account", "test.account", "account", "account", false)]),
        schema("test.account", &json!({"blocked": "bool"}), &[]),
    ];
    // five checks that each ask every workload, and five that ask every bucket
    let mut files = annexa_model::RuleFiles::new();
    for copy in 0..5 {
        files.insert(format!("checks/copy/w{copy}.yaml"), crate::file(PRIVILEGED).into_bytes());
        files.insert(format!("checks/copy/b{copy}.yaml"), crate::file(BLOCKED).into_bytes());
    }
    let checks = Checks::load(&files, &crate::controls(), &types).unwrap();
    let mut resources = Vec::new();
    for number in 0..20_000 {
        let container = |c| json!({"name": format!("c{c}"), "kind": "container", "image": "registry.example/app:1", "effective": {"privileged": number % 7 == 0}});
        let containers: Vec<_> = (0..3).map(container).collect();
        resources.push(resource("test.workload", &format!("w{number}"), json!({"containers": containers})));
        resources.push(resource("test.bucket", &format!("b{number}"), json!({"blocked": number % 3 == 0})));
    }
    resources.push(resource("test.account", "a1", json!({"blocked": false})));
    for resource in &mut resources {
        resource.account = Some("1".to_owned());
    }
    let sets: Vec<_> = types.iter().map(|t| crate::set(&t.name, "prod", SetState::Complete)).collect();
    let started = std::time::Instant::now();
    let evaluation = crate::run(&checks, &types, &resources, &sets);
    let seconds = started.elapsed().as_secs_f64();
    let (n, found) = (resources.len() as f64, evaluation.findings.len() as f64);
    eprintln!(
        "{n} resources, {found} findings in {seconds:.2} s: {:.0} resources/s, {:.0} findings/s",
        n / seconds,
        found / seconds
    );
}
