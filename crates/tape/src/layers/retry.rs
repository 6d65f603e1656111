//! Layer 4: retry. Full-jitter exponential back-off that honours what the provider says.

use super::allow_list::Asked;
use super::redaction::{Outcome, Seen};
use super::wire::Raw;
use super::{Course, limits};
use crate::transport::Line;
use crate::{Judgement, Limits};
use annexa_model::{Failure, FailureKind, Timestamp};
use http::{HeaderMap, StatusCode, header};
use std::time::Duration;
use tokio::time::Instant;

/// What to do with an answer.
pub(crate) enum Verdict {
    Done,
    Failed(Failure),
    /// Try again, after this time if the provider said so; give up with this failure.
    Again(Failure, Option<Duration>),
    Expired(Failure),
}

impl Verdict {
    pub(crate) fn of(judgement: Judgement, status: StatusCode, headers: &HeaderMap) -> Self {
        let failure =
            |kind, what: &str| Failure { kind, code: None, message: format!("{what} (HTTP {})", status.as_u16()) };
        match judgement {
            Judgement::Done => Self::Done,
            Judgement::Failed(failure) => Self::Failed(failure),
            Judgement::Throttled(wait) => {
                let failure = failure(FailureKind::Throttled, "the provider asked to slow down");
                Self::Again(failure, wait.or_else(|| retry_after(headers)))
            }
            Judgement::Transient(wait) => {
                let failure = failure(FailureKind::Server, "the provider had an error of its own");
                Self::Again(failure, wait.or_else(|| retry_after(headers)))
            }
            Judgement::Expired => Self::Expired(failure(
                FailureKind::Unauthenticated,
                "the credentials are not accepted any more, not even renewed ones",
            )),
        }
    }
}

/// Sends until there is a final answer or patience ends.
pub(crate) async fn send(
    line: &Line,
    asked: &Asked,
    course: &Course,
    judge: impl Fn(Raw) -> (Seen, Verdict),
) -> Outcome {
    let limits = &line.session.limits;
    let start = Instant::now();
    let (mut tries, mut renew, mut renewed) = (0, false, false);
    loop {
        tries += 1;
        let (seen, verdict) = match limits::send(line, asked, course, renew).await {
            Ok(raw) => {
                let (seen, verdict) = judge(raw);
                (Some(seen), verdict)
            }
            Err(trouble) if trouble.passing => (None, Verdict::Again(trouble.failure, None)),
            Err(trouble) => (None, Verdict::Failed(trouble.failure)),
        };
        renew = false;
        let (failure, said) = match verdict {
            Verdict::Done => return Outcome { seen, failure: None },
            Verdict::Failed(failure) => return Outcome { seen, failure: Some(failure) },
            Verdict::Expired(failure) if renewed => return Outcome { seen, failure: Some(failure) },
            Verdict::Expired(_) => {
                (renew, renewed) = (true, true);
                continue;
            }
            Verdict::Again(failure, said) => (failure, said),
        };
        let wait = wait(limits, tries, said, rand::random());
        if tries >= limits.tries || start.elapsed() + wait > limits.patience {
            return Outcome { seen, failure: Some(gave_up(failure, tries, said)) };
        }
        if let Some(said) = said {
            line.session.gate.leave_alone(&asked.host, said);
        }
        tokio::time::sleep(wait).await;
    }
}

/// The wait before the next try: what the provider said and a little more, so that not all come back at once;
/// otherwise a random part of a time that doubles. `chance` is from 0 to 1.
fn wait(limits: &Limits, tries: u32, said: Option<Duration>, chance: f64) -> Duration {
    let doubled = limits.first_wait.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    let jitter = |longest: Duration| longest.mul_f64(chance.clamp(0.0, 1.0));
    match said {
        Some(said) => said.saturating_add(jitter(limits.first_wait)),
        None => jitter(doubled.min(limits.longest_wait)),
    }
}

fn gave_up(failure: Failure, tries: u32, said: Option<Duration>) -> Failure {
    let tries = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    let said = said.map_or(String::new(), |wait| format!("; the next was welcome after {} s", wait.as_secs()));
    Failure { message: format!("{}; given up after {tries}{said}", failure.message), ..failure }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date (seen from the answer's own `Date`, if it has one).
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?;
    let now = headers.get(header::DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or_else(Timestamp::now);
    let seconds = until.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(entries: &[(&'static str, &str)]) -> HeaderMap {
        entries.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = ("date", "Tue, 03 Mar 2026 10:00:00 GMT");
        let wait = |value: &str| retry_after(&headers(&[("retry-after", value), date]));
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Tue, 03 Mar 2026 10:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(wait("Tue, 03 Mar 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
        assert_eq!(retry_after(&headers(&[date])), None);
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let limits =
            Limits { first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(5), ..Limits::default() };
        let waits: Vec<u64> = (1..6).map(|tries| wait(&limits, tries, None, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    proptest! {
        #[test]
        fn waits_never_overflow_and_never_fall_short_of_what_was_said(
            tries in 1..u32::MAX, said in proptest::option::of(0..u64::MAX), chance in 0.0..1.0,
        ) {
            let said = said.map(Duration::from_secs);
            let wait = wait(&Limits::default(), tries, said, chance);
            prop_assert!(said.is_none_or(|said| wait >= said));
        }
    }
}
