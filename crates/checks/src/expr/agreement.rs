//! The rule language is CEL: where all facts are known, the `cel` crate's own evaluator says the same.
//!
//! Where that evaluator gives an error, ours may know more (a list that is not whole can decide), never the opposite.

use super::tests::compiled;
use super::*;
use crate::facts::Subject;
use crate::test_schemas::resource;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Integer expressions; `v` is the loop variable, where there is one.
fn int(depth: u32, v: Option<&'static str>) -> BoxedStrategy<String> {
    let mut leaf = vec![(-3i64..4).prop_map(|n| format!("({n})")).boxed(), Just("resource.n".to_owned()).boxed()];
    leaf.extend(v.map(|v| Just(v.to_owned()).boxed()));
    let leaf = proptest::strategy::Union::new(leaf);
    if depth == 0 {
        return leaf.boxed();
    }
    let pair = (int(depth - 1, v), "[+*-]", int(depth - 1, v)).prop_map(|(a, op, b)| format!("({a} {op} {b})"));
    prop_oneof![2 => leaf, 1 => pair, 1 => list(depth - 1, v).prop_map(|l| format!("size({l})"))].boxed()
}

/// Lists of integers. Loops stand at most two deep.
fn list(depth: u32, v: Option<&'static str>) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("resource.l".to_owned()),
        Just("resource.k".to_owned()),
        prop::collection::vec(int(0, v), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
    ];
    let Some(inner) = next(v).filter(|_| depth > 0) else { return leaf.boxed() };
    let mapped =
        (leaf.clone(), int(depth - 1, Some(inner))).prop_map(move |(l, body)| format!("{l}.map({inner}, {body})"));
    let filtered =
        (leaf.clone(), truth(depth - 1, Some(inner))).prop_map(move |(l, body)| format!("{l}.filter({inner}, {body})"));
    let joined = (leaf.clone(), leaf.clone()).prop_map(|(a, b)| format!("({a} + {b})"));
    prop_oneof![3 => leaf, 1 => mapped, 1 => filtered, 1 => joined].boxed()
}

fn next(v: Option<&'static str>) -> Option<&'static str> {
    match v {
        None => Some("x"),
        Some("x") => Some("y"),
        Some(_) => None,
    }
}

/// Expressions that are true or false.
fn truth(depth: u32, v: Option<&'static str>) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("resource.a".to_owned()),
        Just("resource.b".to_owned()),
        Just("true".to_owned()),
        Just("has(resource.s)".to_owned()),
        Just("has(resource.n)".to_owned()),
        Just("resource.s == 'a'".to_owned()),
        Just("resource.s.startsWith('a')".to_owned()),
        (int(0, v), "(==|!=|<|<=|>|>=)", int(0, v)).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let more = depth - 1;
    let both = (truth(more, v), "(&&|[|][|])", truth(more, v)).prop_map(|(a, op, b)| format!("({a} {op} {b})"));
    let choice = (truth(more, v), truth(more, v), truth(more, v)).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})"));
    let compared = (int(more, v), "(==|!=|<|<=|>|>=)", int(more, v)).prop_map(|(a, op, b)| format!("({a} {op} {b})"));
    let lists = (list(more, v), list(more, v)).prop_map(|(a, b)| format!("({a} == {b})"));
    let contained = (int(more, v), list(more, v)).prop_map(|(a, l)| format!("({a} in {l})"));
    let not = truth(more, v).prop_map(|a| format!("!({a})"));
    let straight = prop_oneof![leaf, both, choice, compared, lists, contained, not];
    let Some(inner) = next(v) else { return straight.boxed() };
    let looped = (list(0, v), "(all|exists|exists_one)", truth(more, Some(inner)))
        .prop_map(move |(l, kind, body)| format!("{l}.{kind}({inner}, {body})"));
    prop_oneof![3 => straight, 1 => looped].boxed()
}

fn facts() -> impl Strategy<Value = Value> {
    let maybe = |value: BoxedStrategy<Value>| prop::option::weighted(0.8, value);
    let ints = || prop::collection::vec(-3i64..4, 0..4).prop_map(Value::from).boxed();
    (
        maybe(any::<bool>().prop_map(Value::from).boxed()),
        maybe(any::<bool>().prop_map(Value::from).boxed()),
        maybe((-3i64..4).prop_map(Value::from).boxed()),
        maybe("[ab]{0,2}".prop_map(Value::from).boxed()),
        maybe(ints()),
        maybe(ints()),
    )
        .prop_map(|(a, b, n, s, l, k)| {
            let pairs = [("a", a), ("b", b), ("n", n), ("s", s), ("l", l), ("k", k)];
            Value::Object(pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
        })
}

/// `cel::to_value` would make unsigned numbers of what is not negative.
fn cel_value(value: &Value) -> cel::Value {
    match value {
        Value::Number(number) => number.as_i64().map_or(cel::Value::Null, cel::Value::Int),
        Value::Array(items) => items.iter().map(cel_value).collect::<Vec<_>>().into(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), cel_value(value)))
            .collect::<std::collections::HashMap<_, _>>()
            .into(),
        other => cel::to_value(other).unwrap(),
    }
}

fn theirs(expression: &str, facts: &Value) -> Result<bool, String> {
    let program = cel::Program::compile(expression).map_err(|error| error.to_string())?;
    let mut context = cel::Context::default();
    context.add_variable_from_value("resource", cel_value(facts));
    match program.execute(&context) {
        Ok(cel::Value::Bool(value)) => Ok(value),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn ours(expression: &str, facts: &Value) -> Result<bool, Undecided> {
    let (node, paths) = compiled(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let resource = resource("test.thing", "r", facts.clone());
    let subject = Subject::new(0, &resource);
    let roots = Roots { resource: Some(&subject), ..Roots::default() };
    Evaluator::new(&super::tests::NoRelations, roots, annexa_model::Timestamp::UNIX_EPOCH, &[], paths.len())
        .truth(&node)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_evaluator_agrees_with_cels(expression in truth(3, None), facts in facts()) {
        // their evaluator gives an error for the whole loop where an item can't be decided
        let may_know_more = ["filter", "exists_one", "==", "!="].iter().any(|word| expression.contains(word));
        match (theirs(&expression, &facts), ours(&expression, &facts)) {
            (Ok(theirs), ours) => prop_assert_eq!(ours, Ok(theirs), "{} {}", expression, facts),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(ours)) => prop_assert!(may_know_more, "{expression} {facts}: {error}, ours {ours}"),
        }
    }
}

/// Where we differ on purpose.
#[test]
fn what_we_decide_otherwise() {
    for (expression, facts, theirs_is, ours_is) in [
        // JSON's null is an absent fact
        ("has(resource.s)", json!({"s": null}), Ok(true), Ok(false)),
        // has() of a part of an absent fact is false, not an error
        ("has(resource.o.p)", json!({}), Err(()), Ok(false)),
        // a value of another kind than the schema says never just differs
        ("resource.x == 'a'", json!({"x": 1}), Ok(false), Err(())),
    ] {
        assert_eq!(theirs(expression, &facts).map_err(|_| ()), theirs_is, "{expression}");
        assert_eq!(ours(expression, &facts).map_err(|_| ()), ours_is, "{expression}");
    }
}
