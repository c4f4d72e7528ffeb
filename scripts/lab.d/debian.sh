# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Packages of a Debian suite, whichever this machine runs. apt does the work,
# with lists of its own in the cache folder, so that it checks signatures and
# checksums and the machine's own package lists stay as they are. Sourced by
# scripts/lab.

# debian_mirror debian|debian-security: the archive this machine's apt uses, also where it
# has no package lists yet.
debian_mirror() {
	apt-get update --print-uris 2>/dev/null | sed -n "s|^'\([^']*/$1/\)dists/.*|\1|p" | head -n 1
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
	security=''
	case $suite in
	*-backports) ;;
	*) security=${LAB_SECURITY_MIRROR:-$(debian_mirror debian-security)} ;;
	esac
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
	flock "$root/lock" "apt-get" -qq -c "$root/apt.conf" update </dev/null
}

# debian_apt get|cache ARGUMENT…: after debian_update.
debian_apt() {
	apt_program=apt-$1
	shift
	"$apt_program" -qq -c "$lab_cache/apt/$suite/apt.conf" "$@" </dev/null
}

# debian_download FOLDER PACKAGE…: puts each there as PACKAGE.deb; NAME=VERSION asks for
# a version and makes NAME.deb.
debian_download() {
	into=$1
	shift
	size=$(debian_apt cache show --no-all-versions "$@" | awk '/^Size:/ { sum += $2 } END { print int(sum / 1000000) }')
	say "downloading ${1%=*}$([ $# -eq 1 ] || echo " and $(($# - 1)) more") ($size MB)"
	(cd "$into" && debian_apt get download "$@") || fail "cannot download $* of Debian $suite"
	for wanted; do
		mv "$into/${wanted%=*}"_*.deb "$into/${wanted%=*}.deb" || fail "$wanted was not downloaded"
	done
}

# debian_unpack FILE.deb FOLDER [OPTION-OF-TAR…]
debian_unpack() {
	archive=$1 into=$2
	shift 2
	dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$into" "$@" || fail "cannot unpack ${archive##*/}"
	rm "$archive"
}
