# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Debian's kernels as they are: kinds debian-6.1 and debian-6.12, whose folder
# kind smcd takes its kernel from. Sourced by scripts/lab.

# What no guest has a device for: half of all modules, and most of depmod's time.
stock_left_out='accel ata atm bluetooth comedi gpu hid hwmon i2c iio infiniband/hw input isdn leds media
	message mmc mtd net/can net/ethernet net/phy net/usb net/wireless platform scsi soundwire staging
	thunderbolt usb video w1 watchdog'

# stock_newest VERSION: the release of the newest kernel of the suite whose package lists
# were read; it is one of Linux VERSION.
stock_newest() {
	package=$(debian_apt cache depends linux-image-amd64 | sed -n 's/.*Depends: *//p' | head -n 1)
	case $package in
	linux-image-"$1".*) echo "${package#linux-image-}" ;;
	*) fail "Debian $suite has the kernel '$package', expected linux-image-$1.*" ;;
	esac
}

# stock_unpack FOLDER RELEASE: kernel, release and lib/modules of linux-image-RELEASE.deb,
# which is in FOLDER.
stock_unpack() {
	say "unpacking the kernel $2 and its modules"
	mkdir -p "$1/package" "$1/lib/modules"
	set -- "$1" "$2" --exclude='*/kernel/sound'
	for driver in $stock_left_out; do set -- "$@" --exclude="*/kernel/drivers/$driver"; done
	target=$1 release=$2
	shift 2
	debian_unpack "$target/linux-image-$release.deb" "$target/package" "$@"
	# Where modules live changed with the merged /usr.
	for modules in "$target/package/lib/modules/$release" "$target/package/usr/lib/modules/$release"; do
		[ ! -d "$modules" ] || mv "$modules" "$target/lib/modules/"
	done
	stock_decompress "$target/package/boot/vmlinuz-$release" >"$target/kernel"
	echo "$release" >"$target/release"
	PATH=$tools_path depmod -b "$target" "$release" || fail "depmod failed for $release"
	rm -r "$target/package"
}

# stock_decompress BZIMAGE: the kernel inside. It boots through PVH, without the time that
# decompressing takes under emulation, each time. (Where the parts are: "The Linux/x86 Boot
# Protocol" of the kernel's documentation, offsets 0x1f1, 0x248 and 0x24c.)
stock_decompress() {
	sectors=$(od -An -t u1 -j 497 -N 1 "$1" | tr -d ' ')
	offset=$(od -An -t u4 -j 584 -N 4 "$1" | tr -d ' ')
	length=$(od -An -t u4 -j 588 -N 4 "$1" | tr -d ' ')
	start=$(((sectors + 1) * 512 + offset))
	case $(od -An -t x1 -j "$start" -N 4 "$1") in
	' 28 b5 2f fd') program=zstd ;;
	' fd 37 7a 58') program=xz ;;
	*) fail "${1##*/}: expected a kernel compressed by xz or zstd" ;;
	esac
	# (Its last four bytes are the size of what is compressed.)
	tail -c "+$((start + 1))" "$1" | head -c "$((length - 4))" | "$program" -dc ||
		fail "${1##*/}: cannot decompress the kernel in it by $program"
}

stock_prepare() {
	kind=$1
	say "$kind: reading the package lists of Debian $(kind_suite "$kind")"
	debian_update "$(kind_suite "$kind")" || fail "cannot read the package lists of Debian $suite"
	stock_install "$kind" "$(stock_newest "${kind#debian-}")"
}

# stock_install KIND RELEASE: from the package lists that were read.
stock_install() {
	tools_need xz:xz-utils zstd:zstd
	folder=$(kind_folder "$1")
	new=$folder.new
	rm -rf "$new"
	mkdir -p "$new"
	debian_download "$new" "linux-image-$2"
	stock_unpack "$new" "$2"
	mv "$new" "$folder"
}
