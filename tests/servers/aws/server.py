"""An AWS API on a loopback port: moto, seeded by a Python file.

    server.py [--port N] [--seed FILE.py] [--enforce]

Prints one JSON line: {"port": …, "seeded": what the seed returned}. Ends when stdin closes. With --enforce the IAM
policies of the seeded users hold from then on, signatures included, so that denied calls are real denials.

A seed file has one function, `seed(aws)`; `aws.client(service, region)` is a boto3 client, and `with aws.on("2026-03-01"):`
makes things on another day.
"""

import argparse
import contextlib
import importlib.util
import json
import logging
import os
import sys
import threading

os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.update(AWS_ACCESS_KEY_ID="seed", AWS_SECRET_ACCESS_KEY="seed", AWS_EC2_METADATA_DISABLED="true")
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)

import boto3  # noqa: E402  (after the environment)
from botocore.config import Config  # noqa: E402
from freezegun import freeze_time  # noqa: E402
from moto import settings  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402


class Aws:
    """What a seed works with."""

    def __init__(self, url):
        self.url = url
        self.account = os.environ["MOTO_ACCOUNT_ID"]

    def client(self, service, region="eu-central-1"):
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        client = boto3.client(service, region_name=region, endpoint_url=self.url, config=config)
        # s3control puts the account before the host, which no resolver knows here
        client.meta.events.register("before-send", self._without_host_prefix)
        return client

    def _without_host_prefix(self, request, **_):
        request.url = self.url + "/" + request.url.split("/", 3)[3]

    @contextlib.contextmanager
    def on(self, day):
        with freeze_time(f"{day}T09:00:00Z", tick=True):
            yield


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed")
    parser.add_argument("--enforce", action="store_true")
    arguments = parser.parse_args()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=arguments.port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"

    seeded = None
    if arguments.seed:
        spec = importlib.util.spec_from_file_location("seed", arguments.seed)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        seeded = module.seed(Aws(url))
    if arguments.enforce:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0

    print(json.dumps({"port": port, "seeded": seeded}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
