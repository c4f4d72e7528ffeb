# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The kinds of guests: what each is for, where its kernel comes from, and
# the cache folder that keeps it. Sourced by scripts/lab.

kinds='debian-6.1 debian-6.12 smcd smcd-slim smcd-next'
quick_kinds='debian-6.1 debian-6.12 smcd' # no whole kernel is built for these
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
	smcd) echo 'the same with smc.ko built again, with loopback-ism: SMC-D within one guest' ;;
	smcd-slim) echo 'its sources with little else than SMC (built in 5 to 15 minutes): for measuring speed' ;;
	smcd-next) echo "the newest kernel sources of Debian's backports, built likewise: SMC-D of Linux 6.18 on" ;;
	esac
}

kind_suite() {
	case $1 in
	debian-6.1) echo bookworm ;;
	debian-6.12 | smcd | smcd-slim) echo trixie ;;
	smcd-next) echo trixie-backports ;;
	esac
}

# What makes the kernel of a kind: a change of it is a different kernel.
kind_recipe() {
	case $1 in
	smcd) echo stock.sh smcd.sh ;;
	smcd-*) echo slim.sh slim.config "$1.config" ;;
	*) echo stock.sh ;;
	esac
}

kind_folder() {
	if [ "$1" = disk ]; then
		echo "$image.boot"
		return
	fi
	# shellcheck disable=SC2046 # a list of words
	echo "$lab_cache/$1-$(cd "$lab_parts" && sed '/^[[:space:]]*#/d' $(kind_recipe "$1") | cksum | cut -d ' ' -f 1)"
}

# Folders are put in place whole, so being there is being complete.
kind_is_prepared() {
	[ -d "$(kind_folder "$1")" ]
}

# Everything that is needed before KIND can boot.
kind_prepare() {
	mkdir -p "$lab_cache"
	tools_build
	if ! kind_is_prepared "$1"; then
		case $1 in
		smcd) kind_prepare_once smcd smcd_prepare ;;
		smcd-*) kind_prepare_once "$1" slim_prepare "$1" ;;
		*) kind_prepare_once "$1" stock_prepare "$1" ;;
		esac
	fi
	initramfs_build "$1"
}

# kind_prepare_once KIND COMMAND…: once for all that ask at a time.
kind_prepare_once() (
	flock -n 9 || {
		say "$1: waiting for another preparation"
		flock 9
	}
	! kind_is_prepared "$1" || exit 0
	shift
	"$@"
) 9>"$lab_cache/lock-$1"
