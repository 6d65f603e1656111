"""EC2 instances and volumes, Lambda, ECR and RDS."""

import io
import json
import zipfile

from network import arn
from truth import passes


def instances(aws, truth, region):
    ec2 = aws.client("ec2", region)
    options = [("required", "enabled", "pass"), ("optional", "enabled", "fail"), ("optional", "disabled", "not_applicable")]
    for number in range(24):
        tokens, endpoint, status = options[number % 3]
        made = ec2.run_instances(
            ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, InstanceType="t3.small",
            MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": endpoint})["Instances"][0]
        truth.of("aws.ec2.instance", region, arn(aws, region, "instance", made["InstanceId"]), {"instance-asks-for-metadata-tokens": status})
        for interface in made["NetworkInterfaces"]:
            truth.of("aws.ec2.network_interface", region, arn(aws, region, "network-interface", interface["NetworkInterfaceId"]))
    # each instance comes with a disk that nobody asked to encrypt
    for volume in ec2.describe_volumes()["Volumes"]:
        truth.of("aws.ec2.volume", region, arn(aws, region, "volume", volume["VolumeId"]), {"volume-is-encrypted": "fail"})


def volumes(aws, truth, region):
    ec2 = aws.client("ec2", region)
    for number in range(24):
        encrypted = number % 2 == 0
        volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=1, Encrypted=encrypted)["VolumeId"]
        truth.of("aws.ec2.volume", region, arn(aws, region, "volume", volume), {"volume-is-encrypted": passes(encrypted)})
        snapshot = ec2.create_snapshot(VolumeId=volume, Description=f"snapshot {number}")["SnapshotId"]
        share = [{}, {"GroupNames": ["all"]}, {"UserIds": ["999988887777"]}][number % 3]
        if share:
            ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", **share)
        truth.of("aws.ec2.snapshot", region, arn(aws, region, "snapshot", snapshot), {"snapshot-is-not-public": passes(number % 3 != 1)})


def functions(aws, truth, region):
    client = aws.client("lambda", region)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return 1")
    permissions = [
        (None, True),
        ({"Principal": "*"}, False),
        ({"Principal": "*", "PrincipalOrgID": "o-nordwinddemo"}, True),
        ({"Principal": "s3.amazonaws.com"}, True),
        ({"Principal": "*", "SourceAccount": aws.account}, True),
    ]
    urls = [([], "not_applicable"), (["AWS_IAM"], "pass"), (["NONE"], "fail"), (["AWS_IAM", "NONE"], "fail")]
    for number in range(24):
        name = f"function-{number:02}"
        made = client.create_function(
            FunctionName=name, Runtime="python3.12", Role=f"arn:aws:iam::{aws.account}:role/service-00",
            Handler="main.handler", Code={"ZipFile": code.getvalue()})["FunctionArn"]
        permission, closed = permissions[number % 5]
        if permission:
            client.add_permission(FunctionName=name, StatementId="one", Action="lambda:InvokeFunction", **permission)
        kinds, status = urls[number % 4]
        listed = [{"FunctionUrl": f"https://{name}.example/", "FunctionArn": made, "AuthType": kind} for kind in kinds]
        aws.answer("GET", f"/2021-10-31/functions/{name}/urls", {"FunctionUrlConfigs": listed}, region=region)
        truth.of("aws.lambda.function", region, made, {"function-is-not-public": passes(closed), "function-url-asks-for-credentials": status})


