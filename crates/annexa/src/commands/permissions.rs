//! `annexa permissions`: the least privilege that a scan needs, from the same descriptions that the scan uses.

use crate::cli::{PermissionKind, PermissionsArgs};
use crate::config::Config;
use crate::console::Console;
use crate::failure::{DONE, Failure};
use crate::rules::{self, Rules};
use annexa_github::TokenPermission;

pub(crate) fn run(arguments: &PermissionsArgs, console: &Console) -> Result<u8, Failure> {
    let files = match &arguments.config {
        Some(path) => rules::with_own(&Config::read(path)?)?,
        None => rules::library(),
    };
    let text = match arguments.kind {
        PermissionKind::Aws => pretty(&Rules::load(files)?.aws.permissions())?,
        PermissionKind::Kubernetes => annexa_kubernetes::Kubernetes::load(&files)?.permissions(),
        PermissionKind::Github => github(&annexa_github::Github::load(&files)?.permissions(None)),
    };
    console.data(&text)?;
    Ok(DONE)
}

fn pretty(policy: &serde_json::Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(policy).map_err(|error| Failure::usage(format!("not JSON: {error}")))
}

/// GitHub has no file format for a token's permissions: a table for people.
fn github(permissions: &[TokenPermission]) -> String {
    let mut text = "Read permissions of a fine-grained token or GitHub App:\n".to_owned();
    for permission in permissions {
        text.push_str(&format!("\n  {}\n    for {}\n", permission.permission, permission.types.join(", ")));
        text.extend(permission.operations.iter().map(|operation| format!("      {operation}\n")));
    }
    text
}
