//! Layer 3: redaction. Nothing above sees an answer that is not redacted, nor does the judge that retry asks.

use super::Course;
use super::allow_list::Asked;
use super::retry::{self, Verdict};
use super::wire::Raw;
use crate::transport::Line;
use crate::{Call, Dialect, Judgement, Redactor, content};
use annexa_model::{Answer, Cut, Failure};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

/// How a call ended.
pub(crate) struct Outcome {
    /// The last answer that came, if any came.
    pub(crate) seen: Option<Seen>,
    pub(crate) failure: Option<Failure>,
}

impl Outcome {
    pub(crate) fn failed(failure: Failure) -> Self {
        Self { seen: None, failure: Some(failure) }
    }
}

/// An answer after redaction.
pub(crate) struct Seen {
    pub(crate) answer: Answer,
    pub(crate) cuts: Vec<Cut>,
    pub(crate) tls: String,
    pub(crate) request_id: Option<String>,
    pub(crate) server_date: Option<String>,
}

/// Sends a request; each answer is redacted before anybody looks at it.
pub(crate) async fn send(line: &Line, asked: &Asked, course: &Course) -> Outcome {
    retry::send(line, asked, course, |raw| redact_and_judge(line, asked, raw)).await
}

fn redact_and_judge(line: &Line, asked: &Asked, raw: Raw) -> (Seen, Verdict) {
    let Raw { status, headers, body, tls, echoed } = raw;
    let dialect = &*line.dialect;
    let (answer, mut cuts, judgement) =
        understand(dialect, &asked.call, status, &headers, body, &line.session.redactor);
    if echoed {
        let fact = Some("the answer repeated credentials of the request".to_owned());
        cuts.push(Cut { pointer: String::new(), reason: "secret".to_owned(), fact });
    }
    let verdict = Verdict::of(judgement, status, &headers);
    let server_date = headers.get(header::DATE).map(|date| String::from_utf8_lossy(date.as_bytes()).into_owned());
    let seen = Seen { answer, cuts, tls, request_id: dialect.request_id(&headers), server_date };
    (seen, verdict)
}

/// What comes from the network, as it stands in an exchange, with what was cut and what it means.
#[must_use]
pub fn understand(
    dialect: &dyn Dialect,
    call: &Call,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    redactor: &Redactor,
) -> (Answer, Vec<Cut>, Judgement) {
    let redacted = dialect.redact(call, status, headers, body, redactor);
    let judgement = dialect.judge(call, status, headers, &redacted.body);
    let content_type = content::content_type(headers);
    let (body, unreadable) = content::store(&content_type, &redacted.body);
    let judgement = match (judgement, unreadable) {
        (Judgement::Done, Some(failure)) => Judgement::Failed(failure),
        (judgement, _) => judgement,
    };
    let headers = content::kept(headers, dialect.kept_headers());
    (Answer { status: status.as_u16(), headers, content_type, body }, redacted.cuts, judgement)
}
