# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Booting: the initramfs of a kind, which acceleration works here, and QEMU's
# command line. Sourced by scripts/lab.

# Loaded in every guest, or in one with a disk; then for SMC, where bbr and tls are for
# programs that may not load modules themselves; then for Soft-RoCE. Everything else is
# loaded on demand, from the kernel's own folder.
modules_always='virtio_pci virtio_console virtio_net virtio_rng 9p 9pnet_virtio overlay'
modules_disk='virtio_pci virtio_console virtio_rng virtio_blk ext4'
modules_smc='smc smc_diag tcp_bbr tls'
modules_pair='crc32_generic rdma_rxe'

initramfs_path() {
	key=$(cat "$lab_parts/init" "$lab_parts/boot.sh" | cksum | cut -d ' ' -f 1)
	echo "$(kind_folder "$1")/initramfs-$key-${programs##*-}"
}

initramfs_build() {
	initramfs=$(initramfs_path "$1")
	[ ! -e "$initramfs" ] || return 0
	(
		flock 9
		[ ! -e "$initramfs" ] || exit 0
		tree=$initramfs.tree
		rm -rf "$tree"
		mkdir -p "$tree/bin" "$tree/lab/modules"
		cp "$(PATH=$tools_path command -v busybox)" "$tree/bin/busybox"
		cp "$lab_parts/init" "$tree/init"
		chmod 755 "$tree/init"
		cp "$programs/agent" "$programs/first-uses" "$programs/smc-setup" "$tree/lab/"
		echo "$1" >"$tree/lab/kind"
		lists='always smc'
		[ "$1" != disk ] || lists=disk
		case " $pair_kinds " in *" $1 "*) lists="$lists pair" ;; esac
		initramfs_modules "$(kind_folder "$1")" "$tree/lab"
		(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) >"$initramfs.new" ||
			fail "cannot build the initramfs of $1"
		mv "$initramfs.new" "$initramfs"
		rm -r "$tree"
		find "${initramfs%/*}" -name 'initramfs-*' -mtime +7 -exec rm -rf '{}' +
	) 9>"$lab_cache/lock-initramfs-$1"
}

# initramfs_modules KERNEL-FOLDER TREE/lab: modules of the lists in the order of loading.
initramfs_modules() {
	[ -d "$1/lib/modules" ] || return 0
	(cd "$1/lib/modules" && pwd -P) >"$2/cache"
	release=$(cat "$1/release")
	for list in $lists; do
		eval "names=\$modules_$list"
		# shellcheck disable=SC2154 # set by eval
		for name in $names; do
			PATH=$tools_path modprobe -d "$1" -S "$release" --show-depends "$name" ||
				fail "the kernel $release has no module $name"
		done >"$2/depends"
		sed -n 's/^insmod \([^ ]*\).*/\1/p' "$2/depends" | while read -r file; do
			module=${file##*/}
			module=${module%.xz}
			[ ! -e "$2/modules/$module" ] || continue
			case $file in
			*.xz) xz -dc "$file" >"$2/modules/$module" ;;
			*) cp "$file" "$2/modules/$module" ;;
			esac
			echo "$module"
		done >"$2/modules-$list"
	done
	rm "$2/depends"
}

# supervise_guest MODE SECONDS KIND ACCELERATION COMMAND…: becomes the supervisor.
supervise_guest() {
	mode=$1 limit=$2 kind=$3 accel=$4
	shift 4
	folder=$(kind_folder "$kind")
	qemu=qemu-system-x86_64 qemu_files='' processor=max
	case $accel in
	tcg)
		accel=tcg,thread=multi
		qemu_choose
		;;
	esac
	LAB_KIND=$kind
	export LAB_KIND
	case $kind in
	disk) set -- -drive "file=$image,format=raw,if=virtio,cache=unsafe" -- "$@" ;;
	*)
		set -- -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
			-device virtio-9p-pci,fsdev=host,mount_tag=host -- "$@"
		;;
	esac
	exec "$programs/supervise" "$mode" "$limit" \
		"$qemu" ${qemu_files:+-L "$qemu_files/qemu" -L "$qemu_files/seabios"} -nodefaults -no-user-config -display none -no-reboot \
		-machine pc,usb=off,vmport=off -accel "$accel" -cpu "$processor" \
		-smp "${LAB_CPUS:-2}" -m "${LAB_MEMORY:-2G}" \
		-kernel "$folder/kernel" -initrd "$(initramfs_path "$kind")" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off maxcpus=1 random.trust_cpu=on cryptomgr.notests${bare:+ lab.bare}" \
		-device virtio-serial-pci -device virtio-rng-pci "$@"
}

# Prints kvm or tcg. /dev/kvm may exist, even create machines, and still hang
# every guest: only a guest that has booted proves it. The verdict holds for
# this host kernel and this QEMU.
accelerator() {
	case ${LAB_ACCEL-} in
	kvm | tcg) echo "$LAB_ACCEL"; return ;;
	?*) fail_usage "LAB_ACCEL '$LAB_ACCEL': expected kvm or tcg" ;;
	esac
	[ -w /dev/kvm ] || { echo tcg; return; }
	verdict=$lab_cache/acceleration-$({ uname -r; qemu-system-x86_64 --version; } | cksum | cut -d ' ' -f 1)
	if [ ! -e "$verdict" ]; then
		(
			flock 9
			[ ! -e "$verdict" ] || exit 0
			say 'trying out KVM (once, up to 15 s)'
			if (supervise_guest run 15 "$1" kvm true 9>&-) >/dev/null 2>&1 </dev/null; then
				echo kvm
			else
				echo tcg
			fi >"$verdict.new"
			mv "$verdict.new" "$verdict"
		) 9>"$lab_cache/lock-acceleration"
	fi
	cat "$verdict"
}

# boot MODE KIND SECONDS COMMAND…
boot() {
	mode=$1 kind=$2 limit=$3
	shift 3
	kind_prepare "$kind"
	accel=$(accelerator "$kind")
	[ "$accel" != tcg ] || qemu_prepare "$kind"
	supervise_guest "$mode" "$limit" "$kind" "$accel" "$@"
}
