//! CODEOWNERS: whom GitHub asks for a review of a change below a path.

use globset::{GlobBuilder, GlobMatcher};

/// Where GitHub looks for the file, in its order.
pub(crate) const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// How many lines are read.
const MAX_LINES: usize = 10_000;

/// The rules of the file, in their order.
#[derive(Debug, Default)]
pub(crate) struct Codeowners {
    rules: Vec<(Vec<GlobMatcher>, Vec<String>)>,
}

impl Codeowners {
    /// Reads the file; lines that are no rule are left out, as GitHub does.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rules = Vec::new();
        for line in text.lines().take(MAX_LINES) {
            let line = line.split(" #").next().unwrap_or("").trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next() else { continue };
            rules.push((matchers(pattern), words.map(str::to_owned).collect()));
        }
        Self { rules }
    }

    /// The owners of a path below the top of the repository: those of the last rule that matches, which may be none.
    pub(crate) fn owners(&self, path: &str) -> &[String] {
        let matches = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(path));
        self.rules.iter().rev().find(|(globs, _)| matches(globs)).map_or(&[], |(_, owners)| owners)
    }
}

/// A pattern as in .gitignore: anchored when a `/` stands before its end, and a folder means all that is in it.
fn matchers(pattern: &str) -> Vec<GlobMatcher> {
    let folder = pattern.ends_with('/');
    let body = pattern.trim_end_matches('/');
    let anchored = body.contains('/');
    let body = body.trim_start_matches('/');
    let start = if anchored { "" } else { "**/" };
    let mut globs = Vec::new();
    if !folder {
        globs.push(format!("{start}{body}"));
    }
    // `docs/*` names the files of one folder, not those of the folders in it
    if folder || !body.ends_with("/*") {
        globs.push(format!("{start}{body}/**"));
    }
    let build = |glob: &String| GlobBuilder::new(glob).literal_separator(true).build().ok();
    globs.iter().filter_map(build).map(|glob| glob.compile_matcher()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_counts() {
        let rules = Codeowners::parse(
            "# all\n* @all\n*.csv @data # tables\n/isms/policies/ @sec @bo\ndocs/* @docs\nisms/policies/open.md\n",
        );
        assert_eq!(rules.owners("README.md"), ["@all"]);
        assert_eq!(rules.owners("a/b/x.csv"), ["@data"]);
        assert_eq!(rules.owners("isms/policies/deep/a.md"), ["@sec", "@bo"]);
        assert_eq!(rules.owners("other/isms/policies/a.md"), ["@all"]);
        assert_eq!(rules.owners("docs/a.md"), ["@docs"]);
        assert_eq!(rules.owners("docs/deep/a.md"), ["@all"]);
        assert!(rules.owners("isms/policies/open.md").is_empty());
    }
}
