//! How to mend a fail: texts of checks, with `{{path}}` where the name of a resource goes.

use annexa_model::Finding;
use std::borrow::Cow;

/// For a check: a place that each resource fills says what goes there, as `‹name›`.
pub(crate) fn of_check(text: &str) -> String {
    replaced(text, |path| Cow::Owned(word(path)))
}

/// For a finding: filled with what is known of its resource. What goes into a command is quoted, because names come from
/// others.
pub(crate) fn of_finding(text: &str, means: &str, finding: &Finding) -> String {
    replaced(text, |path| {
        let resource = &finding.resource;
        let known = match path {
            "name" => Some(resource.name.clone()),
            "id" => Some(resource.id.clone()),
            "namespace" => resource.namespace.clone(),
            path => finding
                .observed
                .get(path)
                .filter(|v| !v.is_object() && !v.is_array() && !v.is_null())
                .map(crate::body::plain),
        };
        let Some(value) = known else { return Cow::Owned(word(path)) };
        Cow::Owned(match means {
            "cli" => quoted(value),
            "terraform" if !is_plain(&value) => word(path),
            _ => value,
        })
    })
}

/// Whether a text of this means is something to type.
pub(crate) fn is_command(means: &str) -> bool {
    matches!(means, "cli" | "terraform")
}

fn replaced<'t>(text: &str, value: impl Fn(&str) -> Cow<'t, str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside, after)) = next(rest) {
        out.push_str(before);
        out.push_str(&value(inside.trim()));
        rest = after;
    }
    out + rest
}

/// The text before the next `{{path}}`, the path, and what comes after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    Some((before, inside, after))
}

/// `‹S3BucketName›` for `trail.S3BucketName`.
fn word(path: &str) -> String {
    format!("‹{}›", path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]"))
}

fn quoted(value: String) -> String {
    if is_plain(&value) { value } else { format!("'{}'", value.replace('\'', "'\\''")) }
}

/// Whether it means nothing to a shell, and is no option.
fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+".contains(c);
    value.starts_with(|c: char| c != '-') && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_model::{EvidenceKind, FindingStatus, ResourceRef, Severity};
    use serde_json::{Map, json};
    use std::collections::BTreeMap;

    #[test]
    fn places_are_named_for_a_check_and_filled_for_a_finding() {
        let text = "aws x --bucket {{trail.S3BucketName}} --name {{ name }} {{open";
        assert_eq!(of_check(text), "aws x --bucket ‹S3BucketName› --name ‹name› {{open");
        let finding = Finding {
            id: String::new(),
            check: String::new(),
            status: FindingStatus::Fail,
            severity: Severity::High,
            target: String::new(),
            resource: ResourceRef {
                kind: String::new(),
                id: String::new(),
                name: "it's; rm".to_owned(),
                region: None,
                account: None,
                namespace: None,
            },
            message: String::new(),
            observed: Map::from_iter([("trail.S3BucketName".to_owned(), json!("logs"))]),
            evidence_kind: EvidenceKind::Implementation,
            evidence: Vec::new(),
            gaps: Vec::new(),
            controls: BTreeMap::new(),
            exception: None,
        };
        assert_eq!(of_finding(text, "cli", &finding), r"aws x --bucket logs --name 'it'\''s; rm' {{open");
        assert_eq!(of_finding("mend {{name}} in {{namespace}}", "text", &finding), "mend it's; rm in ‹namespace›");
        assert_eq!(of_finding("{{name}}", "terraform", &finding), "‹name›");
    }
}
