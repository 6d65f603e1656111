//! Paths that people write outside of expressions: `observe: [spec.containers[].image]` and `{{name}}` in messages.

use crate::expr::{FactPath, Paths, Root, Scope, Step};
use crate::facts::OWN_MEMBERS;
use crate::place::Text;
use crate::schemas::{Schemas, Ty};
use annexa_source::Diagnostic;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ref {
    /// A fact, by its number in the check's paths.
    Path(usize),
    /// A named expression.
    Let(usize),
}

/// Resolves paths against the schema.
pub(crate) struct Resolver<'c, 's> {
    pub(crate) schemas: &'c Schemas<'s>,
    pub(crate) scope: &'c Scope<'s>,
    /// The root whose facts need no prefix.
    pub(crate) asked: Root,
}

impl<'s> Resolver<'_, 's> {
    /// Resolves a path that stands at a byte of a text.
    pub(crate) fn resolve(&self, path: &str, text: &Text, at: usize, paths: &mut Paths) -> Result<Ref, Diagnostic> {
        let words: Vec<&str> = path.split('.').map(|word| word.trim().trim_end_matches("[]")).collect();
        let first = words.first().copied().unwrap_or("");
        if let (Some(index), [_]) = (self.scope.lets.iter().position(|(name, _, _)| name == first), words.as_slice()) {
            return Ok(Ref::Let(index));
        }
        let asked = self.scope.roots.iter().find(|(_, root, _)| *root == self.asked);
        let asked_type = asked.map_or(Ty::Any, |(_, _, ty)| ty.clone());
        let mut at = at;
        let (mut fact, mut ty, rest) = match self.scope.roots.iter().find(|(name, _, _)| *name == first) {
            Some((_, root, ty)) => {
                at += first.len() + 1;
                (FactPath::root(*root), ty.clone(), words.get(1..).unwrap_or(&[]))
            }
            None => (FactPath::root(self.asked), asked_type, words.as_slice()),
        };
        let own_word = rest.len() == 1 && OWN_MEMBERS.contains(&first);
        for (index, word) in rest.iter().enumerate() {
            while let Ty::List(items) = ty {
                fact = fact.then(Step::Items);
                ty = *items;
            }
            // a name of one's own beats a relation of the same name only when it stands alone
            let relation_first = index == 0 && fact.steps.is_empty() && !own_word;
            let Some((step, next)) = self.step(&ty, word, relation_first) else {
                let known = self.known(&ty, index == 0);
                let error = text.error(at, format!("unknown fact `{word}`"));
                return Err(error.with_nearest(word, known.iter().map(String::as_str)));
            };
            fact = fact.then(step);
            ty = next;
            at += word.len() + 1;
        }
        Ok(Ref::Path(paths.index(fact)))
    }

    fn step(&self, ty: &Ty<'s>, word: &str, relation_first: bool) -> Option<(Step, Ty<'s>)> {
        let fact = |ty| Some((Step::Fact(word.to_owned()), ty));
        match ty {
            _ if word.is_empty() => None,
            Ty::Any | Ty::Never | Ty::Resource(None) => fact(Ty::Any),
            Ty::Map(values) => fact((**values).clone()),
            Ty::Object(members) => fact(Ty::of(members.get(word)?)),
            Ty::Resource(Some(schema)) => {
                let relation = schema.relations.get(word).map(|relation| {
                    let to = Ty::Resource(self.schemas.get(&relation.to));
                    let ty = if relation.many { Ty::List(Box::new(to)) } else { to };
                    (Step::Relation(word.to_owned()), ty)
                });
                let own = OWN_MEMBERS.into_iter().find(|own| *own == word).map(|own| (Step::Own(own), Ty::Text));
                let known = schema.fields.get(word).map(|f| (Step::Fact(word.to_owned()), Ty::of(f)));
                if relation_first { known.or(relation).or(own) } else { known.or(own).or(relation) }
            }
            _ => None,
        }
    }

    fn known(&self, ty: &Ty<'s>, first: bool) -> Vec<String> {
        let mut known: Vec<String> = match ty {
            Ty::Object(members) => members.keys().cloned().collect(),
            Ty::Resource(Some(schema)) => {
                let own = OWN_MEMBERS.map(str::to_owned);
                schema.fields.keys().chain(schema.relations.keys()).cloned().chain(own).collect()
            }
            _ => Vec::new(),
        };
        if first {
            known.extend(self.scope.lets.iter().map(|(name, _, _)| name.clone()));
        }
        known
    }
}
