//! Credentials that an answer repeats. Error pages of gateways show the request that they got, and S3's answer to a
//! wrong signature holds the whole canonical request with the session token in it. What a request carried must not
//! come back into the evidence, so it is cut before anybody looks at the answer.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeSet;

/// What stands in place of a credential.
const MASK: &[u8] = b"********";
/// Shorter texts could stand in an answer by chance.
const SHORTEST: usize = 8;
/// Headers that say who asks, whether they are marked as sensitive or not.
const HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-amz-security-token",
    "x-amz-sso_bearer_token",
    "x-aws-ec2-metadata-token",
];

/// The credentials of one request, in all the forms in which an answer may repeat them. Has no `Debug` on purpose.
pub(crate) struct Carried {
    forms: BTreeSet<Vec<u8>>,
}

impl Carried {
    /// The credentials in a request's headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let secret = |name: &HeaderName, value: &HeaderValue| value.is_sensitive() || HEADERS.contains(&name.as_str());
        let values = headers.iter().filter(|(name, value)| secret(name, value));
        Self { forms: values.flat_map(|(_, value)| credentials(value.as_bytes())).flat_map(forms).collect() }
    }

    /// The answer's body and headers without them, and whether there were any.
    pub(crate) fn cut(&self, headers: &mut HeaderMap, body: Bytes) -> (Bytes, bool) {
        let mut found = false;
        for value in headers.values_mut() {
            if let Some(clean) = self.without(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("********"));
                found = true;
            }
        }
        match self.without(&body) {
            Some(clean) => (clean.into(), true),
            None => (body, found),
        }
    }

    /// A text without them; none when it holds none.
    fn without(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        for form in &self.forms {
            let now = clean.as_deref().unwrap_or(text);
            let found: Vec<usize> = memchr::memmem::find_iter(now, form).collect();
            if found.is_empty() {
                continue;
            }
            let (mut kept, mut at) = (Vec::with_capacity(now.len()), 0);
            for place in found {
                kept.extend_from_slice(&now[at..place]);
                kept.extend_from_slice(MASK);
                at = place + form.len();
            }
            kept.extend_from_slice(&now[at..]);
            clean = Some(kept);
        }
        clean
    }
}

/// What is secret of a header's value: what follows the scheme; of an AWS signature, the signature.
fn credentials(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    if value.starts_with(b"AWS4-") {
        let start = memchr::memmem::find(value, b"Signature=")? + b"Signature=".len();
        return value.get(start..).map(|rest| rest.split(|byte| *byte == b',').next().unwrap_or(rest).to_vec());
    }
    let start = value.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
    value.get(start..).filter(|rest| rest.len() >= SHORTEST).map(<[u8]>::to_vec)
}

