#!/usr/bin/env bash
# Prints the resident memory of each node after so many durable writes, and fails if
# one has 100 MB or more. It needs Go and Linux.
#
#   network/tcp/testdata/memory.sh [WRITES [KEYS [BYTES]]]
#
# WRITES (1000000) go to KEYS (as many) keys, each once in turn, with values of BYTES
# (16) bytes. Environment: PROTOCOL (zab).
set -euo pipefail
cd "$(dirname "$0")/../../.."
readonly writes=${1:-1000000} keys=${2:-${1:-1000000}} bytes=${3:-16}
readonly most=100000000

work=$(mktemp -d)
trap '"$work/quorumlab" cluster down --dir "$work/cluster" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
go build -o "$work/quorumlab" .
"$work/quorumlab" cluster up --dir "$work/cluster" --protocol "${PROTOCOL:-zab}" >/dev/null 2>&1
"$work/quorumlab" bench kv --dir "$work/cluster" --clients 64 --warmup 1s --duration 30m \
	--requests "$writes" --keys "$keys" --bytes "$bytes"

# field PID NAME prints a size in /proc/PID/status, in bytes.
field() { awk -v name="$2:" '$1 == name { print $2 * 1024 }' "/proc/$1/status"; }

failed=0
for pid in $("$work/quorumlab" cluster status --dir "$work/cluster" --json | grep -o '"pid": *[0-9]*' | grep -o '[0-9]*$'); do
	resident=$(field "$pid" VmRSS)
	awk -v r="$resident" -v f="$(field "$pid" RssFile)" -v p="$(field "$pid" VmHWM)" 'BEGIN {
		printf "resident %.1f MB, of which %.1f MB are the program, which all nodes share; at its peak %.1f MB\n", r / 1e6, f / 1e6, p / 1e6 }'
	if ((resident >= most)); then
		failed=1
	fi
done
if ((failed)); then
	printf 'a node has more than %d MB after %d writes to %d keys\n' $((most / 1000000)) "$writes" "$keys"
fi
exit "$failed"
