#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Gives the system that is being made the last but one of the archive's kernels, with
# headers and sources, and the packages of the newest in /var/cache/upgrade. Read by
# scripts/root --finish. (The kernels for clouds are Debian's, too, and a quarter the size.)
set -eu
kernel='linux-image-cloud-amd64 linux-headers-cloud-amd64'
sources='linux-source linux-source-6.12'
install() {
    apt-get -y --no-install-recommends "$@" </dev/null
}

old=$(apt-cache madison linux-image-cloud-amd64 | awk '{ print $3 }' | uniq | sed -n 2p)
if [ -n "$old" ]; then
    # shellcheck disable=SC2046,SC2086 # lists of words
    install install $(printf "%s=$old " $kernel $sources)
else
    echo "the archive has one kernel: it is upgraded to the one with PREEMPT_RT" >&2
    # shellcheck disable=SC2086 # a list of words
    install install $kernel $sources
    kernel='linux-image-rt-amd64 linux-headers-rt-amd64'
fi
mkdir -p /var/cache/upgrade/partial
# shellcheck disable=SC2086 # a list of words
install --download-only -o Dir::Cache::archives=/var/cache/upgrade install $kernel $sources
rmdir /var/cache/upgrade/partial
rm -f /var/cache/upgrade/lock
