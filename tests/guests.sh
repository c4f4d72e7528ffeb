#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the end to end tests on real SMC kernels: tests/guests.sh [WHERE…]
# WHERE: a KIND of scripts/lab, or `pair`: SMC-R between two debian-6.12 guests.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- debian-6.1 debian-6.12 smcd pair

# The test programs were built on this machine; a guest sees them.
built=$(cargo test --locked -p smc-shim-tests --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
program() {
    printf '%s\n' "$built" | grep "/$1\(-[0-9a-f]*\)\{0,1\}\$"
}

for where in "$@"; do
    tests='transport programs lists stress'
    [ "$where" != pair ] || tests='programs lists'
    for test in $tests; do
        printf '\n-- %s on %s (%s)\n' "$test" "$where" "$(date +%T)"
        test=$(program "$test")
        case $where in
        pair)
            scripts/lab pair debian-6.12 --timeout 1800 \
                --server "exec $(program agent) 192.0.2.1:7" \
                --client "SMC_TEST_KERNEL='debian-6.12 pair' SMC_TEST_SERVER=192.0.2.1 exec $test"
            ;;
        *) SMC_TEST_KERNEL=$where scripts/lab run "$where" --timeout 1800 -- "$test" ;;
        esac
    done
done
