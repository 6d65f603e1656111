use crate::sample::{Content, control, finding, gap, key, resource, seal, seal_after};
use annexa_bundle::{ChangedFindings, Diff, FindingChange, VerifiedBundle, VerifyOptions, diff};
use annexa_model::{ControlStatus, Kind, Listed, Selection, TargetRecord, TypeRecord};
use std::path::Path;

fn write(place: &Path, name: &str, content: &Content) -> VerifiedBundle {
    let path = place.join(name);
    content.write(&path, &seal(Some(&key())));
    VerifiedBundle::open(&path, &VerifyOptions::default()).unwrap()
}

fn listed(content: &mut Content, listed: Listed) {
    let record = TypeRecord {
        kind: "aws.s3.bucket".into(),
        listed,
        asked: 2,
        answered: 2,
        denied: 0,
        excluded: 0,
        counted: None,
    };
    let mut target = TargetRecord::new("prod", Kind::Aws);
    target.types = vec![record];
    content.cover.targets = vec![target];
}

/// One bucket with a failing check before; what is there now is up to the test.
fn compare(now: impl FnOnce(&mut Content)) -> Diff {
    let place = tempfile::tempdir().unwrap();
    let mut before = Content::new();
    listed(&mut before, Listed::Complete);
    let mut after = Content::new();
    listed(&mut after, Listed::Complete);
    now(&mut after);
    diff(&write(place.path(), "old", &before), &write(place.path(), "new.zip", &after)).unwrap()
}

fn names(list: &[FindingChange]) -> Vec<(&str, &str)> {
    list.iter().map(|change| (change.check.as_str(), change.resource.as_str())).collect()
}

#[test]
fn nothing_changed() {
    let diff = compare(|_| {});
    assert!(diff.is_empty(), "{diff:?}");
    assert_eq!(diff.findings.same, 3);
    assert!(diff.to_text().contains("nothing changed: 3 findings"));
}

#[test]
fn each_change_has_its_list() {
    let diff = compare(|now| {
        now.findings = vec![
            finding("aws.s3.one", "arn:a", "fail"),
            finding("aws.s3.one", "arn:b", "pass"),
            finding("aws.s3.two", "arn:a", "pass"),
            finding("aws.s3.two", "arn:c", "fail"),
        ];
        now.resources.push(resource("arn:c"));
        now.gaps = vec![gap("g2")];
        now.controls[0] = control("A.8.3", "supported");
        now.rules.remove(0);
        now.rules[0].1 = "title: changed\n".into();
        now.rules.push(("checks/aws/s3/three.yaml".into(), "title: three\n".into()));
    });
    let ChangedFindings { new, broken, mended, changed, no_longer_observed, gone, same, .. } = &diff.findings;
    assert_eq!(names(new), [("aws.s3.two", "arn:c")]);
    assert_eq!(names(broken), [("aws.s3.one", "arn:a")]);
    assert_eq!(names(mended), [("aws.s3.one", "arn:b")]);
    assert_eq!(names(changed), [("aws.s3.two", "arn:a")]);
    assert_eq!((no_longer_observed.len(), gone.len(), *same), (0, 0, 0));
    assert_eq!(diff.resources.new[0].id, "arn:c");
    assert_eq!((diff.gaps_new[0].id.as_str(), diff.gaps_closed[0].id.as_str()), ("g2", "g1"));
    assert_eq!(diff.controls[0].to, Some(ControlStatus::Supported));
    assert_eq!(diff.rules_added, ["checks/aws/s3/three.yaml"]);
    assert_eq!(diff.rules_removed, ["checks/aws/s3/one.yaml"]);
    assert_eq!(diff.rules_changed, ["checks/aws/s3/two.yaml"]);
    let text = diff.to_text();
    assert!(text.contains("findings mended: 1\n  high     aws.s3.one prod: arn:b: fail → pass"), "{text}");
    assert!(text.contains("2022 A.8.3: deviation → supported"), "{text}");
    assert_eq!(serde_json::to_value(&diff).unwrap()["findings"]["mended"][0]["to"], "pass");
}

