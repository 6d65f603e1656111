#!/usr/bin/env bash
# Finds the program to run: your own build (INPUT_BINARY), or the one release that action/sums.txt pins, for this runner's
# platform, downloaded and checked. Sets the output `binary`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=action/messages.sh
source "$here/messages.sh"

if [[ -n $INPUT_BINARY ]]; then
  [[ -f $INPUT_BINARY && -x $INPUT_BINARY ]] || fail "binary: $INPUT_BINARY is not a program that can be run"
  # absolute, for a bare name would be looked up in PATH
  output binary "$(cd "$(dirname "$INPUT_BINARY")" && pwd)/$(basename "$INPUT_BINARY")"
  exit 0
fi

case $RUNNER_OS-$RUNNER_ARCH in
Linux-X64) target=x86_64-unknown-linux-musl ;;
Linux-ARM64) target=aarch64-unknown-linux-musl ;;
macOS-ARM64) target=aarch64-apple-darwin ;;
Windows-X64) target=x86_64-pc-windows-msvc ;;
*) fail "there is no release for $RUNNER_OS on $RUNNER_ARCH: build annexa there and give its path as binary" ;;
esac

# The file is SHA256SUMS of a release: `<64 hex digits>  <name>`, or `… *<name>`. Exactly one line must be ours.
sums=${ANNEXA_SUMS:-$here/sums.txt}
wanted="" archive=""
while read -r sum name; do
  name=${name#\*}
  [[ $name == annexa-*-"$target".tar.gz ]] || continue
  [[ -z $archive ]] || fail "$sums pins two releases for $target"
  [[ $sum =~ ^[0-9a-f]{64}$ && $name =~ ^annexa-[0-9A-Za-z._-]+\.tar\.gz$ ]] || fail "$sums: this is no sum: $sum $name"
  wanted=$sum archive=$name
done <"$sums"
[[ -n $archive ]] || fail "this version of the action pins no release for $target (nothing may be released yet): use a later \
version of the action, or give the path of your own build as binary"
version=${archive#annexa-}
version=${version%-"$target".tar.gz}

# A composite action does not always know its own repository; a mirror can be given, for the sum decides.
from=${INPUT_DOWNLOADS:-$GITHUB_SERVER_URL/${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download}
from=${from%/}
case $from in
https://* | file:///*) ;;
*) fail "downloads: $from is neither https:// nor file:///" ;;
esac
folder=$(mktemp -d "${RUNNER_TEMP:?}/annexa-program-XXXXXX")
curl --silent --show-error --fail --location --proto '=https,file' --proto-redir '=https' --retry 3 --max-time 300 \
  --output "$folder/$archive" "$from/v$version/$archive" || fail "$from/v$version/$archive could not be downloaded"

if command -v sha256sum >/dev/null; then
  actual=$(sha256sum <"$folder/$archive")
else
  actual=$(shasum -a 256 <"$folder/$archive")
fi
actual=${actual%% *}
[[ $actual == "$wanted" ]] || fail "$archive has SHA-256 $actual, but $wanted is pinned: it was not run"

# only after the check does anything read it; only the program is unpacked
program=annexa
if [[ $RUNNER_OS == Windows ]]; then program=annexa.exe; fi
# (in the folder, because GNU tar takes the colon of a Windows path for a host)
(cd "$folder" && tar -xzf "$archive" "annexa-$version-$target/$program")
output binary "$folder/annexa-$version-$target/$program"
echo "annexa $version for $target, SHA-256 as pinned"
