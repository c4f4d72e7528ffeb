#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# guest.sh SHIM DKMS FOLDER: in a bare guest with a stock kernel, SMC-D with what is in the
# packages and the module that DKMS has left in FOLDER; then, where modules must be signed
# by a known key, the stock module. Run by tests/packages.sh.
set -eu
PATH=$PATH:/usr/sbin:/sbin
shim=$1 dkms=$2 folder=$3
release=$(uname -r)

fail() {
    echo "tests/packages/guest.sh: $*" >&2
    exit 1
}

[ "$(cat "$folder/release")" = "$release" ] ||
    fail "the module is for $(cat "$folder/release"), this kernel is $release: remove the older of ~/.cache/smc-shim/lab/debian-6.12 and roots/trixie-*"
dpkg-deb -x "$dkms" /
dpkg-deb -x "$shim" /
mkdir -p "/lib/modules/$release/updates/dkms"
cp "$folder"/smc.ko* "/lib/modules/$release/updates/dkms/"
cp "$folder"/modules.* "/lib/modules/$release/" # depmod takes minutes in a guest

# The stock module of SMC_DIAG asks for smc.
modprobe smc_diag
[ -d /sys/module/smc ] || fail 'smc is not loaded'
smcctl ueid add SMC-SHIM-LAB
smcctl devices
said=$(smc_run --require --report perl "$(dirname "$0")/echo.pl" 2>/tmp/report) || fail "$(cat /tmp/report)"
case $said in
/usr/lib/*/smc-shim/libsmc_shim.so) ;;
*) fail "the program has the library '$said', expected that of the package" ;;
esac
cat /tmp/report
grep -q '2 SMC-D' /tmp/report || fail 'the connection was not SMC-D'

# Secure Boot, as far as modules are concerned.
modprobe -r smc_diag smc
[ ! -d /sys/module/smc ] || fail 'smc is still loaded'
echo 1 >/sys/module/module/parameters/sig_enforce
! insmod "$folder"/smc.ko* 2>/dev/null || fail 'a module was loaded whose key nobody knows'
modprobe smc_diag
[ -d /sys/module/smc ] || fail 'there is no SMC where the key is not enrolled'
dmesg | grep 'smc-loopback-dkms: ' || fail 'nothing was said of the stock module'
smcctl devices
