//! The templates, compiled once.

use crate::{ReportError, escape};
use include_dir::{Dir, include_dir};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::OnceLock;

/// How the files of templates end.
const ENDING: &str = ".j2";

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../templates");

/// Writes a text so that nothing in it means anything in the format of the page.
type Escape = fn(&str, &mut dyn Write) -> fmt::Result;

/// Compiled templates: the built-in ones, and a company's own in place of some.
pub struct Templates {
    html: Environment<'static>,
    markdown: Environment<'static>,
}

impl Templates {
    /// The built-in templates.
    pub fn built_in() -> Result<&'static Self, ReportError> {
        static BUILT_IN: OnceLock<Templates> = OnceLock::new();
        if let Some(templates) = BUILT_IN.get() {
            return Ok(templates);
        }
        let templates = Self::with_own(&BTreeMap::new())?;
        Ok(BUILT_IN.get_or_init(|| templates))
    }

    /// The built-in templates, with some replaced: file name below templates/ (`overview.html.j2`,
    /// `partials/foot.html.j2`) → text.
    pub fn with_own(own: &BTreeMap<String, String>) -> Result<Self, ReportError> {
        let mut html = environment(escape::html_into);
        let mut markdown = environment(escape::markdown_into);
        let mut texts: BTreeMap<&str, &str> = built_in_texts();
        // a page that nothing asks for would be a typo that nobody sees; parts may have any name
        if let Some(name) = own.keys().find(|name| !name.contains('/') && !texts.contains_key(name.as_str())) {
            let pages: Vec<&str> = texts.keys().copied().filter(|name| !name.contains('/')).collect();
            let problem = format!("there is no page of this name; there are {}", pages.join(", "));
            return Err(ReportError::Template { name: name.clone(), problem });
        }
        texts.extend(own.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        for (name, text) in texts {
            refuse_unescaped(name, text)?;
            let short = name.strip_suffix(ENDING).unwrap_or(name);
            let engine = if short.ends_with(".md") { &mut markdown } else { &mut html };
            engine
                .add_template_owned(short.to_owned(), text.to_owned())
                .map_err(|error| ReportError::Template { name: name.to_owned(), problem: problem(&error) })?;
        }
        Ok(Self { html, markdown })
    }

    pub(crate) fn html<T: Serialize>(&self, template: &str, page: &str, data: &T) -> Result<Vec<u8>, ReportError> {
        Ok(render(&self.html, template, page, data)?.into_bytes())
    }

    pub(crate) fn markdown<T: Serialize>(&self, template: &str, data: &T) -> Result<String, ReportError> {
        render(&self.markdown, template, template, data)
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

/// An engine in which every value is escaped, and a name that does not exist is an error.
fn environment(escape: Escape) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    // what a macro or a block gives is escaped once only; which escape is the formatter's matter
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(move |out, _, value| print(out, value, escape));
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_test("none", minijinja::tests::is_none);
    environment
}

fn print(out: &mut Output<'_>, value: &Value, escape: Escape) -> Result<(), Error> {
    let written = match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text),
        Some(text) => escape(text, out),
        // a value that may be missing stands behind an `if`
        None if value.is_none() || value.is_undefined() => {
            return Err(Error::new(ErrorKind::UndefinedError, "there is no value to print here"));
        }
        None => escape(&value.to_string(), out),
    };
    written.map_err(Error::from)
}

/// Names and texts of the built-in templates.
fn built_in_texts() -> BTreeMap<&'static str, &'static str> {
    fn walk<'a>(dir: &Dir<'a>, out: &mut BTreeMap<&'a str, &'a str>) {
        for file in dir.files() {
            if let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8())
                && name.ends_with(ENDING)
            {
                out.insert(name, text);
            }
        }
        for folder in dir.dirs() {
            walk(folder, out);
        }
    }
    let mut out = BTreeMap::new();
    walk(&FILES, &mut out);
    out
}

