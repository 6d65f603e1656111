//! Which operations may be asked at all: those that only read, and no secrets or stored data.

/// Operations that start the making of a report about what is there already; nothing that the customer configured changes.
pub(crate) const READ_EXCEPTIONS: [&str; 2] =
    ["iam:GenerateCredentialReport", "iam:GenerateServiceLastAccessedDetails"];

const READ_VERBS: [&str; 6] = ["Get", "List", "Describe", "BatchGet", "Lookup", "Head"];

/// Operations with a reading name whose answer is a secret, a credential or the customer's stored data.
const NEVER: &[&str] = &[
    "athena:GetQueryResults",
    "cloudtrail-data:GetEvents",
    "codeartifact:GetAuthorizationToken",
    "codecommit:GetBlob",
    "codecommit:GetFile",
    "cognito-identity:GetCredentialsForIdentity",
    "cognito-identity:GetOpenIdToken",
    "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodbstreams:GetRecords",
    "dynamodbstreams:GetShardIterator",
    "ec2:GetConsoleOutput",
    "ec2:GetConsoleScreenshot",
    "ec2:GetPasswordData",
    "ecr-public:GetAuthorizationToken",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kms:GetParametersForImport",
    "lightsail:GetInstanceAccessDetails",
    "lightsail:GetRelationalDatabaseMasterUserPassword",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "redshift-serverless:GetCredentials",
    "redshift:GetClusterCredentials",
    "redshift:GetClusterCredentialsWithIAM",
    "s3:GetObject",
    "s3:GetObjectTorrent",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetAccessToken",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "sso:GetRoleCredentials",
    "sts:GetDelegatedAccessToken",
    "sts:GetFederationToken",
    "sts:GetSessionToken",
    "sts:GetWebIdentityToken",
];

/// Whether an operation (`s3:GetBucketPolicy`) may be asked; the error says why not.
pub(crate) fn is_read(operation: &str) -> Result<(), &'static str> {
    if READ_EXCEPTIONS.contains(&operation) {
        return Ok(());
    }
    if NEVER.contains(&operation) {
        return Err("its answer is a secret or stored data");
    }
    let name = operation.split_once(':').map_or(operation, |(_, name)| name);
    // `Getaway` is not a `Get`: the verb ends where a capital letter begins
    let reads = READ_VERBS.iter().any(|verb| {
        name.strip_prefix(verb).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
    });
    if reads { Ok(()) } else { Err("it is not known to only read") }
}

#[cfg(test)]
mod tests {
    use super::is_read;

    #[test]
    fn only_reading_names_pass() {
        for operation in ["s3:GetBucketPolicy", "s3:ListBuckets", "ec2:DescribeInstances", "s3:HeadBucket"] {
            assert!(is_read(operation).is_ok(), "{operation}");
        }
        for operation in ["s3:DeleteBucket", "s3:PutBucketPolicy", "x:Getaway", "x:get", "iam:CreateUser", "s3:Get"] {
            assert!(is_read(operation).is_err(), "{operation}");
        }
    }

    #[test]
    fn secrets_are_never_asked() {
        for operation in ["secretsmanager:GetSecretValue", "ssm:GetParameter", "s3:GetObject", "sts:GetSessionToken"] {
            assert!(is_read(operation).is_err(), "{operation}");
        }
    }

    #[test]
    fn the_two_exceptions_are_named() {
        assert!(is_read("iam:GenerateCredentialReport").is_ok());
        assert!(is_read("iam:GenerateOrganizationsAccessReport").is_err());
    }
}
