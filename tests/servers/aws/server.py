"""An AWS API on a loopback port: moto, seeded by a Python file.

    server.py [--port N] [--seed FILE.py] [--enforce] [--watch TEXT]...

Prints one JSON line: {"port": …, "seeded": what the seed returned}. Ends when stdin closes. With --enforce the IAM
policies of the seeded users hold from then on, signatures included (moto can't check those of paths with a slash at
their end: some services then refuse everybody).

A seed file has one function, `seed(aws)`; `aws.client(service, region)` is a boto3 client, and `with aws.on("2026-03-01"):`
makes things on another day. `aws.deny(action, method, target)` refuses a call from then on, in the words that AWS uses:
`target` is a regular expression over path and query, or over the X-Amz-Target header.

GET /_control/requests lists the requests since the seed: method, path, X-Amz-Target, action, and `shown`: which of the
watched texts their answers held.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import logging
import os
import re
import sys
import threading

os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")
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
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402


class Aws:
    """What a seed works with."""

    def __init__(self, url, denied):
        self.url = url
        self.account = os.environ["MOTO_ACCOUNT_ID"]
        self.denied = denied

    def client(self, service, region="eu-central-1"):
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        client = boto3.client(service, region_name=region, endpoint_url=self.url, config=config)
        # s3control puts the account before the host, which no resolver knows here
        client.meta.events.register("before-send", self._without_host_prefix)
        return client

    def _without_host_prefix(self, request, **_):
        request.url = self.url + "/" + request.url.split("/", 3)[3]

    def deny(self, action, method, target):
        self.denied.append((action, method, re.compile(target)))

    @contextlib.contextmanager
    def on(self, day):
        with freeze_time(f"{day}T09:00:00Z", tick=True):
            yield


class Gate:
    """Notes each call, and refuses those that a seed denies; everything else goes to moto."""

    def __init__(self, application, watched):
        self.application = application
        self.denied = []
        self.watched = watched
        self.requests = []

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ.get("QUERY_STRING") else "")
        if path == "/_control/requests":
            answer = json.dumps(self.requests).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
            return [answer]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        noted = {"method": environ["REQUEST_METHOD"], "path": path, "target": target, "action": action and action[1].decode()}
        answer = b"".join(self.answer(environ, path, target, start_response))
        noted["shown"] = [text for text in self.watched if text.encode() in answer]
        self.requests.append(noted)
        return [answer]

    def answer(self, environ, path, target, start_response):
        words = (path, target)
        for action, method, target in self.denied:
            if environ["REQUEST_METHOD"] == method and any(target.search(word) for word in words):
                return self.refuse(action, words[1], start_response)
        return self.application(environ, start_response)

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
        spec = importlib.util.spec_from_file_location("seed", arguments.seed)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        seeded = module.seed(Aws(url, gate.denied))
    gate.requests.clear()
    if arguments.enforce:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0

    print(json.dumps({"port": port, "seeded": seeded}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
