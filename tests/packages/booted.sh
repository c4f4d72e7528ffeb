#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# booted.sh old|new: the life of smc-loopback-dkms in this Debian 13, booted in a guest:
# installed, used, and the kernel upgraded (old); after the reboot used and purged (new).
# Run by tests/packages.sh.
set -eu
cd "$(dirname "$0")"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
release=$(uname -r)
export DEBIAN_FRONTEND=noninteractive INITRD=No # no boot needs a ramdisk

fail() {
    echo "tests/packages/booted.sh: Linux $release: $*" >&2
    exit 1
}

step() {
    echo "-- Linux $release, after $(cut -d . -f 1 /proc/uptime) s: $*"
}

# is_in_force RELEASE PATTERN: modprobe would load a module of such a path.
is_in_force() {
    found=$(modinfo -k "$1" -F filename smc)
    case $found in
    *$2*) ;;
    *) fail "for $1 smc is $found, expected $2" ;;
    esac
}

# is_loaded FILE: the module that is loaded is the one of this file.
is_loaded() {
    xz -dc "$1" >/tmp/smc.ko
    objcopy -O binary --only-section=.note.gnu.build-id /tmp/smc.ko /tmp/build-id
    cmp /tmp/build-id /sys/module/smc/notes/.note.gnu.build-id || fail "smc is loaded, but not $1"
}

# connects EXPECTED: a connection of two ends of this host is EXPECTED, as the kernel says.
connects() {
    said=$(smc_run --report perl echo.pl 2>/tmp/report) || fail "$(cat /tmp/report)"
    case $said in
    /usr/lib/*/smc-shim/libsmc_shim.so) ;;
    *) fail "the program has the library '$said', expected that of the package" ;;
    esac
    cat /tmp/report
    grep -q "2 $1" /tmp/report || fail "the connection was not $1"
}

loads_loopback() {
    is_in_force "$release" /updates/dkms/smc.ko
    modprobe smc_diag # which asks for smc
    is_loaded "$(modinfo -F filename smc)"
    smcctl ueid add SMC-SHIM-LAB
    smcctl devices
    connects SMC-D
}

unload() {
    modprobe -r smc_diag smc
    [ ! -d /sys/module/smc ] || fail 'smc is still loaded'
}

stock=/lib/modules/$release/kernel/net/smc/smc.ko.xz
[ -e "$stock" ] || fail "there is no $stock"
case $1 in
old)
    echo "$release" >old
    is_in_force "$release" /kernel/net/smc/smc.ko
    step 'installing smc-shim and smc-loopback-dkms'
    apt-get -y --no-install-recommends install ./*.deb
    loads_loopback

    step "upgrading the kernel"
    apt-get -y --no-install-recommends install /var/cache/upgrade/*.deb
    rm -r /var/cache/upgrade
    for other in /lib/modules/*; do is_in_force "${other##*/}" /updates/dkms/smc.ko; done
    connects SMC-D

    # Secure Boot, as far as modules are concerned.
    step 'modules are loaded only if their key is known'
    unload
    echo 1 >/sys/module/module/parameters/sig_enforce
    ! insmod "$(modinfo -F filename smc)" 2>/dev/null || fail 'a module was loaded whose key nobody knows'
    modprobe smc_diag
    is_loaded "$stock"
    dmesg | grep 'smc-loopback-dkms: ' || fail 'nothing was said of the stock module'
    smcctl devices
    ;;
new)
    [ "$release" != "$(cat old)" ] || fail 'expected the kernel of the upgrade'
    loads_loopback

    step 'purging smc-loopback-dkms'
    unload
    apt-get -y purge smc-loopback-dkms
    for other in /lib/modules/*; do is_in_force "${other##*/}" /kernel/net/smc/smc.ko; done
    modprobe smc_diag
    is_loaded "$stock"
    smcctl devices
    connects TCP
    for left in /usr/src/smc-loopback-* /var/lib/dkms/smc-loopback /usr/lib/modprobe.d/smc-loopback.conf /usr/libexec/smc-loopback-dkms; do
        [ ! -e "$left" ] || fail "$left is left"
    done
    ;;
esac
step 'done'
