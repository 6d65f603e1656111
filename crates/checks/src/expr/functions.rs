//! The functions that rules may call. Each is named, typed and tested; there are no others.

use super::undecided::Undecided;
use super::value::{List, Val, time};
use crate::schemas::Ty;
use annexa_model::Timestamp;
use jiff::SignedDuration;
use regex::Regex;
use std::borrow::Cow;

/// A function.
#[derive(Clone, Debug)]
pub(crate) enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    /// With its compiled pattern, and how heavy that is: from 1.
    Matches(Regex, u64),
    Glob,
    Lower,
    Trim,
    Email,
    ArnAccount,
    ArnName,
    Timestamp,
    Days,
    DaysBetween,
    AgeDays,
    Int,
    Double,
    Text,
    Date,
    IsPublicCidr,
    IsWorldCidr,
}

/// What a function takes and gives.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    /// Without a compiled pattern `matches` has none yet.
    pub(crate) function: Option<Function>,
    pub(crate) takes: &'static [Takes],
    pub(crate) gives: Ty<'static>,
}

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Text,
    Int,
    Time,
    /// Text, a list or a map.
    Sized,
    /// Any single value.
    Scalar,
}

impl Takes {
    pub(crate) fn accepts(self, ty: &Ty<'_>) -> bool {
        match ty {
            Ty::Any | Ty::Never => true,
            Ty::Text => self != Takes::Int,
            Ty::Int => matches!(self, Takes::Int | Takes::Scalar),
            Ty::Time => matches!(self, Takes::Time | Takes::Scalar),
            Ty::Bool | Ty::Double => self == Takes::Scalar,
            Ty::List(_) | Ty::Map(_) => self == Takes::Sized,
            Ty::Span | Ty::Object(_) | Ty::Resource(_) => false,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Takes::Text => "text",
            Takes::Int => "a whole number",
            Takes::Time => "a time",
            Takes::Sized => "text, a list or a map",
            Takes::Scalar => "a single value",
        }
    }
}

/// All functions, by name.
pub(crate) fn signatures() -> [Signature; 21] {
    use Function as F;
    use Takes::{Int, Scalar, Sized, Text, Time};
    let row = |name, function, takes, gives| Signature { name, function, takes, gives };
    [
        row("size", Some(F::Size), &[Sized], Ty::Int),
        row("startsWith", Some(F::StartsWith), &[Text, Text], Ty::Bool),
        row("endsWith", Some(F::EndsWith), &[Text, Text], Ty::Bool),
        row("contains", Some(F::Contains), &[Text, Text], Ty::Bool),
        row("matches", None, &[Text, Text], Ty::Bool),
        row("glob", Some(F::Glob), &[Text, Text], Ty::Bool),
        row("lower", Some(F::Lower), &[Text], Ty::Text),
        row("trim", Some(F::Trim), &[Text], Ty::Text),
        row("email", Some(F::Email), &[Text], Ty::Text),
        row("arn_account", Some(F::ArnAccount), &[Text], Ty::Text),
        row("arn_name", Some(F::ArnName), &[Text], Ty::Text),
        row("timestamp", Some(F::Timestamp), &[Time], Ty::Time),
        row("days", Some(F::Days), &[Int], Ty::Span),
        row("days_between", Some(F::DaysBetween), &[Time, Time], Ty::Int),
        row("age_days", Some(F::AgeDays), &[Time], Ty::Int),
        row("int", Some(F::Int), &[Scalar], Ty::Int),
        row("double", Some(F::Double), &[Scalar], Ty::Double),
        row("string", Some(F::Text), &[Scalar], Ty::Text),
        row("date", Some(F::Date), &[Time], Ty::Text),
        row("is_public_cidr", Some(F::IsPublicCidr), &[Text], Ty::Bool),
        row("is_world_cidr", Some(F::IsWorldCidr), &[Text], Ty::Bool),
    ]
}

