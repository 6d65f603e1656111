"""S3, KMS, DynamoDB, Secrets Manager and AWS Backup."""

import datetime
import json

from moto.backup.models import backup_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from truth import passes

CLOSED = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
HALF = {**CLOSED, "BlockPublicPolicy": False}


def buckets(aws, truth, regions, count, prefix, account_closed):
    """Makes the buckets; gives (name, closed to the public?, locks what it holds?) of each."""
    aws.client("s3control").put_public_access_block(
        AccountId=aws.account, PublicAccessBlockConfiguration=CLOSED if account_closed else HALF)
    return [bucket(aws, truth, region, f"{prefix}-{region}-{number:02}", number, account_closed)
            for region in regions for number in range(count)]


def bucket(aws, truth, region, name, number, account_closed):
    s3 = aws.client("s3", region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    locked = number % 4 == 0
    s3.create_bucket(Bucket=name, **place, **({"ObjectLockEnabledForBucket": True} if locked else {}))
    retention = locked and number % 8 == 0
    if retention:
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}})
    block = [CLOSED, HALF, None][number % 3]
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    versions = ["Enabled", "Suspended", None][number // 2 % 3]
    if versions and not locked:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versions})
    encryption = number % 5 != 1
    if encryption:
        algorithm = {"SSEAlgorithm": "aws:kms" if number % 2 else "AES256"}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": algorithm}]})
    public_policy, tls = policy(s3, name, number)
    public_acl = number % 7 == 2
    if public_acl:
        s3.put_bucket_acl(Bucket=name, ACL=["public-read", "authenticated-read"][number % 2])
    if number % 6 == 0:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "owner", "Value": "platform"}]})
    closed = block is CLOSED
    truth.of("aws.s3.bucket", region, f"arn:aws:s3:::{name}", {
        "bucket-blocks-public-access": passes(account_closed or closed),
        "bucket-keeps-versions": passes(locked or versions == "Enabled"),
        "bucket-encrypts-at-rest": passes(encryption),
        "bucket-policy-is-not-public": passes(not public_policy),
        "bucket-allows-only-tls": passes(tls),
        "bucket-acl-is-not-public": passes(not public_acl),
    })
    return name, closed, retention


