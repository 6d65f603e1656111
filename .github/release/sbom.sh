#!/usr/bin/env bash
# Writes the bill of materials (CycloneDX, JSON) of what the program is linked from into dist/.
set -euo pipefail
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
cargo install --quiet --locked --root target/tools cargo-cyclonedx@0.5.9
# all platforms, without what only tests and build scripts use
target/tools/bin/cargo-cyclonedx cyclonedx --manifest-path crates/annexa/Cargo.toml --format json --spec-version 1.5 \
  --target all --no-build-deps --override-filename annexa.cdx
version=$(python3 -c 'import json; print(json.load(open("crates/annexa/annexa.cdx.json"))["metadata"]["component"]["version"])')
mkdir -p dist
# where it was checked out is nobody's business
sed "s#file://$PWD#file:///annexa#g" crates/annexa/annexa.cdx.json >"dist/annexa-$version.cdx.json"
# one for each member of the workspace is written
find crates -name annexa.cdx.json -delete
