#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# shim.sh PACKAGE: installs it (smc-shim as .deb or .rpm) in this system, uses it, removes
# and purges it. Run by tests/packages.sh in a system of its own.
set -eu
package=$1

fail() {
    echo "tests/packages/shim.sh: $*" >&2
    exit 1
}

# files [CONDITION]: all files, but for those in which dpkg, rpm and man keep books.
files() {
    find / -xdev ! -path '/var/lib/dpkg/*' ! -path '/root/.rpmdb*' ! -path '/var/lib/rpm/*' \
        ! -path '/var/log/*' ! -path '/var/cache/*' ! -path '/tmp/*' "$@" | LC_ALL=C sort
}

# (--nodeps: rpm knows of none of this system's libraries.)
case $package in
*.rpm)
    files ! -type d >/tmp/before
    rpm -i --nodeps "$package"
    version=$(rpm -q --queryformat '%{VERSION}-%{RELEASE}' smc-shim)
    library=$(rpm -ql smc-shim | grep '/libsmc_shim\.so$')
    ;;
*)
    files >/tmp/before
    dpkg -i "$package"
    version=$(dpkg-query -W -f '${Version}' smc-shim)
    library=$(dpkg -L smc-shim | grep '/libsmc_shim\.so$')
    ;;
esac
unit=/etc/systemd/system/multi-user.target.wants/smc-shim.service
[ -L "$unit" ] || fail 'smc-shim.service is not enabled'

said=$(smc_run --version)
[ "$said" = "smc_run (smc-shim) ${version%-*}" ] || fail "smc_run --version: $said"
said=$(smcctl --version)
[ "$said" = "smcctl ${version%-*}" ] || fail "smcctl --version: $said"
for page in smc_run smcctl; do
    man -w "$page" >/dev/null || fail "no man page of $page"
done

# A program has the library of the package, and gets TCP from a kernel without SMC. The
# report's library is found, too.
said=$(smc_run --report perl "$(dirname "$0")/echo.pl" 2>/tmp/report) || fail "$(cat /tmp/report)"
[ "$said" = "$library" ] || fail "a program under smc_run has the library '$said', expected '$library'"
if ! grep -q '^SMC' /proc/net/protocols; then
    grep -q 'connections of perl: 2 TCP' /tmp/report || fail "the report: $(cat /tmp/report)"
fi

SMC_DISABLE=1 smc_run --report perl "$(dirname "$0")/echo.pl" >/dev/null 2>/tmp/report || fail "$(cat /tmp/report)"
grep -q 'connections of perl: 2 TCP' /tmp/report || fail "with SMC_DISABLE=1 the report is: $(cat /tmp/report)"

# Folders that a package shares with others are another package's where there is RPM.
if [ "${package%.rpm}" != "$package" ]; then
    rpm -e smc-shim
    files ! -type d >/tmp/after
    diff /tmp/before /tmp/after || fail 'files are left after the removal'
    exit
fi

# That its unit was enabled is remembered until it is purged, as of any in Debian.
without_unit() {
    grep -v -e '/multi-user\.target\.wants$' -e '/smc-shim\.service' "$1"
}
dpkg -r smc-shim
files >/tmp/after
without_unit /tmp/before >/tmp/before.others
without_unit /tmp/after | diff /tmp/before.others - || fail 'files are left after the removal'
echo 'pnetid LAB eth0' >/etc/smc-shim.conf # as smcctl save leaves it
dpkg -P smc-shim
[ ! -e /etc/smc-shim.conf ] || fail '/etc/smc-shim.conf is left after the purge'
files >/tmp/after
diff /tmp/before /tmp/after || fail 'files are left after the purge'
