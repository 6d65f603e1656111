//! The targets, by what they read.

mod answers;
mod bundles;
mod checks;
mod documents;
mod inputs;
mod rule_files;
mod sealed;
mod tape;
mod yaml;

use crate::Target;

const KIB: usize = 1024;

/// Words of JSON.
const JSON: &[&str] =
    &["null", "true", "[]", "{}", "\"\"", "[[[[[[[[", "{\"a\":", "1e999", "-9223372036854775809", "\\ud800", ","];
/// Words of XML and JSON.
const ANSWER: &[&str] = &[
    "<",
    "</",
    "/>",
    "<![CDATA[",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&b;",
    "&#0;",
    "&lt;",
    "<member>",
    "<item>",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "[[[[[[[[",
    "1e999",
];
/// Words of YAML.
const YAML: &[&str] = &[
    "---\n",
    "...\n",
    "- ",
    ": ",
    "? ",
    "| \n",
    ">-\n",
    "&a ",
    "*a",
    "!!binary ",
    "!absent",
    "<<: *a",
    "{",
    "[",
    "\"",
    "'",
    "# ",
    "\n  ",
    "%YAML 1.2\n",
    "~",
    "null",
    "0x7f",
    "1_000",
    ".inf",
    "2026-01-01",
];
/// Words of rules.
const CEL: &[&str] = &[
    "resource.",
    "has(",
    "or(",
    ".all(i, ",
    ".exists(i, ",
    ".exists_one(i, ",
    ".filter(i, ",
    ".map(i, ",
    "size(",
    "matches(",
    "glob(",
    "cidr(",
    "timestamp(",
    "duration(",
    "string(",
    "int(",
    "double(",
    "&&",
    "||",
    "!",
    "?",
    ":",
    "==",
    " in ",
    "+",
    "-",
    "*",
    "/",
    "%",
    "[0]",
    "['a']",
    "as_of",
    "9223372036854775807",
    "r'",
    "'''",
    "(((((((",
    "{}",
    "\0",
];

/// All targets.
pub(crate) const ALL: &[Target] = &[
    Target { name: "yaml", max_len: 8 * KIB, words: YAML, seeds: yaml::seeds, run: yaml::run },
    Target { name: "cel", max_len: 4 * KIB, words: CEL, seeds: checks::cel_seeds, run: checks::cel },
    Target { name: "bundle-zip", max_len: 32 * KIB, words: bundles::ZIP, seeds: bundles::zip_seeds, run: bundles::zip },
    Target { name: "aws-answer", max_len: 16 * KIB, words: ANSWER, seeds: answers::aws_seeds, run: answers::aws },
    Target {
        name: "document",
        max_len: 16 * KIB,
        words: YAML,
        seeds: documents::document_seeds,
        run: documents::document,
    },
    Target { name: "check-file", max_len: 16 * KIB, words: YAML, seeds: checks::file_seeds, run: checks::file },
    Target { name: "tape", max_len: 16 * KIB, words: JSON, seeds: tape::seeds, run: tape::run },
    Target {
        name: "kubernetes-answer",
        max_len: 16 * KIB,
        words: JSON,
        seeds: answers::kubernetes_seeds,
        run: answers::kubernetes,
    },
    Target {
        name: "github-answer",
        max_len: 16 * KIB,
        words: JSON,
        seeds: answers::github_seeds,
        run: answers::github,
    },
    Target {
        name: "register",
        max_len: 16 * KIB,
        words: YAML,
        seeds: documents::register_seeds,
        run: documents::register,
    },
    Target {
        name: "bundle-manifest",
        max_len: 16 * KIB,
        words: JSON,
        seeds: bundles::manifest_seeds,
        run: bundles::manifest,
    },
    Target {
        name: "bundle-envelope",
        max_len: 16 * KIB,
        words: JSON,
        seeds: bundles::envelope_seeds,
        run: bundles::envelope,
    },
    Target { name: "bundle-lines", max_len: 16 * KIB, words: JSON, seeds: sealed::seeds, run: sealed::run },
    Target { name: "inputs", max_len: 8 * KIB, words: YAML, seeds: inputs::seeds, run: inputs::run },
    Target { name: "rules", max_len: 64 * KIB, words: YAML, seeds: rule_files::seeds, run: rule_files::run },
];

/// A number out of the first byte, and the rest.
fn choice(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| ((*first).into(), rest))
}

/// A seed: numbers out of which [`choice`] reads, then text.
fn seed(choices: &[usize], text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut seed: Vec<u8> = choices.iter().map(|choice| choice.to_le_bytes()[0]).collect();
    seed.extend_from_slice(text.as_ref());
    seed
}
