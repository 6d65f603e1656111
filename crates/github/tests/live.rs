//! Scans of the GitHub server in tests/servers/github, whose answers are valid by GitHub's own descriptions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "live/server.rs"]
mod server;

use annexa_model::{FailureKind, SetState};
use annexa_tape::Collector as _;
use serde_json::{Value, json};
use server::{Server, scenario};

const ORGANIZATION: &str = "github.organization";
const REPOSITORY: &str = "github.repository";
const BRANCH: &str = "github.branch";

#[tokio::test]
async fn good_and_bad_as_seeded() {
    let Some(server) = Server::start(&scenario()) else { return };
    let scan = server.scan().await;
    assert_eq!(scan.extraction.gaps, [], "nothing is hidden from an owner");
    for set in &scan.extraction.sets {
        assert_eq!(set.state, SetState::Complete, "{}", set.kind);
    }
    let identity = scan.extraction.identity.clone().unwrap();
    assert_eq!((identity.id.as_str(), identity.caller.as_str()), ("O_nordwind", "annexa-reader"));

    let organization = |pointer: &str| scan.fact(ORGANIZATION, "nordwind-demo", pointer).unwrap();
    assert_eq!(organization("/settings/two_factor_requirement_enabled"), true);
    assert_eq!(organization("/settings/default_repository_permission"), "write");
    assert_eq!(organization("/selected_actions/patterns_allowed/0"), "nordwind-demo/*");

    let rule =
        |repository: &str, pointer: &str| scan.fact(BRANCH, &format!("nordwind-demo/{repository} main"), pointer);
    for (repository, approvals, binds, force_push) in
        [("shop", 1, true, true), ("billing", 2, false, true), ("website", 0, false, false)]
    {
        assert_eq!(rule(repository, "/effective/required_approvals"), Some(json!(approvals)), "{repository}");
        assert_eq!(rule(repository, "/effective/binds_administrators"), Some(json!(binds)), "{repository}");
        assert_eq!(rule(repository, "/effective/blocks_force_push"), Some(json!(force_push)), "{repository}");
    }
    assert_eq!(rule("shop", "/effective/required_checks"), Some(json!(["build", "test"])));
    let archived = scan.resource(BRANCH, "nordwind-demo/legacy-tool main");
    assert!(archived.excluded.is_some(), "an archived repository is read-only");
    assert_eq!((scan.set(REPOSITORY).found, scan.set(REPOSITORY).counted), (5, Some(5)));
    assert_eq!((scan.set(BRANCH).found, scan.set(BRANCH).excluded), (4, 1), "an empty repository has no branch");
}

#[tokio::test]
async fn people_keys_hooks_environments() {
    let Some(server) = Server::start(&scenario()) else { return };
    let scan = server.scan().await;
    assert_eq!(
        scan.fact("github.organization-member", "eve-nordwind", "/member/hasTwoFactorEnabled"),
        Some(json!(false))
    );
    assert_eq!(scan.fact("github.organization-member", "mia-nordwind", "/login"), Some(json!("mia-nordwind")));
    assert_eq!(scan.fact("github.outside-collaborator", "contractor-beta", "/two_factor_disabled"), Some(json!(true)));
    assert_eq!(
        scan.fact("github.outside-collaborator", "contractor-alpha", "/two_factor_disabled"),
        Some(json!(false))
    );
    assert_eq!(
        scan.fact("github.deploy-key", "nordwind-demo/billing key old server", "/key/read_only"),
        Some(json!(false))
    );
    let hook = |name: &str, pointer: &str| scan.fact("github.webhook", name, pointer);
    assert_eq!(hook("nordwind-demo hook 701", "/hook/config/url"), Some(json!("https://hooks.chat.example")));
    assert_eq!(hook("nordwind-demo hook 702", "/hook/config/insecure_ssl"), Some(json!("1")));
    assert_eq!(hook("nordwind-demo hook 702", "/hook/config/secret"), None, "absent");
    assert_eq!(hook("nordwind-demo/billing hook 703", "/hook/config/url"), Some(json!("https://ci.nordwind.example")));
    let review = |repository: &str| {
        scan.fact("github.environment", &format!("nordwind-demo/{repository} production"), "/reviewed")
    };
    assert_eq!(review("shop"), Some(json!({"required": true, "reviewers": 1, "prevents_self_review": true})));
    assert_eq!(review("billing").unwrap()["required"], false);
    let repository = |name: &str, pointer: &str| scan.fact(REPOSITORY, &format!("nordwind-demo/{name}"), pointer);
    assert_eq!(repository("shop", "/security_and_analysis/secret_scanning/status"), Some(json!("enabled")));
    assert_eq!(repository("billing", "/code_scanning_setup"), None, "no licence: there is none");
    assert_eq!(repository("website", "/settings/visibility"), Some(json!("PUBLIC")));
    assert_eq!(repository("website", "/settings/codeowners"), None);
}