def policy(s3, name, number):
    """Puts a policy; says whether it is public and whether it refuses what comes without TLS."""
    both = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    without_tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": both[1]}
    one = {**read, "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}
    cases = [
        (None, False, False),
        ([without_tls], False, True),
        ([read], True, False),
        ([without_tls, read], True, True),
        ([one], False, False),
        ([{**without_tls, "Action": "s3:PutObject"}], False, False),
        ([{**without_tls, "Principal": {"AWS": "*"}, "Action": ["s3:*"]}, one], False, True),
    ]
    statements, public, tls = cases[number % len(cases)]
    if statements:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return public, tls


def key_policy(account, principal, condition=None):
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    more = {"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}
    if condition:
        more["Condition"] = {"StringEquals": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [own, more]})


def keys(aws, truth, region):
    kms = aws.client("kms", region)
    policies = [
        (None, True),
        (key_policy(aws.account, {"AWS": "*"}), False),
        (key_policy(aws.account, "*", {"kms:CallerAccount": aws.account}), True),
        (key_policy(aws.account, "*", {"kms:ViaService": f"s3.{region}.amazonaws.com"}), False),
        (key_policy(aws.account, {"Service": "logs.amazonaws.com"}), True),
    ]
    made = []
    for number in range(25):
        kind = ["plain", "rotated", "asymmetric", "external", "disabled", "leaving"][number % 6]
        text, closed = policies[number % 5]
        options = {"Policy": text} if text else {}
        if kind == "asymmetric":
            options |= {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
        if kind == "external":
            options |= {"Origin": "EXTERNAL"}
        metadata = kms.create_key(Description=f"{kind} {number}", **options)["KeyMetadata"]
        key = metadata["KeyId"]
        made.append(metadata["Arn"])
        if kind == "rotated":
            kms.enable_key_rotation(KeyId=key)
        if kind == "disabled":
            kms.disable_key(KeyId=key)
        if kind == "leaving":
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        if number % 3 == 0:
            kms.create_alias(AliasName=f"alias/key-{number:02}", TargetKeyId=key)
        truth.of("aws.kms.key", region, metadata["Arn"], {
            "key-rotates": passes(kind == "rotated") if kind in ("plain", "rotated") else "not_applicable",
            "key-is-not-being-deleted": passes(kind != "leaving"),
            "key-policy-is-not-public": passes(closed),
        })
    return made


def managed_key(aws, truth, region):
    """The key of AWS's own that came with the encrypted volumes; moto takes it for the customer's."""
    kms = aws.client("kms", region)
    aliases = {alias["AliasName"]: alias.get("TargetKeyId") for alias in kms.list_aliases()["Aliases"]}
    key = kms_backends[aws.account][region].keys[aliases["alias/aws/ebs"]]
    key.key_manager = "AWS"
    truth.of("aws.kms.key", region, key.arn, {
        "key-rotates": "not_applicable", "key-is-not-being-deleted": "not_applicable", "key-policy-is-not-public": "pass"})


def tables(aws, truth, region):
    dynamodb = aws.client("dynamodb", region)
    for number in range(22):
        arn = dynamodb.create_table(
            TableName=f"table-{number:02}", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )["TableDescription"]["TableArn"]
        if number % 3:
            dynamodb.update_continuous_backups(
                TableName=f"table-{number:02}", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": number % 3 == 1})
        truth.of("aws.dynamodb.table", region, arn, {"table-can-be-restored": passes(number % 3 == 1)})


def secrets(aws, truth, region):
    manager = aws.client("secretsmanager", region)
    memory = secretsmanager_backends[aws.account][region]
    today = datetime.datetime.now(datetime.UTC)
    days_ago = lambda days: int((today - datetime.timedelta(days=days)).timestamp())  # noqa: E731
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policies = [
        (None, True),
        ([everyone], False),
        ([{**everyone, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-nordwinddemo"}}}], True),
        ([{**everyone, "Effect": "Deny"}], True),
        ([{**everyone, "Principal": {"AWS": ["*"]}, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
    ]
    for number in range(24):
        name = f"secret-{number:02}"
        arn = manager.create_secret(Name=name, SecretString="a value of the demo")["ARN"]
        statements, closed = policies[number % 5]
        if statements:
            manager.put_resource_policy(SecretId=name, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        # age, days since it was rotated, days since anything of it changed
        kind = ["new", "old", "rotated", "rotation-fails", "changed", "leaving"][number % 6]
        secret = memory.secrets[name]
        if kind != "new":
            secret.created_date = days_ago(800)
            secret.last_changed_date = days_ago(20 if kind == "changed" else 700)
        if kind in ("rotated", "rotation-fails"):
            secret.rotation_requested, secret.rotation_enabled, secret.auto_rotate_after_days = True, True, 30
            secret.rotation_lambda_arn = f"arn:aws:lambda:{region}:{aws.account}:function:rotate"
            secret.last_rotation_date = days_ago(15 if kind == "rotated" else 600)
        if kind == "leaving":
            manager.delete_secret(SecretId=name, RecoveryWindowInDays=30)
            # AWS lists it no more
            continue
        changed = {"new": "pass", "rotated": "pass", "changed": "manual"}
        truth.of("aws.secretsmanager.secret", region, arn, {
            "secret-rotates": changed.get(kind, "fail"), "secret-policy-is-not-public": passes(closed)})


def backups(aws, truth, region):
    backup = aws.client("backup", region)
    memory = backup_backends[aws.account][region]
    for number in range(22):
        name = f"vault-{number:02}"
        arn = backup.create_backup_vault(BackupVaultName=name)["BackupVaultArn"]
        locked, points = number % 2 == 0, number % 3
        if locked:
            backup.put_backup_vault_lock_configuration(BackupVaultName=name, MinRetentionDays=30)
        memory.vaults[name].num_of_recovery_points = points
        aws.answer("GET", f"/backup-vaults/{name}/access-policy", status=404, kind="ResourceNotFoundException", region=region)
        truth.of("aws.backup.vault", region, arn, {"vault-is-locked": passes(locked) if points else "not_applicable"})
    for number in range(22):
        rules = [{"RuleName": "daily", "TargetBackupVaultName": "vault-00"}] if number % 4 else []
        made = backup.create_backup_plan(BackupPlan={"BackupPlanName": f"plan-{number:02}", "Rules": rules})
        chosen = [{"SelectionId": "all", "SelectionName": "all", "BackupPlanId": made["BackupPlanId"]}] if number % 3 else []
        aws.answer("GET", f"/backup/plans/{made['BackupPlanId']}/selections", {"BackupSelectionsList": chosen}, region=region)
        truth.of("aws.backup.plan", region, made["BackupPlanArn"], {"plan-covers-something": passes(bool(rules and chosen))})
