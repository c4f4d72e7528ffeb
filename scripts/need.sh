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
		install_packages $missing && return
		[ "$try" -eq 2 ] || apt-get -qq update </dev/null || break
	done
	echo "$0: cannot install$missing; try: apt-get update && apt-get install$missing" >&2
	exit 1
}

# No server is started with its package: whoever needs one starts their own.
install_packages() (
	policy=/usr/sbin/policy-rc.d # what invoke-rc.d(8) asks
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends "$@" >/dev/null </dev/null
)

need_cargo() {
	command -v cargo >/dev/null 2>&1 && return
	echo "$0: cargo is missing: install Rust 1.85 or newer (https://rustup.rs)" >&2
	exit 1
}
