//! CSV (RFC 4180) for spreadsheets: one finding a row.
//!
//! It begins with a byte order mark, because Excel reads a file without one in the local code page and breaks every
//! umlaut. Programs that stumble over it read findings.jsonl, which has more. Written as a stream.

use crate::accepted::Accepted;
use crate::{ReportError, ReportInput, body, escape};
use annexa_model::{CheckSummary, Finding};
use csv::{Terminator, Writer, WriterBuilder};
use std::collections::BTreeMap;
use std::io::Write;

const COLUMNS: [&str; 20] = [
    "check",
    "title",
    "status",
    "severity",
    "accepted",
    "target",
    "resource_type",
    "resource_name",
    "resource_id",
    "account",
    "region",
    "namespace",
    "message",
    "observed",
    "controls_2022",
    "controls_2013",
    "evidence_kind",
    "evidence",
    "gaps",
    "id",
];

/// The most characters of a cell; a spreadsheet takes 32,767.
const CELL: usize = 4_000;
/// Lines of evidence in a cell.
const EVIDENCE: usize = 20;

/// Writes all findings as CSV.
pub fn csv_into(input: &ReportInput<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    out.write_all("\u{feff}".as_bytes())?;
    let accepted = Accepted::new(input);
    let checks: BTreeMap<&str, &CheckSummary> = input.checks.iter().map(|check| (check.id.as_str(), check)).collect();
    let mut csv: Writer<&mut dyn Write> = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    csv.write_record(COLUMNS).map_err(failed)?;
    for finding in input.findings {
        let title = checks.get(finding.check.as_str()).map_or("", |check| check.title.as_str());
        csv.write_record(row(input, &accepted, finding, title).iter().map(|text| cell(text))).map_err(failed)?;
    }
    csv.flush()?;
    Ok(())
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Write(error.into())
}

fn row(input: &ReportInput<'_>, accepted: &Accepted<'_>, finding: &Finding, title: &str) -> [String; COLUMNS.len()] {
    let resource = &finding.resource;
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let controls = |edition: &str| finding.controls.get(edition).map(|ids| ids.join(" ")).unwrap_or_default();
    let observed: Vec<String> = finding
        .observed
        .iter()
        .map(|(name, value)| format!("{}: {}", escape::cut(name, 200), escape::cut(&body::plain(value), 500)))
        .collect();
    [
        finding.check.clone(),
        title.to_owned(),
        finding.status.to_string(),
        finding.severity.to_string(),
        accepted.by(finding).map(|id| accepted.sentence(id)).unwrap_or_default(),
        finding.target.clone(),
        resource.kind.clone(),
        resource.name.clone(),
        resource.id.clone(),
        optional(&resource.account),
        optional(&resource.region),
        optional(&resource.namespace),
        finding.message.clone(),
        observed.join("; "),
        controls("2022"),
        controls("2013"),
        finding.evidence_kind.to_string(),
        evidence(input, finding),
        finding.gaps.join(" "),
        finding.id.clone(),
    ]
}

/// The files and lines in the bundle that it rests on.
fn evidence(input: &ReportInput<'_>, finding: &Finding) -> String {
    let mut places: Vec<String> = finding
        .evidence
        .iter()
        .take(EVIDENCE)
        .filter_map(|id| input.exchanges.get(id))
        .map(|recorded| format!("{} line {}", recorded.file, recorded.line))
        .collect();
    if finding.evidence.len() > EVIDENCE {
        places.push(format!("and {} more", finding.evidence.len() - EVIDENCE));
    }
    places.join("; ")
}

/// Text that no spreadsheet runs: one line, and an apostrophe where a formula could begin. That is at the cell's start
/// and, because a spreadsheet of another country splits a row at semicolons, after each of these.
fn cell(text: &str) -> String {
    let line = escape::line(text, CELL);
    let mut out = String::with_capacity(line.len() + 2);
    let mut at_start = true;
    for c in line.trim().chars() {
        if at_start && is_formula(c) {
            out.push('\'');
        }
        // what stands before a formula without keeping it from being one
        at_start = c == ';' || (at_start && (c.is_whitespace() || c == '"'));
        out.push(c);
    }
    out
}

/// What begins a formula in Excel, LibreOffice or Sheets, full-width forms too.
fn is_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '＝'
            | '＋'
            | '－'
            | '＠'
            | '\u{2212}'
            | '\u{fe63}'
            | '\u{fe62}'
            | '\u{fe66}'
            | '\u{fe6b}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_begins_like_a_formula() {
        for (text, safe) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("\t=1", "'=1"),
            ("\r\n@x", "'@x"),
            ("＋1", "'＋1"),
            ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
            ("a;\" -1", "a;\" '-1"),
            ("a-b = c", "a-b = c"),
            ("", ""),
        ] {
            assert_eq!(cell(text), safe);
        }
    }

    proptest! {
        #[test]
        fn no_text_is_run(text in "[;\"\\s=+@a-]{0,12}|.{0,20}") {
            let cell = cell(&text);
            for part in std::iter::once(cell.as_str()).chain(cell.split(';')) {
                let first = part.chars().find(|c| !c.is_whitespace() && *c != '"');
                prop_assert!(!first.is_some_and(is_formula), "{cell:?}");
            }
            prop_assert!(!cell.chars().any(char::is_control));
        }
    }
}
