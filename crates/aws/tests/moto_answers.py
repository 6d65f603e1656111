"""Compares decoded answers (JSON on stdin) with what botocore reads from the same bodies; prints the differences."""

import base64
import datetime
import json
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

loader = Loader()
models = {}


def model_of(service):
    if service not in models:
        models[service] = ServiceModel(loader.load_service_model(service, "service-2"), service)
    return models[service]


def plain(value):
    """Times as seconds; what has no value is not there."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        try:
            return round(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp(), 3)
        except ValueError:
            return value
    return value


def without_blobs(shape, value):
    """Blobs stay base64 with us."""
    if shape.type_name == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if shape.type_name == "structure" and isinstance(value, dict):
        return {key: without_blobs(shape.members[key], inner) for key, inner in value.items() if key in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [without_blobs(shape.member, inner) for inner in value]
    return value


compared = 0
for case in json.load(sys.stdin):
    model = model_of(case["service"])
    operation = model.operation_model(case["operation"])
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    response = {"status_code": case["status"], "headers": {}, "body": body.encode()}
    theirs = create_parser(model.resolved_protocol).parse(response, operation.output_shape)
    theirs.pop("ResponseMetadata", None)
    theirs, ours = plain(without_blobs(operation.output_shape, theirs)), plain(case["ours"])
    compared += 1
    if case["operation"] == "GetBucketLocation":
        # botocore reads it in a hook beside the parser
        continue
    if theirs != ours:
        print(f"{case['service']}:{case['operation']}\n  botocore {json.dumps(theirs, sort_keys=True)}\n  ours     {json.dumps(ours, sort_keys=True)}")
print(f"compared {compared}")
