# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Packages of a Debian suite, whichever this machine runs, and the stock
# kernels from them. apt does the work, with lists of its own in the cache
# folder, so that it checks signatures and checksums and the machine's own
# package lists stay as they are. Sourced by scripts/lab.

# The archive this machine's apt uses, main or security.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		grep "/$1/*\$" | head -n 1
}

# Makes $lab_cache/apt/SUITE ready for debian_apt.
debian_update() {
	suite=$1
	root=$lab_cache/apt/$suite
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	command -v apt-get >/dev/null ||
		fail "kernels come as Debian packages, and apt-get is not here: use a Debian system"
	mirror=${LAB_MIRROR:-$(debian_mirror debian)}
	[ -n "$mirror" ] ||
		fail "apt's sources name no Debian archive; set LAB_MIRROR to the address of one"
	security=${LAB_SECURITY_MIRROR:-$(debian_mirror debian-security)}
	tools_need "$keyring:debian-archive-keyring"

	mkdir -p "$root/lists/partial" "$root/archives/partial"
	: >"$root/status"
	{
		echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main"
		[ -z "$security" ] ||
			echo "deb [arch=amd64 signed-by=$keyring] $security $suite-security main"
	} >"$root/sources.list"
	cat >"$root/apt.conf" <<END
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$root/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$root";
Dir::State::lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root";
Dir::Cache::archives "$root/archives";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
END
	debian_apt get update
}

# debian_apt get|cache ARGUMENT…
debian_apt() {
	apt_program=apt-$1
	shift
	"$apt_program" -qq -c "$lab_cache/apt/$suite/apt.conf" "$@" </dev/null
}

# debian_download PACKAGE FOLDER: puts PACKAGE.deb there.
debian_download() {
	size=$(debian_apt cache show --no-all-versions "$1" | sed -n 's/^Size: \(.*\)....../\1/p' | head -n 1)
	say "downloading $1${size:+ ($size MB)}"
	(cd "$2" && debian_apt get download "$1") && mv "$2/$1"_*.deb "$2/$1.deb" ||
		fail "cannot download $1 of Debian $suite"
}

# The stock kernel of a kind: kernel, release and lib/modules in its folder.
debian_prepare() {
	kind=$1
	folder=$(kind_folder "$kind")
	new=$folder.new
	tools_need xz:xz-utils
	rm -rf "$new"
	mkdir -p "$new/package"
	say "$kind: reading the package lists of Debian $(kind_suite "$kind")"
	debian_update "$(kind_suite "$kind")" || fail "cannot read the package lists of Debian $suite"
	package=$(debian_apt cache depends linux-image-amd64 | sed -n 's/.*Depends: *//p' | head -n 1)
	case $package in
	linux-image-"${kind#debian-}".*) ;;
	*) fail "Debian $suite has the kernel '$package', expected linux-image-${kind#debian-}.*" ;;
	esac
	debian_download "$package" "$new"
	dpkg-deb -x "$new/$package.deb" "$new/package" || fail "cannot unpack $package"
	release=${package#linux-image-}
	mkdir -p "$new/lib/modules"
	# Where modules live changed with the merged /usr.
	for modules in "$new/package/lib/modules/$release" "$new/package/usr/lib/modules/$release"; do
		[ ! -d "$modules" ] || mv "$modules" "$new/lib/modules/"
	done
	mv "$new/package/boot/vmlinuz-$release" "$new/kernel"
	echo "$release" >"$new/release"
	PATH=$tools_path depmod -b "$new" "$release" || fail "depmod failed for $release"
	rm -r "$new/package" "$new/$package.deb"
	mv "$new" "$folder"
}
