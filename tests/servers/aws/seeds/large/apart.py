"""What this test server can't hold or answers wrongly, in one place. The end-to-end test counts what stands here."""

# Kinds of resources that can't be there twenty times a region, on AWS neither.
FEW = {
    "aws.account": "the account that is asked is one; the second account differs from it",
    "aws.region": "a region is one; of each account one is in order and one is not",
    "aws.guardduty.detector": "AWS allows one a region",
}

# Checks that are not compared on a good and a bad resource, and why. Whatever is not named here must be.
APART = {}

# What no call to moto can make: the seed writes it into moto's memory, or the server answers for moto.
BY_HAND = {
    "aws.backup.plan-covers-something": "moto does not serve ListBackupSelections",
    "aws.backup.vault-is-locked": "moto makes no recovery points; their number is written",
    "aws.cloudtrail.trail-delivers-logs": "moto's trails always deliver; the status of those that do not is written",
    "aws.iam.root-has-mfa": "nobody can sign in to moto as root; the account's summary is written",
    "aws.iam.root-has-no-access-keys": "nobody can sign in to moto as root; the account's summary is written",
    "aws.iam.user-password-is-in-use": "nobody can sign in to moto with a password; the last use is written",
    "aws.kms.key-is-not-being-deleted": "moto takes the key of AWS's own for the customer's; its manager is written",
    "aws.kms.key-rotates": "moto takes the key of AWS's own for the customer's; its manager is written",
    "aws.lambda.function-url-asks-for-credentials": "moto does not serve ListFunctionUrlConfigs",
    "aws.secretsmanager.secret-rotates": "moto can't wait; the days of creation, change and rotation are written",
}

# Calls of the scan that nothing is compared on, but that moto does not serve: without an answer the scan were incomplete.
ANSWERED = {
    "backup:GetBackupVaultAccessPolicy": "moto does not serve it; the answer is that there is none",
}
