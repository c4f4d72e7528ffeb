# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Kind smcd: the kernel of debian-6.12 with another smc.ko. Debian leaves
# loopback-ism (CONFIG_SMC_LO) out, which SMC-D within one machine needs; it
# concerns net/smc alone, so that is built with it, from Debian's own sources
# against the headers of the same version. Sourced by scripts/lab.

smcd_base=debian-6.12
# For the tools among the headers, where this machine's C library is too old for them.
smcd_libraries='libc6 libelf1t64 zlib1g libzstd1'

smcd_prepare() {
	folder=$(kind_folder smcd)
	work=$folder.new
	tools_need make:make cc:gcc xz:xz-utils
	rm -rf "$work"
	mkdir -p "$work/build"
	say "smcd: reading the package lists of Debian $(kind_suite smcd)"
	debian_update "$(kind_suite smcd)" || fail "cannot read the package lists of Debian $suite"
	smcd_take_base "$work"
	smcd_get_sources "$work/build"
	smcd_let_tools_run "$work/build"
	smcd_build "$work/build"

	updates=$work/lib/modules/$release/updates
	mkdir -p "$updates"
	mv "$work/build/smc/smc.ko" "$work/build/smc/smc_diag.ko" "$updates/"
	PATH=$tools_path depmod -b "$work" "$release" || fail "depmod failed for $release"
	PATH=$tools_path modprobe -d "$work" -S "$release" --show-depends smc | grep -q '/updates/smc\.ko' ||
		fail "smcd: depmod does not prefer the module that was built"
	rm -r "$work/build"
	mv "$work" "$folder"
}

# Kernel and modules of debian-6.12 by hard links, which is prepared if it is not yet. If
# the headers of what was prepared once have gone from the archive, the newest instead.
# Sets release.
smcd_take_base() {
	newest=$(stock_newest "${smcd_base#debian-}")
	kind_is_prepared "$smcd_base" || kind_prepare_once "$smcd_base" stock_install "$smcd_base" "$newest"
	base=$(kind_folder "$smcd_base")
	release=$(cat "$base/release")
	if smcd_version "$release" >/dev/null; then
		cp -al "$base/kernel" "$base/release" "$base/lib" "$1/" 2>/dev/null ||
			cp -a "$base/kernel" "$base/release" "$base/lib" "$1/" || fail "cannot copy $base"
		return
	fi
	release=$newest
	debian_download "$1" "linux-image-$release"
	stock_unpack "$1" "$release"
}

# The version of the packages of a release.
smcd_version() {
	debian_apt cache show --no-all-versions "linux-headers-$1" 2>/dev/null | sed -n 's/^Version: //p' | grep .
}

# Headers in usr/src, their tools, and net/smc in smc.
smcd_get_sources() {
	version=$(smcd_version "$release") || fail "Debian $suite has no linux-headers-$release"
	source=linux-source-$(echo "$version" | cut -d . -f 1,2)
	flavour=${release##*-} # amd64
	headers="linux-headers-$release linux-headers-${release%-"$flavour"}-common linux-kbuild-${release%-"$flavour"}"
	set -- "$1" "$source=$version"
	for package in $headers; do set -- "$@" "$package=$version"; done
	# shellcheck disable=SC2086 # a list of words
	debian_download "$@" $smcd_libraries
	for package in $headers $smcd_libraries; do debian_unpack "$1/$package.deb" "$1"; done

	say "smcd: unpacking net/smc of $source $version"
	mkdir "$1/smc"
	dpkg-deb --fsys-tarfile "$1/$source.deb" | tar -xO "./usr/src/$source.tar.xz" | xz -dc -T 0 |
		tar -x -C "$1/smc" --strip-components=3 "$source/net/smc" || fail "cannot unpack $source"
	rm "$1/$source.deb"
}

# The headers' tools are made for the suite's own C library: where this machine's does not
# do, they are started through that one's dynamic linker.
smcd_let_tools_run() {
	libraries=$1/usr/lib/x86_64-linux-gnu
	find "$1/usr/lib/linux-kbuild-${release%-*}" -type f -perm -100 >"$1/tools"
	while read -r tool; do
		ldd "$tool" 2>&1 | grep -q 'not found' || continue
		mv "$tool" "$tool.program"
		cat >"$tool" <<-END
			#!/bin/sh
			exec '$libraries/ld-linux-x86-64.so.2' --library-path '$libraries' '$tool.program' "\$@"
		END
		chmod 755 "$tool"
	done <"$1/tools"
}

smcd_build() {
	say "smcd: building smc.ko with CONFIG_SMC_LO for $release (about half a minute)"
	headers=$1/usr/src/linux-headers-$release
	sed -i "s|/usr/src/|$1/usr/src/|" "$headers/Makefile"
	set -- "$1" CONFIG_SMC_LO=y 'KCFLAGS=-DCONFIG_SMC_LO=1 -g0' CONFIG_DEBUG_INFO_BTF_MODULES=
	# An option of GCC 14, by which the kernel was built. It aligns functions.
	gcc -fmin-function-alignment=16 -xc -c -o /dev/null /dev/null 2>/dev/null ||
		set -- "$@" CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=
	build=$1
	shift
	make -C "$headers" -j "$(nproc)" M="$build/smc" CC=gcc "$@" modules >"$build/log" 2>&1 </dev/null && return
	cp "$build/log" "$lab_cache/smcd-build.log"
	grep -A 3 -m 1 -i 'error' "$build/log" >&2 || tail -n 20 "$build/log" >&2
	fail "smcd: smc.ko did not build; the whole log: $lab_cache/smcd-build.log"
}
