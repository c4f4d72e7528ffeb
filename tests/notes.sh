#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Counts what the tests have noted (tests/kit/notes.rs) in these files: tests/notes.sh FILE…
set -eu
skipped=$(cat "$@" | grep -c 'skipped: ' || :)
findings=$(cat "$@" | grep -c 'finding: ' || :)
[ "$skipped" = 0 ] || {
    printf '\nTests skipped here: %s\n' "$skipped"
    cat "$@" | sed -n 's/.*skipped: [^ ]* [^ ]*: //p' | sort | uniq -c | sort -rn
}
[ "$findings" = 0 ] || {
    printf '\nFindings: %s\n' "$findings"
    cat "$@" | sed -n 's/.*finding: /  /p'
}
