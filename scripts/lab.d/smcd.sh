# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The kernel of kind smcd: Debian's sources with the options of smcd.config
# and nothing else, because no Debian kernel has loopback-ism. Sourced by
# scripts/lab.

smcd_package=linux-source-6.12
smcd_files=1900 # that make compiles, roughly; for the progress line only

smcd_prepare() {
	folder=$(kind_folder smcd)
	new=$folder.new
	tools_need make:make cc:gcc bc:bc bison:bison flex:flex xz:xz-utils perl:perl \
		/usr/include/gelf.h:libelf-dev
	rm -rf "$new"
	mkdir -p "$new/source"
	say "smcd: reading the package lists of Debian $(kind_suite smcd)"
	debian_update "$(kind_suite smcd)" || fail "cannot read the package lists of Debian $suite"
	debian_download "$smcd_package" "$new"
	say "smcd: unpacking the sources"
	# Drivers for graphics are a third of the sources, and none is built.
	dpkg-deb --fsys-tarfile "$new/$smcd_package.deb" |
		tar -xO "./usr/src/$smcd_package.tar.xz" | xz -dc |
		tar -x -C "$new/source" --strip-components=1 --exclude='*/drivers/gpu/drm/*.[ch]' ||
		fail "cannot unpack $smcd_package"
	rm "$new/$smcd_package.deb"

	make -s -C "$new/source" allnoconfig "KCONFIG_ALLCONFIG=$lab_parts/smcd.config" >"$new/log" 2>&1 ||
		{ tail -n 20 "$new/log" >&2; fail "smcd: the kernel's configuration failed"; }
	smcd_check "$new/source/.config"
	say "smcd: building the kernel (5 to 15 minutes, once)"
	smcd_make "$new"
	mv "$new/source/vmlinux" "$new/kernel"
	mv "$new/source/.config" "$new/config"
	cat "$new/source/include/config/kernel.release" >"$new/release"
	rm -r "$new/source" "$new/log"
	mv "$new" "$folder"
}

# Kconfig drops an option silently when something that it depends on is off.
smcd_check() {
	lost=$(grep '^CONFIG_' "$lab_parts/smcd.config" | grep -vxF -f "$1") || return 0
	fail "smcd: the kernel's configuration did not keep" $lost
}

# The uncompressed kernel: it boots through PVH, without the time that
# decompressing takes under emulation.
smcd_make() {
	{ nice make -C "$1/source" -j "$(nproc)" vmlinux 2>&1 || echo 'make failed'; } |
		awk -v log_file="$1/log" -v files="$smcd_files" '
			{ print > log_file }
			$1 == "CC" && ++n % 250 == 0 && n < files {
				printf "lab: smcd: %d %% compiled\n", 100 * n / files
				fflush()
			}' >&2
	[ -f "$1/source/vmlinux" ] && return
	cp "$1/log" "$lab_cache/smcd-build.log"
	grep -A 3 -m 1 -i 'error' "$1/log" >&2 || tail -n 20 "$1/log" >&2
	fail "smcd: the kernel did not build; the whole log: $lab_cache/smcd-build.log"
}
