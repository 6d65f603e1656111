//! A GitHub that asks to slow down, breaks, answers in part, or does not tell: what is concerned is unknown, the rest
//! stays. And how many calls a scan makes.

use crate::program::{annexa, lines, root, texts};
use crate::servers;
use crate::unknown::{self, Found};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::LazyLock;
use tempfile::TempDir;

/// The demo company's organization, for a test to change.
fn demo() -> Value {
    crate::program::json(&root().join("fixtures/demo/seed/github.json"))
}

struct Scan {
    status: i32,
    found: Found,
    gaps: Vec<Value>,
    /// What the server was asked.
    requests: Vec<Value>,
    _folder: TempDir,
}

/// A scan of a server with this scenario. Waits that are longer than two seconds are given up.
fn scan(scenario: &Value) -> Scan {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    std::fs::write(&file, scenario.to_string()).unwrap();
    let server = servers::github(&root(), &file).unwrap();
    let url = server.ready["url"].as_str().unwrap();
    let config = format!(
        "organization: Nordwind Demo\ntargets:\n  - {{name: code, kind: github, organization: nordwind-demo, api_url: \"{url}\"}}\n"
    );
    std::fs::write(folder.path().join("annexa.yaml"), config).unwrap();
    let output = annexa()
        .args(["scan", "--out", "bundle", "--patience", "2"])
        .current_dir(folder.path())
        .env("GITHUB_TOKEN", "ghp_demo")
        .output()
        .unwrap();
    let (out, err) = texts(&output);
    let status = output.status.code().unwrap();
    assert!(matches!(status, 0 | 3), "{out}\n{err}");
    let bundle: PathBuf = folder.path().join("bundle");
    Scan {
        status,
        found: unknown::found(&bundle, |id| id),
        gaps: lines(&bundle.join("gaps.jsonl")),
        requests: requests(url),
        _folder: folder,
    }
}

/// The server's own list of requests. HTTP/1.0, so that the answer ends with the connection.
pub(crate) fn requests(url: &str) -> Vec<Value> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(stream, "GET /_control/requests HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The scan without any fault, made once.
static WHOLE: LazyLock<Found> = LazyLock::new(|| {
    let scan = scan(&demo());
    assert_eq!(scan.status, 0, "{:#?}", scan.gaps);
    assert!(scan.found.values().all(|status| status != "unknown"), "{:#?}", scan.found);
    scan.found
});

/// A scan with these faults leaves the findings of these checks unknown, of these kinds of gap, and no others. Gives
/// the resources that are concerned, and what was found.
fn with(what: &str, faults: Value, kinds: &[&str], needing: &[&str]) -> (Vec<String>, Found) {
    let mut scenario = demo();
    scenario["faults"] = faults;
    let scan = scan(&scenario);
    assert_eq!(scan.status, 3, "{what}: the scan must say that it is incomplete");
    let said: BTreeSet<&str> = scan.gaps.iter().map(|gap| gap["kind"].as_str().unwrap()).collect();
    assert_eq!(said, kinds.iter().copied().collect(), "{what}: {:#?}", scan.gaps);
    let resources = unknown::only_unknown(what, &WHOLE, &scan.found, needing);
    (resources.into_iter().map(str::to_owned).collect(), scan.found)
}

const SECONDARY: &str = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

#[test]
fn secondary_limits_leave_unknown() {
    with(
        "403 with Retry-After",
        json!([{"operation": "GET /orgs/{org}/actions/permissions/workflow", "status": 403, "message": SECONDARY, "headers": {"retry-after": "0"}}]),
        &["throttled"],
        &["github.organization.workflow-token-is-read-only", "github.organization.workflows-approve-nothing"],
    );
    with(
        "403 without a header",
        json!([{"operation": "GET /orgs/{org}/hooks", "status": 403, "message": SECONDARY}]),
        &["throttled"],
        &["github.webhook.*"],
    );
    let (_, after) = with(
        "429 with a long Retry-After",
        json!([{"operation": "GET /orgs/{org}/outside_collaborators", "where": {"filter": "2fa_disabled"}, "status": 429, "headers": {"retry-after": "3600"}}]),
        &["throttled"],
        &["github.outside-collaborator.*"],
    );
    unknown::all_unknown("429", &after, &["github.outside-collaborator.*"]);
    let (resources, _) = with(
        "429 without a header",
        json!([{"operation": "GET /repos/{owner}/{repo}/branches/{branch}/protection", "where": {"repo": "billing"}, "status": 429}]),
        &["throttled"],
        &["github.branch.*"],
    );
    assert!(resources.iter().all(|id| id == "R_billing/main"), "{resources:?}");
    let (_, after) = with(
        "an empty purse",
        json!([{"operation": "GET /orgs/{org}/installations", "status": 403, "message": "API rate limit exceeded",
            "headers": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}}]),
        &["throttled"],
        &["github.app.*"],
    );
    unknown::all_unknown("an empty purse", &after, &["github.app.*"]);
}

