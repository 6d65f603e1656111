//! The style sheet.

use crate::plan::Plan;
use crate::{ReportError, Templates, escape};
use serde::Serialize;

/// The style sheet, with the foot of printed pages in it.
pub(super) fn style(plan: &Plan<'_>, templates: &Templates) -> Result<(String, Vec<u8>), ReportError> {
    #[derive(Serialize)]
    struct Foot {
        organization: String,
        sequence: String,
        digest: String,
    }
    let cover = plan.input.cover;
    let foot = Foot {
        organization: css_string(&escape::cut(&cover.organization, 60)),
        sequence: cover.sequence.to_string(),
        digest: cover.evidence_digest.chars().filter(char::is_ascii_hexdigit).take(16).collect(),
    };
    let path = "report.css";
    Ok((path.to_owned(), templates.html("report.css", path, &foot)?))
}

/// Text inside a CSS string: everything but plain letters, digits and blanks as a code point, so that nothing ends the string.
fn css_string(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',');
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("\\{:06X}", u32::from(c)) }).collect()
}
