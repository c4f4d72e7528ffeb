# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The host's tools: which are needed, installing them, and building the lab's
# own small programs. Sourced by scripts/lab.

# Where administrators' tools are, which an ordinary user's PATH leaves out.
# (PATH itself is left alone: the guest gets the caller's.)
tools_path=$PATH:/usr/sbin:/sbin

tool_exists() {
	case $1 in
	/*) for tool in $1; do [ -e "$tool" ] && return; done; return 1 ;; # a pattern
	busybox) busybox=$(PATH=$tools_path command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1 ;;
	*) PATH=$tools_path command -v "$1" >/dev/null ;;
	esac
}

# tools_need TOOL:PACKAGE…; a tool is a program or the pattern of a file.
tools_need() {
	missing=''
	for need in "$@"; do
		tool_exists "${need%:*}" || case " $missing " in
		*" ${need##*:} "*) ;;
		*) missing="$missing ${need##*:}" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	missing=${missing# }
	install="apt-get install --no-install-recommends $missing"
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		fail "tools are missing; install them with: $install"
	fi
	say "installing $missing"
	tools_install "$missing" || fail "cannot install the tools; try: apt-get update && $install"
}

# Two guests' preparations must not meet in dpkg; the package lists are only
# fetched when without them the packages are not found.
tools_install() {
	mkdir -p "$lab_cache"
	log=$lab_cache/install.log
	(
		flock 9
		export DEBIAN_FRONTEND=noninteractive
		for attempt in 1 2; do
			# shellcheck disable=SC2086 # a list of words
			apt-get -o DPkg::Lock::Timeout=300 -y install --no-install-recommends $1 \
				</dev/null >"$log" 2>&1 && exit 0
			[ "$attempt" -eq 2 ] || apt-get update </dev/null >>"$log" 2>&1 || break
		done
		tail -n 5 "$log" >&2
		exit 1
	) 9>"$lab_cache/lock-install"
}

# The lab's own programs, in a folder named after their sources' checksum.
tools_sources='agent.c first-uses.c frames.h guest.c smc-setup.c supervise.c supervise.h'
tools_folder() {
	(cd "$lab_parts" && echo "$lab_cache/programs-$(cat -- $tools_sources | cksum | cut -d ' ' -f 1)")
}

tools_build() {
	tools_need qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio \
		modprobe:kmod cc:gcc "/usr/lib*/*/libc.a:libc6-dev" \
		"/usr/include/linux/smc.h:linux-libc-dev"
	programs=$(tools_folder)
	[ ! -d "$programs" ] || return 0
	(
		flock 9
		[ ! -d "$programs" ] || exit 0
		rm -rf "$programs.new"
		mkdir "$programs.new"
		cd "$lab_parts"
		flags='-std=c11 -O2 -Wall -Wextra'
		# Those of the guest run before it has the host's libraries.
		# shellcheck disable=SC2086 # a list of words
		cc $flags -static -o "$programs.new/agent" agent.c &&
			cc $flags -static -o "$programs.new/first-uses" first-uses.c &&
			cc $flags -static -o "$programs.new/smc-setup" smc-setup.c &&
			cc $flags -o "$programs.new/supervise" supervise.c guest.c ||
			fail "cannot compile the lab's programs (see above)"
		mv "$programs.new" "$programs"
	) 9>"$lab_cache/lock-programs"
}