#[test]
fn limits_of_queries_leave_unknown() {
    let limited = json!([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]);
    let below = ["github.repository.*", "github.branch.*", "github.deploy-key.*", "github.environment.*"];
    let all = [&below[..], &["github.secret.*", "github.webhook.*"]].concat();
    let (_, after) = with(
        "a query that is limited",
        json!([{"operation": "query repositories", "data": null, "errors": limited}]),
        &["throttled"],
        &all,
    );
    unknown::all_unknown("a query that is limited", &after, &below);
}

#[test]
fn limits_that_pass_leave_nothing_unknown() {
    let mut scenario = demo();
    scenario["faults"] = json!([
        {"operation": "GET /orgs/{org}/hooks", "status": 403, "message": SECONDARY, "times": 1, "headers": {"retry-after": "1"}},
        {"operation": "GET /orgs/{org}/repos", "status": 502, "raw": "<html>Bad Gateway</html>", "times": 1},
        {"operation": "query members", "status": 429, "times": 1, "headers": {"retry-after": "0"}}
    ]);
    let scan = scan(&scenario);
    assert_eq!((scan.status, &scan.found), (0, &*WHOLE), "{:#?}", scan.gaps);
}

#[test]
fn broken_gateways_leave_unknown() {
    let page = "<html><h1>502 Bad Gateway</h1></html>";
    with(
        "502 of a list",
        json!([{"operation": "GET /orgs/{org}/repos", "status": 502, "raw": page}]),
        &["server"],
        &["github.repository.scans-for-secrets"],
    );
    let (_, after) = with(
        "502 of a query",
        json!([{"operation": "query members", "status": 502, "raw": page}]),
        &["server"],
        &[
            "github.organization-member.*",
            "documents.admin.github-owner-is-approved",
            "documents.person.github-member-is-known",
            "documents.person.leaver-has-no-github-membership",
        ],
    );
    unknown::all_unknown("502 of a query", &after, &["github.organization-member.*"]);
}

#[test]
fn partial_answers_to_queries_leave_their_holes_unknown() {
    let hole = |path: Value| json!({"type": "FORBIDDEN", "message": "Resource not accessible by personal access token", "path": path});
    // repositories come by name: billing is the first
    let (resources, _) = with(
        "a field of one repository",
        json!([{"operation": "query repositories", "errors": [hole(json!(["organization", "repositories", "nodes", 0, "hasVulnerabilityAlertsEnabled"]))]}]),
        &["denied"],
        &["github.repository.dependencies-are-watched"],
    );
    assert_eq!(resources, ["R_billing"]);
    let (resources, _) = with(
        "a field of one member",
        json!([{"operation": "query members", "errors": [hole(json!(["organization", "membersWithRole", "edges", 2, "hasTwoFactorEnabled"]))]}]),
        &["denied"],
        &["github.organization-member.has-a-second-factor"],
    );
    assert_eq!(resources.len(), 1, "{resources:?}");
    // a repository that is there, but hidden: what is known of the others stays, and the list is not whole
    let (_, after) = with(
        "a whole repository",
        json!([{"operation": "query repositories", "errors": [hole(json!(["organization", "repositories", "nodes", 4]))]}]),
        &["denied"],
        &[
            "github.repository.*",
            "github.branch.*",
            "github.deploy-key.*",
            "github.environment.*",
            "github.secret.*",
            "github.webhook.*",
        ],
    );
    let kept = after.iter().filter(|(key, status)| key.2 == "R_billing" && *status != "unknown").count();
    assert!(kept >= 4, "{kept} findings of another repository are left");
}

#[test]
fn a_token_that_may_not_see_alerts_leaves_them_unknown() {
    let denied = "Resource not accessible by personal access token";
    let alerts = ["github.code-scanning-alert.*", "github.dependabot-alert.*", "github.secret-scanning-alert.*"];
    let (_, after) = with(
        "no alerts",
        json!([
            {"operation": "GET /orgs/{org}/dependabot/alerts", "status": 403, "message": denied},
            {"operation": "GET /orgs/{org}/code-scanning/alerts", "status": 403, "message": denied},
            // GitHub says "not found" to those who may not know
            {"operation": "GET /orgs/{org}/secret-scanning/alerts", "status": 404}
        ]),
        &["denied"],
        &alerts,
    );
    unknown::all_unknown("no alerts", &after, &alerts);
}

