# shellcheck shell=bash
# Sourced by the other scripts: messages to the runner, and outputs of a step.

# In a message to the runner, a line break would begin a new command.
escaped() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}

# Ends the step. 2 is annexa's own status for a mistake in what somebody wrote.
fail() {
  echo "::error title=annexa::$(escaped "$1")"
  exit 2
}

# Sets an output of the step; a line break in it would set another one.
output() {
  case $2 in
  *$'\n'* | *$'\r'*) fail "$1 must be one line" ;;
  *) ;;
  esac
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# An input that must be one of some words.
one_of() {
  local name=$1 value=$2 word
  shift 2
  for word in "$@"; do
    if [[ $value == "$word" ]]; then return 0; fi
  done
  fail "$name: \`$value\` is none of: $*"
}
