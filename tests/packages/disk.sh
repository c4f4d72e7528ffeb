#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# disk.sh IMAGE PACKAGE…: makes IMAGE, a disk with this system, the packages and what is
# tested with them in /packages. Run by tests/packages.sh in a system of its own.
set -eu
image=$1
shift
mkdir /packages
cp "$@" "${0%/*}/booted.sh" "${0%/*}/echo.pl" /packages/
mount --bind / /mnt # without what is mounted in it
rm -f "$image"
mke2fs -q -t ext4 -d /mnt "$image" 6G
