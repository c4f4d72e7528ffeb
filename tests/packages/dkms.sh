#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# dkms.sh PACKAGE: the life of smc-loopback-dkms in this system, a Debian 13 with a
# kernel, its headers and sources. Run by tests/packages.sh.
set -eu
package=$1
release=$(basename /lib/modules/*deb13-amd64)
archive=/usr/src/linux-source-6.12.tar.xz

fail() {
    echo "tests/packages/dkms.sh: $*" >&2
    exit 1
}

# Every file below lib/modules with its content.
modules() {
    find /lib/modules/ -type f -exec sha256sum '{}' + | LC_ALL=C sort -k 2
}

# is_in_force PATTERN: modprobe would load a module of such a path.
is_in_force() {
    found=$(modinfo -k "$release" -F filename smc)
    case $found in
    *$1*) ;;
    *) fail "smc is $found, expected $1" ;;
    esac
}

depmod "$release" # by the version that is here
modules >/tmp/before
stock=$(modinfo -k "$release" -F filename smc)
sum=$(sha256sum <"$stock")
is_stock_unchanged() {
    [ "$(sha256sum <"$stock")" = "$sum" ] || fail "$stock has changed"
}

# Without sources it is installed all the same, and nothing is built.
mv "$archive" /tmp/sources
dpkg -i "$package"
is_in_force /kernel/net/smc/smc.ko
modules | diff /tmp/before - || fail 'modules changed although there are no sources'

# Sources in which there is nothing to build: a failure that changes nothing.
mkdir -p /tmp/wrong/linux-source-6.12/net/smc
tar -C /tmp/wrong -cJf "$archive" linux-source-6.12
! dkms autoinstall -k "$release" || fail 'built from sources without loopback-ism'
is_in_force /kernel/net/smc/smc.ko
modules | diff /tmp/before - || fail 'modules changed by a build that failed'

# The sources come: dpkg says so to whom it may concern.
mv /tmp/sources "$archive"
dpkg-trigger --by-package=linux-source-6.12 "$archive"
dpkg --triggers-only -a
dkms status
is_in_force /updates/dkms/smc.ko
is_stock_unchanged
[ "$(modinfo -k "$release" -F vermagic smc)" = "$(modinfo -F vermagic "$stock")" ] || fail 'the module is for another kernel'
signer=$(modinfo -k "$release" -F signer smc)
[ -n "$signer" ] || fail 'the module is not signed'
[ -e /var/lib/dkms/mok.pub ] || fail 'there is no key to enrol'

# A version of the kernel's package with the same name brings its file anew, and another
# installation keeps that.
dkms install --force -m smc-loopback -v "$(basename /var/lib/dkms/smc-loopback/[0-9]*)" -k "$release"
is_in_force /updates/dkms/smc.ko
is_stock_unchanged

dpkg -r smc-loopback-dkms
is_in_force /kernel/net/smc/smc.ko
modules | diff /tmp/before - || fail 'modules are not as they were'
dpkg -P smc-loopback-dkms
for left in /usr/src/smc-loopback-* /var/lib/dkms/smc-loopback /usr/lib/modprobe.d/smc-loopback.conf /usr/libexec/smc-loopback-dkms; do
    [ ! -e "$left" ] || fail "$left is left"
done
