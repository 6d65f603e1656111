use super::*;

fn hidden(reason: &str) -> FactState {
    FactState::unobserved(Reason { reason: reason.to_owned(), gap: None }, vec![])
}

fn effective(rules: FactState, protection: FactState, rulesets: FactState) -> FactState {
    let mut thing = Thing::new("github.branch", "branch", None, String::new());
    thing.facts.insert("rules".into(), rules);
    thing.facts.insert("protection".into(), protection);
    thing.facts.insert("rulesets".into(), rulesets);
    effective_rules(&thing, &["rules", "protection", "rulesets"])
}

fn known(value: Value) -> FactState {
    FactState::known(value, vec![])
}

fn value<'a>(state: &'a FactState, name: &str) -> Option<&'a Value> {
    state.value.as_ref()?.get(name)
}

fn is_hidden(state: &FactState, name: &str) -> bool {
    state.hidden_at(&format!("/{name}")).is_some()
}

fn review_rule() -> FactState {
    known(json!([{"type": "pull_request", "ruleset_id": 7, "parameters": {"required_approving_review_count": 1}}]))
}

#[test]
fn the_strictest_of_both_sides_wins() {
    let classic = json!({"required_pull_request_reviews": {"required_approving_review_count": 2},
                         "allow_force_pushes": {"enabled": false}, "allow_deletions": {"enabled": true},
                         "required_status_checks": {"strict": true, "contexts": ["build"], "checks": []}});
    let rules = json!([{"type": "pull_request", "ruleset_id": 7, "parameters": {"required_approving_review_count": 1, "require_code_owner_review": true}},
                       {"type": "required_status_checks", "ruleset_id": 7, "parameters": {"required_status_checks": [{"context": "test"}]}}]);
    let effective = effective(known(rules), known(classic), known(json!([])));
    assert_eq!(value(&effective, "required_approvals"), Some(&json!(2)));
    assert_eq!(value(&effective, "required_checks"), Some(&json!(["build", "test"])));
    for flag in ["requires_two_reviews", "requires_code_owner_review", "requires_up_to_date", "blocks_force_push"] {
        assert_eq!(value(&effective, flag), Some(&json!(true)), "{flag}");
    }
    assert_eq!(value(&effective, "blocks_deletion"), Some(&json!(false)));
}

#[test]
fn what_is_hidden_is_neither_there_nor_missing() {
    let effective = effective(review_rule(), hidden("404"), known(json!([])));
    assert_eq!(value(&effective, "requires_review"), Some(&json!(true)), "one side is enough for yes");
    for flag in ["requires_two_reviews", "blocks_force_push", "required_approvals", "binds_administrators"] {
        assert!(is_hidden(&effective, flag) && value(&effective, flag).is_none(), "{flag}");
    }
}

#[test]
fn nothing_anywhere_is_no() {
    let effective = effective(known(json!([])), FactState::absent(vec![]), known(json!([])));
    assert!(effective.holes.is_empty());
    for flag in ["protected", "requires_review", "binds_administrators"] {
        assert_eq!(value(&effective, flag), Some(&json!(false)), "{flag}");
    }
    assert_eq!(value(&effective, "in_plan"), Some(&json!(true)));
}

#[test]
fn a_plan_without_protection_is_a_no_with_its_cause() {
    let none = || FactState { not_in_plan: true, ..FactState::default() };
    let effective = effective(none(), none(), FactState::default());
    assert_eq!(value(&effective, "in_plan"), Some(&json!(false)));
    assert_eq!(value(&effective, "requires_review"), Some(&json!(false)));
}

#[test]
fn a_lost_page_of_rules_leaves_no_no() {
    let mut rules = review_rule();
    rules.holes.push((String::new(), UnobservedState::Partial, Reason { reason: "page 2".into(), gap: None }));
    let effective = effective(rules, FactState::absent(vec![]), known(json!([])));
    assert_eq!(value(&effective, "requires_review"), Some(&json!(true)));
    assert!(is_hidden(&effective, "blocks_force_push"));
}

#[test]
fn who_is_bound() {
    let with = |actors: Value| known(json!([{"id": 7, "bypass_actors": actors}]));
    let binds = |protection, rulesets| effective(review_rule(), protection, rulesets);
    let none = || FactState::absent(vec![]);
    assert_eq!(value(&binds(none(), with(json!([]))), "binds_administrators"), Some(&json!(true)));
    let admin = json!([{"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "pull_request"}]);
    assert_eq!(value(&binds(none(), with(admin.clone())), "binds_administrators"), Some(&json!(false)));
    let mut unseen = known(json!([{"id": 7}]));
    unseen.holes.push((
        "/0/bypass_actors".into(),
        UnobservedState::Unobserved,
        Reason { reason: "hidden".into(), gap: None },
    ));
    assert!(is_hidden(&binds(none(), unseen), "binds_administrators"));
    // the classic side demands the same and binds administrators: the ruleset's bypass does not help them
    let classic = json!({"enforce_admins": {"enabled": true}, "required_pull_request_reviews": {"required_approving_review_count": 1}});
    assert_eq!(value(&binds(known(classic), with(admin.clone())), "binds_administrators"), Some(&json!(true)));
    // but not when it demands something else
    let classic = json!({"enforce_admins": {"enabled": true}, "allow_deletions": {"enabled": false}});
    assert_eq!(value(&binds(known(classic), with(admin)), "binds_administrators"), Some(&json!(false)));
}
