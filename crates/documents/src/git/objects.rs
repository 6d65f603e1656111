//! Objects of a repository by their id, from one `git cat-file --batch`.

use super::{GitError, Repository};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// The largest object that is read into memory.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A running `git cat-file --batch`.
pub(crate) struct Objects {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Repository {
    /// Starts reading objects.
    pub(crate) fn objects(&self) -> Result<Objects, GitError> {
        let mut child = self
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::Start)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Objects { child, stdin, stdout: BufReader::new(stdout) }),
            _ => Err(GitError::NotUnderstood("cat-file".to_owned())),
        }
    }
}

impl Objects {
    /// The bytes of an object; `None` when the repository does not have it, or it is too large.
    pub(crate) fn get(&mut self, id: &str) -> Result<Option<Vec<u8>>, GitError> {
        let broken = || GitError::NotUnderstood("cat-file --batch".to_owned());
        if id.len() < 40 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        writeln!(self.stdin, "{id}").and_then(|()| self.stdin.flush()).map_err(GitError::Start)?;
        let mut header = String::new();
        self.stdout.read_line(&mut header).map_err(GitError::Start)?;
        let parts: Vec<&str> = header.split_whitespace().collect();
        let size: u64 = match parts.as_slice() {
            [_, "missing"] => return Ok(None),
            [_, _, size] => size.parse().map_err(|_| broken())?,
            _ => return Err(broken()),
        };
        // a line feed follows the object
        let mut object = (&mut self.stdout).take(size + 1);
        if size > MAX_BYTES {
            std::io::copy(&mut object, &mut std::io::sink()).map_err(GitError::Start)?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        object.read_to_end(&mut bytes).map_err(GitError::Start)?;
        if bytes.len() as u64 != size + 1 {
            return Err(broken());
        }
        bytes.pop();
        Ok(Some(bytes))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
