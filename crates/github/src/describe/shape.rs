//! Which members of an answer are kept, what they are, and what is hidden in them: one notation for the schema that
//! checks see, for redaction, and for the selection of a GraphQL query.

use annexa_model::{Field, ScalarKind};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A single value.
    Value(Word),
    /// An object; only these members are kept. The keys are [`Member`] notations.
    Object(BTreeMap<Member, Shape>),
    /// A list.
    List(Box<Shape>),
    /// An object whose keys are data.
    Map(Box<Shape>),
}

/// The words for single values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    String,
    Int,
    Number,
    Bool,
    Time,
    /// A login: stays, but for `privacy: strict`.
    Login,
    /// A display name or an e-mail address: becomes a pseudonym.
    Personal,
    /// An address: only scheme and host stay, because path, query and user info often carry a secret.
    Host,
    /// A secret of which only the presence counts: becomes `********`.
    Presence,
    /// Anything, kept whole.
    Any,
}

/// The words, in the order in which an error lists them.
const WORDS: [(&str, Word); 10] = [
    ("string", Word::String),
    ("int", Word::Int),
    ("number", Word::Number),
    ("bool", Word::Bool),
    ("time", Word::Time),
    ("login", Word::Login),
    ("personal", Word::Personal),
    ("host", Word::Host),
    ("presence", Word::Presence),
    ("any", Word::Any),
];

/// The name of a member. For GraphQL with alias and arguments as in a query: `open: alerts(states: OPEN)`,
/// or a type condition: `... on User`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member(String);

impl Member {
    /// As it stands in a query's selection.
    pub(crate) fn selection(&self) -> &str {
        &self.0
    }

    /// The key in the answer; none for a type condition, whose members belong to the object around it.
    pub(crate) fn key(&self) -> Option<&str> {
        if self.0.starts_with("...") {
            return None;
        }
        let before_arguments = self.0.split('(').next().unwrap_or("");
        let alias = before_arguments.split(':').next().unwrap_or("");
        Some(alias.trim())
    }

    /// The name of the member itself, without alias and arguments.
    pub(crate) fn name(&self) -> &str {
        let before_arguments = self.0.split('(').next().unwrap_or("");
        before_arguments.rsplit(':').next().unwrap_or("").trim()
    }
}

impl Shape {
    /// The members of an object by their keys in the answer, those of type conditions included.
    pub(crate) fn members(&self) -> BTreeMap<&str, &Shape> {
        let mut members = BTreeMap::new();
        if let Shape::Object(object) = self {
            for (member, shape) in object {
                match member.key() {
                    Some(key) => {
                        members.insert(key, shape);
                    }
                    None => members.extend(shape.members()),
                }
            }
        }
        members
    }

    /// As checks see it.
    pub(crate) fn field(&self) -> Field {
        match self {
            Shape::Value(word) => word.field(),
            Shape::Object(_) => {
                Field::Object(self.members().into_iter().map(|(key, shape)| (key.to_owned(), shape.field())).collect())
            }
            Shape::List(items) => Field::List(Box::new(items.field())),
            Shape::Map(values) => Field::Map(Box::new(values.field())),
        }
    }

    /// Where two shapes of one answer contradict each other.
    pub(crate) fn contradiction(&self, other: &Shape) -> Option<String> {
        match (self, other) {
            (Shape::Object(_), Shape::Object(_)) => {
                let theirs = other.members();
                let both = self.members().into_iter().filter_map(|(key, ours)| Some((key, ours, *theirs.get(key)?)));
                both.into_iter().find_map(|(key, ours, theirs)| {
                    let inside = ours.contradiction(theirs)?;
                    Some(if inside.is_empty() { key.to_owned() } else { format!("{key}.{inside}") })
                })
            }
            (Shape::List(a), Shape::List(b)) | (Shape::Map(a), Shape::Map(b)) => a.contradiction(b),
            (Shape::Value(Word::Any), _) | (_, Shape::Value(Word::Any)) => None,
            (a, b) => (a != b).then(String::new),
        }
    }

    /// What two shapes keep together. `any` gives way; where they contradict each other, nothing is kept.
    pub(crate) fn merge(&self, other: &Shape) -> Shape {
        match (self, other) {
            (Shape::Object(a), Shape::Object(b)) => {
                let mut merged = a.clone();
                for (member, shape) in b {
                    let shape = merged.get(member).map_or_else(|| shape.clone(), |ours| ours.merge(shape));
                    merged.insert(member.clone(), shape);
                }
                Shape::Object(merged)
            }
            (Shape::List(a), Shape::List(b)) => Shape::List(Box::new(a.merge(b))),
            (Shape::Map(a), Shape::Map(b)) => Shape::Map(Box::new(a.merge(b))),
            (a, b) if a == b => a.clone(),
            (Shape::Value(Word::Any), narrower) | (narrower, Shape::Value(Word::Any)) => narrower.clone(),
            _ => Shape::Object(BTreeMap::new()),
        }
    }

