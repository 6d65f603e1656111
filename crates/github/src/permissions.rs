//! What a token must be allowed to read, made of the descriptions.

use crate::Github;
use std::collections::BTreeSet;

/// A permission of a fine-grained token or a GitHub App, and what needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPermission {
    /// As GitHub writes it in `X-Accepted-GitHub-Permissions`: `organization_administration=read`.
    pub permission: String,
    /// The resource types whose facts need it, sorted.
    pub types: Vec<String>,
    /// The calls that need it, sorted.
    pub operations: Vec<String>,
}

impl Github {
    /// The permissions that a scan needs (of only these types, when given), sorted. None of them can write.
    #[must_use]
    pub fn permissions(&self, wanted: Option<&[String]>) -> Vec<TokenPermission> {
        let mut permissions: Vec<TokenPermission> = Vec::new();
        let names: BTreeSet<&String> =
            self.descriptions.operations.values().filter_map(|operation| operation.permission.as_ref()).collect();
        for name in names {
            let needing = self.descriptions.operations.iter().filter(|(_, operation)| {
                let asked = wanted.is_none_or(|wanted| operation.types.iter().any(|kind| wanted.contains(kind)));
                asked && operation.permission.as_ref() == Some(name)
            });
            let (mut types, mut operations) = (BTreeSet::new(), Vec::new());
            for (operation, described) in needing {
                types.extend(described.types.iter().cloned());
                operations.push(operation.clone());
            }
            if !operations.is_empty() {
                permissions.push(TokenPermission {
                    permission: name.clone(),
                    types: types.into_iter().collect(),
                    operations,
                });
            }
        }
        permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_permissions_only_read() {
        let github = Github::load(&crate::rules()).unwrap();
        let permissions = github.permissions(None);
        assert!(permissions.iter().all(|permission| permission.permission.ends_with("=read")));
        let hooks = permissions.iter().find(|p| p.permission == "organization_hooks=read").unwrap();
        assert_eq!(hooks.types, ["github.webhook"]);
        let wanted = ["github.deploy-key".to_owned()];
        assert_eq!(github.permissions(Some(&wanted)).len(), 1);
    }
}
