#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Redis over TCP and with smc_run, in turn on one kernel. Executed by
# scripts/try in the checkout, on this machine or in a guest.
set -eu

port=6379 rounds=3 requests=10000
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

# count_of FILE NAME…: prints the sum of these counters.
count_of() {
	file=$1
	shift
	for name in "$@"; do sed -n "s/^$name: //p" "$file"; done | awk '{ sum += $1 } END { print sum + 0 }'
}

# run_round NAME [PREFIX…]: appends a line to NAME: SET GET SMC-D SMC-R FALLBACK.
run_round() {
	name=$1
	shift
	"$SMC_TRY_COUNT" >"$scratch/before"
	"$@" redis-server --bind 127.0.0.1 --port $port --save '' --appendonly no --daemonize no \
		>"$scratch/server.log" 2>&1 &
	server=$!
	tries=300
	until grep -q 'eady to accept connections' "$scratch/server.log"; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
			tail -n 5 "$scratch/server.log" >&2
			echo 'scripts/try: redis-server did not start' >&2
			exit 1
		fi
		sleep 0.1
	done
	"$@" redis-benchmark -h 127.0.0.1 -p $port -n $requests -c 8 -t set,get --csv >"$scratch/csv"
	kill "$server"
	wait "$server" || true
	server=
	"$SMC_TRY_COUNT" >"$scratch/after"
	set -- "$(sed -n 's/^"SET","\([0-9]*\).*/\1/p' "$scratch/csv")" \
		"$(sed -n 's/^"GET","\([0-9]*\).*/\1/p' "$scratch/csv")"
	for kind in smc-d smc-r fallback; do
		set -- "$@" $(($(count_of "$scratch/after" "$kind client" "$kind server") - \
			$(count_of "$scratch/before" "$kind client" "$kind server")))
	done
	echo "$*" >>"$scratch/$name"
}

# median NAME COLUMN
median() { cut -d ' ' -f "$2" "$scratch/$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"; }
total() { awk -v column="$2" '{ sum += $column } END { print sum }' "$scratch/$1"; }

echo "Linux $(uname -r), $(redis-server --version | sed 's/.*v=\([0-9.]*\).*/Redis \1/'): \
$rounds rounds each of $requests SET and GET requests by 8 clients" >&2
round=0
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	echo "round $round of $rounds" >&2
	run_round tcp
	run_round smc ./smc_run
done

row='%-9s  %9s  %9s  %10s  %10s  %10s\n'
echo
# shellcheck disable=SC2059 # the format of all rows
{
	printf "$row" '' 'SET per s' 'GET per s' 'SMC-D' 'SMC-R' 'fell back'
	for name in tcp smc; do
		label=TCP
		[ $name = tcp ] || label=smc_run
		printf "$row" $label "$(median $name 1)" "$(median $name 2)" \
			"$(total $name 3)" "$(total $name 4)" "$(total $name 5)"
	done
}
awk -v t="$(median tcp 1)" -v s="$(median smc 1)" -v T="$(median tcp 2)" -v S="$(median smc 2)" \
	'BEGIN { printf "%-9s  %8.2fx  %8.2fx\n", "ratio", s / t, S / T }'
cat <<'END'

Requests per second are medians; the other columns are the kernel's counts of
endpoints, two per connection.
END
if [ "$(($(total smc 3) + $(total smc 4)))" -eq 0 ]; then
	echo
	echo 'No connection was SMC. Fallback reasons since boot (0x03030008: no user EID;'
	echo '0x03030000: no usable device):'
	grep '^reason' "$scratch/after" || true
fi
