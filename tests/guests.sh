#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the end to end tests on each real SMC kernel: tests/guests.sh [KIND…]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- debian-6.1 debian-6.12 smcd

# The test programs were built on this machine; a guest sees them.
programs=$(cargo test --locked -p smc-shim-tests --test transport --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | grep /deps/)

for kind in "$@"; do
    for program in $programs; do
        printf '\n-- %s on %s\n' "$(basename "$program")" "$kind"
        SMC_TEST_KERNEL=$kind scripts/lab run "$kind" -- "$program"
    done
done