#[tokio::test]
async fn no_secret_reaches_the_evidence() {
    let Some(server) = Server::start(&scenario()) else { return };
    let scan = server.scan().await;
    for exchange in scan.exchanges() {
        let line = serde_json::to_string(&exchange).unwrap();
        assert!(!line.contains("CANARY") && !line.contains("ghp_demo"), "{}: {line}", exchange.operation);
    }
    assert!(scan.exchanges().iter().all(|exchange| annexa_github::reproduce(exchange).is_some()));
}

#[tokio::test]
async fn replay_and_another_concurrency_give_the_same() {
    let Some(server) = Server::start(&scenario()) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_token("ghp_demo");
    let one = server.scan_with(&github, 1).await;
    let many = server.scan_with(&github, 16).await;
    assert_eq!(one.extraction, many.extraction);

    let sink = std::sync::Arc::new(annexa_tape::MemorySink::new());
    let as_of = "2026-03-03T10:00:00Z".parse().unwrap();
    let session = annexa_tape::Session::builder(server.target(), as_of, sink.clone(), server::redactor())
        .replay(one.evidence.clone())
        .build();
    // no credentials: the tape answers
    annexa_github::Github::load(&annexa_github::rules()).unwrap().collect(&session, None).await.unwrap();
    let replayed = sink.evidence().unwrap();
    assert_eq!(github.extract(&server.target(), &replayed), one.extraction);
}

#[tokio::test]
async fn each_denied_call_leaves_its_facts_unknown() {
    let denied = json!([
        {"operation": "GET /orgs/{org}/actions/permissions/workflow", "status": 403, "message": "Resource not accessible by personal access token",
         "headers": {"x-accepted-github-permissions": "organization_administration=read"}},
        {"operation": "GET /orgs/{org}/hooks", "status": 404},
        {"operation": "GET /repos/{owner}/{repo}/keys", "status": 404, "where": {"repo": "billing"}},
        {"operation": "GET /repos/{owner}/{repo}/branches/{branch}/protection", "status": 404, "where": {"repo": "website"}},
        {"operation": "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", "status": 404},
        {"operation": "GET /orgs/{org}/outside_collaborators", "status": 422, "message": "Only owners can use this filter.", "where": {"filter": "2fa_disabled"}}
    ]);
    let mut scenario = scenario();
    scenario["faults"] = denied;
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;

    assert!(scan.is_unobserved(ORGANIZATION, "nordwind-demo", "/workflow_token"));
    let gap = scan.gap("GET /orgs/{org}/actions/permissions/workflow");
    assert_eq!((gap.kind, gap.permission.as_deref()), (FailureKind::Denied, Some("organization_administration=read")));
    assert!(gap.remedy.contains("organization_administration=read"), "{}", gap.remedy);

    assert!(matches!(scan.set("github.webhook").state, SetState::Partial { .. }), "repositories still showed theirs");
    assert_eq!(scan.gap("GET /orgs/{org}/hooks").permission.as_deref(), Some("organization_hooks=read"));
    assert!(matches!(scan.set("github.deploy-key").state, SetState::Partial { .. }));
    assert_eq!(scan.set("github.deploy-key").found, 2);

    let branch = "nordwind-demo/website main";
    assert!(scan.is_unobserved(BRANCH, branch, "/protection"), "a bare 404 is no proof of absence");
    assert!(scan.is_unobserved(BRANCH, branch, "/effective/requires_review"));
    assert!(scan.is_unobserved(BRANCH, "nordwind-demo/shop main", "/effective/binds_administrators"));
    assert_eq!(scan.fact(BRANCH, "nordwind-demo/shop main", "/effective/requires_review"), Some(json!(true)));
    assert!(scan.is_unobserved("github.outside-collaborator", "contractor-alpha", "/two_factor_disabled"));
}

