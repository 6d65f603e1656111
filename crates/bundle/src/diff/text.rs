//! The differences as people read them.

use super::{Diff, FindingChange, GapName, ResourceName};
use crate::path::shown;
use crate::short_id;
use annexa_model::{ControlStatus, FindingStatus, Selection};

impl Diff {
    /// The differences as people read them in a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = vec![format!(
            "from {} (as of {}) to {} (as of {})",
            shown(short_id(&self.old.digest)),
            self.old.as_of,
            shown(short_id(&self.new.digest)),
            self.new.as_of,
        )];
        lines.extend(self.remarks());
        if self.is_empty() {
            lines.push(format!("nothing changed: {} findings are as before", self.findings.same));
            return lines.join("\n") + "\n";
        }
        for (what, list) in self.findings.lists() {
            section(&mut lines, &format!("findings {what}"), list.iter().map(finding_line));
        }
        let resources = &self.resources;
        for (what, list) in
            [("new", &resources.new), ("gone", &resources.gone), ("no longer observed", &resources.no_longer_observed)]
        {
            section(&mut lines, &format!("resources {what}"), list.iter().map(resource_line));
        }
        section(&mut lines, "gaps new", self.gaps_new.iter().map(gap_line));
        section(&mut lines, "gaps closed", self.gaps_closed.iter().map(gap_line));
        section(&mut lines, "gaps newly accepted", self.gaps_accepted.iter().map(gap_line));
        section(&mut lines, "gaps no longer accepted", self.gaps_lapsed.iter().map(gap_line));
        for (what, list) in [
            ("targets added", &self.targets_added),
            ("targets not scanned any more", &self.targets_removed),
            ("rules added", &self.rules_added),
            ("rules removed", &self.rules_removed),
            ("rules changed", &self.rules_changed),
        ] {
            section(&mut lines, what, list.iter().map(|name| shown(name)));
        }
        let controls = self.controls.iter().map(|control| {
            let word = |status: Option<ControlStatus>| status.map_or("not there", ControlStatus::as_str);
            format!("{} {}: {} → {}", control.edition, shown(&control.id), word(control.from), word(control.to))
        });
        section(&mut lines, "controls with another status", controls);
        lines.push(format!("{} findings are as before", self.findings.same));
        lines.join("\n") + "\n"
    }

    /// What a reader must know before the lists.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.follows {
            remarks.push("the newer one does not name the older one as the bundle before it".to_owned());
        }
        if self.old.engine_version != self.new.engine_version {
            let (from, to) = (shown(&self.old.engine_version), shown(&self.new.engine_version));
            remarks.push(format!("other releases decided: annexa {from}, then {to}"));
        }
        if self.old.key_id != self.new.key_id {
            remarks.push("they are not signed by the same key".to_owned());
        }
        if [&self.old, &self.new].iter().any(|side| side.selection != Selection::Full) {
            remarks.push("at least one of them is a partial selection".to_owned());
        }
        remarks
    }
}

fn section(lines: &mut Vec<String>, title: &str, items: impl ExactSizeIterator<Item = String>) {
    if items.len() > 0 {
        lines.push(format!("{title}: {}", items.len()));
        lines.extend(items.map(|item| format!("  {item}")));
    }
}

fn finding_line(finding: &FindingChange) -> String {
    let word = |status: Option<FindingStatus>| status.map_or("none", FindingStatus::as_str);
    let why = finding.why.as_ref().map(|why| format!(" ({})", shown(why))).unwrap_or_default();
    format!(
        "{:<8} {} {}: {}: {} → {}{why}",
        finding.severity.as_str(),
        shown(&finding.check),
        shown(&finding.target),
        shown(&finding.resource),
        word(finding.from),
        word(finding.to),
    )
}

fn resource_line(resource: &ResourceName) -> String {
    format!("{} {}: {}", shown(&resource.kind), shown(&resource.target), shown(&resource.id))
}

fn gap_line(gap: &GapName) -> String {
    format!("{}: {} of {}: {}", shown(&gap.target), shown(&gap.operation), shown(&gap.subject), shown(&gap.message))
}