def images(aws, truth, region):
    ecr = aws.client("ecr", region)
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    policies = [
        (None, True),
        ([everyone], False),
        ([{**everyone, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-nordwinddemo"}}}], True),
        ([{**everyone, "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}}], True),
    ]
    for number in range(24):
        name = f"image-{number:02}"
        scans, keeps = number % 2 == 0, number % 3 == 0
        made = ecr.create_repository(
            repositoryName=name, imageScanningConfiguration={"scanOnPush": scans},
            imageTagMutability="IMMUTABLE" if keeps else "MUTABLE")["repository"]["repositoryArn"]
        statements, closed = policies[number % 4]
        if statements:
            ecr.set_repository_policy(repositoryName=name, policyText=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        truth.of("aws.ecr.repository", region, made, {
            "repository-scans-on-push": passes(scans), "repository-keeps-tags": passes(keeps), "repository-policy-is-not-public": passes(closed)})


def databases(aws, truth, region, keys):
    rds = aws.client("rds", region)
    user = {"MasterUsername": "demo", "MasterUserPassword": "Not-a-real-Passw0rd"}
    for number in range(22):
        encrypted, days = number % 2 == 0, [1, 7, 14][number % 3]
        made = rds.create_db_cluster(
            DBClusterIdentifier=f"cluster-{number:02}", Engine="aurora-postgresql", StorageEncrypted=encrypted,
            BackupRetentionPeriod=days, **({"KmsKeyId": keys[0]} if encrypted else {}), **user)["DBCluster"]["DBClusterArn"]
        truth.of("aws.rds.db_cluster", region, made, {"cluster-is-encrypted": passes(encrypted), "cluster-keeps-backups": passes(days >= 7)})
    for number in range(24):
        database(aws, rds, truth, region, number, keys, user)
    copy = rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="database-01")["DBInstance"]["DBInstanceArn"]
    # a copy has what its source has, and the source makes the backups
    truth.of("aws.rds.db_instance", region, copy, {**Database(1).truth(), "instance-keeps-backups": "not_applicable", "instance-stands-in-two-zones": "not_applicable"})
    for number in range(22):
        made = rds.create_db_snapshot(DBInstanceIdentifier="database-01", DBSnapshotIdentifier=f"snapshot-{number:02}")["DBSnapshot"]["DBSnapshotArn"]
        share = [None, "all", "999988887777"][number % 3]
        if share:
            rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=f"snapshot-{number:02}", AttributeName="restore", ValuesToAdd=[share])
        truth.of("aws.rds.db_snapshot", region, made, {"snapshot-is-not-public": passes(share != "all")})


class Database:
    def __init__(self, number):
        self.cluster = number % 4 == 0
        self.encrypted, self.public, self.protected = number % 2 == 0, number % 3 == 0, number % 5 == 0
        self.zones, self.minor, self.days = number % 2 == 1, number % 7 != 1, [0, 1, 7, 30][number // 2 % 4]

    def truth(self):
        """A member of a cluster is stored, protected and backed up with its cluster."""
        own = lambda good: "not_applicable" if self.cluster else passes(good)  # noqa: E731
        return {
            "instance-is-encrypted": passes(self.encrypted),
            "instance-is-not-public": passes(not self.public),
            "instance-gets-minor-upgrades": passes(self.minor),
            "instance-is-kept-from-deletion": own(self.protected),
            "instance-keeps-backups": own(self.days >= 7),
            "instance-stands-in-two-zones": own(self.zones),
        }


def database(aws, rds, truth, region, number, keys, user):
    plan = Database(number)
    if plan.cluster:
        # what its cluster has: the one of the same number
        options = {"DBClusterIdentifier": f"cluster-{number % 22:02}", "Engine": "aurora-postgresql"}
        plan.encrypted = number % 22 % 2 == 0
    else:
        options = {
            "Engine": ["postgres", "mysql"][number % 2], "AllocatedStorage": 20, "StorageEncrypted": plan.encrypted, "MultiAZ": plan.zones,
            "BackupRetentionPeriod": plan.days, "DeletionProtection": plan.protected, **user, **({"KmsKeyId": keys[0]} if plan.encrypted else {})}
    made = rds.create_db_instance(
        DBInstanceIdentifier=f"database-{number:02}", DBInstanceClass="db.t3.small", PubliclyAccessible=plan.public,
        AutoMinorVersionUpgrade=plan.minor, **options)["DBInstance"]["DBInstanceArn"]
    truth.of("aws.rds.db_instance", region, made, plan.truth())
