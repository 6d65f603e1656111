"""Buckets for bundles: one with Object Lock, one without, one that may not be written, one that may only be written."""


def seed(aws):
    s3 = aws.client("s3")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    for name in ("plain", "read-only", "write-only"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    aws.deny("s3:PutObject", "PUT", "^/read-only/")
    for method in ("GET", "HEAD"):
        aws.deny("s3:GetObject", method, "^/write-only/")
    return {}