/// Calls a function. `as_of` is the time that the scan speaks of.
pub(crate) fn call<'a>(function: &Function, arguments: &[Val<'a>], as_of: Timestamp) -> Result<Val<'a>, Undecided> {
    let (first, second) = (argument(arguments, 0)?, arguments.get(1));
    let second_text = || second.map_or(Ok(""), Val::text);
    Ok(match function {
        Function::Size => size(first)?,
        Function::StartsWith => Val::Bool(first.text()?.starts_with(second_text()?)),
        Function::EndsWith => Val::Bool(first.text()?.ends_with(second_text()?)),
        Function::Contains => Val::Bool(first.text()?.contains(second_text()?)),
        Function::Matches(pattern, _) => Val::Bool(pattern.is_match(first.text()?)),
        Function::Glob => Val::Bool(glob(second_text()?, first.text()?)),
        Function::Lower => text(first.text()?.to_lowercase()),
        Function::Trim => text(first.text()?.trim().to_owned()),
        Function::Email => text(email(first.text()?)),
        Function::ArnAccount => text(first.text()?.split(':').nth(4).unwrap_or("").to_owned()),
        Function::ArnName => text(first.text()?.rsplit(['/', ':']).next().unwrap_or("").to_owned()),
        Function::Timestamp => Val::Time(as_time(first)?),
        Function::Days => Val::Span(days(first)?),
        Function::DaysBetween => Val::Int(days_between(as_time(first)?, as_time(argument(arguments, 1)?)?)),
        Function::AgeDays => Val::Int(days_between(as_time(first)?, as_of)),
        Function::Int => Val::Int(int(first)?),
        Function::Double => Val::Double(double(first)?),
        Function::Text => text(string(first)?),
        Function::Date => text(as_time(first)?.strftime("%Y-%m-%d").to_string()),
        Function::IsPublicCidr => Val::Bool(super::cidr::parse(first.text()?)?.is_public()),
        Function::IsWorldCidr => Val::Bool(super::cidr::parse(first.text()?)?.is_world()),
    })
}

fn argument<'v, 'a>(arguments: &'v [Val<'a>], index: usize) -> Result<&'v Val<'a>, Undecided> {
    arguments.get(index).ok_or_else(|| Undecided::broken("an argument is missing"))
}

fn text<'a>(text: String) -> Val<'a> {
    Val::Text(Cow::Owned(text))
}

fn size<'a>(value: &Val<'a>) -> Result<Val<'a>, Undecided> {
    let length = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    match value {
        Val::Text(text) => Ok(Val::Int(length(text.chars().count()))),
        Val::List(list @ List { partial: None, .. }) => Ok(Val::Int(length(list.len()))),
        Val::List(list @ List { partial: Some(why), .. }) => {
            Ok(Val::AtLeast(length(list.len()), Box::new(why.clone())))
        }
        Val::Object(object) => {
            let present = object.members.values().filter(|v| !v.is_null()).count();
            match object.marks.and_then(|m| m.first()) {
                Some(reason) => Ok(Val::AtLeast(0, Box::new(Undecided::unobserved("a part of the map", reason, true)))),
                None => Ok(Val::Int(length(present))),
            }
        }
        other => Err(Undecided::broken(format!("{} has no size", other.type_name()))),
    }
}

/// The time that a value is or tells.
pub(crate) fn as_time(value: &Val<'_>) -> Result<Timestamp, Undecided> {
    match value {
        Val::Time(time) => Ok(*time),
        Val::Text(text) => time(text),
        other => Err(Undecided::broken(format!("{} where a time is needed", other.type_name()))),
    }
}

fn days(value: &Val<'_>) -> Result<SignedDuration, Undecided> {
    let Val::Int(days) = value else {
        return Err(Undecided::broken(format!("{} where a number of days is needed", value.type_name())));
    };
    let seconds = days.checked_mul(86_400).ok_or_else(|| Undecided::broken("so many days can't be counted"))?;
    Ok(SignedDuration::from_secs(seconds))
}

/// Whole days from one moment to another; negative when the second is earlier.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().div_euclid(86_400)
}

fn int(value: &Val<'_>) -> Result<i64, Undecided> {
    match value {
        Val::Int(int) => Ok(*int),
        // the bounds of i64 are not exact as doubles; what lies between them is far from any real fact
        Val::Double(double) if double.is_finite() && double.abs() < 9e18 => Ok(*double as i64),
        Val::Text(text) => {
            text.trim().parse().map_err(|_| Undecided::broken(format!("`{}` is no whole number", short(text))))
        }
        other => Err(Undecided::broken(format!("{} is no whole number", other.type_name()))),
    }
}

