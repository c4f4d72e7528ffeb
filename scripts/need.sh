# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Checks for required tools and installs them. Sourced by the other scripts.

# need PROGRAM:PACKAGE…: ensures that programs (or files, by path) are installed.
need() {
	missing=
	for need in "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null 2>&1 || [ -e "${need%%:*}" ] ||
			missing="$missing ${need#*:}"
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "$0: missing tools; Debian packages:$missing" >&2
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "$0: missing tools; install them: sudo apt-get install$missing" >&2
		exit 1
	fi
	echo "installing$missing" >&2
	# Package lists are fetched only if the first attempt fails.
	for try in 1 2; do
		# shellcheck disable=SC2086 # a list of words
		install_packages $missing && return
		[ "$try" -eq 2 ] || apt-get -qq update </dev/null || break
	done
	echo "$0: cannot install$missing; try: apt-get update && apt-get install$missing" >&2
	exit 1
}

# Servers are not started by their packages; tests start their own.
install_packages() (
	policy=/usr/sbin/policy-rc.d # consulted by invoke-rc.d(8)
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends "$@" >/dev/null </dev/null
)

# need_cargo: ensures that Rust is installed and new enough for Cargo.toml. Installs that of
# Debian if it is new enough (Debian 13); does not change a rustup installation.
need_cargo() {
	rust=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
	! rust_is_new_enough || return 0
	if rust_is_in_apt && [ "$(id -u)" -eq 0 ]; then
		echo "installing cargo" >&2
		! install_packages cargo || ! rust_is_new_enough || return 0
	fi
	has='it is not installed'
	[ -z "$rust_found" ] || has="this machine has $rust_found"
	how='see https://rustup.rs'
	! rust_is_in_apt || how="sudo apt-get install cargo${rust_found:+, and take the older one out of PATH}"
	echo "$0: needs Rust $rust or newer, but $has: $how" >&2
	exit 1
}

# Whether rustc and cargo are $rust or newer; if not, rust_found is the older version.
rust_is_new_enough() {
	rust_found=
	for program in rustc cargo; do
		# "cargo 1.85.1 (d73d2caf9 2024-12-31)"
		found=$("$program" --version 2>/dev/null | sed 's/^[a-z]* //; s/[^0-9.].*//')
		[ -n "$found" ] || return
		[ "$(printf '%s\n' "$rust" "$found" | sort -V | head -n 1)" = "$rust" ] || { rust_found=$found; return 1; }
	done
}

# Whether the version in apt is new enough. Fetches package lists if there are none.
rust_is_in_apt() {
	command -v apt-get >/dev/null 2>&1 || return
	for try in 1 2; do
		package=$(apt-cache policy cargo 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9].*\)/\1/p')
		[ -z "$package" ] || break
		[ "$(id -u)" -eq 0 ] && [ "$try" -eq 1 ] && apt-get -qq update </dev/null || return
	done
	dpkg --compare-versions "$package" ge "$rust"
}
