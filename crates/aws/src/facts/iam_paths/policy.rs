//! What the statements of policies allow.

use serde_json::Value;

/// The statements that hold for a principal, and those of its permissions boundary when it has one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed<'a> {
    pub(crate) statements: Vec<&'a Value>,
    pub(crate) boundary: Option<Vec<&'a Value>>,
}

impl Allowed<'_> {
    /// Whether an action on a resource is allowed. `resource` is an ARN, or `*` for every resource.
    pub(crate) fn allows(&self, action: &str, resource: &str) -> bool {
        allows(&self.statements, action, resource)
            && self.boundary.as_ref().is_none_or(|boundary| allows(boundary, action, resource))
    }

    /// Whether everything is allowed.
    pub(crate) fn everything(&self) -> bool {
        self.allows("*", "*")
    }
}

fn allows(statements: &[&Value], action: &str, resource: &str) -> bool {
    let hits = |effect: &str, statement: &&&Value| {
        statement.get("Effect").and_then(Value::as_str) == Some(effect)
            && named(statement, "Action", "NotAction", action, true)
            && named(statement, "Resource", "NotResource", resource, false)
    };
    let allowed = statements.iter().any(|statement| hits("Allow", &statement));
    // a denial under a condition may not hold, so it hides nothing
    let denied = statements.iter().any(|statement| statement.get("Condition").is_none() && hits("Deny", &statement));
    allowed && !denied
}

/// Whether a statement's list names a text, or its opposite list does not.
fn named(statement: &Value, list: &str, opposite: &str, text: &str, fold_case: bool) -> bool {
    if let Some(patterns) = statement.get(list) {
        return texts(patterns).any(|pattern| matches(pattern, text, fold_case));
    }
    match statement.get(opposite) {
        Some(patterns) => !texts(patterns).any(|pattern| matches(pattern, text, fold_case)),
        None => false,
    }
}

pub(crate) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a pattern with `*` and `?` covers a text. For the text `*` only a pattern that covers everything does.
pub(crate) fn matches(pattern: &str, text: &str, fold_case: bool) -> bool {
    if text == "*" {
        return !pattern.is_empty() && pattern.chars().all(|letter| letter == '*') || fold_case && pattern == "*:*";
    }
    let fold = |text: &str| -> Vec<char> {
        if fold_case { text.to_lowercase().chars().collect() } else { text.chars().collect() }
    };
    glob(&fold(pattern), &fold(text))
}

/// Backtracks to the last `*` only, so it is never slower than pattern times text.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, start)) => {
                    star = Some((place, start + 1));
                    at = place + 1;
                    read = start + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_cover_as_in_iam() {
        for (pattern, text) in
            [("iam:*", "iam:PutUserPolicy"), ("*", "x"), ("IAM:put*policy", "iam:PutUserPolicy"), ("*:*", "*")]
        {
            assert!(matches(pattern, text, true), "{pattern} {text}");
        }
        for (pattern, text) in [("iam:Get*", "iam:PutUserPolicy"), ("iam:*", "*"), ("", "*")] {
            assert!(!matches(pattern, text, true), "{pattern} {text}");
        }
        assert!(matches("arn:aws:iam::*:role/ci-*", "arn:aws:iam::1:role/ci-deploy", false));
        let hostile = "*a".repeat(500);
        assert!(!matches(&hostile, &"a".repeat(499), false));
    }

    #[test]
    fn deny_and_boundary_take_away() {
        let all = json!({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]});
        let deny = json!({"Effect": "Deny", "Action": ["iam:*"], "Resource": ["*"]});
        let only_s3 = json!({"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]});
        let free = Allowed { statements: vec![&all], boundary: None };
        assert!(free.everything() && free.allows("iam:PassRole", "arn:x"));
        let denied = Allowed { statements: vec![&all, &deny], boundary: None };
        assert!(!denied.allows("iam:PassRole", "arn:x") && denied.allows("s3:GetObject", "arn:x"));
        let bounded = Allowed { statements: vec![&all], boundary: Some(vec![&only_s3]) };
        assert!(!bounded.everything() && bounded.allows("s3:GetObject", "arn:x"));
        let not = json!({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": ["*"]});
        let not = Allowed { statements: vec![&not], boundary: None };
        assert!(not.allows("s3:GetObject", "*") && !not.allows("iam:PassRole", "*"));
    }
}