#[tokio::test]
async fn who_is_no_owner_sees_less_and_that_is_said() {
    let mut scenario = scenario();
    scenario["organization"]["owner_view"] = json!(false);
    for repository in scenario["repositories"].as_array_mut().unwrap() {
        repository["admin"] = json!(false);
    }
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    for pointer in
        ["/settings/two_factor_requirement_enabled", "/settings/default_repository_permission", "/owner_settings"]
    {
        assert!(scan.is_unobserved(ORGANIZATION, "nordwind-demo", pointer), "{pointer}");
    }
    assert!(scan.is_unobserved("github.organization-member", "eve-nordwind", "/member/hasTwoFactorEnabled"));
    for pointer in ["/security_and_analysis", "/settings/hasVulnerabilityAlertsEnabled"] {
        assert!(scan.is_unobserved(REPOSITORY, "nordwind-demo/shop", pointer), "{pointer}");
    }
    assert_eq!(scan.set(REPOSITORY).counted, None, "the count of private repositories is hidden");
}

#[tokio::test]
async fn a_lost_page_and_a_hidden_repository_make_the_list_partial() {
    let mut scenario = scenario();
    scenario["page_size"] = json!(1);
    scenario["faults"] = json!([
        {"operation": "GET /orgs/{org}/hooks", "page": 2, "status": 502, "raw": "<html>Bad Gateway</html>"},
        {"operation": "GET /repos/{owner}/{repo}/rules/branches/{branch}", "page": 3, "status": 500},
        {"operation": "query members", "page": 2, "status": 502, "raw": "<html></html>"}
    ]);
    scenario["organization"]["hidden_repositories"] = json!(2);
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    assert_eq!(scan.set("github.webhook").found, 2);
    assert!(matches!(scan.set("github.webhook").state, SetState::Partial { .. }));
    assert_eq!(scan.gap("GET /orgs/{org}/hooks").kind, FailureKind::Server);
    assert_eq!(scan.set("github.organization-member").found, 1);
    assert!(matches!(scan.set("github.organization-member").state, SetState::Partial { .. }));

    let repositories = scan.set(REPOSITORY);
    assert_eq!((repositories.found, repositories.counted), (5, Some(7)));
    let SetState::Partial { reason, .. } = &repositories.state else { panic!("{:?}", repositories.state) };
    assert!(reason.contains("counts 7"), "{reason}");
    assert!(matches!(scan.set(BRANCH).state, SetState::Partial { .. }), "what is below a partial list is partial");

    let branch = "nordwind-demo/shop main";
    assert_eq!(scan.fact(BRANCH, branch, "/effective/requires_review"), Some(json!(true)), "on a page that came");
    assert!(scan.is_unobserved(BRANCH, branch, "/effective/requires_signatures"), "it may be on a lost one");
}

#[tokio::test]
async fn a_page_that_was_never_asked_is_a_gap() {
    let mut scenario = scenario();
    scenario["page_size"] = json!(2);
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    assert_eq!(scan.set(REPOSITORY).state, SetState::Complete);
    // the second page of repositories is taken out of the evidence
    let kept = scan
        .exchanges()
        .into_iter()
        .filter(|exchange| exchange.operation != "query repositories" || exchange.page != 2);
    let evidence = annexa_tape::Evidence::from_exchanges(kept.collect());
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap();
    let extraction = github.extract(&server.target(), &evidence);
    let set = extraction.sets.iter().find(|set| set.kind == REPOSITORY).unwrap();
    assert!(matches!(set.state, SetState::Partial { .. }), "{:?}", set.state);
    assert!(
        extraction.gaps.iter().any(|gap| gap.kind == FailureKind::NotAsked && gap.operation == "query repositories")
    );
}

