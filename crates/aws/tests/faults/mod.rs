//! Each exchange lost, and each denied: what was known may become unknown, but never anything else.

use annexa_aws::Aws;
use annexa_model::{Exchange, Extraction, Failure, FailureKind, Kind, Resource, ResourceSet, SetState, Target};
use annexa_tape::{Collector, Evidence};
use std::collections::BTreeSet;

pub(crate) fn none_turns_into_another_answer(aws: &Aws, target: &Target, evidence: &Evidence, good: &Extraction) {
    let exchanges = evidence.of_target(Kind::Aws, &target.name).unwrap();
    // one exchange of each operation: an extraction takes a while without optimisation
    let mut operations = BTreeSet::from(["sts:GetCallerIdentity"]);
    let chosen: Vec<usize> =
        (0..exchanges.len()).filter(|index| operations.insert(&exchanges[*index].operation)).collect();
    let half = |parity: usize| {
        for index in chosen.iter().copied().skip(parity).step_by(2) {
            let exchange = &exchanges[index];
            let mut lost = exchanges.clone();
            lost.remove(index);
            let mut refused = exchanges.clone();
            refused[index] = denied(exchange);
            for (what, changed) in [("lost", lost), ("denied", refused)] {
                let bad = aws.extract(target, &Evidence::from_exchanges(changed));
                let what = format!("{what} {} {:?}", exchange.operation, exchange.request.parameters);
                compare(&what, exchange, good, &bad);
            }
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        half(0);
        other.join().unwrap();
    });
    assert!(chosen.len() > 40, "only {} operations", chosen.len());
}

fn denied(exchange: &Exchange) -> Exchange {
    let message = "no".to_owned();
    let failure = Failure { kind: FailureKind::Denied, code: Some("AccessDenied".to_owned()), message };
    Exchange { answer: None, failure: Some(failure), ..exchange.clone() }
}

fn compare(what: &str, exchange: &Exchange, good: &Extraction, bad: &Extraction) {
    for resource in &bad.resources {
        let known = good.resources.iter().find(|known| known.kind == resource.kind && known.id == resource.id);
        same_or_unknown(what, known.unwrap_or_else(|| panic!("{what}: {} appears", resource.id)), resource);
    }
    for known in &good.resources {
        let still = bad.resources.iter().any(|resource| resource.kind == known.kind && resource.id == known.id);
        let open = |set: &ResourceSet| set.kind == known.kind && set.state != SetState::Complete;
        assert!(still || bad.sets.iter().any(open), "{what}: {} vanished from a complete set", known.id);
    }
    // the answer of a start is not needed when what it started is there
    let needed = exchange.failure.is_none() && exchange.operation != "iam:GenerateCredentialReport";
    let gap = bad.gaps.iter().any(|gap| gap.operation == exchange.operation);
    assert!(!needed || gap, "{what}: no gap says so");
}

fn same_or_unknown(what: &str, good: &Resource, bad: &Resource) {
    let hidden = |name: &str| {
        let pointer = format!("/{name}");
        bad.unobserved.iter().any(|entry| entry.pointer == pointer || entry.pointer.starts_with(&format!("{pointer}/")))
    };
    for (name, value) in &bad.facts {
        let same = good.facts.get(name) == Some(value);
        assert!(same || hidden(name), "{what}: {name} of {} is {value}, was {:?}", bad.id, good.facts.get(name));
    }
    for name in good.facts.keys() {
        assert!(bad.facts.contains_key(name) || hidden(name), "{what}: {name} of {} reads as absent", bad.id);
    }
}