/// A secret as it is, and as it may stand in JSON, an address, hexadecimal digits or base64.
fn forms(secret: Vec<u8>) -> Vec<Vec<u8>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let each = |form: &dyn Fn(u8) -> String| secret.iter().map(|byte| form(*byte)).collect::<String>();
    let kept_or = |kept: bool, byte: u8, other: String| if kept { char::from(byte).to_string() } else { other };
    let texts = [
        each(&|byte| kept_or(plain(byte), byte, format!("%{byte:02X}"))),
        each(&|byte| kept_or(plain(byte), byte, format!("%{byte:02x}"))),
        hex::encode(&secret),
        hex::encode_upper(&secret),
        each(&|byte| format!("{byte:02x} ")).trim_end().to_owned(),
    ];
    let mut forms: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    for escaped in [&b"\"\\"[..], b"\"\\/"] {
        let escape = |byte: &u8| if escaped.contains(byte) { vec![b'\\', *byte] } else { vec![*byte] };
        forms.push(secret.iter().flat_map(escape).collect());
    }
    for alphabet in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            // the characters that do not depend on what stands before or behind
            let text = [&b"xx"[..before], &secret].concat();
            let encoded = alphabet.encode(&text).into_bytes();
            let (start, end) = (before.div_ceil(3) * 4, text.len() / 3 * 4);
            forms.extend(encoded.get(start..end).filter(|inner| inner.len() >= SHORTEST).map(<[u8]>::to_vec));
        }
    }
    forms.push(secret);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::AUTHORIZATION;
    use proptest::prelude::*;

    fn carried(name: &'static str, value: &str) -> Carried {
        Carried::of(&HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]))
    }

    fn cut(carried: &Carried, body: &str) -> String {
        let (body, found) = carried.cut(&mut HeaderMap::new(), Bytes::from(body.to_owned()));
        assert!(found, "{body:?}");
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn an_error_that_shows_the_request_loses_its_credentials() {
        let token = carried("authorization", "Bearer abC/def+ghi=");
        assert_eq!(
            cut(&token, r#"{"authorization": "Bearer abC/def+ghi="}"#),
            r#"{"authorization": "Bearer ********"}"#
        );
        assert_eq!(cut(&token, r#"{"a": "abC\/def+ghi="}"#), r#"{"a": "********"}"#);
        assert_eq!(cut(&token, "?t=abC%2Fdef%2Bghi%3D&x=abC%2fdef%2bghi%3d"), "?t=********&x=********");
        let marked = {
            let mut value: HeaderValue = "private-token".parse().unwrap();
            value.set_sensitive(true);
            Carried::of(&HeaderMap::from_iter([(HeaderName::from_static("x-own"), value)]))
        };
        assert_eq!(cut(&marked, "private-token private-token"), "******** ********");
    }

    #[test]
    fn what_s3_says_of_a_wrong_signature_holds_the_token_twice() {
        let session = carried("x-amz-security-token", "IQoJb3JpZ2lu/session");
        let bytes: Vec<String> =
            "x-amz-security-token:IQoJb3JpZ2lu/session\n".bytes().map(|b| format!("{b:02x}")).collect();
        let body = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>GET\nx-amz-security-token:IQoJb3JpZ2lu/session\n</CanonicalRequest>\
             <CanonicalRequestBytes>{}</CanonicalRequestBytes></Error>",
            bytes.join(" ")
        );
        let clean = cut(&session, &body);
        assert!(clean.contains("<Code>SignatureDoesNotMatch</Code>"));
        assert_eq!(clean.matches("********").count(), 2, "{clean}");
    }

    #[test]
    fn of_a_signature_only_the_signature_is_secret() {
        let signed = carried(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/s3, SignedHeaders=host, Signature=00ff00ff",
        );
        assert_eq!(
            cut(&signed, "Credential=AKIA/20260101/s3 Signature=00ff00ff"),
            "Credential=AKIA/20260101/s3 Signature=********"
        );
    }

    #[test]
    fn headers_of_the_answer_are_cut_too_and_other_answers_stay() {
        let token = carried("authorization", "token ghp_demo");
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, "ghp_demo".parse().unwrap())]);
        assert!(token.cut(&mut headers, Bytes::new()).1);
        assert_eq!(headers[AUTHORIZATION], "********");
        let body = Bytes::from_static(b"nothing of it");
        assert_eq!(token.cut(&mut HeaderMap::new(), body.clone()), (body, false));
        assert!(carried("authorization", "Basic short").forms.is_empty());
        assert!(carried("accept", "application/json").forms.is_empty());
    }

    proptest! {
        #[test]
        fn no_form_of_a_credential_comes_through(secret in "[!-~]{12,80}", before in ".{0,4}", after in ".{0,4}") {
            let carried = carried("x-amz-security-token", &secret);
            let whole = format!("{before}{secret}{after}");
            let forms = [
                whole.clone(),
                serde_json::to_string(&whole).unwrap(),
                hex::encode(&whole),
                STANDARD.encode(&whole),
                URL_SAFE.encode(&whole),
            ];
            for form in forms {
                let (clean, found) = carried.cut(&mut HeaderMap::new(), Bytes::from(form));
                prop_assert!(found, "{:?}", clean);
                let decoded = STANDARD.decode(&clean).unwrap_or_default();
                prop_assert!(memchr::memmem::find(&clean, secret.as_bytes()).is_none());
                prop_assert!(memchr::memmem::find(&decoded, secret.as_bytes()).is_none());
            }
        }
    }
}
