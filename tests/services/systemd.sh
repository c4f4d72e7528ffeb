#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# systemd as process 1 of a container within a guest, with the guest's files and network,
# until this script is ended: systemd.sh FOLDER. There is FOLDER/pid when it has booted.
#
# What waits for devices, or walks through all of the host's temporary files, is left out,
# and so are generators, all of which run whenever systemd reads its files.
set -eu
folder=$1
group=/sys/fs/cgroup/systemd-test
mkdir -p "$group"
echo $$ >"$group/cgroup.procs"

# systemd says to its manager when it has booted.
timeout 120 socat -u "UNIX-RECV:$folder/notify" - >"$folder/said" &
listening=$!
trap 'kill -KILL "$container" 2>/dev/null; kill "$listening" 2>/dev/null' EXIT
trap 'exit 143' TERM

# shellcheck disable=SC2016 # for the inner shell
env -i PATH="$PATH" container=lab NOTIFY_SOCKET="$folder/notify" \
    SYSTEMD_GENERATOR_PATH=/nonexistent \
    unshare --fork --kill-child --pid --mount-proc --mount --cgroup --ipc --uts sh -euc '
        umount -l /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mount -t tmpfs -o mode=755 run /run
        mkdir -p /run/systemd/system
        for unit in tmpfiles-setup tmpfiles-setup-dev update-utmp pcrphase pcrphase-sysinit \
            timesyncd random-seed sysusers; do
            ln -s /dev/null "/run/systemd/system/systemd-$unit.service"
        done
        # Read often, and slow to read through the file system of the host.
        cp -a /lib/systemd/system /run/units
        mount --bind /run/units /lib/systemd/system
        exec /lib/systemd/systemd --system --unit=sysinit.target --show-status=no' \
    >"$folder/console" 2>&1 &
container=$!
# grep ends, and with it tail, when it is there.
timeout 120 tail -n +1 --pid="$container" -f "$folder/said" | grep -q -m 1 READY=1
pgrep -P "$container" >"$folder/pid.new"
mv "$folder/pid.new" "$folder/pid"
wait "$container"
