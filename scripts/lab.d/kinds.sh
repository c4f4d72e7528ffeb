# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The kinds of guests: what each is for, where its kernel comes from, and
# the cache folder that keeps it. Sourced by scripts/lab.

kinds='debian-6.1 debian-6.12 smcd'
pair_kinds='debian-6.12'
lab_cache=${XDG_CACHE_HOME:-$HOME/.cache}/smc-shim/lab

kind_check() {
	case " $kinds " in
	*" $1 "*) ;;
	*) fail_usage "no kind '$1'; expected one of: $kinds" ;;
	esac
}

kind_purpose() {
	case $1 in
	debian-6.1) echo 'Debian 12 kernel: AF_SMC only, one guest without devices, every connection falls back' ;;
	debian-6.12) echo 'Debian 13 kernel: AF_SMC and IPPROTO_SMC; as a pair SMC-R over Soft-RoCE' ;;
	smcd) echo 'Debian 13 kernel sources with loopback-ism: SMC-D within one guest' ;;
	esac
}

kind_suite() {
	case $1 in
	debian-6.1) echo bookworm ;;
	debian-6.12 | smcd) echo trixie ;;
	esac
}

# A change of the kernel's options is a different kernel.
kind_folder() {
	case $1 in
	smcd) echo "$lab_cache/smcd-$(grep '^CONFIG_' "$lab_parts/smcd.config" | cksum | cut -d ' ' -f 1)" ;;
	*) echo "$lab_cache/$1" ;;
	esac
}

# Folders are put in place whole, so being there is being complete.
kind_is_prepared() {
	[ -d "$(kind_folder "$1")" ]
}

# Everything that is needed before KIND can boot, once for all that ask at a time.
kind_prepare() {
	mkdir -p "$lab_cache"
	tools_build
	if ! kind_is_prepared "$1"; then
		(
			flock -n 9 || {
				say "$1: waiting for another preparation"
				flock 9
			}
			if ! kind_is_prepared "$1"; then
				if [ "$1" = smcd ]; then smcd_prepare "$1"; else debian_prepare "$1"; fi
			fi
		) 9>"$lab_cache/lock-$1"
	fi
	initramfs_build "$1"
}
