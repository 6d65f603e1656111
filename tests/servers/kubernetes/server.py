"""A real Kubernetes API server on a loopback port: etcd and kube-apiserver without controllers, seeded by manifests.

    server.py [--apply FILE.yaml]... [--user NAME]... [--service-accounts N]

Prints one JSON line: {"url": …, "kubeconfig": …, "audit_log": …, "kubectl": …}. Ends when stdin closes. The kubeconfig
has a context for each user, with a token, and a second one, with a client certificate: `NAME-certificate`. `admin` may
do everything; the others may do what the manifests allow. No
controllers run: pods stay pending, objects are real. The binaries come from KUBEBUILDER_ASSETS, else from the folder
that build.sh fills. --service-accounts makes N of them in the namespace `many`: lists of more than one page.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
"""


def assets():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS") or cache / "kube-control-plane" / "1.20.2")
    for name in ("etcd", "kube-apiserver"):
        if not (folder / name).exists():
            sys.exit(
                f"no {name} in {folder}: set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl "
                "(the layout of envtest), or run tests/servers/kubernetes/build.sh as root on Debian 12"
            )
    return folder


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Server:
    def __init__(self, users):
        self.assets = assets()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="kubernetes-"))
        self.processes = []
        self.tokens = {name: secrets.token_hex(16) for name in ["admin", *users]}
        self.kubeconfig = self.work / "kubeconfig"
        self.audit_log = self.work / "audit.log"
        self.kubectl = self.assets / "kubectl"
        if not self.kubectl.exists():
            self.kubectl = pathlib.Path(shutil.which("kubectl") or sys.exit("no kubectl"))

    def run(self, name, *arguments):
        with (self.work / f"{name}.log").open("w") as log:
            process = subprocess.Popen([self.assets / name, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes.append(process)

    def start(self):
        etcd, peer, port = free_ports(3)
        self.run(
            "etcd",
            f"--data-dir={self.work / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        )
        (self.work / "audit.yaml").write_text(AUDIT_POLICY)
        lines = [f"{token},{name},{name}{',system:masters' if name == 'admin' else ''}" for name, token in self.tokens.items()]
        (self.work / "tokens.csv").write_text("\n".join(lines) + "\n")
        key = self.work / "service-account.key"
        openssl("genrsa", "-out", key, "2048")
        self.make_certificates()
        self.url = f"https://127.0.0.1:{port}"
        self.run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.work / 'certificates'}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.work / 'tokens.csv'}",
            f"--client-ca-file={self.work / 'clients.crt'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            f"--audit-policy-file={self.work / 'audit.yaml'}",
            f"--audit-log-path={self.audit_log}",
        )

    def make_certificates(self):
        """A certificate authority for clients, and a certificate for each user."""
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        authority = self.work / "clients"
        openssl("req", "-x509", *new_key, "-keyout", f"{authority}.key", "-out", f"{authority}.crt", "-subj", "/CN=clients", "-days", "2")
        # without extensions it would be a certificate of version 1, which rustls does not take
        extensions = self.work / "clients.ext"
        extensions.write_text("basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")
        for name in self.tokens:
            file = self.work / f"user-{name}"
            group = "/O=system:masters" if name == "admin" else ""
            openssl("req", *new_key, "-keyout", f"{file}.key", "-out", f"{file}.csr", "-subj", f"{group}/CN={name}")
            signed_by = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", extensions)
            openssl("x509", "-req", "-in", f"{file}.csr", "-out", f"{file}.crt", *signed_by)

    def wait(self):
        certificate = self.work / "certificates" / "apiserver.crt"
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.poll() is not None:
                    logs = "".join(path.read_text()[-2000:] for path in self.work.glob("*.log") if path != self.audit_log)
                    sys.exit(f"the server ended at once:\n{logs}")
            if certificate.exists():
                self.write_kubeconfig(certificate.read_bytes())
                ready = self.kubectl_run("get", "--raw", "/readyz", check=False)
                if ready.returncode == 0:
                    return
            time.sleep(0.2)
        sys.exit("the server was not ready within three minutes")

    def write_kubeconfig(self, certificate):
        cluster = {"server": self.url, "certificate-authority-data": base64.b64encode(certificate).decode()}
        users = {name: {"token": token} for name, token in self.tokens.items()}
        for name in self.tokens:
            files = {"client-certificate": f"user-{name}.crt", "client-key": f"user-{name}.key"}
            users[f"{name}-certificate"] = {key: str(self.work / file) for key, file in files.items()}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": name, "user": user} for name, user in users.items()],
            "contexts": [{"name": name, "context": {"cluster": "test", "user": name}} for name in users],
            "current-context": "admin",
        }
        self.kubeconfig.write_text(json.dumps(config))
        self.kubeconfig.chmod(0o600)

    def kubectl_run(self, *arguments, check=True):
        command = [self.kubectl, f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.work / 'cache'}", *arguments]
        result = subprocess.run(command, capture_output=True, text=True)
        if check and result.returncode != 0:
            sys.exit(f"kubectl {' '.join(map(str, arguments))}: {result.stderr}")
        return result

    def apply(self, files):
        self.wait_for("namespace/kube-system")
        for file in files:
            self.kubectl_run("apply", "-f", file)

    def make_service_accounts(self, count):
        self.kubectl_run("create", "namespace", "many")
        trust = ssl.create_default_context(cafile=self.work / "certificates" / "apiserver.crt")
        headers = {"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": "application/json"}

        def make(number):
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": f"account-{number:05}"}}
            path = f"{self.url}/api/v1/namespaces/many/serviceaccounts"
            request = urllib.request.Request(path, json.dumps(account).encode(), headers)
            urllib.request.urlopen(request, context=trust).close()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(count)))

    def wait_for(self, name):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.kubectl_run("get", name, check=False).returncode == 0:
                return
            time.sleep(0.2)
        sys.exit(f"no {name}")

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apply", action="append", default=[], metavar="FILE")
    parser.add_argument("--user", action="append", default=[], metavar="NAME")
    parser.add_argument("--service-accounts", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server(arguments.user)
    try:
        server.start()
        server.wait()
        server.apply(arguments.apply)
        if arguments.service_accounts:
            server.make_service_accounts(arguments.service_accounts)
        places = {"url": server.url, "kubeconfig": server.kubeconfig, "audit_log": server.audit_log, "kubectl": server.kubectl}
        print(json.dumps({name: str(place) for name, place in places.items()}), flush=True)
        sys.stdin.read()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
