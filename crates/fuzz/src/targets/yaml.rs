//! YAML with positions, into shapes like those of annexa.yaml.

use crate::demo;
use crate::rules::said;
use annexa_model::{Date, Kind, Timestamp};
use annexa_source::{SourceFile, Spanned};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// All that our own files make of YAML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Shapes {
    organization: Spanned<String>,
    #[serde(default)]
    edition: Option<Spanned<String>>,
    #[serde(default)]
    period: Option<Spanned<Period>>,
    #[serde(default)]
    targets: Vec<Spanned<Entry>>,
    #[serde(default)]
    checks: Vec<Spanned<String>>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    ratio: Option<f64>,
    #[serde(default)]
    by_name: BTreeMap<String, Spanned<Value>>,
    /// As deep as the reader lets it be.
    #[serde(default)]
    inside: Option<Box<Shapes>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Period {
    from: Date,
    to: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Entry {
    name: Spanned<String>,
    kind: Spanned<Kind>,
    #[serde(default)]
    account: Option<Spanned<String>>,
    #[serde(default)]
    organization: Option<Spanned<Organization>>,
    #[serde(default)]
    count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Organization {
    Fleet(bool),
    Name(String),
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = SourceFile::new("some.yaml", text);
    for error in [
        file.parse_yaml::<Shapes>().err(),
        file.parse_yaml::<Value>().err(),
        file.parse_yaml::<Spanned<BTreeMap<String, Vec<String>>>>().err(),
        file.parse_yaml::<annexa_model::Target>().err(),
    ] {
        said(error.as_slice());
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = ["annexa.yaml", "exceptions.yaml", "soa.yaml", "manual-evidence.yaml"]
        .iter()
        .map(|name| demo::text(&format!("company/{name}")).chars().take(6000).collect::<String>().into_bytes())
        .collect();
    let written = "organization: a\nat: 2026-01-01T00:00:00Z\nratio: 1.5\nby_name: {a: [1, {b: ~}], c: &x d, e: *x}\n\
                   inside:\n  organization: |\n    b\n  targets: [{name: a, kind: aws, organization: true}]\n";
    seeds.push(written.as_bytes().to_vec());
    seeds.push(b"name: a\nkind: kubernetes\nnamespaces: {exclude: [a]}\n".to_vec());
    seeds.push(b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n".to_vec());
    seeds
}
