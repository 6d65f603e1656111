//! `public_access_block_all`: whether all four switches of a public access block are on.

use super::{FactFunction, Seen};
use annexa_model::{Field, ScalarKind};
use serde_json::Value;

pub(crate) const ALL: FactFunction = FactFunction {
    name: "public_access_block_all",
    arguments: 1,
    field: || Field::Scalar(ScalarKind::Bool),
    compute: |arguments| arguments.first().map_or(Seen::Absent, all),
};

/// The members of PublicAccessBlockConfiguration; a missing one is off (Amazon S3 API, PublicAccessBlockConfiguration).
const SWITCHES: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn all(configuration: &Seen) -> Seen {
    match configuration {
        // no configuration: nothing is blocked
        Seen::Absent => Seen::Known(Value::Bool(false)),
        Seen::Known(switches) => Seen::Known(Value::Bool(SWITCHES.iter().all(|name| on(switches, name)))),
        // one switch that is known to be off decides
        Seen::Partial(switches, _) if SWITCHES.iter().any(|name| switches.get(name) == Some(&Value::Bool(false))) => {
            Seen::Known(Value::Bool(false))
        }
        Seen::Partial(_, reason) | Seen::Unobserved(reason) => Seen::Unobserved(reason.clone()),
    }
}

fn on(switches: &Value, name: &str) -> bool {
    switches.get(name) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_model::Reason;
    use serde_json::json;

    #[test]
    fn three_states_in_three_states_out() {
        let on = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
        assert_eq!(all(&Seen::Known(on.clone())), Seen::Known(json!(true)));
        let mut off = on;
        off["BlockPublicPolicy"] = json!(false);
        assert_eq!(all(&Seen::Known(off.clone())), Seen::Known(json!(false)));
        assert_eq!(all(&Seen::Known(json!({"BlockPublicAcls": true}))), Seen::Known(json!(false)));
        assert_eq!(all(&Seen::Absent), Seen::Known(json!(false)));
        let reason = Reason { reason: "denied".to_owned(), gap: None };
        assert_eq!(all(&Seen::Unobserved(reason.clone())), Seen::Unobserved(reason.clone()));
        assert_eq!(all(&Seen::Partial(off, reason.clone())), Seen::Known(json!(false)));
        assert_eq!(all(&Seen::Partial(json!({}), reason.clone())), Seen::Unobserved(reason));
    }
}
