# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What scripts/test, scripts/try and scripts/bench need on this machine, and
# installing it. Sourced by them.

# need PROGRAM:PACKAGE…: makes sure that the programs are there.
need() {
	missing=
	for need in "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null 2>&1 ||
			missing="$missing ${need#*:}"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "$0: tools are missing: sudo apt-get install$missing" >&2
		exit 1
	fi
	echo "installing$missing" >&2
	# The package lists are fetched only if they are needed.
	for try in 1 2; do
		# shellcheck disable=SC2086 # a list of words
		DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
			install --no-install-recommends $missing >/dev/null </dev/null && return
		[ "$try" -eq 2 ] || apt-get -qq update </dev/null || break
	done
	echo "$0: cannot install$missing; try: apt-get update && apt-get install$missing" >&2
	exit 1
}

need_cargo() {
	command -v cargo >/dev/null 2>&1 && return
	echo "$0: cargo is missing: install Rust 1.85 or newer (https://rustup.rs)" >&2
	exit 1
}
