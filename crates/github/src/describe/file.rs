//! The words of a type's description file.

use super::Shape;
use annexa_source::Spanned;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A resource type: one YAML file below `github/types/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeFile {
    /// `github.repository`.
    #[serde(rename = "type")]
    pub(crate) name: Spanned<String>,
    /// What people call one.
    pub(crate) title: String,
    /// Where resources of this type are found; all places are read.
    pub(crate) found: Vec<Found>,
    /// The resource's own identity, over all scans.
    pub(crate) id: Spanned<Template>,
    /// The name that people use.
    #[serde(rename = "name")]
    pub(crate) label: Spanned<Template>,
    /// Names for the paths of calls about a resource; children have them too.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Template>,
    /// The facts, by their names.
    pub(crate) facts: BTreeMap<String, Fact>,
    /// Other resources that belong to one.
    #[serde(default)]
    pub(crate) relations: BTreeMap<String, RelationWords>,
    /// When checks do not ask a resource.
    #[serde(default)]
    pub(crate) excluded: Option<Condition>,
    /// Paths to numbers whose sum is an independent count.
    #[serde(default)]
    pub(crate) counted: Vec<String>,
    /// What to tell people when fewer were listed than counted.
    #[serde(default)]
    pub(crate) uncounted_remedy: Option<String>,
}

/// A place where resources are found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    /// The fact that each found item becomes; it also says how the list is asked.
    pub(crate) fact: Spanned<String>,
    /// The type of the resources below each of which the list is asked; none: once.
    #[serde(default)]
    pub(crate) each: Option<Spanned<String>>,
    /// The item is a part of the resource above, at this path; nothing is asked.
    #[serde(default)]
    pub(crate) part: Option<Spanned<String>>,
    /// Resources above that are not asked.
    #[serde(default)]
    pub(crate) skip: Option<Condition>,
    /// How this list is asked, where the fact's own words do not say it (a second place).
    #[serde(default)]
    pub(crate) get: Option<Spanned<String>>,
    /// With `get`: the permission.
    #[serde(default)]
    pub(crate) permission: Option<String>,
}

/// One fact: where it comes from and what of it is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    /// A REST call: path template, with query parameters where it needs some.
    #[serde(default)]
    pub(crate) get: Option<Spanned<String>>,
    /// A GraphQL query.
    #[serde(default)]
    pub(crate) query: Option<Query>,
    /// The fact is looked up in a list that is asked once.
    #[serde(default)]
    pub(crate) lookup: Option<Lookup>,
    /// The call is made for each value of a member of another fact's items; the fact is the list of answers.
    #[serde(default)]
    pub(crate) gather: Option<Gather>,
    /// A named function over other facts.
    #[serde(default)]
    pub(crate) function: Option<Spanned<String>>,
    /// The facts that the function reads.
    #[serde(default)]
    pub(crate) of: Vec<Spanned<String>>,
    /// The member of the answer that holds the list or object.
    #[serde(default)]
    pub(crate) at: Option<String>,
    /// The permission that the call needs, as in GitHub's `X-Accepted-GitHub-Permissions`: `administration=read`.
    #[serde(default)]
    pub(crate) permission: Option<String>,
    /// What statuses other than 200 mean.
    #[serde(default)]
    pub(crate) on: Vec<On>,
    /// What missing members mean.
    #[serde(default)]
    pub(crate) missing: Vec<Missing>,
    /// When the call is not made.
    #[serde(default)]
    pub(crate) skip: Option<Condition>,
    /// What is kept.
    pub(crate) fields: Shape,
}

/// A GraphQL query; its selection is made of the fact's fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// The operation's name: `repositories`.
    pub(crate) name: Spanned<String>,
    /// The root field with its arguments: `organization(login: $org)`.
    pub(crate) root: String,
    /// The connection below it that is paged, with its own arguments: `repositories(orderBy: …)`; none: one object.
    #[serde(default)]
    pub(crate) connection: Option<String>,
    /// The items are the connection's edges, not its nodes.
    #[serde(default)]
    pub(crate) edges: bool,
    /// How many a page.
    #[serde(default)]
    pub(crate) page: Option<u32>,
    /// Other root fields, beside the budget that each query asks for.
    #[serde(default)]
    pub(crate) beside: BTreeMap<String, Shape>,
}

/// A fact that stands in a list about all resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    /// The list: a REST call.
    pub(crate) get: Spanned<String>,
    /// The member of an item that names the resource.
    pub(crate) key: String,
    /// The path on the resource that equals it.
    pub(crate) equals: String,
    /// The member of the item that is the fact; none: whether there is an item.
    #[serde(default)]
    pub(crate) take: Option<String>,
}

impl Fact {
    /// As checks see it.
    pub(crate) fn schema(&self) -> annexa_model::Field {
        let field = self.fields.field();
        if self.gather.is_some() { annexa_model::Field::List(Box::new(field)) } else { field }
    }
}

/// One call for each distinct value in a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gather {
    /// The fact whose items hold the values.
    pub(crate) from: Spanned<String>,
    /// The member that holds one.
    pub(crate) member: String,
    /// Its name in the path.
    #[serde(rename = "as")]
    pub(crate) name: String,
}

/// What an answer with another status means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct On {
    /// The HTTP status.
    pub(crate) status: u16,
    /// A part of the message, without case.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// Only when this path of the resource is known and true.
    #[serde(default, rename = "if")]
    pub(crate) condition: Option<String>,
    /// What it means.
    pub(crate) is: Meaning,
    /// Why, for people.
    #[serde(default)]
    pub(crate) because: Option<String>,
}

/// The meanings of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Meaning {
    /// There is none.
    Absent,
    /// The plan or licence does not have the feature, so there is none.
    NotInPlan,
    /// The caller may not see it.
    Denied,
    /// The value is true.
    Yes,
    /// The value is false.
    No,
    /// The list is empty.
    Empty,
}

/// What members that are missing or null mean. Without a rule: there is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Missing {
    /// The members, as dotted paths.
    pub(crate) fields: Vec<String>,
    /// A false is no answer either: GitHub says it to those who may not know.
    #[serde(default)]
    pub(crate) also_false: bool,
    /// They are shown when this path of the resource is known and true; then missing is absent after all.
    #[serde(default)]
    pub(crate) unless: Option<String>,
    /// Why they are hidden, for people.
    pub(crate) because: String,
}

/// A condition on a resource (`settings.isArchived`) or on the one above it (`parent.settings.isArchived`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    /// The path that must be known and true.
    #[serde(rename = "if")]
    pub(crate) path: String,
    /// Why, for people.
    pub(crate) because: String,
}

/// A relation, as [`annexa_model::Relation`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationWords {
    /// The type on the other side.
    pub(crate) to: Spanned<String>,
    /// The path on this side.
    pub(crate) here: String,
    /// The path on the other side.
    pub(crate) there: String,
    /// Whether there can be many.
    #[serde(default)]
    pub(crate) many: bool,
}

/// Text with `{path}` places: paths into the resource's facts, or its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Template(String);

impl Template {
    /// The names between braces.
    pub(crate) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }

    /// Fills the places; none when one of them has no value.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(&value(name)?);
            rest = tail;
        }
        filled.push_str(rest);
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fill_or_say_that_they_cannot() {
        let template = Template("{owner}/{settings.name}".to_owned());
        assert_eq!(template.places().collect::<Vec<_>>(), ["owner", "settings.name"]);
        let fill = |name: &str| (name == "owner").then(|| "acme".to_owned());
        assert_eq!(template.fill(fill), None);
        assert_eq!(template.fill(|_| Some("x".to_owned())).as_deref(), Some("x/x"));
    }
}
