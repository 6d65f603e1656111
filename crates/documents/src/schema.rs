//! The shapes of the resource types, made of the kinds' descriptions.

use crate::columns::Column;
use crate::kinds::{Kinds, RelationRule};
use annexa_model::{Field, Relation, ScalarKind, TypeSchema};
use std::collections::BTreeMap;

const STRING: Field = Field::Scalar(ScalarKind::String);
const INT: Field = Field::Scalar(ScalarKind::Int);
const BOOL: Field = Field::Scalar(ScalarKind::Bool);
const TIME: Field = Field::Scalar(ScalarKind::Timestamp);

/// All types that documents give: one for each kind of document and register, and `document.library`.
pub(crate) fn schemas(kinds: &Kinds) -> Vec<TypeSchema> {
    let documents = kinds.documents.iter().map(|(word, kind)| TypeSchema {
        name: format!("document.{word}"),
        title: kind.title.clone(),
        fields: document_fields(kinds, word),
        relations: relations(&kinds.header.relations),
    });
    let registers = kinds.registers.iter().map(|(word, kind)| TypeSchema {
        name: format!("register.{word}"),
        title: kind.title.clone(),
        fields: row_fields(&kind.columns),
        relations: relations(&kind.relations),
    });
    documents.chain(registers).chain([library(kinds)]).collect()
}

/// The name of the fact that a column gives.
pub(crate) fn fact_name<'a>(name: &'a str, column: &'a Column) -> &'a str {
    column.fact.as_deref().unwrap_or(name)
}

fn document_fields(kinds: &Kinds, word: &str) -> BTreeMap<String, Field> {
    let mut fields: BTreeMap<String, Field> = kinds
        .keys_of(word)
        .into_iter()
        .map(|(name, column)| (fact_name(name, column).to_owned(), column.field()))
        .collect();
    let front_matter =
        object([("state", STRING), ("missing", strings()), ("unknown_keys", strings()), ("problems", strings())]);
    let body = object([
        ("digest", STRING),
        ("words", INT),
        ("empty", BOOL),
        ("headings", strings()),
        ("links", strings()),
        ("placeholders", list(object([("text", STRING), ("line", INT)]))),
    ]);
    fields.extend([
        ("path".to_owned(), STRING),
        ("front_matter".to_owned(), front_matter),
        ("body".to_owned(), body),
        ("work_tree".to_owned(), STRING),
        ("review".to_owned(), object([("max_days", INT), ("interval_days", INT)])),
        ("controls".to_owned(), object([("known", strings()), ("unknown", strings())])),
        ("same_id".to_owned(), strings()),
        ("history".to_owned(), history()),
        ("repository".to_owned(), repository()),
        ("rows".to_owned(), INT),
        ("codeowners".to_owned(), strings()),
    ]);
    fields
}

fn history() -> Field {
    let person = || object([("name", STRING), ("email", STRING)]);
    let commit = || {
        object([
            ("commit", STRING),
            ("author", person()),
            ("authored_at", TIME),
            ("committer", person()),
            ("committed_at", TIME),
            ("merge", BOOL),
            ("signature", STRING),
            ("approved_by", strings()),
            ("path", STRING),
            ("version", STRING),
            ("approved_on", STRING),
            ("body_digest", STRING),
            ("body_changed", BOOL),
            ("version_changed", BOOL),
            ("first", BOOL),
        ])
    };
    object([
        ("grade", STRING),
        ("commits", list(commit())),
        ("last_commit", commit()),
        ("last_body_change", commit()),
        ("body_changes_without_new_version", strings()),
    ])
}

fn repository() -> Field {
    object([("host", STRING), ("name", STRING), ("branch", STRING), ("commit", STRING), ("folder", STRING)])
}

fn row_fields(columns: &BTreeMap<String, Column>) -> BTreeMap<String, Field> {
    let mut fields: BTreeMap<String, Field> =
        columns.iter().map(|(name, column)| (fact_name(name, column).to_owned(), column.field())).collect();
    fields.extend([
        ("key".to_owned(), STRING),
        ("aliases".to_owned(), strings()),
        ("missing".to_owned(), strings()),
        ("problems".to_owned(), strings()),
        ("same_key".to_owned(), list(INT)),
        ("register".to_owned(), object([("path", STRING), ("line", INT), ("work_tree", STRING)])),
    ]);
    fields
}

fn library(kinds: &Kinds) -> TypeSchema {
    let expected = || {
        object([
            ("title", STRING),
            ("asked_by", strings()),
            ("found", BOOL),
            ("path", STRING),
            ("empty", BOOL),
            ("placeholders", INT),
            ("rows", INT),
            ("status", STRING),
        ])
    };
    let expected = Field::Object(kinds.library.keys().map(|name| (name.clone(), expected())).collect());
    let fields = [
        ("expected", expected),
        ("missing", strings()),
        ("documents", INT),
        ("registers", INT),
        ("skipped", list(object([("path", STRING), ("why", STRING)]))),
        ("unreadable", strings()),
        ("uncommitted", strings()),
        ("deleted", strings()),
        ("repository", repository()),
    ];
    TypeSchema {
        name: "document.library".to_owned(),
        title: "documents folder".to_owned(),
        fields: fields.map(|(name, field)| (name.to_owned(), field)).into(),
        relations: BTreeMap::new(),
    }
}

fn relations(rules: &BTreeMap<String, RelationRule>) -> BTreeMap<String, Relation> {
    let relation = |rule: &RelationRule| Relation {
        to: rule.to.clone(),
        here: rule.here.clone(),
        there: rule.there.clone(),
        many: rule.many,
    };
    rules.iter().map(|(name, rule)| (name.clone(), relation(rule))).collect()
}

fn object<const N: usize>(members: [(&str, Field); N]) -> Field {
    Field::Object(members.map(|(name, field)| (name.to_owned(), field)).into())
}

fn list(of: Field) -> Field {
    Field::List(Box::new(of))
}

fn strings() -> Field {
    list(STRING)
}
