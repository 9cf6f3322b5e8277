#!/usr/bin/env bash
# A link of some length and rate between two network namespaces of this machine: what a store in another town looks like.
#   wan.sh up DIR RTT_MS MBIT     lays it; the client's end is 10.99.0.1, the server's 10.99.0.2
#   wan.sh client COMMAND...      runs a command at the client's end
#   wan.sh server COMMAND...      runs a command at the server's end
#   wan.sh down DIR               removes it
# Needs root, gcc and iproute2. One at a time on a machine.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=hipaafs-client
server=hipaafs-server

up() {
    local dir=$1 rtt=$2 rate=$3 name
    mkdir -p "$dir"
    gcc -O2 -Wall -o "$dir/delayed-link" "$here/delayed-link.c" -lpthread
    ip netns add "$client"
    ip netns add "$server"
    "$dir/delayed-link" "/run/netns/$client" "/run/netns/$server" $((rtt * 500)) > "$dir/log" 2>&1 &
    echo $! > "$dir/pid"
    for _ in $(seq 100); do
        ! ip -n "$server" link show link0 > /dev/null 2>&1 || break
        sleep 0.05
    done
    ip -n "$client" addr add 10.99.0.1 peer 10.99.0.2 dev link0
    ip -n "$server" addr add 10.99.0.2 peer 10.99.0.1 dev link0
    for name in "$client" "$server"; do
        ip -n "$name" link set lo up
        ip -n "$name" link set link0 mtu 1500 txqueuelen 5000 up
        ip netns exec "$name" tc qdisc add dev link0 root tbf rate "${rate}mbit" burst 256kb latency 100ms

        # A single connection has to be able to fill the link.
        ip netns exec "$name" sysctl -qw net.ipv4.tcp_wmem="4096 65536 33554432" net.ipv4.tcp_rmem="4096 131072 33554432"
    done
}

down() {
    local dir=$1
    [[ ! -f $dir/pid ]] || kill "$(cat "$dir/pid")" 2> /dev/null || true
    rm -f "$dir/pid"
    ip netns del "$client" 2> /dev/null || true
    ip netns del "$server" 2> /dev/null || true
}

case ${1:-} in
    up | down) verb=$1; shift; "$verb" "$@" ;;
    client) shift; exec ip netns exec "$client" "$@" ;;
    server) shift; exec ip netns exec "$server" "$@" ;;
    *) sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2 ;;
esac
