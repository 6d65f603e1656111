//! Paging: what to send to get the next page.

use crate::shapes::Operation;
use serde_json::{Map, Value};

/// The parameters that ask for a page after the first.
pub(crate) type PageTokens = Map<String, Value>;

/// What asks for the page after this decoded answer; none when it is the last.
pub(crate) fn next_page(operation: &Operation, answer: &Value) -> Option<PageTokens> {
    let page = &operation.page;
    if page.input.is_empty() {
        return None;
    }
    if let Some(more) = &page.more {
        let flag = at(answer, more);
        if flag.is_none_or(|flag| flag.as_bool() != Some(true)) {
            return None;
        }
    }
    let mut tokens = PageTokens::new();
    for (input, output) in page.input.iter().zip(&page.output) {
        if let Some(token) = at(answer, output).filter(|token| !token.is_null() && token.as_str() != Some("")) {
            tokens.insert(input.clone(), token.clone());
        }
    }
    (!tokens.is_empty()).then_some(tokens)
}

/// A value at a dotted path.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}
