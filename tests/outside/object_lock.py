"""Tries with boto3 to get rid of a version of an object: object_lock.py ENDPOINT BUCKET KEY VERSION

Prints JSON: for each try `refused` or what it did; and whether the version still has its bytes.
"""

import datetime
import json
import sys

import boto3
from botocore.exceptions import ClientError

endpoint, bucket, key, version = sys.argv[1:]
s3 = boto3.client(
    "s3", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="other", aws_secret_access_key="other"
)
before = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()


def attempt(call, **parameters):
    try:
        return call(Bucket=bucket, Key=key, **parameters).get("VersionId", "done")
    except ClientError as error:
        return "refused: " + error.response["Error"]["Code"]


tries = {
    "delete the version": attempt(s3.delete_object, VersionId=version),
    "delete the version, bypassing": attempt(s3.delete_object, VersionId=version, BypassGovernanceRetention=True),
    "write if nothing is there": attempt(s3.put_object, Body=b"other", IfNoneMatch="*"),
    "write": attempt(s3.put_object, Body=b"other", ChecksumAlgorithm="SHA256"),
    "delete the key": attempt(s3.delete_object),
}
after = s3.get_object(Bucket=bucket, Key=key, VersionId=version)
print(json.dumps({
    "tries": tries,
    "same": after["Body"].read() == before,
    "mode": after.get("ObjectLockMode"),
    "until": after["ObjectLockRetainUntilDate"].astimezone(datetime.timezone.utc).isoformat(),
}))
