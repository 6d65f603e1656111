//! Why a rule could not be decided.

use annexa_model::Reason;

/// A value that nobody can say. Kleene's third value, with its reason.
///
/// The order is the order of precedence: where two meet, the later one tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// The provider answered, and the fact is not there. A rule that hangs on it is not met.
    Absent {
        /// The path of the fact.
        what: String,
    },
    /// Nobody knows the fact.
    Unobserved(Vec<Missing>),
    /// The rule does not fit the data: a wrong type, a division by zero. Told as unknown.
    Broken(String),
    /// The rule took more steps than the budget.
    TooCostly,
}

/// One fact that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The path of the fact.
    pub(crate) what: String,
    /// Why it is not known.
    pub(crate) reason: Reason,
    /// A list of which some items are known.
    pub(crate) partial: bool,
}

impl Undecided {
    pub(crate) fn absent(what: impl Into<String>) -> Self {
        Undecided::Absent { what: what.into() }
    }

    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Undecided::Broken(message.into())
    }

    pub(crate) fn unobserved(what: impl Into<String>, reason: &Reason, partial: bool) -> Self {
        Undecided::Unobserved(vec![Missing { what: what.into(), reason: reason.clone(), partial }])
    }

    fn rank(&self) -> u8 {
        match self {
            Undecided::Absent { .. } => 0,
            Undecided::Unobserved(_) => 1,
            Undecided::Broken(_) => 2,
            Undecided::TooCostly => 3,
        }
    }

    /// Both reasons in one: what is not known outweighs what is not there, because it might have decided.
    #[must_use]
    pub(crate) fn and(self, other: Undecided) -> Undecided {
        match (self, other) {
            (Undecided::Unobserved(mut left), Undecided::Unobserved(right)) => {
                for missing in right {
                    // enough to tell; a list of a thousand unread items must not grow a thousand times
                    if left.len() < 8 && !left.contains(&missing) {
                        left.push(missing);
                    }
                }
                Undecided::Unobserved(left)
            }
            (left, right) if right.rank() > left.rank() => right,
            (left, _) => left,
        }
    }

    /// Whether looking further can change nothing.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Undecided::TooCostly)
    }

    /// The gaps behind it, sorted, each once.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let Undecided::Unobserved(missing) = self else { return Vec::new() };
        let mut gaps: Vec<String> = missing.iter().filter_map(|m| m.reason.gap.clone()).collect();
        gaps.sort();
        gaps.dedup();
        gaps
    }

    /// One sentence for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Undecided::Absent { what } => format!("{what} is not set"),
            Undecided::Unobserved(missing) => {
                let parts: Vec<String> = missing.iter().map(Missing::sentence).collect();
                parts.join("; ")
            }
            Undecided::Broken(message) => format!("the rule does not fit what was found: {message}"),
            Undecided::TooCostly => "too costly: the rule took more steps than its budget".to_owned(),
        }
    }
}

impl Missing {
    fn sentence(&self) -> String {
        let verb = if self.partial { "could not be read whole" } else { "could not be read" };
        format!("{} {verb}: {}", self.what, self.reason.reason)
    }
}

/// Adds a reason to those that were met before.
pub(crate) fn remember(met: &mut Option<Undecided>, new: Undecided) {
    *met = Some(match met.take() {
        Some(before) => before.and(new),
        None => new,
    });
}
