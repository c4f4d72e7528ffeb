#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# rpm.sh RPM DEB: what is in the RPM package of smc-shim, measured by the Debian package.
# Run by tests/packages.sh.
set -eu
rpm=$1 deb=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "tests/packages/rpm.sh: ${rpm##*/}: $*" >&2
    exit 1
}

# is WHAT FOUND EXPECTED
is() {
    [ "$2" = "$3" ] || fail "$1 is '$2', expected '$3'"
}

query() {
    rpm -qp --queryformat "$1" "$rpm"
}

is name "$(query '%{NAME}')" "$(dpkg-deb -f "$deb" Package)"
is version "$(query '%{VERSION}-%{RELEASE}')" "$(dpkg-deb -f "$deb" Version)"
is license "$(query '%{LICENSE}')" 'MIT OR Apache-2.0'
is 'build host' "$(query '%{BUILDHOST}')" localhost
case $(dpkg-deb -f "$deb" Architecture) in
amd64) arch=x86_64 ;;
arm64) arch=aarch64 ;;
*) arch=$(uname -m) ;;
esac
is architecture "$(query '%{ARCH}')" "$arch"
is summary "$(query '%{SUMMARY}' | cut -c 2-)" "$(dpkg-deb -f "$deb" Description | sed '1!d; s/^.//')"
is description "$(query '%{DESCRIPTION}')" "$(dpkg-deb -f "$deb" Description | sed '1d; s/^ //; s/^\.$//')"

# The same files with the same bytes, in other folders; but for what only dpkg reads, and
# the licenses, which Debian has in one file.
dpkg-deb -x "$deb" "$work/deb"
(cd "$work/deb" && find . -type f -exec sha256sum '{}' +) | sed -n 's|^\([0-9a-f]*\)  \.|\1 |p' |
    sed -e '/ \/usr\/share\/lintian\//d' -e '/\/doc\/smc-shim\/copyright$/d' -e '/\/changelog\.Debian\.gz$/d' \
        -e 's|/usr/lib/[^/]*-linux-gnu[^/]*/smc-shim/|/usr/lib64/smc-shim/|' \
        -e 's|/zsh/vendor-completions/|/zsh/site-functions/|' -e 's| /lib/systemd/| /usr/lib/systemd/|' |
    LC_ALL=C sort -k 2 >"$work/expected"
# path, size, time, digest, mode, owner, group, and others
rpm -qp --dump "$rpm" | grep -v ' 0*40755 root root ' >"$work/dump"
sed -n 's|^\([^ ]*\) [0-9]* [0-9]* \([0-9a-f]*\) .*|\2 \1|p' "$work/dump" | grep -v ' /usr/share/licenses/smc-shim/' |
    LC_ALL=C sort -k 2 >"$work/found"
diff "$work/expected" "$work/found" || fail 'its files are not those of the Debian package'
for license in LICENSE LICENSE-APACHE LICENSE-MIT; do
    grep -q "^/usr/share/licenses/smc-shim/$license .* 0100644 root root " "$work/dump" || fail "there is no $license"
done
while read -r path size time digest mode owner group rest; do
    : "$size $time $digest $rest"
    is "owner of $path" "$owner:$group" root:root
    case $path in
    /usr/bin/* | *.so) is "mode of $path" "$mode" 0100755 ;;
    *) is "mode of $path" "$mode" 0100644 ;;
    esac
done <"$work/dump"

# It needs the C library that the Debian package needs, nobody else's libraries, and does
# not say that others can link with its own.
rpm -qp --requires "$rpm" >"$work/requires"
newest=$(sed -n 's/^libc\.so\.6(GLIBC_\(2[0-9.]*\))(64bit)$/\1/p' "$work/requires" | sort -V | tail -n 1)
is 'the C library it needs' "$newest" "$(dpkg-deb -f "$deb" Depends | sed -n 's/.*libc6 (>= \([0-9.]*\)).*/\1/p')"
others=$(grep -v -e '^/bin/sh$' -e '^rpmlib(' -e '^rtld(' -e '^lib[cm]\.so\.6(' -e '^libgcc_s\.so\.1(' -e '^ld-linux-' "$work/requires" || true)
is 'what else it needs' "$others" ''
is 'what it provides' "$(rpm -qp --provides "$rpm" | sed 's/[ (].*//' | sort -u)" smc-shim

rpmlint --strict --config packaging/rpm/rpmlint.toml "$rpm" >"$work/lint" || { cat "$work/lint"; fail 'rpmlint warns of it'; }
