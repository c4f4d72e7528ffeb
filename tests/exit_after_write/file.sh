# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What HABIT ($habit) sends to a receiver that reads it as HOW ($how) says.

# shellcheck disable=SC2154 # set by who asks
file() {
    case $how in
    asleep) size=120000 ;; # fits into the rings of both sides
    slow) size=400000 ;;
    slower) size=160000 ;;
    corked) size=1000 ;;
    esac
    { echo "$how $habit"; seq 100000; } | head -c "$size"
}
