#!/usr/bin/env python3
"""Checks an evidence bundle without annexa: signature, statement, every file, and the Merkle root.

    python3 verify_dsse.py BUNDLE PUBLIC.pem        BUNDLE is a folder or a .zip

Needs Python 3.9 or newer and the package `cryptography`. Ends with exit status 0 when everything matches, and 1 with the
name of what does not. docs/bundle-format.md describes what is checked.
"""

import base64
import hashlib
import json
import os
import sys
import zipfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PAYLOAD_TYPE = "application/vnd.in-toto+json"
ENVELOPE = "manifest.dsse.json"
LINE_FILES = ("findings.jsonl", "resources.jsonl", "gaps.jsonl", "controls.json")
SALT_LENGTH = 16


def stop(message):
    sys.exit(f"DOES NOT MATCH: {message}")


def open_bundle(path):
    """The names of all files in a bundle, and a function that reads one."""
    if os.path.isdir(path):
        names = []
        for base, folders, files in os.walk(path):
            for name in folders + files:
                full = os.path.join(base, name)
                if os.path.islink(full):
                    stop(f"{full} is a link")
                if name in files:
                    names.append(os.path.relpath(full, path).replace(os.sep, "/"))

        def read(name):
            with open(os.path.join(path, name), "rb") as file:
                return file.read()

        return names, read
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(set(names)) != len(names):
        stop("a name occurs twice in the zip")
    return names, archive.read


def check_signature(envelope, public_key):
    """The payload, when the key signed it. DSSE signs type and payload together, with their lengths."""
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        stop(f"the payloadType is {envelope.get('payloadType')!r}")
    if len(envelope["signatures"]) != 1:
        stop("there is not exactly one signature")
    payload = base64.b64decode(envelope["payload"], validate=True)
    message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    try:
        public_key.verify(base64.b64decode(envelope["signatures"][0]["sig"], validate=True), message)
    except InvalidSignature:
        stop("the signature is not by this key")
    return json.loads(payload)


def check_subjects(statement, names, read):
    """Each subject is a file of this digest, and each file is a subject."""
    if statement["_type"] != "https://in-toto.io/Statement/v1":
        stop("the payload is not an in-toto Statement v1")
    subjects = statement["subject"]
    if subjects[0]["name"] != "manifest.json":
        stop("the first subject is not manifest.json")
    for subject in subjects:
        name = subject["name"]
        if name not in names:
            stop(f"{name} is missing")
        if hashlib.sha256(read(name)).hexdigest() != subject["digest"]["sha256"]:
            stop(f"{name} was changed")
    for name in set(names) - {subject["name"] for subject in subjects} - {ENVELOPE}:
        stop(f"{name} is not signed")
    return len(subjects)


def lines_of(name, content):
    """The lines of a file that are leaves of the Merkle tree."""
    lines = content.split(b"\n")[:-1]
    if name == "controls.json":
        return [line[:-1] if line.endswith(b",") else line for line in lines[1:-1]]
    return lines


def merkle_root(hashes):
    """RFC 6962, section 2.1, by its definition."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle_root(hashes[:split]) + merkle_root(hashes[split:])).digest()


def check_merkle(manifest, names, read):
    """All lines are leaves, in the order of the files' paths."""
    salts = read("salts.bin")
    leaves = []
    for name in sorted(names):
        if name in LINE_FILES or name.startswith("evidence/"):
            for line in lines_of(name, read(name)):
                salt = salts[len(leaves) * SALT_LENGTH :][:SALT_LENGTH]
                leaves.append(hashlib.sha256(b"\x00" + salt + line).digest())
    if len(salts) != len(leaves) * SALT_LENGTH:
        stop("salts.bin does not hold one salt for each line")
    if merkle_root(leaves).hex() != manifest["merkle"]["root"]:
        stop("the Merkle root is not that of the lines")
    return len(leaves)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    names, read = open_bundle(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        public_key = load_pem_public_key(file.read())
    if not isinstance(public_key, Ed25519PublicKey):
        sys.exit(f"{sys.argv[2]} is not an Ed25519 public key")
    if ENVELOPE not in names:
        stop("the bundle is not signed")
    statement = check_signature(json.loads(read(ENVELOPE)), public_key)
    files = check_subjects(statement, names, read)
    lines = check_merkle(json.loads(read("manifest.json")), names, read)
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    print(f"matches: {files} files, {lines} lines, signed by key {hashlib.sha256(der).hexdigest()}")


if __name__ == "__main__":
    main()
