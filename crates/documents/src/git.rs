//! Reading a git repository that nobody vouches for.
//!
//! A repository's own configuration can name programs (hooks, filters, diff drivers, credential helpers, file system
//! monitors). So only plumbing commands run, none of which looks at the work tree; they get no configuration of the
//! system or the user, no replaced or grafted objects, no network and no lazy fetch. Whether a file differs from its
//! commit is found by comparing bytes here, not by `git status`, which would run clean filters.

pub(crate) mod commit;
pub(crate) mod history;
mod objects;

pub(crate) use objects::Objects;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A git command could not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("the program `git` could not be started: {0}")]
    Start(std::io::Error),
    #[error("`git {command}` failed: {message}")]
    Failed { command: String, message: String },
    #[error("git's answer to `{0}` was not understood")]
    NotUnderstood(String),
}

/// The repository that a folder is in.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    git_dir: PathBuf,
    /// The folder's path below the top of the work tree, with a `/` at the end; empty for the top itself.
    pub(crate) prefix: String,
    /// The commit that HEAD names; none in a repository without commits.
    pub(crate) head: Option<String>,
    /// The branch that is checked out.
    pub(crate) branch: Option<String>,
    /// The first commit of all, where the whole history is here.
    pub(crate) root_commit: Option<String>,
    /// Older history is missing.
    pub(crate) shallow: bool,
    /// Where `origin` is.
    pub(crate) remote: Option<Remote>,
}

/// The repository's place on a server, without the credentials that an address may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) host: String,
    /// `owner/name`, or a longer path on other servers.
    pub(crate) name: String,
}

impl Repository {
    /// Looks for the repository around a folder. `None`: the folder is in none.
    pub(crate) fn discover(folder: &Path) -> Result<Option<Self>, GitError> {
        let folder = folder.canonicalize().map_err(GitError::Start)?;
        if !folder.ancestors().any(|above| above.join(".git").exists()) {
            return Ok(None);
        }
        let arguments = ["rev-parse", "--absolute-git-dir", "--show-toplevel"];
        let answer = command().arg("-C").arg(&folder).args(arguments).output().map_err(GitError::Start)?;
        let text = checked("rev-parse", answer)?;
        let mut lines = text.lines();
        let (Some(git_dir), Some(top)) = (lines.next(), lines.next()) else {
            return Err(GitError::NotUnderstood("rev-parse".to_owned()));
        };
        let top = Path::new(top).canonicalize().map_err(GitError::Start)?;
        let Ok(below) = folder.strip_prefix(&top) else {
            // core.worktree can name any folder
            let message = "the repository's work tree is another folder".to_owned();
            return Err(GitError::Failed { command: "rev-parse".to_owned(), message });
        };
        let names: Vec<String> = below.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let prefix = if names.is_empty() { String::new() } else { format!("{}/", names.join("/")) };
        let mut repository = Self {
            git_dir: PathBuf::from(git_dir),
            prefix,
            head: None,
            branch: None,
            root_commit: None,
            shallow: false,
            remote: None,
        };
        repository.head = repository.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok();
        repository.branch = repository.line(&["symbolic-ref", "--short", "--quiet", "HEAD"]).ok();
        repository.shallow = repository.line(&["rev-parse", "--is-shallow-repository"])? == "true";
        if repository.head.is_some() && !repository.shallow {
            let roots = repository.text(&["rev-list", "--max-parents=0", "HEAD"])?;
            repository.root_commit = roots.lines().last().map(str::to_owned);
        }
        let address = repository.line(&["config", "--local", "--no-includes", "--get", "remote.origin.url"]).ok();
        repository.remote = address.as_deref().and_then(remote);
        Ok(Some(repository))
    }

    /// The files of HEAD below the folder: path below the folder → blob id. Links and submodules are left out.
    pub(crate) fn tree(&self) -> Result<BTreeMap<String, String>, GitError> {
        let Some(head) = &self.head else { return Ok(BTreeMap::new()) };
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", head.as_str()];
        if !self.prefix.is_empty() {
            arguments.extend(["--", self.prefix.as_str()]);
        }
        let text = self.text(&arguments)?;
        let mut files = BTreeMap::new();
        for line in text.split('\0') {
            let Some((facts, path)) = line.split_once('\t') else { continue };
            let parts: Vec<&str> = facts.split(' ').collect();
            if let ["100644" | "100755", "blob", blob] = parts.as_slice()
                && let Some(below) = path.strip_prefix(&self.prefix)
            {
                files.insert(below.to_owned(), (*blob).to_owned());
            }
        }
        Ok(files)
    }

