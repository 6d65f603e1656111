//! Ways into JSON values.

use serde_json::Value;

/// The value at a dotted path (`settings.plan.name`); lists are entered in all their items, the first value counts.
pub(crate) fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    path.split('.').try_fold(value, |value, name| value.get(name))
}

/// A dotted path as an RFC 6901 pointer.
pub(crate) fn from_path(path: &str) -> String {
    if path.is_empty() { String::new() } else { path.split('.').map(|name| format!("/{}", escape(name))).collect() }
}

/// A name as a segment of a pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Where a pointer first meets null or nothing; the pointer itself when all of it is there.
pub(crate) fn first_gap(value: &Value, pointer: &str) -> String {
    let mut here = value;
    let mut walked = String::new();
    for segment in pointer.split('/').skip(1) {
        walked.push('/');
        walked.push_str(segment);
        let name = segment.replace("~1", "/").replace("~0", "~");
        let next = match here {
            Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(&name),
        };
        match next {
            None | Some(Value::Null) => return walked,
            Some(next) => here = next,
        }
    }
    walked
}

/// A pointer, or the way to the first list on it that holds nulls.
pub(crate) fn up_to_moving_list(value: &Value, pointer: &str) -> String {
    let mut here = value;
    let mut walked = String::new();
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        let next = match here {
            Value::Array(items) if items.iter().any(Value::is_null) => return walked,
            Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(&name),
        };
        walked.push('/');
        walked.push_str(segment);
        match next {
            Some(next) => here = next,
            None => return pointer.to_owned(),
        }
    }
    walked
}

/// Takes the value at a pointer out of an object; nulls stay nowhere.
pub(crate) fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(members)) = value.pointer_mut(parent) {
        members.shift_remove(&name.replace("~1", "/").replace("~0", "~"));
    }
}

/// Takes out every null member: GitHub's null is "there is none", and a fact that is absent has no key.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().filter(|item| !item.is_null()).map(without_nulls).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_below_a_null_is_about_the_null() {
        let value = json!({"a": {"b": null, "c": [{"d": 1}]}});
        assert_eq!(first_gap(&value, "/a/b/x/y"), "/a/b");
        assert_eq!(first_gap(&value, "/a/c/0/d"), "/a/c/0/d");
        assert_eq!(first_gap(&value, "/a/z/q"), "/a/z");
        assert_eq!(first_gap(&value, ""), "");
    }

    #[test]
    fn places_in_a_list_with_nulls_are_not_named() {
        let value = json!({"a": [null, {"b": 1}], "c": [{"b": 1}]});
        assert_eq!(up_to_moving_list(&value, "/a/1/b"), "/a");
        assert_eq!(up_to_moving_list(&value, "/c/0/b"), "/c/0/b");
        assert_eq!(up_to_moving_list(&value, "/c/0/x/y"), "/c/0/x/y");
    }

    #[test]
    fn nulls_are_absent() {
        assert_eq!(without_nulls(json!({"a": null, "b": [null, {"c": null}]})), json!({"b": [{}]}));
    }
}
