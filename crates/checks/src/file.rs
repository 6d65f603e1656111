//! A check file as it stands on disk: the keys, before anything is compiled.

use annexa_model::{ControlReason, EvidenceKind, Severity, Strength};
use annexa_source::Spanned;
use serde::Deserialize as DeriveDeserialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;

/// One check file. Every key that the path or the schema already says is left out.
#[derive(Debug, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckFile {
    pub(crate) title: Spanned<String>,
    pub(crate) severity: Severity,
    #[serde(default = "implementation")]
    pub(crate) evidence: EvidenceKind,
    pub(crate) each: Option<Spanned<String>>,
    pub(crate) given: Option<Spanned<GivenFile>>,
    pub(crate) applies: Option<Spanned<String>>,
    pub(crate) not_applicable: Option<String>,
    #[serde(default, rename = "let")]
    pub(crate) lets: Pairs<Spanned<String>>,
    pub(crate) pass: Option<Spanned<String>>,
    pub(crate) manual: Option<Spanned<String>>,
    pub(crate) hand_in: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) observe: Vec<Spanned<String>>,
    pub(crate) fail: Spanned<String>,
    pub(crate) controls: Pairs<ReasonFile>,
    pub(crate) why: Spanned<String>,
    pub(crate) fix: FixFile,
    #[serde(default)]
    pub(crate) see: Vec<String>,
    #[serde(default)]
    pub(crate) aliases: Vec<Spanned<String>>,
    pub(crate) deprecated: Option<String>,
    #[serde(default)]
    pub(crate) examples: crate::examples::ExamplesFile,
}

fn implementation() -> EvidenceKind {
    EvidenceKind::Implementation
}

/// Two sets that are compared.
#[derive(Debug, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenFile {
    pub(crate) left: SideFile,
    pub(crate) right: SideFile,
    pub(crate) expect: Expect,
}

/// One of the two sets.
#[derive(Debug, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SideFile {
    #[serde(rename = "type")]
    pub(crate) kind: Spanned<String>,
    #[serde(rename = "where")]
    pub(crate) filter: Option<Spanned<String>>,
    pub(crate) key: Spanned<String>,
}

/// What must hold between the two sets of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveDeserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// Each left one has a right one with the same key. Findings name the left ones.
    EachLeftInRight,
    /// Each right one has a left one with the same key. Findings name the right ones.
    EachRightInLeft,
    /// No left one has a right one with the same key. Findings name the left ones.
    NoLeftInRight,
    /// Each left one has exactly one right one, which no other left one has. Findings name the left ones.
    OneToOne,
    /// Nothing but what `pass` says of a row. Findings name the left ones.
    Pass,
}

impl Expect {
    /// Whether findings name the resources of the right side.
    pub(crate) fn asks_right(self) -> bool {
        self == Expect::EachRightInLeft
    }

    /// In words, for people.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Expect::EachLeftInRight | Expect::EachRightInLeft => "each has a counterpart",
            Expect::NoLeftInRight => "none has a counterpart",
            Expect::OneToOne => "each has exactly one counterpart of its own",
            Expect::Pass => "the rule holds for each with its counterparts",
        }
    }
}

/// `{direct: reason}` or `{supporting: reason}`.
#[derive(Debug, DeriveDeserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonFile {
    Direct(String),
    Supporting(String),
}

impl ReasonFile {
    pub(crate) fn reason(&self) -> ControlReason {
        match self {
            ReasonFile::Direct(reason) => ControlReason { strength: Strength::Direct, reason: reason.clone() },
            ReasonFile::Supporting(reason) => ControlReason { strength: Strength::Supporting, reason: reason.clone() },
        }
    }
}

/// How to mend a fail, by means.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixFile {
    cli: Option<String>,
    terraform: Option<String>,
    console: Option<String>,
    text: Option<String>,
}

impl FixFile {
    /// The means that are given.
    pub(crate) fn by_means(&self) -> BTreeMap<String, String> {
        [("cli", &self.cli), ("terraform", &self.terraform), ("console", &self.console), ("text", &self.text)]
            .into_iter()
            .filter_map(|(means, text)| Some((means.to_owned(), text.as_ref()?.trim().to_owned())))
            .collect()
    }
}

/// A mapping whose keys keep their order and their places.
#[derive(Debug)]
pub(crate) struct Pairs<T>(pub(crate) Vec<(Spanned<String>, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}
