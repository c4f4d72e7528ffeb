# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Which QEMU emulates guests. After cmpxchg16b QEMU 7.2 gets the flags wrong (a program
# that compares them before and after sees it), up to part of a pointer in them. Kernels
# allocate memory with it; one that is interrupted there gets such flags back and dies.
# QEMU 10.0 has them right, and a guest's programs take about half the time. Where an
# older one is installed, that of Debian's backports is unpacked into the cache and used;
# where that cannot be had either, guests get no cmpxchg16b. Sourced by scripts/lab.

qemu_oldest=10 # with the right flags, as far as was tried
qemu_packages='qemu-system-x86 qemu-system-data seabios'
qemu_folder=$lab_cache/qemu

# qemu_is_right PROGRAM: does it run, and are the flags right?
qemu_is_right() {
	version=$("$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9]*\)\..*/\1/p')
	[ "${version:-0}" -ge "$qemu_oldest" ]
}

# Sets qemu, qemu_files to where its firmware is unless it knows, and processor to what it
# emulates.
qemu_choose() {
	qemu=qemu-system-x86_64 qemu_files='' processor=max
	if [ -d "$qemu_folder/usr" ]; then
		qemu=$qemu_folder/usr/bin/qemu-system-x86_64 qemu_files=$qemu_folder/usr/share
	elif ! qemu_is_right "$qemu"; then
		processor=max,-cx16
	fi
}

# qemu_prepare KIND: tries once to get a right one. The folder is left empty when there is
# none to be had.
qemu_prepare() {
	[ ! -d "$qemu_folder" ] && ! qemu_is_right qemu-system-x86_64 || return 0
	(
		flock 9
		[ ! -d "$qemu_folder" ] || exit 0
		log=$lab_cache/qemu.log
		say "getting QEMU $qemu_oldest from Debian's backports (13 MB, once)"
		if ! (qemu_get "$1" 9>&-) >"$log" 2>&1; then
			rm -rf "$qemu_folder"
			mkdir "$qemu_folder"
			say "not to be had ($log says why): guests have no cmpxchg16b, and programs that"
			say "need it end by SIGILL; remove $qemu_folder to try again"
		fi
	) 9>"$lab_cache/lock-qemu"
}

# In place when a guest has booted with it.
qemu_get() {
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	debian_update "$codename-backports" || fail "cannot read the package lists of $suite"
	new=$qemu_folder.new
	rm -rf "$new"
	mkdir "$new"
	for package in $qemu_packages; do
		debian_download "$new" "$package"
		dpkg-deb -x "$new/$package.deb" "$new" || fail "cannot unpack $package"
		rm "$new/$package.deb"
	done
	qemu_is_right "$new/usr/bin/qemu-system-x86_64" ||
		fail "QEMU of $suite is older than $qemu_oldest, or does not run here"
	(qemu_folder=$new && supervise_guest run 60 "$1" tcg true) </dev/null ||
		fail "no guest boots with QEMU of $suite"
	mv "$new" "$qemu_folder"
}
