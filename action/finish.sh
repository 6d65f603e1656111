#!/usr/bin/env bash
# Ends the action with the scan's own exit status, after everything is safe.
set -euo pipefail
case $STATUS in
0) ;;
1) echo "::error title=annexa::there are open findings at or above fail-on" ;;
3) echo "::error title=annexa::the scan is incomplete: something could not be read and no exception accepts it" ;;
*) STATUS=2 ;; # an earlier step said what went wrong
esac
exit "$STATUS"