#[tokio::test]
async fn limits_are_waited_for_and_then_told() {
    let mut scenario = scenario();
    let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    scenario["faults"] = json!([
        {"operation": "GET /orgs/{org}/actions/permissions", "status": 403, "message": secondary, "times": 1, "headers": {"retry-after": "0"}},
        {"operation": "GET /orgs/{org}/actions/permissions/workflow", "status": 403, "message": secondary},
        {"operation": "query members", "data": null, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    ]);
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    assert_eq!(
        scan.fact(ORGANIZATION, "nordwind-demo", "/actions/enabled_repositories"),
        Some(json!("all")),
        "it came on the second try"
    );
    assert!(scan.is_unobserved(ORGANIZATION, "nordwind-demo", "/workflow_token"));
    assert_eq!(scan.gap("GET /orgs/{org}/actions/permissions/workflow").kind, FailureKind::Throttled, "not denied");
    assert_eq!(scan.gap("query members").kind, FailureKind::Throttled);
    assert!(matches!(scan.set("github.organization-member").state, SetState::Unobserved { .. }));
}

#[tokio::test]
async fn holes_in_a_querys_data_are_unknown_and_the_rest_stays() {
    let mut scenario = scenario();
    let path = |member: &str| json!(["organization", "repositories", "nodes", 3, member]);
    scenario["faults"] = json!([{"operation": "query repositories", "errors": [
        {"type": "FORBIDDEN", "path": path("hasVulnerabilityAlertsEnabled"), "message": "Resource not accessible by integration"},
        {"type": "FORBIDDEN", "path": ["organization", "repositories", "nodes", 3, "codeowners", "errors", 0, "kind"], "message": "Resource not accessible by integration"},
        {"type": "NOT_FOUND", "path": ["organization", "repositories", "nodes", 0], "message": "Could not resolve"}
    ]}]);
    // the codeowners as a whole are null then
    scenario["repositories"][0]["codeowners"] = Value::Null;
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    let shop = "nordwind-demo/shop";
    assert!(scan.is_unobserved(REPOSITORY, shop, "/settings/hasVulnerabilityAlertsEnabled"));
    assert!(scan.is_unobserved(REPOSITORY, shop, "/settings/codeowners"), "an error below a null hides the null");
    assert_eq!(scan.fact(REPOSITORY, shop, "/settings/visibility"), Some(json!("PRIVATE")));
    assert!(matches!(scan.set(REPOSITORY).state, SetState::Partial { .. }), "a repository is hidden");
    assert_eq!(scan.gap("query repositories").kind, FailureKind::Denied);
}

#[tokio::test]
async fn a_query_that_is_too_much_is_asked_in_halves() {
    let mut scenario = scenario();
    scenario["faults"] = json!([{"operation": "query repositories", "larger_than": 2, "data": null,
        "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}]}]);
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    assert_eq!((&scan.set(REPOSITORY).state, scan.set(REPOSITORY).found), (&SetState::Complete, 5));
    assert_eq!(scan.extraction.gaps, []);
}

#[tokio::test]
async fn the_plan_is_the_cause() {
    let mut scenario = scenario();
    scenario["repositories"][2]["protection"] = json!("upgrade");
    let Some(server) = Server::start(&scenario) else { return };
    let scan = server.scan().await;
    let fact = |pointer: &str| scan.fact(BRANCH, "nordwind-demo/website main", pointer);
    assert_eq!(fact("/effective/in_plan"), Some(json!(false)));
    assert_eq!(fact("/effective/requires_review"), Some(json!(false)));
    assert_eq!(scan.extraction.gaps, []);
}

#[tokio::test]
async fn another_organization_behind_the_token_stops_the_target() {
    let Some(server) = Server::start(&scenario()) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_token("ghp_demo");
    let mut target = server.target();
    if let annexa_model::Settings::Github(settings) = &mut target.settings {
        settings.organization_id = Some("O_other".into());
    }
    let (result, evidence) = server.collect(&github, &target, 4).await;
    assert!(matches!(result, Err(annexa_tape::CollectError::WrongIdentity { .. })), "{result:?}");
    assert_eq!(evidence.exchanges().count(), 1, "nothing else was asked");
}

#[tokio::test]
async fn a_bad_token_leaves_everything_unknown() {
    let Some(server) = Server::start(&scenario()) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_token("ghp_wrong");
    let scan = server.scan_with(&github, 4).await;
    assert!(scan.extraction.resources.is_empty() && scan.extraction.identity.is_none());
    assert!(scan.extraction.sets.iter().all(|set| matches!(set.state, SetState::Unobserved { .. })));
    assert!(
        scan.extraction.gaps.iter().all(|gap| gap.kind == FailureKind::Unauthenticated),
        "{:#?}",
        scan.extraction.gaps
    );
    assert!(!format!("{:?}", scan.exchanges()).contains("ghp_wrong"));
}

/// An RSA key pair as PEM, made by Node: no key stands in the repository.
fn key_pair() -> (String, String) {
    let program = "const {publicKey, privateKey} = require('crypto').generateKeyPairSync('rsa', {modulusLength: 2048,
        publicKeyEncoding: {type: 'spki', format: 'pem'}, privateKeyEncoding: {type: 'pkcs1', format: 'pem'}});
        console.log(JSON.stringify([privateKey, publicKey]))";
    let output = std::process::Command::new("node").args(["-e", program]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn an_app_renews_its_token_in_the_middle_and_leaves_none_of_it() {
    if !server::folder().join("node_modules").exists() {
        return;
    }
    let (private_key, public_key) = key_pair();
    let mut scenario = scenario();
    scenario["tokens"] = json!([]);
    // each installation token is good for twenty requests
    scenario["app"] = json!({"id": "4711", "installation": 88, "public_key": public_key, "uses": 20});
    let Some(server) = Server::start(&scenario) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_app("4711", private_key, None);
    let scan = server.scan_with(&github, 1).await;
    assert_eq!(scan.set(REPOSITORY).found, 5);
    let refused = scan.extraction.gaps.iter().filter(|gap| gap.kind == FailureKind::Unauthenticated).count();
    assert_eq!(refused, scan.extraction.gaps.len());
    let text = format!("{:?}", scan.exchanges());
    assert!(!text.contains("INSTALLATIONCANARY") && !text.contains("access_tokens"));
}

/// Every known value of a resource by its place, and the places that are not known.
fn leaves(place: &str, value: &Value, found: &mut std::collections::BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(&format!("{place}/{key}"), value, found))
        }
        other => drop(found.insert(place.to_owned(), other.clone())),
    }
}

#[tokio::test]
async fn losing_any_exchange_never_changes_what_is_known() {
    let mut scenario = scenario();
    scenario["page_size"] = json!(2);
    let Some(server) = Server::start(&scenario) else { return };
    let whole = server.scan().await;
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap();
    let exchanges = whole.exchanges();
    for lost in &exchanges {
        let rest = exchanges.iter().filter(|exchange| exchange.id != lost.id).cloned().collect();
        let extraction = github.extract(&server.target(), &annexa_tape::Evidence::from_exchanges(rest));
        for resource in &extraction.resources {
            let before = whole.resource(&resource.kind, &resource.name);
            let (mut now, mut then) = Default::default();
            leaves("", &Value::Object(resource.facts.clone()), &mut now);
            leaves("", &Value::Object(before.facts.clone()), &mut then);
            let hole = |place: &str| {
                resource
                    .unobserved
                    .iter()
                    .any(|hole| place == hole.pointer || place.starts_with(&format!("{}/", hole.pointer)))
            };
            for (place, value) in &now {
                assert!(
                    then.get(place) == Some(value) || hole(place),
                    "{} of {} changed without {}",
                    place,
                    resource.name,
                    lost.operation
                );
            }
            for place in then.keys() {
                assert!(
                    now.contains_key(place) || hole(place),
                    "{} of {} vanished without {}",
                    place,
                    resource.name,
                    lost.operation
                );
            }
        }
        for set in &extraction.sets {
            let before = whole.set(&set.kind);
            assert!(
                set.found == before.found || set.state != SetState::Complete,
                "{} without {}",
                set.kind,
                lost.operation
            );
        }
        let identity_lost = lost.operation == "query identity";
        assert!(!extraction.gaps.is_empty() || identity_lost, "{} is lost without a gap", lost.operation);
    }
}

#[tokio::test]
async fn what_was_not_wanted_is_one_gap_a_call_and_no_answer() {
    let Some(server) = Server::start(&scenario()) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_token("ghp_demo");
    let wanted = ["github.deploy-key".to_owned()];
    let evidence = server.collect_wanted(&github, &wanted).await;
    let asked: std::collections::BTreeSet<String> =
        evidence.exchanges().map(|exchange| exchange.unwrap().operation).collect();
    assert!(
        !asked.contains("GET /repos/{owner}/{repo}/branches/{branch}/protection")
            && asked.contains("GET /repos/{owner}/{repo}/keys")
    );
    let extraction = github.extract(&server.target(), &evidence);
    let set = |kind: &str| extraction.sets.iter().find(|set| set.kind == kind).unwrap();
    assert_eq!((&set("github.deploy-key").state, set("github.deploy-key").found), (&SetState::Complete, 3));
    assert!(matches!(set("github.webhook").state, SetState::Unobserved { .. }));
    let mut operations: Vec<&str> = extraction.gaps.iter().map(|gap| gap.operation.as_str()).collect();
    operations.sort_unstable();
    let all = operations.len();
    operations.dedup();
    assert_eq!(operations.len(), all);
    assert!(extraction.gaps.iter().all(|gap| gap.kind == FailureKind::NotAsked));
}

#[tokio::test]
async fn the_test_server_does_not_say_what_github_would_not() {
    let mut scenario = scenario();
    scenario["organization"]["workflow_token"]["default_workflow_permissions"] = json!("maybe");
    let Some(server) = Server::start(&scenario) else { return };
    let github = annexa_github::Github::load(&annexa_github::rules()).unwrap().with_token("ghp_demo");
    let (_, evidence) = server.collect(&github, &server.target(), 4).await;
    let extraction = github.extract(&server.target(), &evidence);
    let gap =
        extraction.gaps.iter().find(|gap| gap.operation == "GET /orgs/{org}/actions/permissions/workflow").unwrap();
    assert_eq!(gap.kind, FailureKind::Server);
    assert!(server.errors().contains("is not GitHub's"));
}
