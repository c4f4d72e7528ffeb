# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A Debian system of its own instead of this machine's files: `scripts/lab run disk=IMAGE`.
# Its kernel and the modules that find the disk come from there, by debugfs: nothing is
# mounted. Sourced by scripts/lab.

# disk_image IMAGE: prints its path from the root.
disk_image() {
	[ -f "$1" ] && [ -w "$1" ] || fail_usage "disk=$1: expected a file that can be written to"
	realpath "$1"
}

# disk_prepare IMAGE: IMAGE.boot gets what a kind's folder has.
disk_prepare() {
	folder=$1.boot
	mkdir -p "$lab_cache"
	tools_need debugfs:e2fsprogs e2fsck:e2fsprogs xz:xz-utils zstd:zstd
	rm -rf "$folder"
	mkdir -p "$folder/lib/modules"
	# A guest is ended, not shut down: what it has written may be in the journal only.
	PATH=$tools_path e2fsck -p "$1" >"$folder/log" 2>&1 || [ $? -eq 1 ] ||
		{ cat "$folder/log" >&2; fail "$1: expected an ext4 file system without errors"; }
	release=$(disk_read "$1" 'ls -p /boot' | sed -n 's|^/.*/vmlinuz-\([^/]*\)/.*|\1|p' | sort -V | tail -n 1)
	[ -n "$release" ] || fail "$1: there is no kernel in its /boot"
	disk_read "$1" "dump /boot/vmlinuz-$release $folder/vmlinuz"
	disk_read "$1" "rdump /usr/lib/modules/$release $folder/lib/modules"
	stock_decompress "$folder/vmlinuz" >"$folder/kernel"
	echo "$release" >"$folder/release"
}

# disk_read IMAGE COMMAND-OF-DEBUGFS
disk_read() {
	PATH=$tools_path debugfs -R "$2" "$1" 2>>"$folder/log" || fail "$1: debugfs: $2: $(tail -n 1 "$folder/log")"
}
