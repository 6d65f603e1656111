#!/usr/bin/env bash
# Runs the scan. Ends with 0 for a scan that left a bundle, whatever it found, so that the bundle is uploaded;
# finish.sh gives the job its status. Sets `status`, `bundle` and, where it can be written, `sarif`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=action/messages.sh
source "$here/messages.sh"
one_of allow-incomplete "$INPUT_ALLOW_INCOMPLETE" true false
one_of summary "$INPUT_SUMMARY" auto always never

# Everything in a folder that only this user can read.
umask 077
work=$(mktemp -d "${RUNNER_TEMP:?}/annexa-XXXXXX")
bundle=${INPUT_OUT:-$work/evidence.zip}
encrypted=false
if [[ -n ${INPUT_ENCRYPT_TO//[[:space:]]/} ]]; then
  encrypted=true
  bundle=${bundle%.age}.age
fi
# empty is not the name of a file
if [[ -z ${ANNEXA_AGE_IDENTITY:-} ]]; then unset ANNEXA_AGE_IDENTITY; fi

arguments=(scan --config "$INPUT_CONFIG" --out "$bundle")
if [[ -n $INPUT_FAIL_ON ]]; then arguments+=(--fail-on "$INPUT_FAIL_ON"); fi
if [[ -n $INPUT_PREVIOUS ]]; then arguments+=(--previous "$INPUT_PREVIOUS"); fi
if [[ $INPUT_ALLOW_INCOMPLETE == true ]]; then arguments+=(--allow-incomplete); fi
while IFS= read -r line; do
  line=${line%$'\r'}
  if [[ -n $line ]]; then arguments+=(--encrypt-to "$line"); fi
done <<<"$INPUT_ENCRYPT_TO"
while IFS= read -r line; do
  line=${line%$'\r'}
  if [[ -n $line ]]; then arguments+=("$line"); fi
done <<<"$INPUT_ARGS"

# What the program prints holds names that others chose: it is no command to the runner. It also names resources and
# findings: where everybody reads the log it goes to a file instead.
token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
annexa() {
  local status=0
  if [[ $PUBLIC == false ]]; then
    echo "::stop-commands::$token"
    # in one stream, so that it stays between the two lines
    "$ANNEXA" "$@" 2>&1 || status=$?
    echo "::$token::"
  else
    "$ANNEXA" "$@" >"$work/log" 2>&1 || status=$?
  fi
  return "$status"
}

status=0
annexa "${arguments[@]}" || status=$?
if [[ $PUBLIC != false && $status == 2 ]]; then
  # only about a mistake in the configuration
  echo "::stop-commands::$token"
  cat "$work/log"
  echo "::$token::"
fi
output status "$status"

case $status in
0 | 1 | 3) ;;
2) fail "the scan did not run: see its message above" ;;
*) fail "the scan broke off with exit status $status" ;;
esac
[[ -e $bundle || $bundle == s3://* ]] || fail "the scan ended with $status, but left no bundle at $bundle"
output bundle "$bundle"

# From here on nothing can lose the bundle. Other formats are derived from it; from an encrypted one only with a private key.
if [[ $encrypted == true && -z ${ANNEXA_AGE_IDENTITY:-} ]]; then
  echo "::notice title=annexa::the bundle is encrypted and ANNEXA_AGE_IDENTITY is not set: no SARIF and no summary"
  exit 0
fi

report() {
  annexa report "$bundle" --format "$1" --out "$2" || fail "$1 could not be written"
}

report sarif "$work/annexa.sarif"
output sarif "$work/annexa.sarif"

if [[ $INPUT_SUMMARY == always || ($INPUT_SUMMARY == auto && $PUBLIC == false) ]]; then
  report markdown "$work/summary.md"
  # the runner takes at most 1 MiB a step
  if (($(wc -c <"$work/summary.md") <= 1000000)); then
    cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"
  else
    echo "The summary is too long for this page: see index.html in the bundle." >>"$GITHUB_STEP_SUMMARY"
  fi
elif [[ $INPUT_SUMMARY == auto ]]; then
  echo "annexa ended with exit status $status. Findings are not shown here, for everybody can read this page." \
    >>"$GITHUB_STEP_SUMMARY"
fi
