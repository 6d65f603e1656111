"""CloudTrail, CloudWatch Logs and Certificate Manager."""

import datetime
import types

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.cloudtrail.models import cloudtrail_backends
from truth import passes


def log_groups(aws, truth, region):
    logs = aws.client("logs", region)
    for number in range(54):
        name = f"/demo/group-{number:02}"
        logs.create_log_group(logGroupName=name)
        term = number % 3
        if term:
            logs.put_retention_policy(logGroupName=name, retentionInDays=[30, 365][term - 1])
        if number % 5 == 0:
            logs.put_metric_filter(logGroupName=name, filterName="errors", filterPattern="ERROR", metricTransformations=[
                {"metricName": "errors", "metricNamespace": "demo", "metricValue": "1"}])
        truth.of("aws.logs.log_group", region, f"arn:aws:logs:{region}:{aws.account}:log-group:{name}", {"log-group-has-a-term": passes(term)})


def trails(aws, truth, region, buckets):
    """Each trail in a bucket of its own; some in a bucket of the other account."""
    client = aws.client("cloudtrail", region)
    for number in range(22):
        bucket, closed, locks = buckets[number * 7 % len(buckets)]
        validates, delivery = number % 3 != 0, ["delivers", "off", "stuck", "refused"][number % 4]
        name = f"trail-{region}-{number:02}"
        made = client.create_trail(Name=name, S3BucketName=bucket, IsMultiRegionTrail=number % 2 == 0, EnableLogFileValidation=validates)["TrailARN"]
        if delivery != "off":
            client.start_logging(Name=name)
        if delivery in ("stuck", "refused"):
            hinder(cloudtrail_backends[aws.account][region].trails[name].status, delivery)
        truth.of("aws.cloudtrail.trail", region, made, {
            "trail-validates-log-files": passes(validates),
            "trail-delivers-logs": {"delivers": "pass", "off": "not_applicable"}.get(delivery, "fail"),
            "trail-bucket-is-closed": passes(closed),
            "trail-bucket-locks-logs": passes(locks),
        })


def hinder(status, how):
    """A trail that is switched on and whose last delivery failed, or was long ago."""
    described = status.description()
    if how == "refused":
        described["LatestDeliveryError"] = "AccessDenied"
    else:
        described["LatestDeliveryTime"] -= 40 * 24 * 3600
    status.description = types.MethodType(lambda _self: described, status)


def one_trail(aws, truth, region, bucket):
    """A trail of one region only: nobody records what happens in the others."""
    name, closed, locks = bucket
    client = aws.client("cloudtrail", region)
    made = client.create_trail(Name="here-only", S3BucketName=name, IsMultiRegionTrail=False, EnableLogFileValidation=True)["TrailARN"]
    client.start_logging(Name="here-only")
    truth.of("aws.cloudtrail.trail", region, made, {
        "trail-validates-log-files": "pass", "trail-delivers-logs": "pass",
        "trail-bucket-is-closed": passes(closed), "trail-bucket-locks-logs": passes(locks)})


def certificates(aws, truth, region):
    acm, elb = aws.client("acm", region), aws.client("elb", region)
    for number in range(24):
        days, used = [5, 29, 31, 300][number % 4], number % 3 != 0
        certificate, key = certificate_for(f"www-{number:02}.example", days)
        made = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
        if used:
            elb.create_load_balancer(LoadBalancerName=f"balancer-{number:02}", AvailabilityZones=[f"{region}a"], Listeners=[{
                "Protocol": "HTTPS", "LoadBalancerPort": 443, "InstanceProtocol": "HTTP", "InstancePort": 80, "SSLCertificateId": made}])
        truth.of("aws.acm.certificate", region, made, {"certificate-is-renewed-in-time": passes(days >= 30) if used else "not_applicable"})


def certificate_for(name, days):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1)).sign(key, hashes.SHA256()))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), pem
