#!/usr/bin/env bash
# Measures three servers of ZooKeeper 3.8 (Debian: apt-get install zookeeper) and three
# nodes of this project, one after the other on this machine, loopback, with fsync, the
# same clients and values, and prints both with their ratio. On both sides each client
# has one connection, spread over all servers, one write under way, and a binary
# protocol; nothing stands between the servers. With --demand it ends with code 1 unless
# ours write as much, with a 99th percentile that is no worse. What is given is handed on:
#
#   compare.sh [--clients 64] [--bytes 100] [--duration 20s] [--warmup 10s] [--demand]
#              [--only zookeeper]
set -euo pipefail
cd "$(dirname "$0")/../../../.."
if [[ ! -e /usr/share/java/zookeeper.jar ]]; then
	echo "error: ZooKeeper is missing; hint: apt-get install zookeeper" >&2
	exit 1
fi
# Not in /tmp, which may be no real disk.
work=$(mktemp -d "${COMPARE_DIR:-/var/tmp}/compare.XXXXXX")
trap 'rm -rf "$work"' EXIT
go build -buildvcs=false -o "$work/program" .
go build -buildvcs=false -tags zookeeper -o "$work/compare" ./network/tcp/testdata/zookeeper
"$work/compare" -quorumlab "$work/program" -dir "$work" "$@"
