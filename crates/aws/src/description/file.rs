//! A service description as it is written. The vocabulary is closed: an unknown key is an error with its place.

use super::codec::{Codec, ColumnKind};
use annexa_source::Spanned;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// `aws/services/<service>.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescriptionFile {
    /// The service's name for people.
    pub(crate) title: String,
    /// The name in botocore; the file's name when absent.
    pub(crate) service: Option<String>,
    #[serde(default)]
    pub(crate) region_scope: RegionScope,
    /// The prefix of its IAM actions; the signing name when absent.
    pub(crate) iam_prefix: Option<String>,
    #[serde(default)]
    pub(crate) decode: BTreeMap<String, Codec>,
    #[serde(default)]
    pub(crate) sensitive: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) personal: Vec<Spanned<String>>,
    /// Error codes that mean: the service is not enabled here.
    pub(crate) not_applicable_on: Option<Spanned<Words>>,
    /// Calls that several facts share; made once an account (and region).
    #[serde(default)]
    pub(crate) shared: BTreeMap<String, Spanned<FactSpec>>,
    #[serde(default)]
    pub(crate) types: BTreeMap<String, Spanned<TypeSpec>>,
    /// Facts that this service adds to another service's types.
    #[serde(default)]
    pub(crate) extends: BTreeMap<String, Spanned<Extension>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegionScope {
    #[default]
    Regional,
    Global,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnePer {
    Account,
    Region,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeSpec {
    pub(crate) title: String,
    /// There is one of it in each account or region; nothing needs to be listed.
    pub(crate) one_per: Option<OnePer>,
    /// The call that lists them, or several that lead to it.
    pub(crate) list: Option<Spanned<Steps>>,
    pub(crate) id: Option<Spanned<String>>,
    pub(crate) name: Option<Spanned<String>>,
    /// Where a resource's own calls are asked, when not where it was listed; the first that is known.
    pub(crate) region: Option<Spanned<Words>>,
    pub(crate) region_scope: Option<RegionScope>,
    /// Parameters of all calls below that have them.
    #[serde(default, rename = "for")]
    pub(crate) bind: BTreeMap<String, Spanned<String>>,
    /// An independent count of the source's own.
    pub(crate) counted: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) facts: BTreeMap<String, Spanned<FactSpec>>,
    #[serde(default)]
    pub(crate) lookup: BTreeMap<String, Spanned<LookupSpec>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    #[serde(default, rename = "for")]
    pub(crate) bind: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(crate) facts: BTreeMap<String, Spanned<FactSpec>>,
    #[serde(default)]
    pub(crate) lookup: BTreeMap<String, Spanned<LookupSpec>>,
}

/// One call on the way to a list of resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepSpec {
    pub(crate) call: Option<Spanned<String>>,
    /// A call of the file's `shared` in place of `call`.
    pub(crate) shared: Option<Spanned<String>>,
    /// Where the items stand in the answer; the answer itself when absent.
    pub(crate) items: Option<Spanned<String>>,
    /// The name of an item; in the last step the last word of the type.
    #[serde(rename = "as")]
    pub(crate) name: Option<String>,
    /// The parameter that takes the items of the step before, `batch` of them at once.
    pub(crate) into: Option<Spanned<String>>,
    pub(crate) batch: Option<Spanned<usize>>,
    #[serde(default, rename = "for")]
    pub(crate) bind: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(crate) with: BTreeMap<String, Spanned<serde_json::Value>>,
    #[serde(default)]
    pub(crate) decode: BTreeMap<String, Codec>,
    pub(crate) absent_on: Option<Spanned<Words>>,
    pub(crate) not_applicable_on: Option<Spanned<Words>>,
    pub(crate) permission: Option<String>,
}

/// A fact: the name of an operation alone, or one of the three forms.
#[derive(Debug, Default)]
pub(crate) struct FactSpec(pub(crate) FactForm);

/// `call: …`, `merge: …` or `fact: …` with its other keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactForm {
    pub(crate) call: Option<Spanned<String>>,
    #[serde(default, rename = "for")]
    pub(crate) bind: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(crate) with: BTreeMap<String, Spanned<serde_json::Value>>,
    /// One call for each value of a list of another fact; gives a list of answers.
    pub(crate) for_each: Option<Spanned<String>>,
    /// With `for_each`: the parameter that takes the value, or `batch` of them.
    pub(crate) into: Option<Spanned<String>>,
    pub(crate) batch: Option<Spanned<usize>>,
    #[serde(default)]
    pub(crate) decode: BTreeMap<String, Codec>,
    /// The columns of a decoded CSV with their kinds; others are left out.
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnKind>,
    pub(crate) absent_on: Option<Spanned<Words>>,
    pub(crate) not_applicable_on: Option<Spanned<Words>>,
    pub(crate) permission: Option<String>,
    pub(crate) poll: Option<Spanned<PollSpec>>,
    #[serde(default)]
    pub(crate) ask_in: Option<RegionScope>,
    /// Rows of a shared call: `report.Content`.
    pub(crate) merge: Option<Spanned<String>>,
    /// `{path in a row: path in the resource}`; the row where they are equal.
    #[serde(default)]
    pub(crate) by: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(crate) many: bool,
    /// The name of a fact function.
    pub(crate) fact: Option<Spanned<String>>,
    pub(crate) of: Option<Spanned<Words>>,
}

/// A call that starts something, repeated until its answer says that it is done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollSpec {
    pub(crate) call: Spanned<String>,
    pub(crate) until: BTreeMap<String, String>,
    pub(crate) permission: Option<String>,
}

/// Another type whose value at `there` equals the value at `here`, also in other regions and accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupSpec {
    #[serde(rename = "type")]
    pub(crate) to: Spanned<String>,
    pub(crate) here: Spanned<String>,
    pub(crate) there: Spanned<String>,
    #[serde(default)]
    pub(crate) many: bool,
}

/// One step, or a list of them.
#[derive(Debug)]
pub(crate) struct Steps(pub(crate) Vec<StepSpec>);

/// One word, or a list of them.
#[derive(Debug, Default)]
pub(crate) struct Words(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for FactSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FactVisitor;
        impl<'de> Visitor<'de> for FactVisitor {
            type Value = FactSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an operation, or `call: …`, `merge: …`, `fact: …`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<FactSpec, E> {
                let place = annexa_source::Location::UNKNOWN;
                let call = Some(Spanned::new(name.to_owned(), place, place));
                Ok(FactSpec(FactForm { call, ..FactForm::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FactSpec, A::Error> {
                FactForm::deserialize(MapAccessDeserializer::new(map)).map(FactSpec)
            }
        }
        deserializer.deserialize_any(FactVisitor)
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StepsVisitor;
        impl<'de> Visitor<'de> for StepsVisitor {
            type Value = Steps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`{call: …, items: …}` or a list of such steps")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Steps, A::Error> {
                Ok(Steps(vec![StepSpec::deserialize(MapAccessDeserializer::new(map))?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Steps, A::Error> {
                elements(list).map(Steps)
            }
        }
        deserializer.deserialize_any(StepsVisitor)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsVisitor;
        impl<'de> Visitor<'de> for WordsVisitor {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Words, A::Error> {
                elements(list).map(Words)
            }
        }
        deserializer.deserialize_any(WordsVisitor)
    }
}

fn elements<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut list: A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = list.next_element()? {
        items.push(item);
    }
    Ok(items)
}
