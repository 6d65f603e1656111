"""An AWS API on a loopback port: moto, seeded by a Python file.

    server.py [--port N] [--seed FILE.py] [--enforce] [--watch TEXT]...

Prints one JSON line: {"port": …, "seeded": what the seed returned}. Ends when stdin closes. With --enforce the IAM
policies of the seeded users hold from then on, signatures included (moto can't check those of paths with a slash at
their end: some services then refuse everybody).

A seed file has one function, `seed(aws)`; `aws.client(service, region)` is a boto3 client, and `with aws.on("2026-03-01"):`
makes things on another day. `aws.deny(action, method, target)` refuses a call from then on, in the words that AWS uses:
`target` is a regular expression over path and query, or over the X-Amz-Target header. `aws.answer(method, path, body,
region)` answers for moto what moto does not serve. `aws.in_account(number)` works in another account.
`aws.fault(service, kind, region)` spoils every answer of a service (its signing name) from then on; `Faults` has the kinds.

GET /gate/requests says how many requests came since the seed, by service, and how many moto answered with an error of
its own (it serves only some operations). GET /_control/requests lists them: service,
method, path, X-Amz-Target, action, and `shown`: which of the watched texts their answers held. PUT /gate/faults with
{"SERVICE": "KIND", …} replaces the faults; the service `*` is all but sts, and {"after": N} spares the next N requests.
"""

import argparse
import collections
import contextlib
import copy
import importlib.util
import io
import json
import logging
import os
import re
import sys
import threading

# moto would put every caller into the account that this variable names
ACCOUNT = os.environ.pop("MOTO_ACCOUNT_ID", "111122223333")
# a thousand policies and five hundred snapshots that no real account shows are left out
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.update(AWS_ACCESS_KEY_ID="seed", AWS_SECRET_ACCESS_KEY="seed", AWS_EC2_METADATA_DISABLED="true")
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)

import boto3  # noqa: E402  (after the environment)
from botocore.config import Config  # noqa: E402
from freezegun import freeze_time  # noqa: E402
from moto import settings  # noqa: E402
from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.iam.models import get_account_id_from  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402


class Aws:
    """What a seed works with."""

    def __init__(self, url, gate):
        self.url = url
        self.account = ACCOUNT
        self.gate = gate
        self.credentials = {}

    def client(self, service, region="eu-central-1"):
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        client = boto3.client(service, region_name=region, endpoint_url=self.url, config=config, **self.credentials)
        # s3control puts the account before the host, which no resolver knows here
        client.meta.events.register("before-send", self._without_host_prefix)
        return client

    def _without_host_prefix(self, request, **_):
        request.url = self.url + "/" + request.url.split("/", 3)[3]

    def in_account(self, account):
        role = f"arn:aws:iam::{account}:role/annexa"
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="seed")["Credentials"]
        other = copy.copy(self)
        other.account = account
        other.credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return other

    def deny(self, action, method, target):
        self.gate.denied.append((action, method, re.compile(target)))

    def answer(self, method, path, body=None, *, region, status=200, kind=None):
        """A JSON answer; with `kind` an error of that name."""
        self.gate.answers[method, region, path] = (status, kind, json.dumps(body or {"message": "not found"}).encode())

    def fault(self, service, kind, region=None):
        self.gate.faults[service, region] = kind

    @contextlib.contextmanager
    def on(self, day):
        with freeze_time(f"{day}T09:00:00Z", tick=True):
            yield


