#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the end to end tests on real SMC kernels: tests/guests.sh [WHERE…]
# WHERE: a KIND of scripts/lab, `pair`: SMC-R between two debian-6.12 guests, or
# `bare`: the same two with nothing of SMC set up. All that CI tests, unless named:
# on smcd-next and smcd-slim (which must be like smcd) the tests of smcd run; smcd:1 and
# smcd:2 are the two halves of these, in a guest each.
# GUEST_TESTS names the tests (all, unless set), GUEST_TEST_OPTION is passed to them.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- smcd:1 debian-6.1 debian-6.12 smcd:2 bare pair

# The test programs were built on this machine; a guest sees them.
built=$(cargo test --locked -p smc-shim-tests --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
test_program() {
    printf '%s\n' "$built" | grep "/deps/$1-[0-9a-f]*\$"
}

# What is tested where: NAME, or NAME:FILTER for those tests whose names have the
# FILTER. A debian-6.12 guest alone differs from debian-6.1 in its sockets only.
# GUEST_TESTS names others: all run everywhere, which takes an hour.
tests_of() {
    case $1 in
    debian-6.12) echo transport check devices connections services ;;
    debian-6.1) echo transport programs lists:ports conformance report:agrees check devices connections:agrees compare:transport_check ;;
    smcd:1) echo transport programs event_loops splice lists delivery listeners connects stress report:agrees check devices ;;
    smcd:2) echo conformance connections:agrees connections:owners compare:transport_check readme services ;;
    smcd | smcd-*) tests_of smcd:1; tests_of smcd:2 ;;
    bare) echo check:bare:: ;;
    pair) echo delivery:arrive delivery:wait broken_path programs event_loops splice exit_after_write stall lists:peers lists:ports conformance report:agrees devices connections:agrees connections:owners::the_end ;;
    esac
}

# All tests of one WHERE, one after the other in one guest.
run_tests() {
    script='failed=0'
    for test in ${GUEST_TESTS:-$(tests_of "$1")}; do
        filter=${test#"${test%%:*}"}
        command="$(test_program "${test%%:*}") ${filter#:} ${GUEST_TEST_OPTION-}"
        script="$script; printf '\\n-- %s on %s\\n' '$test' '$1'; begun=\$(date +%s); $command || failed=1"
        script="$script; printf -- '-- %s on %s: %s s\\n' '$test' '$1' \$((\$(date +%s) - begun))"
    done
    script="$script; exit \$failed"
    case $1 in
    pair | bare)
        bare=''
        [ "$1" = pair ] || bare=--bare
        # shellcheck disable=SC2086 # an option or none
        scripts/lab pair debian-6.12 $bare --timeout 3600 \
            --server 'exec socat TCP-LISTEN:7,bind=192.0.2.1,reuseaddr,backlog=64,fork EXEC:/run/lab/agent,nofork' \
            --client "export ${bare:+SMC_TEST_BARE=1} SMC_TEST_KERNEL='debian-6.12 pair' SMC_TEST_SERVER=192.0.2.1; $script"
        ;;
    *)
        kind=${1%:*}
        SMC_TEST_KERNEL=${kind%-slim} scripts/lab run "$kind" --timeout 3600 -- sh -c "$script"
        ;;
    esac
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# The tests of one WHERE: their status. 125 is no verdict of theirs: the guest itself
# did not last, so it gets another try. Seen: the kernel patches its code (here the
# first IP_MINTTL turns on a branch of tcp_v4_rcv) while another emulated processor
# runs it, which meets the breakpoint there too late for the kernel to know it.
try_twice() {
    run_tests "$1" && return
    status=$?
    [ "$status" -eq 125 ] || return "$status"
    printf '\n-- %s: the guest did not last; all of it once more\n\n' "$1"
    run_tests "$1"
}

# One WHERE after the other, each shown when it is done.
lane() {
    for where in "$@"; do
        begun=$(date +%s)
        if try_twice "$where" >"$logs/$where" 2>&1; then outcome=passed; else outcome=FAILED; fi
        echo "$outcome" >"$logs/$where.outcome"
        printf '\n-- %s: %s after %s s\n' "$where" "$outcome" $(($(date +%s) - begun)) >>"$logs/$where"
        cat "$logs/$where"
    done
}

# Guests wait often, so two at a time; but the handshakes of SMC-R have time
# limits, and a pair is two already.
one='' other='' last='' turn=one
for where; do
    case $where$turn in
    pair* | bare*) last="$last $where" ;;
    *one) one="$one $where" turn=other ;;
    *) other="$other $where" turn=one ;;
    esac
done
# Kernels are built and downloaded first, where their progress can be seen.
for where in $one $other; do scripts/lab prepare "${where%:*}"; done
[ -z "$last" ] || scripts/lab prepare debian-6.12
# shellcheck disable=SC2086 # lists of words
{
    lane $one &
    lane $other
    wait
    lane $last
}
printf '\nThe slowest of %s tests:\n' "$(cat "$logs"/* | grep -c '^-- .* on .*: [0-9]* s$')"
sed -n 's/^-- \(.* on .*\): \([0-9]*\) s$/\2 s \1/p' "$logs"/* | sort -rn | head -n 5 | sed 's/^/  /'
tests/notes.sh "$logs"/*
! grep -l FAILED "$logs"/*.outcome