/// The failing bucket has no finding and no resource any more; why?
fn without_the_bucket(now: &mut Content) {
    now.findings.remove(1);
    now.resources.remove(1);
}

#[test]
fn a_resource_that_is_gone_is_gone() {
    let diff = compare(without_the_bucket);
    assert_eq!(names(&diff.findings.gone), [("aws.s3.one", "arn:b")]);
    assert_eq!(diff.resources.gone[0].id, "arn:b");
    assert!(diff.findings.no_longer_observed.is_empty() && diff.findings.mended.is_empty());
}

#[test]
fn what_is_not_observed_is_never_mended_or_gone() {
    type Change = fn(&mut Content);
    let cases: [(&str, Change); 5] = [
        ("could not be read in full", |now| {
            without_the_bucket(now);
            listed(now, Listed::Partial);
        }),
        ("could not be read in full", |now| {
            without_the_bucket(now);
            now.findings.push(finding("aws.s3.one", "prod/eu-central-1/*", "unknown"));
        }),
        ("the target was not scanned", |now| {
            without_the_bucket(now);
            now.cover.targets = vec![TargetRecord::new("shop", Kind::Kubernetes)];
        }),
        ("the check was not asked there", |now| {
            now.findings.retain(|finding| finding.check != "aws.s3.one");
            now.cover.selection = Selection::Partial { targets: vec![], checks: vec!["aws.s3.two".into()] };
        }),
        ("does not ask this resource any more", |now| {
            now.findings.remove(1);
        }),
    ];
    for (why, change) in cases {
        let diff = compare(change);
        let lost = &diff.findings.no_longer_observed;
        let lost = lost.iter().find(|lost| lost.resource == "arn:b").unwrap_or_else(|| panic!("{why}: {diff:?}"));
        assert!(lost.why.as_ref().unwrap().contains(why), "{lost:?}");
        assert!(diff.findings.mended.is_empty() && diff.findings.gone.is_empty() && diff.resources.gone.is_empty());
        assert!(!diff.is_empty());
    }
    let diff = compare(|now| now.findings[1] = finding("aws.s3.one", "arn:b", "unknown"));
    assert_eq!(names(&diff.findings.no_longer_observed), [("aws.s3.one", "arn:b")]);
}

#[test]
fn an_exception_is_a_change_and_no_mending() {
    let accept = |now: &mut Content| {
        now.findings[1].exception = Some("e1".into());
        now.gaps[0].exception = Some("e2".into());
    };
    let diff = compare(accept);
    assert_eq!(diff.findings.accepted[0].why.as_deref(), Some("exception e1 covers it now"));
    assert!(diff.findings.mended.is_empty() && diff.findings.changed.is_empty() && diff.findings.lapsed.is_empty());
    assert_eq!((diff.gaps_accepted.len(), diff.gaps_lapsed.len(), diff.gaps_new.len()), (1, 0, 0));
    let text = diff.to_text();
    assert!(text.contains("findings newly accepted: 1") && text.contains("gaps newly accepted: 1"), "{text}");

    let place = tempfile::tempdir().unwrap();
    let mut accepted = Content::new();
    accept(&mut accepted);
    let (old, new) = (write(place.path(), "old", &accepted), write(place.path(), "new", &Content::new()));
    let diff = annexa_bundle::diff(&old, &new).unwrap();
    assert_eq!(diff.findings.lapsed[0].why.as_deref(), Some("exception e1 covers it no longer"));
    assert_eq!((diff.gaps_accepted.len(), diff.gaps_lapsed.len()), (0, 1));
    assert!(!diff.is_empty() && diff.to_text().contains("gaps no longer accepted: 1"));
}

#[test]
fn a_chain_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let old = write(place.path(), "old", &Content::new());
    let path = place.path().join("new");
    Content::new().write(&path, &seal_after(&key(), old.as_previous()));
    let new = VerifiedBundle::open(&path, &VerifyOptions::default()).unwrap();
    assert!(diff(&old, &new).unwrap().follows);
    let back = diff(&new, &old).unwrap();
    assert!(!back.follows && back.to_text().contains("does not name the older one"));
}
