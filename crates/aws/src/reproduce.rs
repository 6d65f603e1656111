//! The AWS command line's way to repeat a call, for people who check without us.

use annexa_model::{Exchange, Kind};
use serde_json::Value;

/// The command that asks the same again: `aws s3api get-public-access-block --bucket logs --region eu-central-1`.
///
/// None for an exchange that is no AWS call. The command line pages by itself, so every page has the same command but
/// for its token.
#[must_use]
pub fn reproduce(exchange: &Exchange) -> Option<String> {
    if exchange.kind != Kind::Aws {
        return None;
    }
    let (service, operation) = exchange.operation.split_once(':')?;
    let service = if service == "s3" { "s3api" } else { service };
    let mut words = vec!["aws".to_owned(), service.to_owned(), kebab(operation)];
    for (name, value) in &exchange.request.parameters {
        words.extend(argument(&kebab(name), value));
    }
    if let Some(region) = &exchange.region {
        words.push("--region".to_owned());
        words.push(quoted(region));
    }
    Some(words.join(" "))
}

fn argument(name: &str, value: &Value) -> Vec<String> {
    let option = format!("--{name}");
    match value {
        Value::Bool(true) => vec![option],
        Value::Bool(false) => vec![format!("--no-{name}")],
        Value::String(text) => vec![option, quoted(text)],
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items = items.iter().filter_map(Value::as_str).map(quoted);
            std::iter::once(option).chain(items).collect()
        }
        other => vec![option, quoted(&other.to_string())],
    }
}

/// `get-public-access-block` of `GetPublicAccessBlock`, `describe-db-instances` of `DescribeDBInstances`.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && (letters[index - 1].is_lowercase() || letters[index - 1].is_ascii_digit());
        // the last capital of a row begins a word, unless the row is a plural (`IDs`)
        let before_small = letters.get(index + 1).is_some_and(|next| next.is_lowercase())
            && !(letters.get(index + 1) == Some(&'s')
                && letters.get(index + 2).is_none_or(|after| after.is_uppercase()));
        let starts =
            letter.is_uppercase() && index > 0 && (after_small || letters[index - 1].is_uppercase() && before_small);
        if starts {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@=+,".contains(letter);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use annexa_model::Request;
    use serde_json::json;

    fn command(operation: &str, region: Option<&str>, parameters: Value) -> Option<String> {
        let exchange = Exchange {
            id: String::new(),
            target: "prod".to_owned(),
            kind: Kind::Aws,
            operation: operation.to_owned(),
            region: region.map(str::to_owned),
            page: 1,
            request: Request {
                method: "GET".to_owned(),
                path: "/".to_owned(),
                parameters: parameters.as_object().cloned().unwrap_or_default(),
                body: None,
            },
            asked_by: String::new(),
            asked_at: annexa_model::Timestamp::UNIX_EPOCH,
            attempts: 1,
            host: String::new(),
            tls: String::new(),
            request_id: None,
            server_date: None,
            answer: None,
            failure: None,
            cuts: Vec::new(),
        };
        reproduce(&exchange)
    }

    #[test]
    fn commands_are_those_of_the_aws_command_line() {
        let found = command("s3:GetPublicAccessBlock", Some("eu-central-1"), json!({"Bucket": "logs"}));
        assert_eq!(found.as_deref(), Some("aws s3api get-public-access-block --bucket logs --region eu-central-1"));
        let found = command("ec2:DescribeSnapshots", None, json!({"OwnerIds": ["self"], "MaxResults": 5}));
        assert_eq!(found.as_deref(), Some("aws ec2 describe-snapshots --owner-ids self --max-results 5"));
        let found = command("kms:GetKeyPolicy", None, json!({"KeyId": "it's; rm -rf /", "DryRun": false}));
        assert_eq!(found.as_deref(), Some("aws kms get-key-policy --key-id 'it'\\''s; rm -rf /' --no-dry-run"));
        assert_eq!(command("nothing", None, json!({})), None);
    }

    #[test]
    fn names_are_split_where_aws_splits_them() {
        for (name, expected) in [
            ("ListMFADevices", "list-mfa-devices"),
            ("DescribeDBInstances", "describe-db-instances"),
            ("GetEbsEncryptionByDefault", "get-ebs-encryption-by-default"),
            ("DescribeVpcs", "describe-vpcs"),
            ("TrailARN", "trail-arn"),
            ("VPCId", "vpc-id"),
            ("instanceIDs", "instance-ids"),
        ] {
            assert_eq!(kebab(name), expected);
        }
    }
}
