//! Patterns of places in JSON.

use std::fmt;

/// A pointer as in RFC 6901 in which the step `*` stands for any member or item, and `**` for any number of steps,
/// none included: `/spec/containers/*/env/*/value`, `/**/password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Any,
    Deep,
}

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pattern of places: it must be empty or start with `/`, and `~` must be followed by 0 or 1")]
pub struct PatternError(String);

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError(text.to_owned());
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(wrong());
        }
        let step = |part: &str| match part {
            "*" => Ok(Step::Any),
            "**" => Ok(Step::Deep),
            name if name.replace("~0", "").replace("~1", "").contains('~') => Err(wrong()),
            name => Ok(Step::Name(name.replace("~1", "/").replace("~0", "~"))),
        };
        Ok(Self { steps: parts.map(step).collect::<Result<_, _>>()? })
    }

    /// Reads several patterns.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, PatternError> {
        texts.into_iter().map(Self::parse).collect()
    }

    pub(super) fn start(patterns: &[Self]) -> Vec<&[Step]> {
        patterns.iter().map(|pattern| pattern.steps.as_slice()).collect()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Name(name) => write!(f, "/{}", super::escape(name)),
            Step::Any => f.write_str("/*"),
            Step::Deep => f.write_str("/**"),
        })
    }
}

/// Whether a pattern's rest names this very place.
pub(super) fn is_met(steps: &[Step]) -> bool {
    steps.iter().all(|step| *step == Step::Deep)
}

/// What is left of patterns after going one step down.
pub(super) fn advance<'a>(open: &[&'a [Step]], key: &str) -> Vec<&'a [Step]> {
    let mut next = Vec::new();
    for steps in open {
        one(steps, key, &mut next);
    }
    next
}

fn one<'a>(steps: &'a [Step], key: &str, next: &mut Vec<&'a [Step]>) {
    let (fits, deep) = match steps.first() {
        None => (false, false),
        Some(Step::Name(name)) => (name == key, false),
        Some(Step::Any) => (true, false),
        Some(Step::Deep) => (false, true),
    };
    if fits {
        push(&steps[1..], next);
    }
    if deep {
        // `**` takes this step and stays open, or takes none
        push(steps, next);
        one(&steps[1..], key, next);
    }
}

/// Without repeats, so that several `**` can't multiply.
fn push<'a>(steps: &'a [Step], next: &mut Vec<&'a [Step]>) {
    if !next.iter().any(|known| std::ptr::eq(*known, steps)) {
        next.push(steps);
    }
}