    /// The blob of HEAD at one of some paths below the top of the work tree, with that path; the first that is there.
    pub(crate) fn first_of(&self, paths: &[&str]) -> Result<Option<(String, String)>, GitError> {
        let Some(head) = &self.head else { return Ok(None) };
        for path in paths {
            let text = self.text(&["ls-tree", "-z", "--full-tree", head, "--", path])?;
            let found = text.split('\0').next().and_then(|line| line.split_once('\t'));
            if let Some((facts, _)) = found
                && let ["100644" | "100755", "blob", blob] = facts.split(' ').collect::<Vec<_>>().as_slice()
            {
                return Ok(Some(((*path).to_owned(), (*blob).to_owned())));
            }
        }
        Ok(None)
    }

    fn command(&self) -> Command {
        let mut command = command();
        command.arg("--git-dir").arg(&self.git_dir);
        command
    }

    fn text(&self, arguments: &[&str]) -> Result<String, GitError> {
        let answer = self.command().args(arguments).output().map_err(GitError::Start)?;
        checked(arguments.first().copied().unwrap_or_default(), answer)
    }

    fn line(&self, arguments: &[&str]) -> Result<String, GitError> {
        let text = self.text(arguments)?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Runs a command that reads its questions from standard input.
    fn piped(&self, arguments: &[&str], input: String) -> Result<String, GitError> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(GitError::Start)?;
        let stdin = child.stdin.take();
        // in a thread of its own: git may answer before it has read everything
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().map_err(GitError::Start)?;
        let _ = writer.join();
        checked(arguments.first().copied().unwrap_or_default(), output)
    }
}

/// `git` without any configuration but what is given here.
fn command() -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    // where to find git, and what Windows needs to start a program at all
    for name in ["PATH", "SystemRoot", "TEMP", "TMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["--no-pager", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(["-c", "protocol.allow=never", "-c", "core.attributesFile=/dev/null", "-c", "diff.external="])
        .stdin(Stdio::null());
    command
}

fn checked(command: &str, output: std::process::Output) -> Result<String, GitError> {
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.lines().next().unwrap_or("it gave no reason").chars().take(200).collect();
        return Err(GitError::Failed { command: command.to_owned(), message });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Host and path of a remote's address: `https://user:token@github.com/acme/isms.git`, `git@github.com:acme/isms.git`.
fn remote(address: &str) -> Option<Remote> {
    let rest = address.split_once("://").map_or_else(
        || address.split_once(':').map(|(host, path)| format!("{host}/{path}")),
        |(scheme, rest)| (scheme != "file").then(|| rest.to_owned()),
    )?;
    let (place, path) = rest.split_once('/')?;
    let host = place.rsplit('@').next()?.split(':').next()?;
    let name = path.trim_matches('/').trim_end_matches(".git");
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./~".contains(c));
    (plain(host) && plain(name)).then(|| Remote { host: host.to_lowercase(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_remote_has_a_name_and_no_credentials() {
        let expected = Some(Remote { host: "github.com".into(), name: "acme/isms".into() });
        for address in [
            "https://github.com/acme/isms.git",
            "https://x-access-token:ghs_abc@github.com/acme/isms",
            "git@github.com:acme/isms.git",
            "ssh://git@GitHub.com:22/acme/isms.git/",
        ] {
            assert_eq!(remote(address), expected, "{address}");
        }
        assert_eq!(remote("/srv/git/isms"), None);
        assert_eq!(remote("file:///srv/git/isms"), None);
        assert_eq!(remote("https://github.com/acme/isms.git?token=x"), None);
    }

    proptest! {
        #[test]
        fn no_address_makes_it_panic_or_keeps_a_credential(address in "[a-z:/@.?é]{0,40}", token in "[A-Z0-9]{20}") {
            let _ = remote(&address);
            let with_token = remote(&format!("https://x:{token}@{address}"));
            let kept = with_token.map(|remote| remote.host + &remote.name).unwrap_or_default();
            prop_assert!(!kept.contains(&token) && !kept.contains(&token.to_lowercase()), "{}", kept);
        }
    }
}
