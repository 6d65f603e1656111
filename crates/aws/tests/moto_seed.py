"""Seeds a moto server with an account whose truths the test knows. Usage: moto_seed.py URL"""

import io
import json
import sys
import zipfile

import boto3

URL = sys.argv[1]
REGION = "eu-central-1"
ACCOUNT = "123456789012"


def client(service, region=REGION):
    return boto3.client(service, region_name=region, endpoint_url=URL)


s3 = client("s3")
here = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
ALL = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
s3.create_bucket(Bucket="logs", **here)
s3.put_public_access_block(Bucket="logs", PublicAccessBlockConfiguration=ALL)
s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_policy(
    Bucket="logs",
    Policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        }
    ),
)
s3.put_bucket_encryption(
    Bucket="logs",
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
)
s3.put_bucket_tagging(Bucket="logs", Tagging={"TagSet": [{"Key": "owner", "Value": "platform <team>"}]})
s3.create_bucket(Bucket="open.site", **here)
client("s3", "us-west-2").create_bucket(
    Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
)
s3control = client("s3control")


def without_account_in_host(request, **_):
    request.url = request.url.replace(f"//{ACCOUNT}.", "//")


# 127.0.0.1 has no subdomains
s3control.meta.events.register("before-send.s3-control", without_account_in_host)
s3control.put_public_access_block(
    AccountId=ACCOUNT, PublicAccessBlockConfiguration={**ALL, "RestrictPublicBuckets": False}
)

iam = client("iam")
# not AWS's own AdministratorAccess: moto would answer with all of AWS's policies, and each extraction would read them
ADMIN = iam.create_policy(
    PolicyName="administrator",
    PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    ),
)["Policy"]["Arn"]
iam.create_account_alias(AccountAlias="nordwind-demo")
iam.update_account_password_policy(MinimumPasswordLength=14, RequireNumbers=True)
iam.create_group(GroupName="admins")
iam.attach_group_policy(GroupName="admins", PolicyArn=ADMIN)
for name in ("admin", "reader", "builder"):
    iam.create_user(UserName=name)
iam.add_user_to_group(GroupName="admins", UserName="admin")
iam.create_login_profile(UserName="admin", Password="correct horse Battery 7")
iam.create_access_key(UserName="reader")
iam.put_user_policy(
    UserName="reader",
    PolicyName="read",
    PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
    ),
)
deploy = iam.create_role(
    RoleName="deploy",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMIN)
build = iam.create_policy(
    PolicyName="build",
    PolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction"], "Resource": "*"}
            ],
        }
    ),
)["Policy"]
iam.attach_user_policy(UserName="builder", PolicyArn=build["Arn"])

ec2 = client("ec2")
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
group = ec2.create_security_group(GroupName="ssh", Description="ssh from everywhere", VpcId=vpc)["GroupId"]
ec2.authorize_security_group_ingress(
    GroupId=group,
    IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
)
ec2.run_instances(
    ImageId="ami-12345678",
    MinCount=2,
    MaxCount=2,
    InstanceType="t3.micro",
    SubnetId=subnet,
    SecurityGroupIds=[group],
    UserData="#!/bin/sh\nPASSWORD=canary-in-user-data\n",
)
volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, Encrypted=False)["VolumeId"]
ec2.create_snapshot(VolumeId=volume)
client("logs").create_log_group(logGroupName="flow")
ec2.create_flow_logs(
    ResourceIds=[vpc],
    ResourceType="VPC",
    TrafficType="ALL",
    LogGroupName="flow",
    DeliverLogsPermissionArn=deploy["Arn"],
)

cloudtrail = client("cloudtrail")
s3.put_bucket_policy(
    Bucket="logs",
    Policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::logs/*"},
        }
    ),
)
cloudtrail.create_trail(Name="all", S3BucketName="logs", IsMultiRegionTrail=True)
cloudtrail.start_logging(Name="all")

kms = client("kms")
key = kms.create_key(Description="data")["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/data", TargetKeyId=key)
kms.enable_key_rotation(KeyId=key)

client("dynamodb").create_table(
    TableName="orders",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)

lambda_ = client("lambda")
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("main.py", "def handler(event, context): return 1")
lambda_.create_function(
    FunctionName="import",
    Runtime="python3.12",
    Role=deploy["Arn"],
    Handler="main.handler",
    Code={"ZipFile": code.getvalue()},
    Environment={"Variables": {"DATABASE_PASSWORD": "canary-in-environment"}},
)
lambda_.add_permission(FunctionName="import", StatementId="all", Action="lambda:InvokeFunction", Principal="*")

backup = client("backup")
backup.create_backup_vault(BackupVaultName="main")
backup.create_backup_plan(
    BackupPlan={"BackupPlanName": "daily", "Rules": [{"RuleName": "daily", "TargetBackupVaultName": "main"}]}
)

client("config").put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": deploy["Arn"]})
client("guardduty").create_detector(Enable=True)
rds = client("rds")
rds.create_db_instance(
    DBInstanceIdentifier="shop",
    DBInstanceClass="db.t3.micro",
    Engine="postgres",
    AllocatedStorage=20,
    MasterUsername="shop",
    MasterUserPassword="canary-in-database",
    StorageEncrypted=True,
)
rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="before-upgrade")
client("ecr").create_repository(repositoryName="shop", imageScanningConfiguration={"scanOnPush": True})
client("secretsmanager").create_secret(Name="shop/database", SecretString="canary-in-secret")
