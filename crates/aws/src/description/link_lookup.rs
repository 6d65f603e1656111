//! Links lookups: other types that belong to a resource, resolved after collection.

use super::catalog::TypeDef;
use super::file::LookupSpec;
use super::link_call::Draft;
use super::link_type::TypeLinker;
use super::path::{Path, Ref};
use annexa_model::{Field, Relation, ScalarKind, TypeSchema};
use annexa_source::Spanned;
use std::collections::BTreeMap;

impl TypeLinker<'_> {
    /// Lookups, after all types are known; each type but the account can also look up its account.
    pub(crate) fn lookups(&mut self, types: &mut BTreeMap<String, TypeDef>) {
        let schemas: BTreeMap<String, TypeSchema> =
            types.iter().map(|(name, def)| (name.clone(), def.schema.clone())).collect();
        for draft in self.drafts {
            let own = draft.file.types.iter().map(|(name, spec)| (name, &spec.value.lookup));
            let added = draft.file.extends.iter().map(|(name, extension)| (name, &extension.value.lookup));
            for (name, lookups) in own.chain(added) {
                for (lookup, spec) in lookups {
                    let relation = self.relation(draft, spec, name, &schemas);
                    if let (Some(relation), Some(def)) = (relation, types.get_mut(name)) {
                        def.schema.relations.insert(lookup.clone(), relation);
                    }
                }
            }
        }
        if schemas.contains_key("aws.account") {
            for def in types.values_mut().filter(|def| def.name != "aws.account") {
                def.schema.relations.entry("account".to_owned()).or_insert_with(|| Relation {
                    to: "aws.account".to_owned(),
                    here: "account".to_owned(),
                    there: "account".to_owned(),
                    many: false,
                });
            }
        }
    }

    fn relation(
        &mut self,
        draft: &Draft,
        spec: &Spanned<LookupSpec>,
        from: &str,
        schemas: &BTreeMap<String, TypeSchema>,
    ) -> Option<Relation> {
        let spec = &spec.value;
        let Some(to) = schemas.get(&spec.to.value) else {
            let message = format!("there is no type `{}`", spec.to.value);
            let known = schemas.keys().map(String::as_str);
            self.problems.push(draft.source.error_at(&spec.to, message).with_nearest(&spec.to.value, known));
            return None;
        };
        for (place, schema) in [(&spec.here, schemas.get(from)?), (&spec.there, to)] {
            let mut fields = schema.fields.clone();
            for word in ["id", "name", "target", "account", "region"] {
                fields.insert(word.to_owned(), Field::Scalar(ScalarKind::String));
            }
            self.check_ref(draft, &Ref::Path(Path::parse(&place.value)), place.referenced, &fields);
        }
        Some(Relation {
            to: spec.to.value.clone(),
            here: spec.here.value.clone(),
            there: spec.there.value.clone(),
            many: spec.many,
        })
    }
}
