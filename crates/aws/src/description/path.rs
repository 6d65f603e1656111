//! Paths into facts and answers, and texts with paths in them.

use serde_json::Value;
use std::fmt;

/// A dotted path: `instance.State.Name`, `Reservations[].Instances[]`. A step into a list means all its items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) steps: Vec<String>,
}

impl Path {
    pub(crate) fn parse(text: &str) -> Self {
        let steps = text.split('.').map(|step| step.trim_end_matches("[]").to_owned());
        Self { steps: steps.filter(|step| !step.is_empty()).collect() }
    }

    /// The first step, and the rest.
    pub(crate) fn split_first(&self) -> Option<(&str, Path)> {
        let (first, rest) = self.steps.split_first()?;
        Some((first, Path { steps: rest.to_vec() }))
    }

    /// All values at the path, lists flattened.
    pub(crate) fn all<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = Vec::new();
        gather(value, &self.steps, &mut found);
        found
    }
}

fn gather<'a>(value: &'a Value, steps: &[String], found: &mut Vec<&'a Value>) {
    match (value, steps.split_first()) {
        (Value::Array(items), _) => items.iter().for_each(|item| gather(item, steps, found)),
        (Value::Null, _) => {}
        (value, None) => found.push(value),
        (value, Some((step, rest))) => {
            if let Some(inner) = value.get(step) {
                gather(inner, rest, found);
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

/// A member of an answer by the end of its path: `UserData`, `Environment.Variables`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberPath(Vec<String>);

impl MemberPath {
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }

    /// Whether a path of member names ends with this one.
    pub(crate) fn matches(&self, path: &[&str]) -> bool {
        path.len() >= self.0.len() && path[path.len() - self.0.len()..].iter().zip(&self.0).all(|(a, b)| a == b)
    }
}

/// A path, or a text with paths in braces: `arn:{partition}:s3:::{bucket.Name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ref {
    Path(Path),
    Text(Vec<Piece>),
}

/// A part of a text with paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Path(Path),
}

impl Ref {
    pub(crate) fn parse(text: &str) -> Self {
        if !text.contains('{') {
            return Ref::Path(Path::parse(text));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, after)) = after.split_once('}') else { break };
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.to_owned()));
            }
            pieces.push(Piece::Path(Path::parse(path)));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ref::Text(pieces)
    }

    /// The paths in it.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Ref::Path(path) => vec![path],
            Ref::Text(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Path(path) => Some(path),
                    Piece::Literal(_) => None,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_goes_through_lists() {
        let answer = json!({"Reservations": [{"Instances": [{"Id": 1}, {"Id": 2}]}, {"Instances": [{"Id": 3}]}, {}]});
        let ids = Path::parse("Reservations[].Instances[].Id");
        assert_eq!(ids.all(&answer), [&json!(1), &json!(2), &json!(3)]);
        assert_eq!(Path::parse("Reservations[].Instances[]").all(&answer).len(), 3);
        assert!(Path::parse("Nothing.Here").all(&answer).is_empty());
    }

    #[test]
    fn a_text_keeps_its_paths_apart() {
        let reference = Ref::parse("arn:{partition}:s3:::{bucket.Name}");
        assert_eq!(reference.paths(), [&Path::parse("partition"), &Path::parse("bucket.Name")]);
        assert_eq!(Ref::parse("bucket.Name"), Ref::Path(Path::parse("bucket.Name")));
    }

    #[test]
    fn a_member_is_found_by_the_end_of_its_path() {
        let path = MemberPath::parse("Environment.Variables");
        assert!(path.matches(&["Functions", "Environment", "Variables"]));
        assert!(!path.matches(&["Variables"]) && !path.matches(&["Environment", "Error"]));
    }
}
