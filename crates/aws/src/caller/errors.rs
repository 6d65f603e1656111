//! Error answers: their code and message, in all protocols.

use super::decode_xml;
use serde_json::Value;

/// What an error answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

/// Reads the code and message of an answer that is an error; `header` is `x-amzn-errortype`.
///
/// None: nothing in the answer says that it is an error.
pub(crate) fn error_answer(body: &Value, header: Option<&str>) -> Option<ErrorAnswer> {
    let mut found = match body {
        Value::String(text) => match text.trim_start().chars().next() {
            Some('<') => from_xml(text),
            Some('{') => serde_json::from_str::<Value>(text).ok().and_then(|json| from_json(&json)),
            _ => None,
        },
        other => from_json(other),
    };
    if let Some(header) = header {
        // `AccessDeniedException:http://internal…`
        let code = short(header);
        found.get_or_insert_default().code.get_or_insert(code);
    }
    found
}

fn short(code: &str) -> String {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code).trim().to_owned()
}

fn from_json(body: &Value) -> Option<ErrorAnswer> {
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(*name)?.as_str());
    let code = text(&["__type", "code", "Code"]).map(short);
    let message = text(&["message", "Message", "errorMessage"]);
    if code.is_none() && message.is_none() {
        return None;
    }
    Some(ErrorAnswer { code, message: message.unwrap_or_default().to_owned() })
}

fn from_xml(text: &str) -> Option<ErrorAnswer> {
    let document = decode_xml::parse(text).ok()?;
    let error = document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .take(8)
        .find(|node| node.tag_name().name() == "Error")?;
    let member = |name: &str| decode_xml::child(error, name).and_then(|node| node.text()).map(str::to_owned);
    Some(ErrorAnswer { code: member("Code"), message: member("Message").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(body: Value, header: Option<&str>) -> Option<String> {
        error_answer(&body, header).and_then(|error| error.code)
    }

    #[test]
    fn every_protocol_has_its_own_place_for_the_code() {
        let query = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
        let s3 = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>";
        assert_eq!(code(query.into(), None).as_deref(), Some("AccessDenied"));
        assert_eq!(code(ec2.into(), None).as_deref(), Some("UnauthorizedOperation"));
        assert_eq!(code(s3.into(), None).as_deref(), Some("NoSuchBucket"));
        let json = json!({"__type": "com.amazonaws.kms#AccessDeniedException", "Message": "no"});
        assert_eq!(code(json, None).as_deref(), Some("AccessDeniedException"));
        let rest = json!({"message": "no"});
        assert_eq!(code(rest, Some("ThrottlingException:http://x")).as_deref(), Some("ThrottlingException"));
    }

    #[test]
    fn an_answer_that_is_no_error_has_none() {
        assert_eq!(error_answer(&json!({"Keys": []}), None), None);
        assert_eq!(error_answer(&"<ListBucketsResult/>".into(), None), None);
        assert_eq!(error_answer(&"".into(), None), None);
    }
}
