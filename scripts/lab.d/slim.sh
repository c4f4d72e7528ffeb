# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Kernels of Debian's sources with the options of slim.config and nothing else:
# they boot in half the time, and do less beside what is measured on them.
# Sourced by scripts/lab.

slim_files=1900 # that make compiles, roughly; for the progress line only

# The package with the sources of a kind, from the package lists that were read.
slim_package() {
	case $1 in
	smcd-next) debian_apt cache depends linux-source | sed -n 's/.*Depends: *//p' | head -n 1 ;;
	*) echo linux-source-6.12 ;;
	esac
}

slim_prepare() {
	kind=$1
	folder=$(kind_folder "$kind")
	new=$folder.new
	tools_need make:make cc:gcc bc:bc bison:bison flex:flex xz:xz-utils perl:perl \
		/usr/include/gelf.h:libelf-dev
	rm -rf "$new"
	mkdir -p "$new/source"
	say "$kind: reading the package lists of Debian $(kind_suite "$kind")"
	debian_update "$(kind_suite "$kind")" || fail "cannot read the package lists of Debian $suite"
	package=$(slim_package "$kind")
	debian_download "$new" "$package"
	say "$kind: unpacking the sources"
	# Drivers for graphics are a third of the sources, and none is built.
	dpkg-deb --fsys-tarfile "$new/$package.deb" |
		tar -xO "./usr/src/$package.tar.xz" | xz -dc -T 0 |
		tar -x -C "$new/source" --strip-components=1 --exclude='*/drivers/gpu/drm/*.[ch]' ||
		fail "cannot unpack $package"
	rm "$new/$package.deb"

	cat "$lab_parts/slim.config" "$lab_parts/$kind.config" >"$new/options"
	make -s -C "$new/source" allnoconfig "KCONFIG_ALLCONFIG=$new/options" >"$new/log" 2>&1 ||
		{ tail -n 20 "$new/log" >&2; fail "$kind: the kernel's configuration failed"; }
	slim_check "$new/options" "$new/source/.config"
	say "$kind: building the kernel (5 to 15 minutes, once)"
	slim_make "$new"
	mv "$new/source/vmlinux" "$new/kernel"
	mv "$new/source/.config" "$new/config"
	cat "$new/source/include/config/kernel.release" >"$new/release"
	rm -r "$new/source" "$new/log" "$new/options"
	mv "$new" "$folder"
}

# Kconfig drops an option silently when something that it depends on is off.
slim_check() {
	lost=$(grep '^CONFIG_' "$1" | grep -vxF -f "$2") || return 0
	fail "$kind: the kernel's configuration did not keep" $lost
}

# The uncompressed kernel: it boots through PVH, without the time that
# decompressing takes under emulation.
slim_make() {
	{ nice make -C "$1/source" -j "$(nproc)" vmlinux 2>&1 || echo 'make failed'; } |
		awk -v kind="$kind" -v log_file="$1/log" -v files="$slim_files" '
			{ print > log_file }
			$1 == "CC" && ++n % 250 == 0 && n < files {
				printf "lab: " kind ": %d %% compiled\n", 100 * n / files
				fflush()
			}' >&2
	[ -f "$1/source/vmlinux" ] && return
	cp "$1/log" "$lab_cache/$kind-build.log"
	grep -A 3 -m 1 -i 'error' "$1/log" >&2 || tail -n 20 "$1/log" >&2
	fail "$kind: the kernel did not build; the whole log: $lab_cache/$kind-build.log"
}