/// An organization of a size: every fifth repository is archived, every tenth is empty.
fn organization(repositories: usize) -> Value {
    let many = |count: usize, item: &dyn Fn(usize) -> Value| Value::Array((0..count).map(item).collect());
    let secret = |n: usize| json!({"name": format!("SECRET_{n}"), "visibility": "all", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
    let hook = |n: usize| json!({"id": 7000 + n, "config": {"url": "https://hooks.example.org", "insecure_ssl": "0"}});
    let alert = |_: usize| json!({"created_at": "2026-01-01T00:00:00Z"});
    let repository = |n: usize| {
        // some have more than a page of one thing or another
        let big = n % 40 == 7;
        let rulesets: Vec<usize> = (0..n % 3).map(|which| 10 * n + which).collect();
        let rules = rulesets.iter().flat_map(|id| {
            ["deletion", "non_fast_forward"]
                .map(|kind| json!({"type": kind, "ruleset_id": id, "ruleset_source_type": "Repository"}))
        });
        json!({
            "name": format!("repository-{n:04}"),
            "archived": n % 5 == 4,
            "default_branch": if n % 10 == 3 { Value::Null } else { "main".into() },
            "rules": rules.collect::<Vec<_>>(),
            "rulesets": rulesets.iter().map(|id| json!({"id": id, "bypass_actors": []})).collect::<Vec<_>>(),
            "environments": many(n % 4, &|e| json!({"name": format!("environment-{e}")})),
            "keys": many(if big { 130 } else { n % 2 }, &|k| json!({"id": 8000 + k, "title": format!("key {k}")})),
            "hooks": many(n % 2, &hook),
            "secrets": many(if big { 101 } else { 1 }, &secret),
            "collaborators": many(n % 3, &|c| json!({"login": format!("outside-{c}"), "role_name": "admin"})),
            "dependabot_alerts": many(n % 6, &alert),
            "secret_scanning_alerts": many(usize::from(n.is_multiple_of(30)), &alert),
        })
    };
    let mut organization = demo()["organization"].clone();
    organization["hooks"] = many(repositories, &hook);
    organization["secrets"] = many(repositories * 2, &secret);
    json!({
        "tokens": ["ghp_demo"],
        "organization": organization,
        "members": many(repositories * 2, &|n| json!({"login": format!("member-{n}")})),
        "outside_collaborators": many(repositories, &|n| json!({"login": format!("outside-{n}"), "two_factor": n % 2 == 0})),
        "repositories": many(repositories, &repository),
    })
}

/// The requests of a scan by the formula in crates/github/README.md: REST calls and queries.
fn formula(scenario: &Value) -> (usize, usize) {
    let none = Vec::new();
    let list = |value: &Value| value.as_array().unwrap_or(&none).len();
    let pages = |items: usize, size: usize| items.div_ceil(size).max(1);
    let of = |value: &Value| pages(list(value), 100);
    let repositories = scenario["repositories"].as_array().unwrap();
    let (organization, members, outside) =
        (&scenario["organization"], &scenario["members"], scenario["outside_collaborators"].as_array().unwrap());
    let alerts = |kind: &str| pages(repositories.iter().map(|repository| list(&repository[kind])).sum(), 100);

    let queries = 3 + pages(repositories.len(), 50) + of(members);
    let mut rest = 7 + pages(repositories.len(), 100);
    for kind in ["hooks", "secrets", "installations", "invitations", "runner_groups"] {
        rest += of(&organization[kind]);
    }
    rest += pages(outside.len(), 100) + pages(outside.iter().filter(|one| one["two_factor"] == false).count(), 100);
    rest += alerts("dependabot_alerts") + alerts("code_scanning_alerts") + alerts("secret_scanning_alerts");
    for repository in repositories {
        rest += of(&repository["keys"]) + of(&repository["hooks"]);
        if repository["archived"] == true {
            continue;
        }
        // the four settings, administrators and outside collaborators; nobody here has more than a page of these
        rest += 4 + 2 + of(&repository["environments"]) + of(&repository["secrets"]);
        if !repository["default_branch"].is_null() {
            rest += of(&repository["rules"]) + 1 + list(&repository["rulesets"]);
        }
    }
    (rest, queries)
}

#[test]
fn a_scan_makes_the_requests_that_the_formula_says() {
    let mut before = 0;
    for size in [3, 120] {
        let scenario = organization(size);
        let scan = scan(&scenario);
        assert_eq!(scan.status, 0, "{:#?}", scan.gaps);
        let (queries, rest): (Vec<&Value>, Vec<&Value>) =
            scan.requests.iter().partition(|request| request["path"] == "/graphql");
        assert_eq!((rest.len(), queries.len()), formula(&scenario), "{size} repositories");
        let asked: BTreeSet<&str> = rest.iter().map(|request| request["path"].as_str().unwrap()).collect();
        assert_eq!(asked.len(), rest.len(), "nothing is asked twice");
        let agent = format!("annexa/{}", env!("CARGO_PKG_VERSION"));
        for request in &scan.requests {
            assert_eq!((&request["agent"], &request["version"]), (&json!(agent), &json!("2022-11-28")), "{request}");
        }
        assert!(rest.len() > before);
        before = rest.len();
    }
}
