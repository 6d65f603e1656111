//! The same look without us: `git`, or any viewer.

use crate::collector::{LIST_FILES, READ_CODEOWNERS, READ_DOCUMENT, READ_REGISTER, READ_REPOSITORY};
use annexa_model::{Exchange, Kind};

/// The commands that show the same, run in the folder that was scanned.
///
/// Renames are followed as in the recorded history; a file that no commit holds can only be looked at.
#[must_use]
pub fn reproduce(exchange: &Exchange) -> Option<String> {
    if exchange.kind != Kind::Documents {
        return None;
    }
    let path = quoted(exchange.request.path.trim_start_matches('/'));
    let body = exchange.answer.as_ref().map(|answer| &answer.body);
    let in_git = body.is_none_or(|body| body["work_tree"] != "no_git" && body["work_tree"] != "untracked");
    Some(match exchange.operation.as_str() {
        READ_REPOSITORY => {
            "git rev-parse HEAD && git rev-parse --is-shallow-repository && git remote get-url origin".to_owned()
        }
        LIST_FILES => "git ls-files && git status --short".to_owned(),
        READ_CODEOWNERS => {
            let place = body.and_then(|body| body["path"].as_str()).unwrap_or(".github/CODEOWNERS");
            format!("git show HEAD:{}", quoted(place))
        }
        READ_DOCUMENT | READ_REGISTER if in_git => format!("cat {path} && git log --follow --patch -- {path}"),
        READ_DOCUMENT | READ_REGISTER => format!("cat {path}"),
        _ => return None,
    })
}

/// A path as one word of a shell. One that begins with `-` must not become an option.
fn quoted(path: &str) -> String {
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !path.is_empty() && path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted("policies/a.md"), "policies/a.md");
        assert_eq!(quoted("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(quoted("-rf"), "./-rf");
    }
}
