#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The packages: made, made once more with the same bytes, installed in a clean Debian 12
# and 13 and removed without a trace; and what they bring works on a real SMC kernel.
# tests/packages.sh [NAME…]: only these of `reproducible lint bookworm trixie rpm dkms guest`.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/need.sh
. scripts/need.sh
[ $# -gt 0 ] || set -- reproducible lint bookworm trixie rpm dkms guest
need lintian:lintian dpkg-deb:dpkg rpm:rpm rpmlint:rpmlint

out=$(pwd)/target/package
scripts/package --output "$out"
shim=$(find "$out" -maxdepth 1 -name 'smc-shim_*.deb') dkms=$(find "$out" -maxdepth 1 -name 'smc-loopback-dkms_*.deb')
rpm=$(find "$out" -maxdepth 1 -name 'smc-shim-*.rpm')
for package in "$shim" "$dkms" "$rpm"; do
    [ -f "$package" ] || { echo "tests/packages.sh: expected one package of each in $out, found: $package" >&2; exit 1; }
done

say() {
    printf -- '-- packages: %s\n' "$*"
}

# In another folder, with nothing compiled.
reproducible() (
    again=$(mktemp -d)
    trap 'rm -rf "$again"' EXIT
    scripts/package --output "$again" >/dev/null
    for package in "$shim" "$dkms" "$rpm"; do cmp "$package" "$again/${package##*/}"; done
    say 'the same bytes from another folder'
)

lint() {
    lintian --fail-on error,warning --tag-display-limit 0 "$shim" "$dkms"
    say 'nothing that lintian warns of'
}

# installed SUITE: the life of smc-shim in a clean system.
installed() {
    wants=$(dpkg-deb -f "$shim" Depends | sed -n 's/.*libc6 (>= \([^)]*\)).*/\1/p')
    if [ "$1" = bookworm ] && dpkg --compare-versions "$wants" gt 2.36; then
        say "left out on Debian 12: what is made here needs libc6 $wants, and dpkg there says so"
        return
    fi
    scripts/root --with 'man-db' --share "$out" "$1" tests/packages/shim.sh "$shim"
    say "smc-shim came to $1, worked and went"
}

rpm() {
    tests/packages/rpm.sh "$rpm" "$shim"
    scripts/root --with 'man-db rpm systemd' --share "$out" trixie tests/packages/shim.sh "$rpm"
    say 'the RPM package is the Debian one in other folders; it came, worked and went'
}

dkms() {
    scripts/root --with 'dkms linux-headers-amd64 linux-image-amd64 linux-source linux-source-6.12 xz-utils kmod mokutil' \
        --share "$out" trixie tests/packages/dkms.sh "$dkms"
    say 'smc-loopback-dkms was built, kept the stock module, and went'
}

# A Debian 13 of its own, booted with the kernel before the last, upgraded to the last, and
# booted again. What is slow in a guest under emulation is that it compiles.
guest() (
    disk=$out/disk
    trap 'rm -rf "$disk" "$disk.boot"' EXIT
    scripts/root --with 'dkms xz-utils kmod mokutil e2fsprogs' --finish tests/packages/kernels.sh \
        --share "$out" trixie tests/packages/disk.sh "$disk" "$shim" "$dkms"
    for kernel in old new; do scripts/lab run "disk=$disk" --timeout 5400 -- /packages/booted.sh "$kernel"; done
    say 'SMC-D on stock kernels by what is in the packages, over an upgrade of the kernel'
)

for part; do
    case $part in
    bookworm | trixie) installed "$part" ;;
    reproducible | lint | rpm | dkms | guest) "$part" ;;
    *) echo "tests/packages.sh: no part '$part'" >&2; exit 2 ;;
    esac
done
