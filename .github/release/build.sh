#!/usr/bin/env bash
# Builds the program for TARGET and packs it into dist/, the same bytes for the same commit, Rust and kind of machine.
set -euo pipefail
# on Windows bash has other names for folders than the compiler, and Python another name
python=python3
native() { printf '%s' "$1"; }
if [[ $TARGET == *-windows-* ]]; then
  python=python
  native() { cygpath -w "$1"; }
fi
version=$(cargo metadata --no-deps --format-version 1 | "$python" -c '
import json, sys
print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "annexa"), end="")')
if [[ ${GITHUB_REF_TYPE:-} == tag && $GITHUB_REF_NAME != "v$version" ]]; then
  echo "::error::the tag is $GITHUB_REF_NAME, but Cargo.toml says $version"
  exit 1
fi

# nothing of this machine's folders and of this moment goes into the program
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH CARGO_INCREMENTAL=0
here=$(native "$PWD") cargo_home=$(native "${CARGO_HOME:-$HOME/.cargo}")
export RUSTFLAGS="--remap-path-prefix=$here=annexa --remap-path-prefix=$cargo_home=cargo"
# the C in ring too
if [[ $TARGET != *-msvc ]]; then export CFLAGS="-ffile-prefix-map=$here=annexa -ffile-prefix-map=$cargo_home=cargo"; fi
cargo build --release --locked --package annexa --target "$TARGET"

program=annexa
if [[ $TARGET == *-windows-* ]]; then program=annexa.exe; fi
binary=target/$TARGET/release/$program
# it runs, and the whole pipeline gives what it should
"$binary" demo --out target/demo
"$binary" reperform target/demo
"$python" .github/release/pack.py "annexa-$version-$TARGET" dist "$binary" LICENSE README.md CHANGELOG.md
