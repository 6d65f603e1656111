//! CODEOWNERS: whom GitHub asks for a review of a change below a path.

/// Where GitHub looks for the file, in its order.
pub(crate) const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// How many lines are read.
const MAX_LINES: usize = 10_000;

/// The rules of the file, in their order.
#[derive(Debug, Default)]
pub(crate) struct Codeowners {
    rules: Vec<(Vec<Pattern>, Vec<String>)>,
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
        let path: Vec<Vec<char>> = path.split('/').map(|name| name.chars().collect()).collect();
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&path));
        self.rules.iter().rev().find(|(patterns, _)| matches(patterns)).map_or(&[], |(_, owners)| owners)
    }
}

/// One pattern, name by name. Not a regular expression: ten thousand lines would be a gigabyte of those.
#[derive(Debug)]
struct Pattern(Vec<Name>);

#[derive(Debug)]
enum Name {
    /// `**`: any number of names.
    Any,
    /// A name with `*` and `?`.
    One(Vec<char>),
}

impl Pattern {
    fn new(text: &str) -> Self {
        let name = |name: &str| if name == "**" { Name::Any } else { Name::One(name.chars().collect()) };
        let mut names: Vec<Name> = text.split('/').map(name).collect();
        if let Some(Name::Any) = names.last() {
            // at the end it stands for what is in the folder, not for the folder
            names.push(Name::One(vec!['*']));
        }
        Self(names)
    }

    fn matches(&self, path: &[Vec<char>]) -> bool {
        let is_any = |name: &Name| matches!(name, Name::Any);
        let fits = |name: &Name, given: &Vec<char>| match name {
            Name::Any => true,
            Name::One(name) => wild(name, given, |c| *c == '*', |c, given| *c == '?' || c == given),
        };
        wild(&self.0, path, is_any, fits)
    }
}

/// Whether a pattern with wildcards for any number of things fits all of some things. Only the last wildcard is tried
/// again, so the time is the product of the lengths at most.
fn wild<P, T>(pattern: &[P], things: &[T], is_any: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while next < things.len() {
        match (pattern.get(at), again) {
            (Some(part), _) if is_any(part) => {
                again = Some((at + 1, next));
                at += 1;
            }
            (Some(part), _) if fits(part, &things[next]) => (at, next) = (at + 1, next + 1),
            (_, Some((after, from))) => {
                again = Some((after, from + 1));
                (at, next) = (after, from + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(is_any)
}

/// A pattern as in .gitignore: anchored when a `/` stands before its end, and a folder means all that is in it.
fn matchers(pattern: &str) -> Vec<Pattern> {
    let folder = pattern.ends_with('/');
    let body = pattern.trim_end_matches('/');
    let anchored = body.contains('/');
    let body = body.trim_start_matches('/');
    let start = if anchored { "" } else { "**/" };
    let mut patterns = Vec::new();
    if !folder {
        patterns.push(Pattern::new(&format!("{start}{body}")));
    }
    // `docs/*` names the files of one folder, not those of the folders in it
    if folder || !body.ends_with("/*") {
        patterns.push(Pattern::new(&format!("{start}{body}/**")));
    }
    patterns
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

    #[test]
    fn wildcards_stay_in_their_names() {
        let fits = |pattern: &str, path: &str| {
            let rules = Codeowners::parse(&format!("{pattern} @a\n"));
            !rules.owners(path).is_empty()
        };
        for (pattern, path) in [
            ("*", "a/b.md"),
            ("/*", "a"),
            ("/a?c", "abc"),
            ("a*c*", "x/abbcd/y"),
            ("docs/**/x.md", "docs/x.md"),
            ("docs/**/x.md", "docs/a/b/x.md"),
            ("**/x", "a/b/x"),
            ("/docs/**", "docs/a/b"),
            ("docs", "a/docs/b"),
            ("ü?", "üß"),
            ("/a/*/c", "a/b/c"),
            ("*a*b", "xaxab"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/a?c", "a/c"),
            ("/a*", "b/a"),
            ("/a*c", "a/c"),
            ("docs/", "docs"),
            ("/docs/**", "docs"),
            ("/docs/*", "docs/a/b"),
            ("a[bc]", "ab"),
            ("{a,b}", "a"),
            ("docs/**/x.md", "adocs/x.md"),
            ("*a*b", "xaxba"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn as_many_lines_as_are_read_take_little_time() {
        let text: String = (0..MAX_LINES).map(|n| format!("{}{n} @a\n", "a*b?c".repeat(75))).collect();
        let start = std::time::Instant::now();
        let rules = Codeowners::parse(&text);
        assert!(rules.owners(&"abcabc".repeat(40)).is_empty());
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "it took {:?}", start.elapsed());
    }
}
