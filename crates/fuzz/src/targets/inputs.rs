//! Statement of Applicability, exceptions, manual evidence.

use super::{choice, seed};
use crate::demo;
use crate::rules::{rules, said};
use annexa_annex::{Exceptions, ManualEvidence, RollUp, Statement, roll_up};
use annexa_source::SourceFile;

pub(crate) fn run(data: &[u8]) {
    let (which, data) = choice(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = SourceFile::new("some.yaml", text);
    let catalogue = &rules().catalogue;
    let (mut statement, mut manual) = (None, ManualEvidence::default());
    let errors = match which % 3 {
        0 => Statement::parse(&file, catalogue).map(|read| statement = Some(read)).err(),
        1 => {
            let ids = ["aws.s3.bucket-allows-only-tls", "github.org.members-have-2fa"];
            Exceptions::parse(&file, &ids).map(|read| read.apply(&mut [], &mut [], demo::as_of())).err()
        }
        _ => ManualEvidence::parse(&file, catalogue).map(|read| manual = read).err(),
    };
    said(&errors.unwrap_or_default());
    let _ = roll_up(RollUp {
        catalogue,
        checks: &[],
        findings: &[],
        statement: statement.as_ref(),
        manual: &manual,
        as_of: demo::as_of(),
    });
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = ["soa.yaml", "exceptions.yaml", "manual-evidence.yaml"];
    let mut seeds = Vec::new();
    for (number, name) in files.iter().enumerate() {
        let text = demo::text(&format!("company/{name}"));
        // whole lines, so that what is cut off is still a file of its kind
        let mut short = String::new();
        for line in text.split_inclusive('\n') {
            if short.len() < 4096 {
                short.push_str(line);
            }
        }
        seeds.push(seed(&[number], short));
    }
    seeds
}