class Faults:
    """Answers that are none. Each gives (status, headers, body) for a request of a protocol."""

    @staticmethod
    def error(protocol, status, code, message="made by a test"):
        """An error in the form of its protocol."""
        if protocol == "target":
            return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"__type": code, "message": message})
        if protocol == "rest-json":
            return status, {"Content-Type": "application/json", "x-amzn-errortype": code}, json.dumps({"message": message})
        error = f"<Code>{code}</Code><Message>{message}</Message>"
        form = {
            "ec2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>r</RequestID></Response>",
            "query": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>r</RequestId></ErrorResponse>",
        }.get(protocol, f"<Error>{error}</Error>")
        return status, {"Content-Type": "text/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{form}'

    KINDS = {
        "denied": lambda p: Faults.error(p, 403 if p != "target" else 400, "AccessDeniedException" if p == "target" else "AccessDenied"),
        "expired": lambda p: Faults.error(p, 403 if p != "target" else 400, "ExpiredTokenException" if p in ("target", "rest-json") else "ExpiredToken"),
        "throttled": lambda p: (429, {"Content-Type": "text/plain", "Retry-After": "0"}, "slow down"),
        "throttled_silently": lambda p: (429, {"Content-Type": "text/plain"}, ""),
        "busy": lambda p: (503, {"Content-Type": "text/plain", "Retry-After": "0"}, "busy"),
        "busy_silently": lambda p: (503, {"Content-Type": "text/plain"}, ""),
        "failing": lambda p: Faults.error(p, 500, "InternalFailure"),
        "page_of_a_proxy": lambda p: (200, {"Content-Type": "text/html"}, "<html><body>Sign in to the hotel's network</body></html>"),
        "broken_off": lambda p: (200, {"Content-Type": "application/json"}, '{"Items": [{"Na') if p in ("target", "rest-json") else (200, {"Content-Type": "text/xml"}, "<Result><Items><member>"),
        "error_in_200": lambda p: Faults.error(p, 200, "InternalError"),
        "empty": lambda p: (200, {"Content-Type": "application/json"}, ""),
    }


class Gate:
    """Notes each call, refuses those that a seed denies, gives the answers that it holds, and spoils those that it wants
    spoilt; everything else goes to moto."""

    SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")

    def __init__(self, application, watched):
        self.application = application
        self.denied = []
        self.answers = {}
        self.faults = {}
        self.spared = 0
        self.watched = watched
        self.requests = []
        self.server_errors = collections.Counter()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ.get("QUERY_STRING") else "")
        if path in ("/gate/requests", "/_control/requests"):
            counted = collections.Counter(noted["service"] for noted in self.requests)
            told = {"requests": counted, "server_errors": self.server_errors}
            answer = json.dumps(told if path == "/gate/requests" else self.requests).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
            return [answer]
        if path == "/gate/faults":
            faults = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            self.spared = faults.pop("after", 0)
            self.faults = {(service, None): kind for service, kind in faults.items()}
            start_response("204 No Content", [])
            return []
        scope = self.SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, region, service = scope.groups() if scope else ("", "", "unsigned")
        if get_account_id_from(key) == DEFAULT_ACCOUNT_ID:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = ACCOUNT
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        noted = {"service": service, "method": environ["REQUEST_METHOD"], "path": path, "target": target}
        noted["action"] = action and action[1].decode()
        self.requests.append(noted)
        held = self.answers.get((environ["REQUEST_METHOD"], region, environ["PATH_INFO"].rstrip("/")))
        fault = self.faults.get((service, region)) or self.faults.get((service, None))
        if not fault and service not in ("sts", "unsigned"):
            fault = self.faults.get(("*", None))
        if fault and self.spared > 0:
            self.spared -= 1
            fault = None
        if fault:
            protocol = "target" if target else "ec2" if service == "ec2" else "query" if action else "s3" if service == "s3" else "rest-json"
            answer = self.spoil(fault, protocol, environ, service, path, target, start_response)
        elif held:
            answer = self.give(*held, start_response)
        else:
            answer = b"".join(self.answer(environ, service, path, target, start_response))
        noted["shown"] = [text for text in self.watched if text.encode() in answer]
        return [answer]

    def spoil(self, kind, protocol, environ, service, path, target, start_response):
        if kind == "in_circles":
            # a page token that leads to the same page for ever
            kept = []
            asked = json.loads(environ["wsgi.input"].read() or "{}")
            asked = json.dumps({name: value for name, value in asked.items() if value != "again"}).encode()
            environ.update({"wsgi.input": io.BytesIO(asked), "CONTENT_LENGTH": str(len(asked))})
            answer = b"".join(self.answer(environ, service, path, target, lambda status, headers, *_: kept.append((status, headers))))
            page = json.loads(answer)
            page["NextToken"] = page["nextToken"] = "again"
            answer = json.dumps(page).encode()
            status, headers = kept[0]
            start_response(status, [(n, v) for n, v in headers if n.lower() != "content-length"] + [("Content-Length", str(len(answer)))])
            return answer
        status, headers, answer = Faults.KINDS[kind](protocol)
        start_response(f"{status} Fault", [*headers.items(), ("x-amzn-requestid", "00000000-fault")])
        return answer.encode()

    def answer(self, environ, service, path, target, start_response):
        words = (path, target)
        for action, method, target in self.denied:
            if environ["REQUEST_METHOD"] == method and any(target.search(word) for word in words):
                return self.refuse(action, words[1], start_response)

        def watched(status, *more):
            if status.startswith("5"):
                self.server_errors[service] += 1
            return start_response(status, *more)

        return self.application(environ, watched)

    @staticmethod
    def give(status, kind, body, start_response):
        error = [("x-amzn-errortype", kind)] if kind else []
        reason = "OK" if status < 300 else "Not Found"
        start_response(f"{status} {reason}", [("Content-Type", "application/json"), ("x-amzn-requestid", "00000000-gate"), *error])
        return body

    @staticmethod
    def refuse(action, target, start_response):
        message = f"User is not authorized to perform: {action} because no identity-based policy allows the {action} action"
        if target:
            body, kind = json.dumps({"__type": "AccessDeniedException", "message": message}), "application/x-amz-json-1.1"
        else:
            body = f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
            kind = "application/xml"
        status = "400 Bad Request" if target else "403 Forbidden"
        start_response(status, [("Content-Type", kind), ("x-amzn-requestid", "00000000-demo")])
        return [body.encode()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed")
    parser.add_argument("--enforce", action="store_true")
    parser.add_argument("--watch", action="append", default=[], metavar="TEXT")
    arguments = parser.parse_args()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gate = Gate(DomainDispatcherApplication(create_backend_app), arguments.watch)
    server = make_server("127.0.0.1", arguments.port, gate, threaded=True)
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{port}"

    seeded = None
    if arguments.seed:
        # a seed of several files
        sys.path.insert(0, os.path.dirname(os.path.abspath(arguments.seed)))
        spec = importlib.util.spec_from_file_location("seed", arguments.seed)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        seeded = module.seed(Aws(url, gate))
    gate.requests.clear()
    if arguments.enforce:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0

    print(json.dumps({"port": port, "seeded": seeded}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
