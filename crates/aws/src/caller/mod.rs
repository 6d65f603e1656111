//! Makes HTTP requests of AWS operations and reads their answers, by shapes.

mod decode;
mod decode_json;
mod decode_xml;
mod endpoint;
mod errors;
mod json;
#[cfg(test)]
mod oracle;
mod page;
mod query;
mod request;
mod rest;
mod timestamp;

pub(crate) use decode::{CUT, Hole, decode};
pub(crate) use decode_xml::{flattened_name, output_element, parse as parse_xml};
pub(crate) use endpoint::{Endpoint, Endpoints};
pub(crate) use errors::{ErrorAnswer, error_answer};
pub(crate) use page::{PageTokens, next_page};
pub(crate) use request::build;
#[cfg(test)]
pub(crate) use request::percent;
pub(crate) use timestamp::normalized as normalized_timestamp;
