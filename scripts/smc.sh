#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# First steps with SMC using only a shell. Executes smcctl if it is installed.
set -u

usage() {
    cat <<'END'
Usage: smc.sh check            check whether this kernel has SMC
       smc.sh load             load the modules of SMC (root)
       smc.sh ib ls            list RDMA devices and their network interfaces
       smc.sh ib state         show the state of RDMA ports
       smc.sh rxe load         load the module of Soft-RoCE (root)
       smc.sh rxe add NETDEV   create an RDMA device rxe_NETDEV over NETDEV (root)
       smc.sh rxe del DEVICE   remove it: rxe_eth0, or eth0 for short (root)

Exit status: 0 success or condition true, 1 failure or condition false, 2 usage
error. SMC_ROOT is a directory that stands for / (for check and ib).
END
}

root=${SMC_ROOT-}
classes=$root/sys/class/infiniband

fail() {
    printf 'smc.sh: %s\n' "$1" >&2
    exit 1
}

fail_usage() {
    printf 'smc.sh: %s; see smc.sh --help\n' "$1" >&2
    exit 2
}

need_root() { # WHAT
    [ "$(id -u)" = 0 ] || fail "cannot $1 without root: sudo $0 $arguments"
}

# Sets `tool` to the path of a program, also in sbin directories that PATH lacks.
find_tool() { # PROGRAM PACKAGE
    tool=$(PATH=$PATH:/usr/sbin:/sbin command -v "$1") ||
        fail "cannot find $1: install the package $2"
}

# Sets `smcctl` if it is installed, unless SMC_ROOT is set.
find_smcctl() {
    [ -z "$root" ] && smcctl=$(command -v smcctl)
}

line() { # FILE: prints its first line
    read -r text 2>/dev/null <"$1" || text=''
    printf %s "$text"
}

# Prints the configuration of the kernel.
config() { # RELEASE
    if [ -r "$root/proc/config.gz" ]; then
        gzip -dc <"$root/proc/config.gz"
        return
    fi
    for config in "$root/boot/config-$1" "$root/lib/modules/$1/config"; do
        [ ! -r "$config" ] || { cat "$config" && return; }
    done
}

check() {
    ! find_smcctl || exec "$smcctl" check
    release=$(line "$root/proc/sys/kernel/osrelease")
    settings=$(config "$release" | grep -E '^CONFIG_(SMC|SMC_DIAG|SMC_LO|DIBS|DIBS_LO|RDMA_RXE)=')
    [ -z "$settings" ] || printf '%s\n' "$settings"
    if [ -d "$root/sys/module/smc" ]; then
        echo "smc is loaded"
        return 0
    fi
    modules=$root/lib/modules/$release
    case $(grep -h '/smc\.ko' "$modules/modules.builtin" "$modules/modules.dep" 2>/dev/null)$settings in
    *CONFIG_SMC=y*) echo "smc is built in" ;;
    *smc.ko*:* | *CONFIG_SMC=m*) echo "smc is not loaded: sudo smc.sh load" && return 1 ;;
    *smc.ko*) echo "smc is built in" ;;
    *) echo "this kernel ($release) has no SMC: boot one with CONFIG_SMC" && return 1 ;;
    esac
}

load() {
    ! find_smcctl || exec "$smcctl" load
    need_root 'load the modules of SMC'
    find_tool modprobe kmod
    for module in smc smc_diag; do
        "$tool" "$module" || fail "cannot load $module: see smc.sh check"
    done
}

# Runs COMMAND DEVICE for every RDMA device.
each_device() { # COMMAND
    set -- "$1" "$classes"/*
    command=$1 && shift
    [ -d "$1" ] || fail "no RDMA device: create one with Soft-RoCE: sudo smc.sh rxe add NETDEV"
    for device; do "$command" "${device##*/}"; done
}

# Prints the network interfaces of a device: those of its GIDs and its parent.
interfaces() { # DEVICE
    for file in "$classes/$1"/ports/*/gid_attrs/ndevs/* "$classes/$1/parent"; do
        [ ! -r "$file" ] || { line "$file" && echo; }
    done 2>/dev/null | grep . | sort -u
}

list() { # DEVICE
    printf '%s' "$1"
    for interface in $(interfaces "$1"); do printf ' %s' "$interface"; done
    echo
}

state() { # DEVICE
    for port in "$classes/$1"/ports/*; do
        [ -d "$port" ] || continue
        printf '%s port %s: %s, %s\n' "$1" "${port##*/}" "$(line "$port/state")" "$(line "$port/link_layer")"
    done
}

rxe_load() {
    need_root 'load the module of Soft-RoCE'
    find_tool modprobe kmod
    "$tool" rdma_rxe || fail 'cannot load rdma_rxe: this kernel has no Soft-RoCE'
}

rxe_add() { # NETDEV
    need_root 'create an RDMA device'
    [ -d "/sys/class/net/$1" ] || fail "cannot find network interface $1"
    find_tool rdma iproute2
    "$tool" link add "rxe_$1" type rxe netdev "$1" ||
        fail "cannot create rxe_$1: load Soft-RoCE first: sudo smc.sh rxe load"
}

rxe_del() { # DEVICE
    need_root 'remove an RDMA device'
    device=$1
    [ -d "$classes/$device" ] || device=rxe_$1
    [ -d "$classes/$device" ] || fail "cannot find RDMA device $1: expected one of $(ls "$classes" 2>/dev/null)"
    find_tool rdma iproute2
    "$tool" link delete "$device" || fail "cannot remove $device"
}

arguments=$*
case ${1-} in
-h | --help | help) usage && exit 0 ;;
'') usage >&2 && exit 2 ;;
esac
case "$#:$1 ${2-}" in
'1:check ') check ;;
'1:load ') load ;;
'2:ib ls') each_device list ;;
'2:ib state') each_device state ;;
'2:rxe load') rxe_load ;;
'3:rxe add') rxe_add "$3" ;;
'3:rxe del') rxe_del "$3" ;;
*) fail_usage "unknown command '$arguments'" ;;
esac
