//! The templates, compiled once.

use crate::{ReportError, escape};
use handlebars::Handlebars;
use include_dir::{Dir, include_dir};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../templates");

/// Compiled templates: the built-in ones, and a company's own in place of some.
pub struct Templates {
    html: Handlebars<'static>,
    markdown: Handlebars<'static>,
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

    /// The built-in templates, with some replaced: file name below templates/ (`overview.hbs`, `partials/foot.hbs`) → text.
    pub fn with_own(own: &BTreeMap<String, String>) -> Result<Self, ReportError> {
        let mut html = Handlebars::new();
        html.register_escape_fn(escape::html);
        let mut markdown = Handlebars::new();
        markdown.register_escape_fn(escape::markdown);
        for engine in [&mut html, &mut markdown] {
            engine.set_strict_mode(true);
            engine.set_prevent_indent(true);
        }
        let mut texts: BTreeMap<&str, &str> = built_in_texts();
        texts.extend(own.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        for (name, text) in texts {
            refuse_unescaped(name, text)?;
            let engine = if name.ends_with(".md.hbs") { &mut markdown } else { &mut html };
            let short = name.strip_suffix(".hbs").unwrap_or(name);
            let short = short.strip_prefix("partials/").unwrap_or(short);
            engine
                .register_template_string(short, text)
                .map_err(|error| ReportError::Template { name: name.to_owned(), problem: error.to_string() })?;
        }
        Ok(Self { html, markdown })
    }

    pub(crate) fn html<T: Serialize>(&self, template: &str, page: &str, data: &T) -> Result<Vec<u8>, ReportError> {
        let text = self.html.render(template, data).map_err(|error| failed(page, &error))?;
        Ok(text.into_bytes())
    }

    pub(crate) fn markdown<T: Serialize>(&self, template: &str, data: &T) -> Result<String, ReportError> {
        self.markdown.render(template, data).map_err(|error| failed(template, &error))
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

/// Names and texts of the built-in templates.
fn built_in_texts() -> BTreeMap<&'static str, &'static str> {
    fn walk<'a>(dir: &Dir<'a>, out: &mut BTreeMap<&'a str, &'a str>) {
        for file in dir.files() {
            if let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8())
                && name.ends_with(".hbs")
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

/// Values go through the escape function, always: `{{{x}}}`, `{{&x}}` and attributes without quotes are refused.
fn refuse_unescaped(name: &str, text: &str) -> Result<(), ReportError> {
    for (i, line) in text.lines().enumerate() {
        let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        if ["{{{", "{{&", "{{~&", "{{~{", "={{"].iter().any(|bad| squeezed.contains(bad)) {
            return Err(ReportError::Unescaped { name: name.to_owned(), line: i + 1 });
        }
    }
    Ok(())
}

fn failed(page: &str, error: &handlebars::RenderError) -> ReportError {
    ReportError::Render { page: page.to_owned(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_templates_parse_and_escape_everything() {
        Templates::built_in().unwrap();
        assert!(built_in_texts().len() > 10);
    }

    #[test]
    fn an_unescaped_value_is_refused_with_its_line() {
        for bad in ["a\n{{{ x }}}", "a\n{{& x}}", "a\n{{~{x}~}}", "a\n<a href={{x}}>"] {
            let own = BTreeMap::from([("overview.hbs".to_owned(), bad.to_owned())]);
            let error = Templates::with_own(&own).unwrap_err().to_string();
            assert!(error.contains("`overview.hbs`, line 2"), "{error}");
        }
    }
}