fn double(value: &Val<'_>) -> Result<f64, Undecided> {
    match value {
        Val::Int(int) => Ok(*int as f64),
        Val::Double(double) => Ok(*double),
        Val::Text(text) => {
            text.trim().parse().map_err(|_| Undecided::broken(format!("`{}` is no number", short(text))))
        }
        other => Err(Undecided::broken(format!("{} is no number", other.type_name()))),
    }
}

/// A single value as text.
pub(crate) fn string(value: &Val<'_>) -> Result<String, Undecided> {
    match value {
        Val::Bool(value) => Ok(value.to_string()),
        Val::Int(value) => Ok(value.to_string()),
        Val::Double(value) => Ok(value.to_string()),
        Val::Text(text) => Ok(text.clone().into_owned()),
        Val::Time(time) => Ok(time.to_string()),
        Val::Span(span) => Ok(format!("{span:#}")),
        other => Err(Undecided::broken(format!("{} is no single value", other.type_name()))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// An e-mail address as a key: without `mailto:`, a display name, blanks and case.
fn email(text: &str) -> String {
    let inner = match (text.rfind('<'), text.rfind('>')) {
        (Some(open), Some(close)) if open < close => &text[open + 1..close],
        _ => text,
    };
    let lower = inner.trim().to_lowercase();
    lower.strip_prefix("mailto:").unwrap_or(&lower).to_owned()
}

/// Whether a pattern with `*` (any characters) and `?` (one) covers the whole text. Linear in practice, never exponential.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(function: &Function, arguments: &[Val<'static>]) -> String {
        let as_of = "2026-07-01T00:00:00Z".parse().unwrap();
        match call(function, arguments, as_of) {
            Ok(value) => string(&value).unwrap(),
            Err(why) => why.sentence(),
        }
    }

    fn t(text: &'static str) -> Val<'static> {
        Val::Text(Cow::Borrowed(text))
    }

    #[test]
    fn texts() {
        assert_eq!(says(&Function::Lower, &[t("ÄB")]), "äb");
        assert_eq!(says(&Function::Email, &[t(" Ada <MailTo:Ada@Example.org> ")]), "ada@example.org");
        assert_eq!(says(&Function::ArnAccount, &[t("arn:aws:iam::111122223333:role/a/b")]), "111122223333");
        assert_eq!(says(&Function::ArnName, &[t("arn:aws:iam::111122223333:role/a/b")]), "b");
        assert_eq!(says(&Function::Size, &[t("äb")]), "2");
        assert!(says(&Function::Lower, &[Val::Int(1)]).contains("a whole number where text is needed"));
    }

    #[test]
    fn globs_cover_the_whole_text_and_do_not_explode() {
        for (pattern, text, expected) in [
            ("arn:aws:iam::*:root", "arn:aws:iam::1:root", true),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a*", "ba", false),
            ("a*b*c", "a-b-b-c", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        let text = "a".repeat(20_000);
        assert!(!glob(&format!("{}b", "*a".repeat(40)), &text));
    }

    #[test]
    fn times_count_whole_days() {
        assert_eq!(says(&Function::AgeDays, &[t("2026-06-30T00:00:01Z")]), "0");
        assert_eq!(says(&Function::AgeDays, &[t("2026-06-30")]), "1");
        assert_eq!(says(&Function::AgeDays, &[t("2026-07-01T00:00:01Z")]), "-1", "the future is never zero days old");
        assert_eq!(says(&Function::DaysBetween, &[t("2026-01-01"), t("2026-03-01")]), "59");
        assert_eq!(says(&Function::Date, &[t("2026-06-30T23:59:59Z")]), "2026-06-30");
        assert!(says(&Function::AgeDays, &[t("yesterday")]).contains("`yesterday` is not a time"));
        assert!(says(&Function::Days, &[Val::Int(i64::MAX)]).contains("can't be counted"));
    }

    #[test]
    fn numbers() {
        assert_eq!(says(&Function::Int, &[t(" 42 ")]), "42");
        assert!(says(&Function::Int, &[Val::Double(f64::NAN)]).contains("no whole number"));
        assert_eq!(says(&Function::Double, &[t("1.5")]), "1.5");
    }
}
