"""Compares requests (JSON on stdin) with those that botocore makes; prints the differences."""

import json
import sys
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

loader = Loader()
models = {}


def model_of(service):
    if service not in models:
        models[service] = ServiceModel(loader.load_service_model(service, "service-2"), service)
    return models[service]


def body_of(request):
    body = request["body"]
    if isinstance(body, dict):
        return sorted((key, str(value)) for key, value in body.items())
    if isinstance(body, bytes):
        body = body.decode()
    try:
        return json.loads(body)
    except ValueError:
        return sorted(parse_qsl(body, keep_blank_values=True))


def query_of(query):
    pairs = []
    for key, value in query.items() if isinstance(query, dict) else query:
        for one in value if isinstance(value, list) else [value]:
            pairs.append((key, str(one)))
    return sorted(pairs)


compared = 0
for case in json.load(sys.stdin):
    model = model_of(case["service"])
    operation = model.operation_model(case["operation"])
    # the account in the host is the endpoint's matter
    operation.__dict__["endpoint"] = None
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    theirs = serializer.serialize_to_request(case["parameters"], operation)
    path, _, fixed = theirs["url_path"].partition("?")
    query = query_of(theirs["query_string"]) + parse_qsl(fixed, keep_blank_values=True)
    headers = {key.lower(): value for key, value in theirs["headers"].items()}
    pairs = [
        ("method", theirs["method"], case["method"]),
        ("path", path, case["path"]),
        ("query", sorted(query), sorted(parse_qsl(case["query"], keep_blank_values=True))),
        ("body", body_of(theirs), body_of(case)),
    ]
    for name, value in headers.items():
        # rest-json adds a content type to empty bodies; a signature does not need it
        if name != "content-type" and name not in ("x-amzn-query-mode",):
            pairs.append((name, str(value), case["headers"].get(name)))
    compared += 1
    for name, expected, found in pairs:
        if expected != found:
            print(f"{case['service']}:{case['operation']} {name}\n  botocore {expected}\n  ours     {found}")
print(f"compared {compared}")