    /// An object with one member.
    pub(crate) fn object_of(key: &str, shape: Shape) -> Shape {
        Shape::Object(BTreeMap::from([(Member(key.to_owned()), shape)]))
    }

    /// Names of members that no description may ask for, because their values are secrets.
    pub(crate) fn forbidden(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_forbidden(&mut found);
        found
    }

    fn find_forbidden(&self, found: &mut Vec<String>) {
        match self {
            Shape::Value(_) => {}
            Shape::List(inner) | Shape::Map(inner) => inner.find_forbidden(found),
            Shape::Object(members) => {
                for (member, shape) in members {
                    let presence_only = matches!(shape, Shape::Value(Word::Presence));
                    if SECRET_MEMBERS.contains(&member.name()) && !presence_only {
                        found.push(member.name().to_owned());
                    }
                    shape.find_forbidden(found);
                }
            }
        }
    }
}

/// Members of GitHub's answers whose values are secrets or parts of them.
const SECRET_MEMBERS: [&str; 8] = [
    "temp_clone_token",
    "tempCloneToken",
    "verificationToken",
    "token_last_eight",
    "secret",
    "value",
    "password",
    "token",
];

impl Word {
    fn field(self) -> Field {
        match self {
            Word::Int => Field::Scalar(ScalarKind::Int),
            Word::Number => Field::Scalar(ScalarKind::Double),
            Word::Bool => Field::Scalar(ScalarKind::Bool),
            Word::Time => Field::Scalar(ScalarKind::Timestamp),
            Word::Any => Field::Any,
            Word::String | Word::Login | Word::Personal | Word::Host | Word::Presence => {
                Field::Scalar(ScalarKind::String)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShapeVisitor;

        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word such as `string`, an object of members, or a list of one shape")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
                let word = WORDS.iter().find(|(name, _)| *name == text);
                word.map(|(_, word)| Shape::Value(*word)).ok_or_else(|| {
                    let words: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
                    E::custom(format!("unknown word `{text}`; valid here: {}", words.join(", ")))
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
                let Some(item) = items.next_element()? else {
                    return Err(A::Error::custom("a list needs the shape of its items: `[string]`"));
                };
                match items.next_element::<Shape>()? {
                    None => Ok(Shape::List(Box::new(item))),
                    Some(_) => Err(A::Error::custom("a list has one shape for all its items")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, shape)) = entries.next_entry::<String, Shape>()? {
                    members.insert(Member(name), shape);
                }
                if let Some(values) = members.get(&Member("*".to_owned())) {
                    return match members.len() {
                        1 => Ok(Shape::Map(Box::new(values.clone()))),
                        _ => Err(A::Error::custom("`*` stands for all members and must be alone")),
                    };
                }
                Ok(Shape::Object(members))
            }
        }

        deserializer.deserialize_any(ShapeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Result<Shape, annexa_source::Diagnostic> {
        annexa_source::SourceFile::new("a.yaml", text).parse_yaml()
    }

    #[test]
    fn members_know_their_keys() {
        let member = |text: &str| Member(text.to_owned());
        assert_eq!(member("open: alerts(states: OPEN)").key(), Some("open"));
        assert_eq!(member("open: alerts(states: OPEN)").name(), "alerts");
        assert_eq!(member("alerts(first: 1)").key(), Some("alerts"));
        assert_eq!(member("... on User").key(), None);
    }

    #[test]
    fn type_conditions_belong_to_the_object_around_them() {
        let shape = shape("actor: {__typename: string, '... on User': {login: login}}").unwrap();
        let Field::Object(fields) = shape.field() else { panic!("an object") };
        let Field::Object(actor) = &fields["actor"] else { panic!("an object") };
        assert_eq!(actor.keys().collect::<Vec<_>>(), ["__typename", "login"]);
    }

    #[test]
    fn shapes_of_one_answer_agree_or_contradict() {
        let a = shape("a: {id: any, name: string}").unwrap();
        let b = shape("a: {id: int, more: bool}").unwrap();
        assert_eq!(a.contradiction(&b), None);
        assert_eq!(a.merge(&b), shape("a: {id: int, name: string, more: bool}").unwrap());
        assert_eq!(a.contradiction(&shape("a: {name: personal}").unwrap()).as_deref(), Some("a.name"));
    }

    #[test]
    fn wrong_words_have_a_place() {
        let error = shape("a: string\nb: strong\n").unwrap_err();
        assert!(error.line > 0 && error.message.contains("unknown word `strong`"), "{error}");
        assert!(shape("a: []").is_err());
        assert!(shape("a: {'*': string, b: int}").is_err());
    }

    #[test]
    fn secrets_may_be_asked_for_by_presence_only() {
        assert_eq!(shape("config: {secret: string}").unwrap().forbidden(), ["secret"]);
        assert!(shape("config: {secret: presence}").unwrap().forbidden().is_empty());
    }
}
