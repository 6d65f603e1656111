#!/usr/bin/env bash
# Refuses to upload an unencrypted bundle from a public repository: anybody can download its artifacts. Run before the scan,
# where the inputs tell, and after it on the bundle itself (BUNDLE), where its first bytes tell.
# Sets `public` (who can read the log and the summary) and, for a bundle, `upload`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=action/messages.sh
source "$here/messages.sh"
one_of upload "$INPUT_UPLOAD" true false

# Private only when the event says so and nothing contradicts; an event without a repository counts as public.
public=true
case $REPOSITORY_PRIVATE-$REPOSITORY_VISIBILITY in
true-private | true-internal | true-) public=false ;;
*) ;;
esac
output public "$public"

reason="this repository is public, so everybody can download its artifacts"
if [[ -z $REPOSITORY_PRIVATE$REPOSITORY_VISIBILITY ]]; then
  reason="the event does not say whether this repository is public"
fi

if [[ -z ${BUNDLE:-} ]]; then
  if [[ $public == true && $INPUT_UPLOAD == true && -z ${INPUT_ENCRYPT_TO//[[:space:]]/} ]]; then
    fail "an unencrypted bundle is not uploaded: $reason. Give an age recipient as encrypt-to, or upload: false"
  fi
  exit 0
fi

# what went to a bucket is there already
if [[ $INPUT_UPLOAD == false || $BUNDLE == s3://* ]]; then
  output upload false
  exit 0
fi
if [[ $public == true ]]; then
  # every age file begins so, by its format; an armoured one is text
  begin=$(head -c 34 "$BUNDLE" | tr -d '\0' || true)
  case $begin in
  "age-encryption.org/v1"$'\n'* | "-----BEGIN AGE ENCRYPTED FILE-----") ;;
  *)
    output upload false
    fail "$BUNDLE is not encrypted and is not uploaded: $reason"
    ;;
  esac
fi
output upload true
