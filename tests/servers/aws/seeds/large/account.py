"""What an account or a region has once: password policy, root user, Config, GuardDuty, the switch for new volumes."""

from moto.iam.models import iam_backends
from truth import passes


def account(aws, truth, good):
    iam = aws.client("iam")
    iam.update_account_password_policy(
        MinimumPasswordLength=14 if good else 8, PasswordReusePrevention=24 if good else 5, RequireNumbers=True)
    summary = iam_backends[aws.account]["aws"].account_summary
    summary._account_mfa_enabled, summary._account_access_keys_present = int(good), int(not good)
    truth.of("aws.account", "global", f"arn:aws:iam::{aws.account}:root", {
        "aws.iam.account-asks-for-long-passwords": passes(good),
        "aws.iam.account-refuses-old-passwords": passes(good),
        "aws.iam.root-has-mfa": passes(good),
        "aws.iam.root-has-no-access-keys": passes(good),
        # the large account has trails of all regions that are logging, the second has one of one region
        "aws.cloudtrail.account-logs-all-regions": passes(good),
    })


def region(aws, truth, region, good):
    if good:
        aws.client("ec2", region).enable_ebs_encryption_by_default()
    recorder(aws, region, good)
    detector(aws, truth, region, good)
    truth.of("aws.region", region, f"arn:aws:ec2:{region}:{aws.account}:region/{region}", {
        "aws.ec2.region-encrypts-new-volumes": passes(good),
        "aws.config.region-records-configuration": passes(good),
        "aws.guardduty.region-is-watched": passes(good),
    })


def recorder(aws, region, on):
    config = aws.client("config", region)
    config.put_configuration_recorder(ConfigurationRecorder={
        "name": "default", "roleARN": f"arn:aws:iam::{aws.account}:role/service-00",
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}})
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "large-eu-central-1-00"})
    if on:
        config.start_configuration_recorder(ConfigurationRecorderName="default")


def detector(aws, truth, region, on):
    guardduty = aws.client("guardduty", region)
    made = guardduty.create_detector(Enable=on)["DetectorId"]
    truth.of("aws.guardduty.detector", region, f"arn:aws:guardduty:{region}:{aws.account}:detector/{made}")
