//! Names of evidence files: `<kind>/<target>/<operation>[.<region>].jsonl`.

use annexa_model::{Exchange, Kind, short_hash};

/// Longest name of a file or folder, in bytes.
const LONGEST: usize = 150;
/// Longest name of the operation's part, so that region and ending find room.
const LONGEST_OPERATION: usize = 100;
/// Longest name of the region's part.
const LONGEST_REGION: usize = 40;

/// One evidence file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidenceFile {
    /// Path below `evidence/`: `aws/prod/s3.GetBucketPolicy.eu-central-1.jsonl`.
    pub path: String,
}

impl EvidenceFile {
    /// The file that an exchange belongs to. Operations with much the same name may share one.
    #[must_use]
    pub fn of(exchange: &Exchange) -> Self {
        let folder = folder(exchange.kind, &exchange.target);
        let operation = operation_name(&exchange.operation);
        let path = match exchange.region.as_deref() {
            Some(region) => format!("{folder}{operation}.{}.jsonl", region_name(region)),
            None => format!("{folder}{operation}.jsonl"),
        };
        Self { path }
    }
}

/// The folder of a target, with a `/` at its end.
pub(super) fn folder(kind: Kind, target: &str) -> String {
    format!("{kind}/{}/", part(target, LONGEST))
}

/// `GET /orgs/{org}/hooks` is `GET.orgs.org.hooks`.
pub(super) fn operation_name(operation: &str) -> String {
    part(operation, LONGEST_OPERATION)
}

fn region_name(region: &str) -> String {
    part(region, LONGEST_REGION).replace('.', "-")
}

/// A text as a part of a path that every file system takes. The usual separators become dots; where anything else
/// is lost, a hash of the whole text keeps the names apart.
fn part(text: &str, longest: usize) -> String {
    let mut name = String::new();
    let mut lost = false;
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => name.push(c),
            ' ' | '/' | ':' | '.' | '{' | '}' => dot(&mut name),
            _ => {
                lost = true;
                dot(&mut name);
            }
        }
    }
    let mut name = name.trim_matches('.').to_owned();
    if lost || name.is_empty() || name.len() > longest || is_device(&name) {
        let hash = &short_hash(&[text])[..8];
        name.truncate(longest - hash.len() - 1);
        name = format!("{}-{hash}", name.trim_matches('.'));
        if is_device(&name) || name.starts_with('-') {
            name.insert(0, '_');
            name.truncate(longest);
        }
    }
    name
}

/// No two dots in a row, so that `..` can't be.
fn dot(name: &mut String) {
    if !name.ends_with('.') {
        name.push('.');
    }
}

/// Names that Windows keeps for devices, with any ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit())
}