/// Values go through the escape function, always: filters that call a text safe, and attributes without quotes are refused.
fn refuse_unescaped(name: &str, text: &str) -> Result<(), ReportError> {
    for (i, line) in text.lines().enumerate() {
        let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        if ["={{", "|safe", "|escape", "{%autoescape", "{%-autoescape"].iter().any(|bad| squeezed.contains(bad)) {
            return Err(ReportError::Unescaped { name: name.to_owned(), line: i + 1 });
        }
    }
    Ok(())
}

fn render<T: Serialize>(engine: &Environment<'_>, template: &str, page: &str, data: &T) -> Result<String, ReportError> {
    let rendered = engine.get_template(template).and_then(|template| template.render(data));
    rendered.map_err(|error| ReportError::Render { page: page.to_owned(), problem: problem(&error) })
}

/// An engine's error in one line, with what caused it.
fn problem(error: &Error) -> String {
    let mut problem = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        problem = format!("{problem}: {error}");
        cause = error.source();
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Result<Templates, ReportError> {
        Templates::with_own(&BTreeMap::from([("partials/own.html.j2".to_owned(), text.to_owned())]))
    }

    fn rendered(text: &str, data: &serde_json::Value) -> Result<String, ReportError> {
        own(text)?.html("partials/own.html", "own.html", data).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn built_in_templates_parse() {
        Templates::built_in().unwrap();
        assert!(built_in_texts().len() > 10);
    }

    #[test]
    fn every_value_is_escaped_once() {
        let data = serde_json::json!({"x": "<b>&\u{202e}", "n": 3, "list": ["<i>"], "map": {"<u>": 1}});
        for (text, expected) in [
            ("{{ x }}", "&lt;b&gt;&amp;[U+202E]"),
            ("{{ x ~ '<' }}", "&lt;b&gt;&amp;[U+202E]&lt;"),
            ("{{ n }}{{ list }}{{ map }}", "3[&quot;&lt;i&gt;&quot;]{&quot;&lt;u&gt;&quot;: 1}"),
            ("{% set y %}<b>{{ x }}</b>{% endset %}{{ y }}", "<b>&lt;b&gt;&amp;[U+202E]</b>"),
            ("{% macro m(t) %}<p>{{ t }}</p>{% endmacro %}{{ m(x) }}", "<p>&lt;b&gt;&amp;[U+202E]</p>"),
        ] {
            assert_eq!(rendered(text, &data).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unescaped_value_is_refused_with_its_line() {
        for bad in ["a\n{{ x | safe }}", "a\n{% autoescape false %}{{ x }}{% endautoescape %}", "a\n<a href={{ x }}>"] {
            let error = own(bad).unwrap_err().to_string();
            assert!(error.contains("`partials/own.html.j2`, line 2"), "{error}");
        }
        // whatever a filter is called, none makes a text safe
        assert!(rendered("{{ x |\n safe }}", &serde_json::json!({"x": "<"})).unwrap_err().to_string().contains("safe"));
    }

    #[test]
    fn a_name_that_does_not_exist_is_an_error_with_its_place() {
        for bad in ["a\n{{ y }}", "a\n{% if y %}{% endif %}", "a\n{% for z in y %}{% endfor %}", "a\n{{ none }}"] {
            let error = rendered(bad, &serde_json::json!({"x": 1})).unwrap_err().to_string();
            assert!(error.contains("own.html:2"), "{error}");
        }
        assert!(own("a\n{% if x %}").unwrap_err().to_string().contains("own.html"), "{:?}", own("{% if x %}"));
    }

    #[test]
    fn a_page_that_nothing_asks_for_is_refused() {
        let own = BTreeMap::from([("overwiew.html.j2".to_owned(), String::new())]);
        let error = Templates::with_own(&own).unwrap_err().to_string();
        assert!(error.contains("overwiew") && error.contains("overview.html.j2"), "{error}");
    }
}
